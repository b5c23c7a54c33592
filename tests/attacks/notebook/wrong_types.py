"""Cells are numbers, sources are dicts, and metadata is a list."""

import json

REFUSED = True


def build(folder):
    path = folder / "averages.ipynb"
    cells = [{"cell_type": "code", "source": {"a": 1}, "metadata": []}, 7, None]
    path.write_text(json.dumps({"cells": cells, "metadata": []}))
    return path
