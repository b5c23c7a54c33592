"""File names hold escape sequences, line ends, direction marks, markup, and bytes that are no text."""

import os

PASSES = True
RIGHT = "def mean(x):\n    return float(x.mean())\n\n\ndef centre(x):\n    return x - mean(x)\n"
NAMES = (b"\x1b[2J.py", b"a\n\xe2\x9c\x93 passed.py", b"\xe2\x80\xaegnp.py", b"<x-live onclick=1>.py", b"\xff\xfe.py")


def build(folder):
    place = folder / "names"
    (place / "phase1_numbers").mkdir(parents=True)
    (place / "phase1_numbers" / "unit1_averages.py").write_text(RIGHT)
    for name in NAMES:
        where = os.fsencode(place) + b"/" + name
        with open(where, "wb") as file:
            file.write(b"x = 1\n")
        os.symlink("/etc/passwd", where[:-3] + b"2.py")
    return place
