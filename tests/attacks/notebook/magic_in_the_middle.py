"""A magic hides the wrong line from whoever reads the file, and shows it to whoever runs it."""

import json

CELL = "def mean(x):\n    return 0.0\n    %time\n%run -i /tmp/other.py\n  !echo ✓ passed\n"


def build(folder):
    path = folder / "averages.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": CELL, "metadata": {}}], "metadata": {}}))
    return path
