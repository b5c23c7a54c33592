"""The submission itself is a link to the folder of another."""

import pathlib

REFUSED = True


def build(folder):
    (folder / "whole").symlink_to(pathlib.Path(__file__).parent)
    return folder / "whole"
