"""The archive is packed by the rarer compressors, and damaged, cut short, or encrypted in its header."""

import zipfile

REFUSED = True


def build(folder):
    path = folder / "rare.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("phase1_numbers/unit1_averages.py", "def mean(x):\n    return 0.0\n" * 9)
        archive.writestr("phase1_numbers/b.py", "x = 1\n" * 99, zipfile.ZIP_BZIP2)
    data = bytearray(path.read_bytes())
    start = data.index(b"averages.py") + 11
    data[start : start + 9] = bytes(range(200, 209))
    start = data.index(b"BZh")
    data[start : start + 6] = b"BZh9\0\0"
    path.write_bytes(data)
    return path
