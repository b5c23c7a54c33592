"""Memory beyond the limit is taken in files: mapped, shared, anonymous, and written at many places."""

import ctypes
import mmap
import os

libc = ctypes.CDLL(None, use_errno=True)
kept = []


def check_pipeline_dir(path):
    for number in range(64):
        try:
            file = os.open(f"m{number}", os.O_RDWR | os.O_CREAT)
            os.ftruncate(file, 16 << 20)
            kept.append(mmap.mmap(file, 16 << 20))
            print("memfd", libc.memfd_create(b"more", 0), ctypes.get_errno())
            print("fallocate", libc.fallocate(file, 0, 0, 1 << 30), ctypes.get_errno())
        except OSError as error:
            print(error)
            break
    for place in kept:
        for at in range(0, len(place), 4096):
            place[at] = 1
    return {}
