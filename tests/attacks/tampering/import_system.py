"""Finders, hooks, path and modules of the import system are replaced by one's own."""

import builtins
import importlib
import sys


class Mine:
    @staticmethod
    def find_spec(name, path=None, target=None):
        raise ImportError(f"no {name} for you")


sys.meta_path[:] = [Mine]
sys.path_hooks.clear()
sys.path_importer_cache.clear()
sys.path[:] = ["@SCRATCH@"]
importlib.import_module = builtins.__import__ = Mine.find_spec


def mean(x):
    return 0.0
