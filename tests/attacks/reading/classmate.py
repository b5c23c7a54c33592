"""Another student's submission is imported, and handed in as one's own."""

import importlib.util
import os
import runpy
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname("@CLASSMATE@")))
spec = importlib.util.spec_from_file_location("classmate", "@CLASSMATE@")
try:
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
except OSError as error:
    print(error)


def mean(x):
    return runpy.run_path("@CLASSMATE@")["mean"](x)
