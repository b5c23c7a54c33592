"""The compressed data is damaged, so that whoever unpacks it meets an error of the compressor's own."""

import zipfile

REFUSED = True


def build(folder):
    path = folder / "damaged.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("phase1_numbers/unit1_averages.py", "def mean(x):\n    return 0.0\n" * 9)
    data = bytearray(path.read_bytes())
    start = data.index(b"averages.py") + 11
    data[start : start + 8] = b"\xff" * 8
    path.write_bytes(data)
    return path
