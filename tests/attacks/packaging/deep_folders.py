"""Folders are nested sixty deep, and thousands of files lie below."""

import os


def build(folder):
    place = folder / "deep"
    (place / "phase1_numbers").mkdir(parents=True)
    (place / "phase1_numbers" / "unit1_averages.py").write_text("def mean(x):\n    return 0.0\n")
    for number in range(2000):
        (place / f"f{number}.py").touch()
    here = os.getcwd()
    os.chdir(place)
    for _ in range(60):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(here)
    return place
