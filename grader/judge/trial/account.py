"""What came of a check that did not pass, as a Failure: what was called, what came back, what was expected."""

from __future__ import annotations

import itertools
import types
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis.errors import Flaky

from grader.ground.text import clean
from grader.judge.terms.calls import Call, Evidence, LearnerDied, LearnerError, LearnerStopped
from grader.judge.terms.compare import Disagreement, dtype_name, number
from grader.judge.terms.failure import Failure, Names

NUMBERS, ENTRIES, PAIRS = 20, 8, 4
"""How much is shown of an array, of a list or tuple, and of a dict."""

MOST_SAID = 2000
"""Characters of one text, which may be the learner's."""


@dataclass(frozen=True)
class Claim:
    """A check as it is spoken of: `matches the reference`, what its docstring says, and the names of results."""

    check: str
    says: str
    returns: Names

    @classmethod
    def of(cls, item: pytest.Function) -> Claim:
        docstring = (item.obj.__doc__ or "").strip()
        name = item.name.removeprefix("test_").replace("_", " ")
        return cls(name, docstring.split("\n\n")[0], getattr(item.cls, "returns", ()))


def failure(claim: Claim, error: BaseException, last: Evidence | None, reference: types.ModuleType) -> Failure:
    """Why the check did not pass. `last` is the call during which it failed, where there was one."""
    said, raised, difference = said_of(error, claim), None, None
    returned = describe_value(last.result) if last and last.result is not None else None
    if isinstance(error, LearnerError):
        raised, returned = None if error.not_written else clean(str(error), MOST_SAID), None
    elif isinstance(error, Disagreement):
        called = last is not None and isinstance(last.call.what, str)
        difference = error.difference and error.difference.named(claim.returns if called else ())
    planned = last.planned if last and isinstance(error, Disagreement) else None
    return Failure(
        claim.check,
        clean(claim.says),
        describe_call(last.call, reference) if last else {},
        clean(returned, MOST_SAID) if returned is not None and not _speaks_for_itself(error) else None,
        clean(describe_value(planned.want), MOST_SAID) if planned else None,
        difference and difference.cleaned(),
        raised,
        error.frames if isinstance(error, LearnerError) else (),
        tuple(clean(text, MOST_SAID) for text in said),
    )


def said_of(error: BaseException, claim: Claim) -> list[str]:
    """What there is to say besides exception and difference."""
    if isinstance(error, LearnerError):
        if error.not_written:
            return ["NotImplementedError: this part is not written yet"]
        return [_NOT_ALLOWED] if error.kind == "PermissionError" else []
    if isinstance(error, LearnerStopped):
        hint = " (os._exit, too much memory, or too deep a recursion)" if isinstance(error, LearnerDied) else ""
        return [f"{error}{hint}"]
    if isinstance(error, Flaky):
        return ["gives different results for the same input: is something random, or kept between calls?"]
    if isinstance(error, Disagreement):
        return [] if error.difference else [str(error)]
    if isinstance(error, AssertionError):
        said = str(error).split("\nassert ")[0].strip()
        words = said if said and not said.startswith("assert ") else claim.says
        return [words] if words else []
    return [f"the check could not work with that ({type(error).__name__}: {error})"]


_NOT_ALLOWED = (
    "While it is judged, code can neither write files nor reach the network or start processes; what is "
    'not part of an exercise belongs under `if __name__ == "__main__":`.'
)


def _speaks_for_itself(error: BaseException) -> bool:
    """Whether what was returned adds nothing to what is said."""
    return isinstance(error, LearnerStopped | Flaky) or (isinstance(error, Disagreement) and not error.difference)


def describe_call(call: Call, reference: types.ModuleType) -> dict[str, str]:
    """The arguments by name: shapes of tensors, and numbers where there are few."""
    named = call.named_arguments(reference)
    return {clean(name): clean(describe_value(value), MOST_SAID) for name, value in named.items()}


def describe_value(value: Any) -> str:
    if isinstance(value, torch.Tensor | np.ndarray):
        dtype = "" if dtype_name(value) == "float32" else f" {dtype_name(value)}"
        size = int(np.prod(tuple(value.shape)))
        numbers = f" = {_numbers(value.tolist())}" if 0 < size <= NUMBERS else ""
        return f"{tuple(value.shape)}{dtype}{numbers}"
    if isinstance(value, list | tuple):
        inner = _listed([describe_value(entry) for entry in value[: ENTRIES + 1]], ENTRIES)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
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
