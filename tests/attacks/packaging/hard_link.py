"""The file is a second name of one that is not the student's, and says so nowhere."""

import os


def build(folder):
    place = folder / "hard" / "phase1_numbers"
    place.mkdir(parents=True)
    (folder / "theirs").write_text("def mean(x):\n    return 0.0\n")
    os.link(folder / "theirs", place / "unit1_averages.py")
    return folder / "hard"
