"""The file is no text: null bytes, a false encoding, a byte-order mark, form feeds, other line ends."""


def build(folder):
    path = folder / "unit1_averages.py"
    path.write_bytes(
        b"\xef\xbb\xbf# -*- coding: utf-7 -*-\r\x0c+AGQ-ef mean(x):\r\treturn 0.0\x00\r# \xe2\x80\xa8\xff\n"
    )
    return path
