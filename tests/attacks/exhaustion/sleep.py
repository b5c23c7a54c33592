"""The call sleeps for ever, which costs no processor time."""

import time


def mean(x):
    while True:
        time.sleep(1000)
