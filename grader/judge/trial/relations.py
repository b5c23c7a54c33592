"""What a wrong result has to do with the right one: its negative, twice as much, turned, moved, another's place.

Needs no bank. A relation is said if it holds on everything that a check asked, and if that was enough to tell it from
chance: a single number has some relation to any other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from grader.judge.terms.calls import Call, Evidence
from grader.judge.terms.compare import Tolerance
from grader.judge.terms.failure import Cause, Names
from grader.judge.trial.leaves import Asked, Pair, Path, differs, numeric, pairs, spoken_of

ENOUGH = 4
"""Different numbers that a relation has to hold for."""

TURNS = 3
"""Axes that a result is turned, flipped and rolled along."""


@dataclass(frozen=True)
class Seen:
    """A value of one call, and what should be there, in float64; the latter is finite."""

    evidence: Evidence
    path: Path
    got: torch.Tensor
    want: torch.Tensor
    tolerance: Tolerance
    wrong: bool

    def is_(self, other: torch.Tensor) -> bool:
        """Whether what came back is this."""
        if other.shape != self.got.shape or not other.isfinite().all():
            return False
        most = float(self.want.abs().max()) if self.want.numel() else 0.0
        rtol = max(1e-6, self.tolerance.rtol or 0.0)
        return torch.allclose(self.got, other, rtol=rtol, atol=max(1e-6 * most, 1e-12))


Named = Callable[[Call], Mapping[str, Any]]
"""The arguments of a call by name."""


def relation(asked: Asked, path: Path, names: Names, named: Named) -> Cause | None:
    """What the value at this place of the results has to do with what should be there; None if nothing is seen."""
    if (exchanged := _exchanged(asked)) is not None:
        first, second = (spoken_of(place, names).strip("`") for place in exchanged)
        return Cause("exchanged", f"`{first}` and `{second}` stand in each other's place.")
    seen = [one for one in _seen(asked) if one.path == path]
    told = {round(float(number), 9) for one in seen if one.wrong for number in one.want.flatten()[:50]}
    if len(told) < ENOUGH:
        return None
    subject = spoken_of(path, names)
    for name, holds, words in _RELATIONS:
        if all(map(holds, seen)):
            return Cause(name, f"{subject} {words}")
    if (found := _factor(seen, named)) is not None:
        return Cause(found[0], f"{subject} {found[1]}")
    return None


def _seen(asked: Asked) -> Iterator[Seen]:
    for evidence, want in asked:
        for pair in pairs(evidence.result, want):
            got, right = numeric(pair.got), numeric(pair.want)
            if got is None or right is None or not right.isfinite().all():
                continue
            yield Seen(evidence, pair.path, got, right, evidence.call.asked, differs(pair, evidence))


def _exchanged(asked: Asked) -> tuple[Path, Path] | None:
    """Two values of a result that stand in each other's place in every call that is wrong, and in more than one."""
    found: list[tuple[Path, Path]] = []
    for evidence, want in asked:
        wrong = [pair for pair in pairs(evidence.result, want) if differs(pair, evidence)]
        if not wrong:
            continue
        if len(wrong) != 2:
            return None
        one, other = wrong
        if differs(Pair(one.path, one.got, other.want), evidence):
            return None
        if differs(Pair(other.path, other.got, one.want), evidence):
            return None
        found.append((one.path, other.path))
    return found[0] if len(found) > 1 and len(set(found)) == 1 else None


def _argument(one: Seen) -> bool:
    values = [*one.evidence.call.args, *one.evidence.call.kwargs.values()]
    candidates = [numeric(value) for value in values if isinstance(value, torch.Tensor | np.ndarray)]
    return any(one.is_(candidate) for candidate in candidates if candidate is not None)


def _turned(one: Seen) -> bool:
    return one.want.ndim >= 2 and one.is_(one.want.transpose(-1, -2)) and one.want.shape[-1] > 1


def _along(change: Callable[[torch.Tensor, int], torch.Tensor]) -> Callable[[Seen], bool]:
    """Whether a change along some axis makes the result of what it should be."""

    def holds(one: Seen) -> bool:
        axes = [axis for axis in range(min(one.want.ndim, TURNS)) if one.want.shape[axis] > 1]
        return any(one.is_(change(one.want, axis)) for axis in axes) or (not axes and one.is_(one.want))

    return holds


def _first_for_all(one: Seen) -> bool:
    return one.want.ndim >= 1 and len(one.want) > 1 and one.is_(one.want[:1].expand_as(one.want))


def _rounded(digits: int) -> Callable[[Seen], bool]:
    return lambda one: bool(torch.equal(one.got, torch.round(one.want, decimals=digits)))


def _in_half(one: Seen) -> bool:
    return one.is_(one.want.half().double()) or one.is_(one.want.bfloat16().double())


def _not_a_number(one: Seen) -> bool:
    strange = ~one.got.isfinite()
    if one.got.shape != one.want.shape or strange.all():
        return False
    if not strange.any():
        return not one.wrong
    return replace(one, got=one.got[~strange]).is_(one.want[~strange])


def _clipped(one: Seen) -> bool:
    return any(one.is_(one.want.clamp(low, 1)) for low in (-1, 0))


