"""Results taken apart: the arrays and numbers in them, beside what they should be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from grader.judge.terms.calls import Evidence
from grader.judge.terms.compare import difference
from grader.judge.terms.failure import Difference, Names

Asked = Sequence[tuple[Evidence, Any]]
"""Calls of a check, each with what should have come of it."""

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Pair:
    """A value within a result, and the one that should be there."""

    path: Path
    got: Any
    want: Any


def pairs(got: Any, want: Any, path: Path = ()) -> Iterator[Pair]:
    """Every array and number that should be in a result, as far as the learner's has the same structure."""
    if isinstance(want, dict) and isinstance(got, dict) and set(got) == set(want):
        for key in want:
            yield from pairs(got[key], want[key], (*path, str(key)))
    elif isinstance(want, list | tuple) and isinstance(got, list | tuple) and len(got) == len(want):
        for place, (mine, theirs) in enumerate(zip(got, want, strict=True)):
            yield from pairs(mine, theirs, (*path, place))
    else:
        yield Pair(path, got, want)


def differs(pair: Pair, evidence: Evidence) -> bool:
    try:
        return difference(pair.got, pair.want, evidence.call.tolerance(pair.want)) is not None
    except TypeError:  # nothing that a check would compare
        return False


def spoken_of(path: Path, names: Names) -> str:
    """The value at this place, as it stands at the beginning of a sentence."""
    where = Difference("", "", path).named(names).where
    return f"`{where}`" if where else "The result"


MOST_ENTRIES = 100_000
"""Entries of an array that are looked at: a learner's answer may be as large as a reply may be."""


def numeric(value: Any) -> torch.Tensor | None:
    """An array or a number as float64; None for anything else, and for what is too large to be looked at."""
    if isinstance(value, bool) or math.prod(getattr(value, "shape", ())) > MOST_ENTRIES:
        return None
    if isinstance(value, int | float):
        try:
            return torch.tensor(float(value), dtype=torch.float64)
        except OverflowError:  # an integer beyond every float
            return None
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        return torch.from_numpy(np.array(value, dtype=np.float64))
    if isinstance(value, torch.Tensor) and not value.is_complex() and value.dtype != torch.bool:
        return value.detach().double()
    return None
