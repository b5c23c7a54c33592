"""Which known mistake this is: the one whose results equal the learner's on everything that was asked."""

from __future__ import annotations

import types
from collections.abc import Iterable, Sequence
from typing import Any

from grader.judge.terms.calls import Call, Evidence, LearnerError
from grader.judge.terms.compare import Tolerance, difference
from grader.judge.trial.bank import Mistake

Variant = tuple[Mistake, types.ModuleType]


def diagnose(evidence: Sequence[Evidence], reference: types.ModuleType, variants: Iterable[Variant]) -> Mistake | None:
    """The first mistake that explains every result, and differs from the reference on at least one of them."""
    telling = [seen for seen in evidence if not _agrees(_right(reference, seen), seen)]
    if not telling:
        return None
    rest = [seen for seen in evidence if seen not in telling]
    for mistake, module in variants:
        if all(_agrees(_outcome(module, seen.call), seen) for seen in (*telling, *rest)):
            return mistake
    return None


def _right(reference: types.ModuleType, evidence: Evidence) -> Any:
    return evidence.planned.want if evidence.planned else _outcome(reference, evidence.call)


def _agrees(outcome: Any, evidence: Evidence) -> bool:
    if isinstance(evidence.result, LearnerError) or isinstance(outcome, LearnerError):
        return type(outcome) is type(evidence.result) and outcome.kind == evidence.result.kind
    try:
        tolerance = Tolerance(magnitude=evidence.call.magnitude(outcome))
        return difference(evidence.result, outcome, tolerance) is None
    except Exception:  # what cannot be compared explains nothing
        return False


def _outcome(module: types.ModuleType, call: Call) -> Any:
    try:
        return call.on(module)
    except Exception as error:
        return LearnerError(type(error).__name__, "")
