"""Tokens are looked for in the environment: one's own, the sandbox's, the judge's and another process's."""

import os

print(dict(os.environ), os.environb)
for process in ("self", "thread-self", "1", "@SANDBOX_PID@", "@JUDGE_PID@", "@TEST_PID@", "@DECOY_PID@"):
    for file in ("environ", "cmdline", "maps", "mem", "stack", "auxv", "root/etc/passwd", "cwd/etc/passwd"):
        try:
            with open(f"/proc/{process}/{file}", "rb") as opened:
                print(opened.read(4096))
        except OSError as error:
            print(error.errno)


def mean(x):
    return 0.0
