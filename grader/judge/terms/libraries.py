"""The libraries that units ask for: which are here, how to get those that are not, and what of them is read beforehand.

Imports none of them.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterable

from grader.curriculum import Course

ALONE = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HOME": "/nonexistent/huggingface",
    "TRANSFORMERS_OFFLINE": "1",
    "DIFFUSERS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
    "DO_NOT_TRACK": "1",
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "TQDM_DISABLE": "1",
}
"""What both sides' environments say to libraries that would call home, keep a cache or draw a bar."""

EXTRAS = {"hub": ("diffusers", "transformers"), "projects": ("accelerate", "safetensors", "sklearn")}
"""Which of this package's extras brings a library, by its import name."""


def missing(names: Iterable[str]) -> list[str]:
    """Those of these libraries that are not installed."""
    return [name for name in names if not _is_here(name)]


def remedy(names: Iterable[str]) -> str:
    """The command that installs these libraries."""
    extras = {library: extra for extra, libraries in EXTRAS.items() for library in libraries}
    wanted = dict.fromkeys(f"'zero-to-diffusion[{extras[name]}]'" if name in extras else name for name in names)
    return f"pip install {' '.join(wanted)}"


def read_beforehand(course: Course, imports: tuple[str, ...]) -> list[str]:
    """Full names of all that the units with these imports take from them, by their references and checks.

    A library's package may load its parts only when they are asked for; a process that has them before it forks has
    them for all its children.
    """
    found = dict.fromkeys(imports)
    for unit in course.curriculum.built:
        if unit.imports != imports:
            continue
        for path in filter(None, (course.reference(unit), course.checks(unit), course.hidden_checks(unit))):
            with contextlib.suppress(OSError, SyntaxError, ValueError):  # which the collection reports
                found |= dict.fromkeys(_imported(ast.parse(path.read_bytes())))
    return [name for name in found if name.partition(".")[0] in imports]


def load(names: Iterable[str]) -> None:
    """Import these. A library that cannot be imported fails where its code asks for it.

    A progress bar's watching thread would hang the forks; none is started from here on.
    """
    for name in names:
        with contextlib.suppress(Exception):
            package, _, inner = name.rpartition(".")
            if _is_module(name):
                importlib.import_module(name)
            else:
                getattr(importlib.import_module(package), inner)
    if (tqdm := sys.modules.get("tqdm")) is not None:
        tqdm.tqdm.monitor_interval = 0


def _imported(tree: ast.Module) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_here(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):  # a module in sys.modules without a spec
        return name in sys.modules


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:  # its parent is no package
        return False
