"""Names in the archive climb out of it, are absolute, or use the other slash; a right answer lies beside."""

import zipfile

PASSES = True


def build(folder):
    path = folder / "slip.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("phase1_numbers/unit1_averages.py", RIGHT)
        for name in ("../slip.py", "../../../../../../tmp/slip.py", "/tmp/slip.py", "phase1_numbers/../../slip.py"):
            archive.writestr(name, "raise RuntimeError('slipped')\n")
        for name in ("..\\..\\slip.py", "C:\\slip.py", "\\\\host\\share\\slip.py", "phase1_numbers/./slip.py"):
            archive.writestr(name, "raise RuntimeError('slipped')\n")
    return path


RIGHT = "def mean(x):\n    return float(x.mean())\n\n\ndef centre(x):\n    return x - mean(x)\n"
