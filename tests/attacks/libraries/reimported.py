"""The library is thrown out and imported anew behind the wall, with everything that it does when it is imported."""

import importlib
import sys


def check_pipeline_dir(path):
    for name in [name for name in sys.modules if name.partition(".")[0] in ("diffusers", "huggingface_hub", "tqdm")]:
        del sys.modules[name]
    for name in ("tqdm", "huggingface_hub", "diffusers.schedulers"):
        try:
            print(importlib.import_module(name))
        except Exception as error:
            print(type(error), str(error)[:200])
    return {}
