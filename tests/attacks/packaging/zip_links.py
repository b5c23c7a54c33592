"""Entries of the archive are symbolic links to the reference, and to a folder that later entries lie in."""

import stat
import zipfile


def build(folder):
    path = folder / "links.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, target in {
            "phase1_numbers/unit1_averages.py": "../../../../solutions/phase1_numbers/unit1_averages.py",
            "phase1_numbers": "/tmp",
        }.items():
            link = zipfile.ZipInfo(name)
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, target)
    return path
