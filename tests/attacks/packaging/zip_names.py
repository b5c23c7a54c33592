"""Names in the archive hold escape sequences, line ends, direction marks, nulls and markup."""

import zipfile

PASSES = True
RIGHT = "def mean(x):\n    return float(x.mean())\n\n\ndef centre(x):\n    return x - mean(x)\n"
NAMES = ("\x1b[2J✓ passed", "a\nb ✓ passed", "\u202egnp", "<x-live onclick=1>", "=cmd|' C calc'!A0", "x" * 5000)


def build(folder):
    path = folder / "names.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("phase1_numbers/unit1_averages.py", RIGHT)
        for name in NAMES:
            archive.writestr(f"../{name}.py", "x = 1\n")
            archive.writestr(f"{name}.py", b"#" * (2 << 20))
    return path
