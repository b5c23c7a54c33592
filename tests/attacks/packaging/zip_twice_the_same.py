"""Two entries have the same name, and header and directory disagree; one of them is right."""

import warnings
import zipfile

WRONG = "def mean(x):\n    return 0.0\n\n\ndef centre(x):\n    return x\n"
RIGHT = "def mean(x):\n    return float(x.mean())\n\n\ndef centre(x):\n    return x - mean(x)\n"


def build(folder):
    path = folder / "twice.zip"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("phase1_numbers/unit1_averages.py", RIGHT)
        archive.writestr("phase1_numbers/unit1_averages.py", WRONG)
    return path
