"""The conversation is shut down, in one direction and in both, while an answer is due."""

import contextlib
import os
import socket
import stat


def conversation():
    for number in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return number


def mean(x):
    with socket.socket(fileno=os.dup(conversation())) as line:
        line.shutdown(socket.SHUT_WR)
    return 0.0


def centre(x):
    os.close(conversation())
    os._exit(0)
