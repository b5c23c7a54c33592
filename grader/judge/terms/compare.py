"""When two results are the same, and how to say where they are not.

Two results agree when kind, structure, dtype, shape and the pattern of NaN and ±inf are equal and every finite
entry satisfies

    |got − want| ≤ rtol·|want| + max(atol·max|want|, 8·eps·magnitude) + slack

with (rtol, atol) by dtype as in TOLERANCE. They leave room for another order of summation or another algebraic form in
the same precision. Where large terms cancel, no form is exact: `magnitude` is the size of what went in and came out,
and a few roundings of that are forgiven. `slack` is what conditioning adds: four times the reference's own largest
float32-against-float64 error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import torch

from grader.judge.terms.failure import Difference

TOLERANCE = {
    torch.float64: (1e-7, 1e-9),
    torch.float32: (1e-4, 1e-5),
    torch.bfloat16: (5e-2, 1e-2),
    torch.float16: (5e-3, 1e-3),
}


ROUNDINGS = 8

WORDS = 40
"""Characters of a text in a message."""

DIGITS = 6
"""Significant digits of a number in a message."""


@dataclass(frozen=True)
class Tolerance:
    """What a check asks for; None leaves it to the dtype. `magnitude` is that of the numbers involved."""

    rtol: float | None = None
    atol: float | None = None
    magnitude: float = 0.0

    def bounds(self, dtype: torch.dtype, scale: float) -> tuple[float, float]:
        """(rtol, atol) for a result of this dtype whose largest entry is `scale`."""
        near, far = TOLERANCE.get(dtype, (0.0, 0.0))
        rounding = ROUNDINGS * torch.finfo(dtype).eps * self.magnitude
        atol = max(far * scale, rounding) if self.atol is None else self.atol
        return near if self.rtol is None else self.rtol, atol


class Disagreement(AssertionError):
    """A result that is not what it should be: the first difference, or in words.

    `compared` are the learner's result and the reference's, where these two are what differs.
    """

    def __init__(self, found: Difference | str, compared: tuple[Any, Any] | None = None):
        super().__init__(str(found))
        self.difference = found if isinstance(found, Difference) else None
        self.compared = compared


def plain(value: Any) -> Any:
    """NumPy scalars and 0-d arrays as Python numbers, parameters as tensors without history; the rest as it is."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) is np.ndarray:
        return value.item() if value.ndim == 0 and value.dtype != object else value
    if isinstance(value, torch.Tensor):
        return value.detach()
    if type(value) in (list, tuple):
        return type(value)(plain(inner) for inner in value)
    if type(value) is dict:
        return {key: plain(inner) for key, inner in value.items()}
    return value


def largest(value: Any) -> float:
    """The largest finite magnitude among the floating-point numbers of a structure; 0 where there is none."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return max(map(largest, value), default=0.0)
    if isinstance(value, float):
        return abs(value) if math.isfinite(value) else 0.0
    if isinstance(value, torch.Tensor | np.ndarray) and _floating(value):
        sizes = _tensor(value).detach().abs()
        if sizes.numel() and math.isfinite(most := float(sizes.max())):
            return most
        sizes = sizes[sizes.isfinite()]
        return float(sizes.max()) if sizes.numel() else 0.0
    return 0.0


_DEFAULT = Tolerance()


def difference(got: Any, want: Any, tolerance: Tolerance = _DEFAULT, exact: Any = None) -> Difference | None:
    """The first difference, or None. `exact` is the reference's float64 result, for conditioning."""
    if isinstance(want, torch.Tensor | np.ndarray):
        return _array_difference(got, want, tolerance, exact)
    if isinstance(want, bool) or want is None or isinstance(want, str | bytes):
        same = type(got) is type(want) and got == want
        return None if same else Difference(*_in_words(got, want))
    if isinstance(want, Real):
        return _number_difference(got, want, tolerance, exact)
    if isinstance(want, Mapping):
        return _mapping_difference(got, want, tolerance, exact)
    if isinstance(want, Sequence):
        return _sequence_difference(got, want, tolerance, exact)
    raise TypeError(f"a check cannot compare a {type(want).__name__}")


