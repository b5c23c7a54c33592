"""One submission in, one Verdict out.

Knows the curriculum and the files it is given; nothing of diffusion, classes or screens. Whoever writes checks and
mistakes uses `exercise`, `expect`, `expect_untouched` and `mistake`; whoever wants a verdict `Judge` and `Submission`.

The learner's code runs in a process of its own (sandbox.py), confined by the kernel where it can be (confine.py).
Results cross back as plain data (wire.py); pytest, hypothesis, the checks and the references stay on the trusted
side (service.py, examiner.py, plan.py), and only there is anything decided.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.judge.bank import mistake
    from grader.judge.client import Judge
    from grader.judge.compare import expect, expect_untouched
    from grader.judge.confine import wall_report
    from grader.judge.plugin import exercise
    from grader.judge.submission import Submission, SubmissionError
    from grader.judge.verdict import CheckResult, ExerciseVerdict, Verdict

# Resolved on first use: reading a verdict must not cost the import of torch and pytest.
_HOME = {
    "mistake": "bank",
    "Judge": "client",
    "expect": "compare",
    "expect_untouched": "compare",
    "wall_report": "confine",
    "exercise": "plugin",
    "Submission": "submission",
    "SubmissionError": "submission",
    "CheckResult": "verdict",
    "ExerciseVerdict": "verdict",
    "Verdict": "verdict",
}

__all__ = [
    "CheckResult",
    "ExerciseVerdict",
    "Judge",
    "Submission",
    "SubmissionError",
    "Verdict",
    "exercise",
    "expect",
    "expect_untouched",
    "mistake",
    "wall_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
