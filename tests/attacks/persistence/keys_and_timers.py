"""Timers, message queues and keys that the kernel keeps are left to act later."""

import ctypes
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)


def mean(x):
    event = ctypes.create_string_buffer(64)
    ctypes.cast(event, ctypes.POINTER(ctypes.c_int))[2] = signal.SIGKILL
    ctypes.cast(event, ctypes.POINTER(ctypes.c_int))[3] = 4  # SIGEV_THREAD_ID
    ctypes.cast(event, ctypes.POINTER(ctypes.c_int))[4] = int("@DECOY_PID@")
    print("timer", libc.syscall(222, 0, event, ctypes.byref(ctypes.c_int())), ctypes.get_errno())
    print("key", libc.syscall(248, b"user", b"@MARK@", b"x", 1, -5), ctypes.get_errno())
    print("queue", libc.syscall(240, b"@MARK@", os.O_CREAT | os.O_RDWR, 0o600, None), ctypes.get_errno())
    return 0.0
