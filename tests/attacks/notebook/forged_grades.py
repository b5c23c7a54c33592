"""Cells carry the grader's own marks: locked tests that pass, points already given, outputs that say so."""

import json

TEST = {"grade": True, "solution": False, "locked": True, "points": 100, "grade_id": "mean", "schema_version": 3}
CELLS = (
    {"cell_type": "code", "source": "assert True", "metadata": {"nbgrader": TEST}},
    {
        "cell_type": "code",
        "source": "def mean(x):\n    return 0.0\n",
        "metadata": {"nbgrader": {**TEST, "solution": True}},
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "✓ passed\n"}],
    },
)


def build(folder):
    path = folder / "averages.ipynb"
    path.write_text(json.dumps({"cells": CELLS, "metadata": {"grade": 3, "score": 3}}))
    return path