def _mapping_difference(got: Any, want: Mapping[Any, Any], tolerance: Tolerance, exact: Any) -> Difference | None:
    if not isinstance(got, Mapping):
        return Difference(describe(got), "a dict")
    if set(got) != set(want):
        return Difference(f"a dict with keys {sorted(map(str, got))}", f"the keys {sorted(map(str, want))}")
    for key in want:
        inner = exact.get(key) if isinstance(exact, Mapping) else None
        if found := difference(got[key], want[key], tolerance, inner):
            return found.within(str(key))
    return None


def _sequence_difference(got: Any, want: Sequence[Any], tolerance: Tolerance, exact: Any) -> Difference | None:
    if not isinstance(got, list | tuple):
        return Difference(describe(got), f"a {type(want).__name__} of {len(want)}")
    if len(got) != len(want):
        return Difference(f"{len(got)} values", f"{len(want)}")
    for position, (mine, theirs) in enumerate(zip(got, want, strict=True)):
        inner = exact[position] if isinstance(exact, Sequence) and len(exact) == len(want) else None
        if found := difference(mine, theirs, tolerance, inner):
            return found.within(position)
    return None


def _number_difference(got: Any, want: Real, tolerance: Tolerance, exact: Any) -> Difference | None:
    if isinstance(got, bool) or not isinstance(got, Real) or (isinstance(want, int) and not isinstance(got, int)):
        return Difference(describe(got), describe(want))
    slack = 4 * abs(float(exact) - float(want)) if isinstance(exact, Real) and math.isfinite(float(exact)) else 0.0
    mine, theirs = _float(got), _float(want)
    rtol, atol = tolerance.bounds(torch.float64, abs(theirs))
    if mine == theirs or (math.isnan(mine) and math.isnan(theirs)):
        return None
    if math.isfinite(mine) and math.isfinite(theirs) and abs(mine - theirs) <= rtol * abs(theirs) + atol + slack:
        return None
    return Difference(*numbers(got, want))


def _float(value: Real) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond every float
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]


def _array_difference(got: Any, want: Any, tolerance: Tolerance, exact: Any) -> Difference | None:
    if type(got) is type(want) and got.shape == want.shape and got.dtype == want.dtype and bool((got == want).all()):
        return None
    expected = f"{tuple(want.shape)} {dtype_name(want)}"
    if type(got) is not type(want):
        return Difference(describe(got), f"a {kind_name(want)} {expected}")
    if tuple(got.shape) != tuple(want.shape) or got.dtype != want.dtype:
        return Difference(f"{tuple(got.shape)} {dtype_name(got)}", expected)
    if got.dtype in (torch.bool, np.dtype(bool)) or not _floating(want):
        wrong = _tensor(got) != _tensor(want)
    else:
        wrong = ~_close(_tensor(got), _tensor(want), tolerance, exact)
    if not bool(wrong.any()):
        return None
    flat = int(wrong.flatten().to(torch.uint8).argmax())
    index = tuple(int(i) for i in np.unravel_index(flat, tuple(want.shape)))
    mine, theirs = numbers(_tensor(got).flatten()[flat].item(), _tensor(want).flatten()[flat].item())
    return Difference(mine, theirs, (), index, expected, int(wrong.sum()), wrong.numel())


