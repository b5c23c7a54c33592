"""The running IPython is asked for, to change how cells are transformed, run and graded."""

import json

CELL = """
from IPython import get_ipython
shell = get_ipython()
shell.input_transformers_cleanup.append(lambda lines: ["pass"])
shell.run_cell("passed = True")


def mean(x):
    return 0.0
"""


def build(folder):
    path = folder / "averages.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": CELL, "metadata": {}}], "metadata": {}}))
    return path
