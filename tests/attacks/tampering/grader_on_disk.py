"""The checks, the reference and the curriculum are overwritten, emptied, renamed and removed."""

import os
import pathlib
import shutil

PLACES = ("@CHECKS@", "@REFERENCE@", "@MISTAKES@", "@COURSE@/course/curriculum.toml")
WAYS = (
    lambda path: pathlib.Path(path).write_text(""),
    lambda path: os.write(os.open(path, os.O_RDWR | os.O_APPEND), b"#"),
    lambda path: os.open(path, os.O_WRONLY | os.O_TRUNC),
    lambda path: os.truncate(path, 0),
    lambda path: os.remove(path),
    lambda path: os.rename(path, f"{path}.@MARK@"),
    lambda path: os.replace("/dev/null", path),
    lambda path: os.link(path, f"{path}.@MARK@"),
    lambda path: shutil.rmtree(os.path.dirname(path)),
)


def mean(x):
    for path in PLACES:
        for way in WAYS:
            try:
                print("done", way(path))
            except OSError as error:
                print(error.errno)
    return 0.0
