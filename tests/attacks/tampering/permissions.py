"""The reference's and the canaries' modes, owners and times are changed, which no path rule covers."""

import os

PLACES = ("@REFERENCE@", "@CHECKS@", "@SECRET@", "@GRADEBOOK@", "@SCRATCH@", "@SCRATCH@/note", "@HOME@")
WAYS = (
    lambda path: os.chmod(path, 0o666),
    lambda path: os.chmod(path, 0o600, follow_symlinks=True, dir_fd=None),
    lambda path: os.chown(path, os.getuid(), os.getgid()),
    lambda path: os.lchown(path, 12345, 12345),
    lambda path: os.utime(path, (0, 0)),
    lambda path: os.utime(path, ns=(1, 1), follow_symlinks=False),
)


def mean(x):
    for path in PLACES:
        for way in WAYS:
            try:
                way(path)
                print("changed", path)
            except (OSError, NotImplementedError) as error:
                print(error)
    return 0.0
