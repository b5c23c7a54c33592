"""Files, folders, links, pipes and devices are made wherever somebody could have left the door open."""

import os
import stat
import tempfile

FOLDERS = ("@SCRATCH@", "@HOME@", "@COURSE@", "/tmp", "/var/tmp", "/dev/shm", "/", "/run", "/proc/self", ".")


def mean(x):
    for folder in FOLDERS:
        path = f"{folder}/@MARK@"
        for way in (
            lambda path: os.close(os.open(path, os.O_CREAT | os.O_WRONLY)),
            lambda path: os.mkdir(path),
            lambda path: os.symlink("/etc/passwd", path),
            lambda path: os.mkfifo(path),
            lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3)),
            lambda path: os.close(os.open(os.path.dirname(path), os.O_TMPFILE | os.O_WRONLY)),
        ):
            try:
                way(path)
                print("made", path)
            except OSError as error:
                print(error.errno, end=" ")
    try:
        print(tempfile.mkstemp(prefix="@MARK@"))
    except OSError as error:
        print(error)
    return 0.0
