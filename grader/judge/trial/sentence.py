"""A check that did not pass, as a sentence: what was called, what came back, what was expected."""

from __future__ import annotations

import inspect
import itertools
import textwrap
import types
from typing import Any

import numpy as np
import torch
from hypothesis.errors import Flaky

from grader.ground.text import clean, quoted
from grader.judge.terms.calls import Call, Evidence, LearnerDied, LearnerError, LearnerStopped, Scenario
from grader.judge.terms.compare import Disagreement, dtype_name, number

MAX_CHARACTERS = 4000

ENTRIES, PAIRS = 6, 4
"""How much is shown of a list or tuple, and of a dict."""


def check_name(item_name: str) -> str:
    """`test_matches_the_reference` as the end of a sentence."""
    return item_name.removeprefix("test_").replace("_", " ")


def sentence(
    exercise: str, check: str, claim: str, error: BaseException, last: Evidence | None, reference: types.ModuleType
) -> str:
    """The message of one check. `claim` is the check's docstring, `last` the call during which it failed."""
    lines = [f"{exercise} — {check}"]
    if last is not None and (arguments := describe_call(last.call, reference)):
        lines.append(f"called with {arguments}")
    lines += what_went_wrong(error, claim, last)
    head, *rest = lines
    return clean("\n".join([head, *(textwrap.indent(line, "  ") for line in rest)]), MAX_CHARACTERS)


def what_went_wrong(error: BaseException, claim: str, last: Evidence | None) -> list[str]:
    if isinstance(error, LearnerError):
        if error.kind == "NotImplementedError":
            return ["NotImplementedError: this part is not written yet", *quoted(error.frames)]
        text, *more = str(error).splitlines() or [""]
        lines = [f"raised {text}", *quoted("\n".join(more)), *quoted(error.frames)]
        if error.kind == "PermissionError":
            lines.append(
                "While it is judged, code can neither write files nor reach the network or start processes; what is "
                'not part of an exercise belongs under `if __name__ == "__main__":`.'
            )
        return lines
    if isinstance(error, LearnerStopped):
        hint = " (os._exit, too much memory, or too deep a recursion)" if isinstance(error, LearnerDied) else ""
        return [f"{error}{hint}"]
    if isinstance(error, Flaky):
        return ["gives different results for the same input: is something random, or kept between calls?"]
    if isinstance(error, Disagreement):
        return [str(error)]
    if isinstance(error, AssertionError):
        said = str(error).split("\nassert ")[0].strip()
        words = said if said and not said.startswith("assert ") else claim
        return [*_returned(last), words] if words else _returned(last)
    return [*_returned(last), f"the check could not work with that ({type(error).__name__}: {error})"]


def _returned(last: Evidence | None) -> list[str]:
    return [f"returned {describe_value(last.result)}"] if last is not None else []


def describe_call(call: Call, reference: types.ModuleType) -> str:
    """The arguments by name: shapes of tensors, and numbers where there are few."""
    named = call.named_arguments(reference)
    return ", ".join(f"{name} {describe_value(value)}" for name, value in named.items())


def describe_value(value: Any) -> str:
    if isinstance(value, torch.Tensor | np.ndarray):
        dtype = "" if dtype_name(value) == "float32" else f" {dtype_name(value)}"
        size = int(np.prod(tuple(value.shape)))
        numbers = f" = {_numbers(value.tolist())}" if 0 < size <= 6 else ""
        return f"{tuple(value.shape)}{dtype}{numbers}"
    if isinstance(value, list | tuple):
        inner = _listed([describe_value(entry) for entry in value[: ENTRIES + 1]], ENTRIES)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    if isinstance(value, dict):
        first = itertools.islice(value.items(), PAIRS + 1)
        return "{" + _listed([f"{key}: {describe_value(entry)}" for key, entry in first], PAIRS) + "}"
    if callable(value):
        return str(getattr(value, "__name__", type(value).__name__))
    if isinstance(value, torch.Generator | np.random.Generator):
        return "a generator"
    return number(value) if isinstance(value, float) else repr(value)[:80]


def _listed(entries: list[str], most: int) -> str:
    """The first of them, with a mark where there are more."""
    shown = entries[:most] if len(entries) <= most else [*entries[:most], "…"]
    return ", ".join(shown)


def _numbers(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_numbers, value)) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


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
