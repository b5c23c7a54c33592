"""The notebook's JSON is nested a hundred thousand deep."""

REFUSED = True


def build(folder):
    path = folder / "averages.ipynb"
    path.write_text('{"cells": ' + "[" * 100_000 + "]" * 100_000 + "}")
    return path
