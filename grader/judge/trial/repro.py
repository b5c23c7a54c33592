"""Code for a learner's own hands: the call that failed, as it can be made in a workspace."""

from __future__ import annotations

import inspect
import textwrap
import types
from typing import Any

import numpy as np
import torch

from grader.judge.terms.calls import Call, Scenario


def repro(call: Call, module: str) -> str:
    """Python code that makes the same call in a workspace."""
    arguments = [*map(_code, call.args), *(f"{name}={_code(value)}" for name, value in call.kwargs.items())]
    head = f"from math import inf, nan\n\nimport numpy as np\nimport torch\n\nimport {module} as impl\n\n"
    if isinstance(call.what, str):
        return f"{head}print(impl.{call.what}({', '.join(arguments)}))\n"
    source = _source(call.what)
    if not source.startswith("def "):
        return f"{head}# the check's own scenario: {call.what.__name__}\narguments = ({', '.join(arguments)},)\n"
    parts = [
        *_needed(call.what, {call.what.__name__}),
        source,
        f"print({call.what.__name__}({', '.join(['impl', *arguments])}))",
    ]
    return head + "\n".join(parts) + "\n"


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
