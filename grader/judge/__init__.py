"""One submission in, one Verdict out.

Knows the curriculum and the files it is given; nothing of diffusion, classes or screens. Whoever wants a verdict uses
`Judge` and `Submission`; whoever writes checks and mistakes `exercise`, `expect`, `expect_untouched` and `mistake`.

Four wings, each of which imports only those before it:

    terms/   what is spoken of: submission, call, verdict, and when two results are the same
    wall/    the learner's process, confined by the kernel, and the trusted side's hold on it
    trial/   the checks, what they ask, what is decided and how it is said
    door/    who asks for a verdict, and the service that answers

The learner's code runs in a process of its own (wall/sandbox.py), confined by the kernel where it can be
(wall/confine.py). Results cross back as plain data (wall/wire.py); pytest, hypothesis, the checks and the references
stay on the trusted side (door/service.py, trial/), and only there is anything decided.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from grader.judge.terms.failure import Cause, Failure
from grader.judge.terms.outcome import Outcome, Tone, Unknown, outcome, tone
from grader.judge.terms.verdict import CheckResult, ExerciseVerdict, PartVerdict, Verdict

if TYPE_CHECKING:
    from grader.judge.door.client import Judge, JudgeGone, JudgeUnavailable
    from grader.judge.terms.submission import Submission, SubmissionError
    from grader.judge.wall.confine import wall_report

__all__ = [
    "Cause",
    "CheckResult",
    "ExerciseVerdict",
    "Failure",
    "Judge",
    "JudgeGone",
    "JudgeUnavailable",
    "Outcome",
    "PartVerdict",
    "Submission",
    "SubmissionError",
    "Tone",
    "Unknown",
    "Verdict",
    "outcome",
    "tone",
    "wall_report",
]

# Resolved on first use. Who reads a verdict needs no socket, and who asks for one neither torch nor pytest.
_LATER = {
    **dict.fromkeys(("Judge", "JudgeGone", "JudgeUnavailable"), "door.client"),
    **dict.fromkeys(("Submission", "SubmissionError"), "terms.submission"),
    "wall_report": "wall.confine",
    # what checks are written with
    "exercise": "trial.plugin",
    "expect": "trial.expect",
    "expect_untouched": "trial.expect",
    "mistake": "trial.bank",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
