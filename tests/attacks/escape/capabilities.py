"""Powers are asked back: capabilities, user and group ids, dumpable, secure bits, no_new_privs."""

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)


def mean(x):
    header = struct.pack("Ii", 0x20080522, 0)
    print("capset", libc.capset(header, b"\xff" * 24), ctypes.get_errno())
    for option, value in ((38, 0), (4, 1), (28, 0), (8, 1), (47, 2), (1, 0), (36, 1), (0x59616D61, -1)):
        print("prctl", option, libc.prctl(option, value, 0, 0, 0), ctypes.get_errno())
    for way in (os.setresuid, os.setresgid):
        try:
            print(way(0, 0, 0))
        except OSError as error:
            print(error)
    with open("@SECRET@") as secret:
        print(secret.read())
    return 0.0