def apart(one: Any, other: Any) -> float | None:
    """The largest distance between finite entries of two results that are alike in structure, shape and in where they
    are not finite; None if they are not alike. Precision does not count."""
    if isinstance(other, Mapping):
        if not isinstance(one, Mapping) or set(one) != set(other):
            return None
        return _largest_of(apart(one[key], other[key]) for key in other)
    if isinstance(other, list | tuple):
        if not isinstance(one, list | tuple) or len(one) != len(other):
            return None
        return _largest_of(apart(mine, theirs) for mine, theirs in zip(one, other, strict=True))
    if isinstance(other, torch.Tensor | np.ndarray):
        if not isinstance(one, torch.Tensor | np.ndarray) or tuple(one.shape) != tuple(other.shape):
            return None
        mine, theirs = _tensor(one), _tensor(other)
        wide = torch.complex128 if mine.is_complex() or theirs.is_complex() else torch.float64
        return _distance(mine.to(wide), theirs.to(wide))
    if isinstance(other, Real) and isinstance(one, Real) and not isinstance(one, bool) and not isinstance(other, bool):
        return _distance(torch.tensor(_float(one), dtype=torch.float64), torch.tensor(_float(other)).double())
    return 0.0 if type(one) is type(other) and one == other else None


def _largest_of(distances: Iterable[float | None]) -> float | None:
    largest = 0.0
    for distance in distances:
        if distance is None:
            return None
        largest = max(largest, distance)
    return largest


def _distance(one: torch.Tensor, other: torch.Tensor) -> float | None:
    finite = one.isfinite()
    if not torch.equal(finite, other.isfinite()):
        return None
    if not torch.equal(torch.nan_to_num(one[~finite], nan=0.5), torch.nan_to_num(other[~finite], nan=0.5)):
        return None
    between = (one[finite] - other[finite]).abs()
    return float(between.max()) if between.numel() else 0.0


def _close(got: torch.Tensor, want: torch.Tensor, tolerance: Tolerance, exact: Any) -> torch.Tensor:
    if want.is_complex():
        exact = None if exact is None else torch.view_as_real(_tensor(exact).to(torch.complex128))
        return _close(torch.view_as_real(got), torch.view_as_real(want), tolerance, exact).all(-1)
    rtol, atol = tolerance.bounds(want.dtype, largest(want))
    got, want = got.double(), want.double()
    if exact is not None and tuple(exact.shape) == tuple(want.shape):
        # The worst entry's, for all: where one happens to be exact, another way of adding up need not be.
        atol += 4 * largest(_tensor(exact).double() - want)
    return torch.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)


def _tensor(value: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(value, order="C")) if isinstance(value, np.ndarray) else value


def _floating(value: Any) -> bool:
    dtype = _tensor(value[:0]).dtype if isinstance(value, np.ndarray) and value.ndim else value.dtype
    return bool(dtype.is_floating_point or dtype.is_complex)


def kind_name(value: Any) -> str:
    return "Tensor" if isinstance(value, torch.Tensor) else type(value).__name__


def dtype_name(value: Any) -> str:
    return str(value.dtype).removeprefix("torch.")


def number(value: Any, digits: int = DIGITS) -> str:
    """A number as a person would write it: to so many significant digits."""
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)[:40]


def numbers(got: Any, want: Any) -> tuple[str, str]:
    """Two numbers that differ, to as many digits as it takes to see that they do."""
    for digits in range(DIGITS, 18):  # 17 tell any two floats apart
        pair = number(got, digits), number(want, digits)
        if pair[0] != pair[1]:
            break
    return pair


def _in_words(got: Any, want: Any) -> tuple[str, str]:
    """Two things that differ; words of ours and of the learner's stand there as they are."""
    if isinstance(got, str) and isinstance(want, str) and got == got.strip() != "":
        return got[:WORDS], want[:WORDS]
    return describe(got), describe(want)


def describe(value: Any) -> str:
    """A value in a few words: tensors by shape and dtype, small things by themselves."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return f"a {kind_name(value)} {tuple(value.shape)} {dtype_name(value)}"
    if value is None:
        return "None"
    if isinstance(value, bool | int | float):
        return f"the {type(value).__name__} {number(value)}"
    if isinstance(value, str | bytes):
        return f"the {type(value).__name__} {value[:WORDS]!r}"
    if isinstance(value, list | tuple | Mapping):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a `{type(value).__name__}`"
