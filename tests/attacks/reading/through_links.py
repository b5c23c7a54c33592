"""Links, relative paths and paths with doubled slashes are tried on the way to the reference."""

import os
import pathlib

PATHS = (
    "//@REFERENCE@",
    "/proc/self/root@REFERENCE@",
    "/proc/self/cwd@REFERENCE@",
    "/proc/1/root@REFERENCE@",
    "/usr/lib/../..@REFERENCE@",
    "/dev/../@REFERENCE@",
)


def mean(x):
    os.chdir("/")
    for path in PATHS:
        try:
            print(pathlib.Path(path).read_text())
        except OSError as error:
            print(error)
    for link in ("/tmp/@MARK@", "@SCRATCH@/@MARK@"):
        for make in (os.symlink, os.link):
            try:
                make("@REFERENCE@", link)
                print(pathlib.Path(link).read_text())
            except OSError as error:
                print(error)
    return 0.0
