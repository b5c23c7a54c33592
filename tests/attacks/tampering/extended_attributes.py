"""Extended attributes are set on and removed from the canaries."""

import os


def mean(x):
    for path in ("@SCRATCH@/note", "@SECRET@", "@REFERENCE@"):
        try:
            os.setxattr(path, "user.attack", b"@MARK@")
            print("set", path)
        except OSError as error:
            print(error)
    return 0.0
