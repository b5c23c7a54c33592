"""Files that may be read are opened for writing, appended to, truncated and mapped."""

import mmap
import os
import sysconfig

import numpy

PLACES = ("@SCRATCH@/note", numpy.__file__, os.__file__, sysconfig.__file__, "/dev/null", "/etc/ld.so.cache")


def mean(x):
    for path in PLACES:
        for flags in (os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_RDONLY | os.O_TRUNC):
            if path == "/dev/null" and not flags & os.O_TRUNC:
                continue
            try:
                number = os.open(path, flags)
                print("opened", path, flags)
                mmap.mmap(number, 1)[:1] = b"#"
            except (OSError, ValueError, TypeError) as error:
                print(error)
    return 0.0