_RELATIONS: tuple[tuple[str, Callable[[Seen], bool], str], ...] = (
    ("negative", lambda one: one.is_(-one.want), "is the negative of what it should be."),
    ("input returned", _argument, "is one of the arguments, as it came in."),
    ("root missing", lambda one: one.is_(one.want.square()), "is the square of what it should be: a root is missing."),
    ("square missing", lambda one: one.is_(one.want.abs().sqrt()), "is the root of what it should be."),
    ("reciprocal", lambda one: one.is_(1 / one.want), "is one divided by what it should be."),
    ("logarithm", lambda one: one.is_(one.want.log()), "is the logarithm of what it should be."),
    ("exponential", lambda one: one.is_(one.want.exp()), "is the exponential of what it should be."),
    ("complement", lambda one: one.is_(1 - one.want), "is 1 minus what it should be."),
    ("absolute value", lambda one: one.is_(one.want.abs()), "has lost its signs."),
    (
        "clipped",
        lambda one: one.is_(one.want.clamp(-1, 1)) or one.is_(one.want.clamp(0, 1)),
        "was clipped, and is right inside.",
    ),
    *((f"rounded to {k}", _rounded(k), f"is right, but rounded to {k} digits after the point.") for k in range(7)),
    ("transposed", _turned, "has its last two axes exchanged."),
    ("flipped", _along(lambda want, axis: want.flip(axis)), "is in reversed order along an axis."),
    ("one ahead", _along(lambda want, axis: want.roll(1, axis)), "is moved by one along an axis: one step late."),
    ("one behind", _along(lambda want, axis: want.roll(-1, axis)), "is moved by one along an axis: one step early."),
    ("one for all", _first_for_all, "has the first example's value for all examples."),
    ("not finite", _not_a_number, "is right wherever it is a number; elsewhere it is nan or infinite."),
    ("low precision", _in_half, "is right to three digits only: it was computed in half precision."),
)


def _factor(seen: Sequence[Seen], named: Named) -> tuple[str, str] | None:
    """A factor or an offset that is the same in all calls, or that is a size of something in each."""
    factors = [_quotient(one) for one in seen]
    if all(factor is not None for factor in factors):
        known = [factor for factor in factors if factor is not None]
        if max(known) - min(known) <= 1e-4 * abs(known[0]):
            return f"times {_number(known[0])}", f"is {_times(known[0])} what it should be, every time."
        for words, sizes in _sizes(seen, named):
            for n, of in (("n", float), ("√n", math.sqrt)):
                if all(abs(factor - of(size)) <= 1e-4 * of(size) for factor, size in zip(known, sizes, strict=True)):
                    return "times a size", f"is {n} times what it should be, n {words}: it was not divided by that."
                if all(abs(factor * of(size) - 1) <= 1e-4 for factor, size in zip(known, sizes, strict=True)):
                    return "over a size", f"is 1/{n} of what it should be, n {words}: it was divided by that."
    offsets = [_offset(one) for one in seen]
    if all(offset is not None for offset in offsets):
        shift = [offset for offset in offsets if offset is not None]
        if max(shift) - min(shift) <= 1e-4 * abs(shift[0]):
            much = "too large" if shift[0] > 0 else "too small"
            return "offset", f"is {much} by {_number(abs(shift[0]))} everywhere."
    return None


def _quotient(one: Seen) -> float | None:
    """The one number that the right result was multiplied by."""
    if one.got.shape != one.want.shape or not one.want.numel() or not one.got.isfinite().all():
        return None
    largest = int(one.want.abs().flatten().argmax())
    right, got = float(one.want.flatten()[largest]), float(one.got.flatten()[largest])
    factor = got / right if right else math.nan
    return factor if math.isfinite(factor) and factor != 0 and one.is_(factor * one.want) else None


def _offset(one: Seen) -> float | None:
    if one.got.shape != one.want.shape or one.want.numel() < 1 or not one.got.isfinite().all():
        return None
    offset = float((one.got - one.want).mean())
    return offset if offset and one.is_(one.want + offset) else None


def _sizes(seen: Sequence[Seen], named: Named) -> Iterator[tuple[str, list[int]]]:
    """The lengths of the arguments' axes, in words and for each call: those that are not the same in all."""
    shapes = [
        {name: tuple(value.shape) for name, value in named(one.evidence.call).items() if hasattr(value, "shape")}
        for one in seen
    ]
    for name, shape in shapes[0].items():
        for axis in range(len(shape)):
            sizes = [call[name][axis] for call in shapes if len(call.get(name, ())) == len(shape)]
            if len(sizes) == len(shapes) and len(set(sizes)) > 1:
                yield f"being the length of `{name}` along axis {axis}", sizes


def _times(factor: float) -> str:
    known = {2.0: "twice", 0.5: "half", 4.0: "four times", 0.25: "a quarter of", math.log(2): "log 2 times"}
    for value, words in known.items():
        if abs(factor - value) <= 1e-4 * value:
            return words
    return f"{_number(factor)} times"


def _number(value: float) -> str:
    return f"{value:.4g}"
