"""Magics and shell lines would run commands, and a right answer stands between them."""

import json

PASSES = True
CELLS = (
    "%load_ext autoreload\n!touch harm\n%sx touch harm",
    "def mean(x):\n    return float(x.mean())",
    "%%bash\ntouch harm",
    "%%javascript\nalert('✓ passed')",
    "def centre(x):\n    return x - mean(x)",
    "%%writefile /tmp/harm.py\nx = 1",
    "!rm -rf ~",
)


def build(folder):
    path = folder / "averages.ipynb"
    cells = [{"cell_type": "code", "source": text, "metadata": {}} for text in CELLS]
    path.write_text(json.dumps({"cells": cells, "metadata": {}}))
    return path
