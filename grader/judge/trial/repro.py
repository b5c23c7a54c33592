"""Code for a learner's own hands: the call that failed, as it can be made in a workspace."""

from __future__ import annotations

import inspect
import re
import textwrap
import types
from typing import Any

import numpy as np
import torch

from grader.judge.terms.calls import Call, Scenario

_IMPORTS = {
    "from math import inf, nan": r"(?<![\w.])(?:inf|nan)\b",
    "import numpy as np": r"\bnp\.",
    "import torch": r"\btorch\.",
}
"""What code may need that no check file says, and how it shows."""


def repro(call: Call, module: str) -> str:
    """Python code that makes the same call in a workspace, with the imports that it uses and no others."""
    body = _body(call)
    imports = [line for line, used in _IMPORTS.items() if re.search(used, body)]
    return "\n".join([*imports, f"import {module} as impl", "", body]) + "\n"


def _body(call: Call) -> str:
    arguments = [*map(_code, call.args), *(f"{name}={_code(value)}" for name, value in call.kwargs.items())]
    if isinstance(call.what, str):
        return f"print(impl.{call.what}({', '.join(arguments)}))"
    source = _source(call.what)
    if not source.startswith("def "):
        return f"# the check's own scenario: {call.what.__name__}\narguments = ({', '.join(arguments)},)"
    asked = f"print({call.what.__name__}({', '.join(['impl', *arguments])}))"
    return "\n".join([*_needed(call.what, {call.what.__name__}), source, asked])


def _source(value: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError):
        return ""


def _needed(function: Scenario, known: set[str]) -> list[str]:
    """What a function uses of its check file and is not `known`: helpers as code, after what these use in turn.

    Modules and what comes from the platform are imports; the rest stands there by name.
    """
    lines = []
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        if value is None or name in known or name in ("np", "torch"):
            continue
        known.add(name)
        if inspect.ismodule(value):
            lines.append(f"import {value.__name__} as {name}")
        elif not inspect.isfunction(value):
            lines.append(f"# {name} is defined in the unit's checks")
        elif value.__module__.startswith("grader."):
            lines.append(f"from {value.__module__} import {name}")
        else:
            lines += [*_needed(value, known), _source(value)]
    return lines


def _names(code: types.CodeType) -> list[str]:
    """The global names that a piece of code looks up, those of functions within it included."""
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return [*code.co_names, *(name for part in inner for name in _names(part))]


def _code(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        if value.numel() > 400:
            return f"torch.randn{tuple(value.shape)}"
        return f"torch.tensor({value.tolist()}, dtype={value.dtype}).reshape{tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()}, dtype=np.{value.dtype}).reshape({tuple(value.shape)})"
    if isinstance(value, torch.Generator):
        return f"torch.Generator().manual_seed({value.initial_seed()})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_code(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        inner = ", ".join(map(_code, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner},)"
    return getattr(value, "__name__", None) or repr(value)
