"""Outputs and attachments hold scripts and pictures that would act in whoever's browser shows them."""

import json

SCRIPT = "<x-live onclick=alert(1)></x-live><script>alert(1)</script>"
OUTPUT = {"output_type": "display_data", "data": {"text/html": SCRIPT, "image/svg+xml": SCRIPT}, "metadata": {}}
CODE = f"def mean(x):\n    raise ValueError({SCRIPT!r})"
CELLS = (
    {"cell_type": "markdown", "source": SCRIPT, "metadata": {}, "attachments": {"a.svg": {"image/svg+xml": SCRIPT}}},
    {"cell_type": "code", "source": CODE, "metadata": {}, "outputs": [OUTPUT]},
)


def build(folder):
    path = folder / "averages.ipynb"
    path.write_text(json.dumps({"cells": CELLS, "metadata": {"title": SCRIPT}}))
    return path
