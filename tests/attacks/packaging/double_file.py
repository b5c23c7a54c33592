"""The unit is there twice, as a file and as a notebook, and only the notebook is right."""

import json

WRONG = "def mean(x):\n    return 0.0\n\n\ndef centre(x):\n    return x\n"
RIGHT = "def mean(x):\n    return float(x.mean())\n\n\ndef centre(x):\n    return x - mean(x)\n"


def build(folder):
    place = folder / "double" / "phase1_numbers"
    place.mkdir(parents=True)
    (place / "unit1_averages.py").write_text(WRONG)
    cells = [{"cell_type": "code", "source": RIGHT, "metadata": {}}]
    (place / "unit1_averages.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}}))
    return folder / "double"
