"""What is handed in is a pipe called like a unit, which nobody will ever write to."""

import os

REFUSED = True


def build(folder):
    os.mkfifo(folder / "unit1_averages.py")
    return folder / "unit1_averages.py"
