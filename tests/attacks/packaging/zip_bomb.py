"""The archive holds a file that unpacks to a thousand times its size, and ten thousand files of nothing."""

import zipfile


def build(folder):
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("phase1_numbers/unit1_averages.py", "w", force_zip64=True) as file:
            for _ in range(64):
                file.write(b"#" * (4 << 20))
        for number in range(10_000):
            archive.writestr(f"phase1_numbers/f{number}.py", "x = 1\n")
    return path
