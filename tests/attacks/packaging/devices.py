"""Files are devices, pipes and sockets, which never end, never begin, or answer."""

import contextlib
import os
import socket
import stat


def build(folder):
    place = folder / "devices" / "phase1_numbers"
    place.mkdir(parents=True)
    os.mkfifo(place / "unit1_averages.py")
    with contextlib.suppress(OSError):
        os.mknod(place / "zero.py", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        os.mknod(place / "unit2_spread.py", stat.S_IFCHR | 0o666, os.makedev(1, 8))
    here = os.getcwd()
    os.chdir(place)  # a socket's path has at most 107 bytes
    with socket.socket(socket.AF_UNIX) as door:
        door.bind("door.py")
    os.chdir(here)
    return folder / "devices"
