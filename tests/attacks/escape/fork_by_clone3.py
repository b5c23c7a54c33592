"""Processes are made by clone3, and by clone with flags that look like a thread's."""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
VM, SIGHAND, THREAD, PARENT, CHILD_SIGNAL = 0x100, 0x800, 0x10000, 0x8000, 17


def mean(x):
    request = ctypes.create_string_buffer(struct.pack("8Q", 0, 0, 0, 0, CHILD_SIGNAL, 0, 0, 0))
    results = [libc.syscall(435, request, 64)]
    for flags in (CHILD_SIGNAL, PARENT | CHILD_SIGNAL, VM | CHILD_SIGNAL, VM | SIGHAND | PARENT):
        results.append(libc.syscall(56, ctypes.c_long(flags), None, None, None, None))
        if results[-1] == 0:
            libc._exit(0)
    print("made", results)
    return 0.0
