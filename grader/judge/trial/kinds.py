"""What kind of thing came back, before any numbers are looked at: nothing, a list, another shape, another precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from grader.judge.terms.compare import Tolerance, difference, dtype_name
from grader.judge.terms.failure import Cause, Names
from grader.judge.trial.leaves import Asked, Pair, Path, differs, pairs, spoken_of


def kind(asked: Asked, path: Path, names: Names) -> Cause | None:
    """Why the value at this place of the results is not even of the kind that was asked for; None if it is.

    Of all calls the one with most to see is looked at: an axis of length 1 hides what happened to it.
    """
    here = [(seen, pair) for seen, want in asked for pair in pairs(seen.result, want) if pair.path == path]
    odd = [(pair, found) for seen, pair in here if differs(pair, seen) and (found := _odd(pair))]
    if not odd:
        return None
    _, (name, words) = max(odd, key=lambda one: int(np.prod(getattr(one[0].want, "shape", ()))))
    return Cause(name, words.format(spoken_of(path, names)))


def _odd(pair: Pair) -> Found:
    return _nothing(pair) or _container(pair) or _shape(pair) or _precision(pair)


Found = tuple[str, str] | None
"""A cause's name, and its sentence with a place for what is spoken of."""


def _nothing(pair: Pair) -> Found:
    if pair.got is None and pair.want is not None:
        if any("grad" in str(place) for place in pair.path):
            way = "taken out of torch on the way (`.detach()`, `.item()`, `.numpy()`, `torch.tensor(…)`), or never used"
            return "no gradient", f"{{}} is None: no gradient comes back. Something was {way}."
        if pair.path:
            return "nothing there", "{} is None: it was never computed, or not put where it belongs."
        return "nothing returned", "Nothing came back: a function without a `return` at its end returns None."
    return None


def _container(pair: Pair) -> Found:
    got, want = pair.got, pair.want
    if isinstance(want, np.ndarray) and isinstance(got, torch.Tensor):
        return "tensor for array", "{} is a torch tensor; a NumPy array is asked for."
    if isinstance(want, torch.Tensor) and isinstance(got, np.ndarray):
        return "array for tensor", "{} is a NumPy array; a torch tensor is asked for, made by torch's own functions."
    if isinstance(want, torch.Tensor | np.ndarray) and isinstance(got, list | tuple):
        what = "a list" if isinstance(got, list) else "a tuple"
        return "list for array", f"{{}} is {what}; {_named(want)} is asked for."
    if isinstance(want, torch.Tensor | np.ndarray) and isinstance(got, int | float):
        return "number for array", f"{{}} is one number; {_named(want)} of shape {tuple(want.shape)} is asked for."
    if isinstance(want, int | float) and isinstance(got, torch.Tensor | np.ndarray):
        return "array for number", f"{{}} has the shape {tuple(got.shape)}; one number is asked for."
    if isinstance(want, tuple | list) and not isinstance(got, tuple | list | dict):
        return "too few results", f"One thing came back where {len(want)} are asked for."
    if isinstance(want, tuple | list) and isinstance(got, tuple | list) and len(got) != len(want):
        return "number of results", f"{len(got)} results came back where {len(want)} are asked for."
    return None


def _named(want: Any) -> str:
    return "a tensor" if isinstance(want, torch.Tensor) else "an array"


def _shape(pair: Pair) -> Found:
    if not (isinstance(pair.got, torch.Tensor | np.ndarray) and isinstance(pair.want, torch.Tensor | np.ndarray)):
        return None
    got, want = tuple(pair.got.shape), tuple(pair.want.shape)
    if got == want:
        return None
    if tuple(n for n in got if n != 1) == tuple(n for n in want if n != 1) and len(got) != len(want):
        if len(got) > len(want):
            return (
                "an axis too many",
                "{} has an axis of length 1 too many, as `keepdims` or an index of None leave one.",
            )
        return "an axis missing", "{} lacks an axis of length 1."
    if len(got) < len(want):
        return "summed away", "{} has lost an axis: one was summed or averaged over, or picked from."
    if len(got) > len(want):
        return "not summed", "{} has an axis too many: one was not summed or averaged over, or came by broadcasting."
    if sorted(got) == sorted(want):
        return "axes in another order", "{} has its axes in another order."
    return None


def _precision(pair: Pair) -> Found:
    """Another dtype, with the right values."""
    got, want = pair.got, pair.want
    if not (isinstance(got, torch.Tensor | np.ndarray) and type(got) is type(want)) or got.dtype == want.dtype:
        return None
    if tuple(got.shape) != tuple(want.shape):
        return None
    mine, theirs = dtype_name(got), dtype_name(want)
    here = got.double() if isinstance(got, torch.Tensor) else got.astype(np.float64)
    there = want.double() if isinstance(want, torch.Tensor) else want.astype(np.float64)
    right = difference(here, there, Tolerance(1e-3, 1e-3)) is None
    values = "; the values are right." if right else "."
    return "another dtype", f"{{}} is {mine} where {theirs} is asked for{values}"
