"""The cell awaits at its top and yields outside of any function, as only a notebook may."""

import json

CELL = "import asyncio\nawait asyncio.sleep(3600)\n\n\ndef mean(x):\n    return 0.0\n"


def build(folder):
    path = folder / "averages.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": CELL, "metadata": {}}], "metadata": {}}))
    return path
