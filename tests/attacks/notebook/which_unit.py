"""The notebook says that it is a path, another unit, or a whole course."""

import json

REFUSED = True


def build(folder):
    path = folder / "averages.ipynb"
    cells = [{"cell_type": "code", "source": "def mean(x):\n    return 0.0\n", "metadata": {}}]
    unit = "../../solutions/phase1_numbers/unit1_averages\x1b[31m"
    path.write_text(json.dumps({"cells": cells, "metadata": {"zero_to_diffusion": {"unit": unit}}}))
    return path
