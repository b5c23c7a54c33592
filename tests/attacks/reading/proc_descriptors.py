"""Open files of this and of other processes are reached through /proc/…/fd and /dev/fd."""

import os
import pathlib

for process in ("self", "@SANDBOX_PID@", "@JUDGE_PID@", "@TEST_PID@"):
    for number in range(12):
        for place in (f"/proc/{process}/fd/{number}", f"/dev/fd/{number}"):
            try:
                print(os.readlink(place), pathlib.Path(place).read_bytes()[:200])
            except OSError as error:
                print(error.errno, end=" ")


def mean(x):
    return 0.0
