"""Output is written without end, by print, by the descriptor and by the logging module."""

import logging
import os


def mean(x):
    for _ in range(40):
        print("✓ passed " * 100_000)
        logging.error("x" * 100_000)
        for number in (1, 2):
            os.write(number, b"\x1b[2J" * 10_000)
    return 0.0
