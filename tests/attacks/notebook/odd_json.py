"""The notebook's JSON has wrong types, lone surrogates, huge numbers and keys that come twice."""


def build(folder):
    path = folder / "averages.ipynb"
    source = "def mean(x):\\n    return '\\ud800'\\n"
    cell = f'{{"cell_type": "code", "metadata": {{"nbgrader": {{}}}}, "source": ["{source}", "x = 1{"0" * 5000}"]}}'
    path.write_text(f'{{"cells": [1], "cells": [{cell}], "metadata": {{"a": NaN, "b": -Infinity}}}}')
    return path
