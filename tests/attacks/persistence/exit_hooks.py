"""Hooks wait for the end of the process to write files: atexit, threads, destructors, signals."""

import atexit
import signal
import threading
import weakref


class Late:
    pass


def harm(*arguments):
    with open("@SCRATCH@/@MARK@", "w") as file:
        file.write("harm")


late = Late()
weakref.finalize(late, harm)
atexit.register(harm)
threading._register_atexit(harm)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, harm)


def mean(x):
    return 0.0
