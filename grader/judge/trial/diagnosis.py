"""Which known mistake this is: the one whose results are the learner's on everything that was asked.

A mistake is first looked for within the tolerance of the check that it would explain, and then within the gap between
right and wrong: a loop and a matrix product of one mistake, or float32 and float64, differ by more than a rounding, and
by far less than the mistake itself.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from grader.judge.terms.calls import Call, Evidence, LearnerError
from grader.judge.terms.compare import apart, difference
from grader.judge.trial.bank import Mistake

Variant = tuple[Mistake, types.ModuleType]

OF_THE_GAP = 1e-3
"""How far a result may be from a mistake's, as a share of how far that is from the right one.

Other forms of a mistake are some 1e-7 of the numbers apart in float32, so this finds them where the mistake moves the
numbers by a ten-thousandth or more. Two mistakes that move them alike to three digits, on all inputs, are one to the
reader.
"""


def diagnose(evidence: Sequence[Evidence], reference: types.ModuleType, variants: Iterable[Variant]) -> Mistake | None:
    """The first mistake that explains every result, and differs from the reference on at least one of them."""
    right = {id(seen): _right(reference, seen) for seen in evidence}
    telling = [seen for seen in evidence if not _equal(right[id(seen)], seen)]
    if not telling:
        return None
    ordered = [*telling, *(seen for seen in evidence if seen not in telling)]
    outcomes = [(mistake, [_lazily(module, seen.call) for seen in ordered]) for mistake, module in variants]
    for close in (_equal, lambda wrong, seen: _within_the_gap(wrong, seen, right[id(seen)])):
        for mistake, wrong in outcomes:
            if all(close(ask(), seen) for ask, seen in zip(wrong, ordered, strict=True)):
                return mistake
    return None


def _right(reference: types.ModuleType, evidence: Evidence) -> Any:
    return evidence.planned.want if evidence.planned else _outcome(reference, evidence.call)


def _equal(outcome: Any, evidence: Evidence) -> bool:
    """Whether the learner's result is this outcome, within the check's own tolerance.

    Two that raise are the same only if they raise the same: that both crash says nothing.
    """
    if isinstance(evidence.result, LearnerError) or isinstance(outcome, LearnerError):
        return (
            isinstance(outcome, LearnerError)
            and isinstance(evidence.result, LearnerError)
            and (outcome.kind, outcome.text) == (evidence.result.kind, evidence.result.text)
        )
    try:
        return difference(evidence.result, outcome, evidence.call.tolerance(outcome)) is None
    except Exception:  # what cannot be compared explains nothing
        return False


def _within_the_gap(wrong: Any, evidence: Evidence, right: Any) -> bool:
    if _equal(wrong, evidence):
        return True
    if any(isinstance(value, LearnerError) for value in (wrong, right, evidence.result)):
        return False
    gap, off = apart(wrong, right), apart(evidence.result, wrong)
    if gap is None or off is None:
        return False
    return off <= OF_THE_GAP * gap


def _lazily(module: types.ModuleType, call: Call) -> Callable[[], Any]:
    """The outcome of a call, made when it is first asked for."""
    made: list[Any] = []

    def ask() -> Any:
        if not made:
            made.append(_outcome(module, call))
        return made[0]

    return ask


def _outcome(module: types.ModuleType, call: Call) -> Any:
    try:
        return call.on(module)
    except Exception as error:
        return LearnerError(type(error).__name__, str(error))
