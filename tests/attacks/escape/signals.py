"""Signals are sent to the judge, its sandbox, another process and their groups, by every call there is."""

import ctypes
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)
PIDS = (int("@DECOY_PID@"), int("@SANDBOX_PID@"), int("@JUDGE_PID@"))


def mean(x):
    for pid in PIDS:
        for way in (
            lambda pid: os.kill(pid, signal.SIGKILL),
            lambda pid: os.killpg(os.getpgid(pid), signal.SIGKILL),
            lambda pid: signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL),
        ):
            try:
                print("sent", way(pid))
            except OSError as error:
                print(error)
        information = ctypes.create_string_buffer(128)
        ctypes.cast(information, ctypes.POINTER(ctypes.c_int))[0] = signal.SIGKILL
        for call in (
            (200, pid, signal.SIGKILL),
            (234, pid, pid, signal.SIGKILL),
            (129, pid, signal.SIGKILL, information),
            (297, pid, pid, signal.SIGKILL, information),
        ):
            print(libc.syscall(*call), ctypes.get_errno())
    return 0.0
