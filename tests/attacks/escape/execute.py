"""The process replaces itself by a shell, by path, by descriptor and by the loader's own hand."""

import ctypes
import os


def mean(x):
    libc = ctypes.CDLL(None, use_errno=True)
    for program in ("/bin/sh", "/usr/bin/env", "/lib64/ld-linux-x86-64.so.2"):
        try:
            os.execve(program, [program, "-c", "touch @SCRATCH@/@MARK@"], {})
        except OSError as error:
            print(error)
    memory = os.memfd_create("program")
    os.write(memory, b"#!/bin/sh\ntouch @SCRATCH@/@MARK@\n")
    try:
        os.execve(memory, ["program"], {})
    except OSError as error:
        print(error)
    print(libc.syscall(322, -100, b"/bin/sh", None, None, 0), ctypes.get_errno())
    return 0.0
