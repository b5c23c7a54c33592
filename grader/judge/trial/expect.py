"""What a check says that it expects, where a comparison with the reference is not what it wants."""

from __future__ import annotations

import copy
from typing import Any

from grader.judge.terms.compare import Disagreement, Tolerance, difference, largest, plain
from grader.judge.terms.scenarios import arguments_afterwards
from grader.judge.trial.fixtures import Learner


def expect(got: object, want: object, what: str = "", *, rtol: float | None = None, atol: float | None = None) -> None:
    """Raise Disagreement unless `got` equals `want` within tolerance; `what` names the quantity in the sentence.

    What went into `got` is not known here, and is taken to be of order one.
    """
    got, want = plain(got), plain(want)
    if difference(got, want, Tolerance(rtol, atol, 1.0)) is None:
        return
    if found := difference(got, want, Tolerance(rtol, atol, max(1.0, largest(want)))):
        raise Disagreement(found.within(what) if what else found)


def expect_untouched(learner: Learner, name: str, *arguments: Any) -> None:
    """Raise Disagreement unless the learner's function leaves its arguments exactly as they were."""
    afterwards = learner.run(arguments_afterwards, name, *copy.deepcopy(arguments))
    names = list(learner.named_arguments(name, *arguments))
    for argument, after, before in zip(names, afterwards, arguments, strict=True):
        if found := difference(plain(after), plain(before), Tolerance(0, 0)):
            at = f" at {list(found.index)}" if found.index else ""
            was = f"{at} it was {found.expected}, and is {found.returned} after the call"
            raise Disagreement(f"you changed `{argument}`:{was}")
