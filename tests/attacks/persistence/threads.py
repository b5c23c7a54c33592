"""Threads that are no daemons hold the process after the answer was given."""

import threading


def spin():
    while True:
        pass


for _ in range(4):
    threading.Thread(target=spin, daemon=False).start()


def mean(x):
    return 0.0
