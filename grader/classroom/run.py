"""What a class run is asked for. The command line, and whoever else grades, fills one `ClassRun`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.late import LatePolicy
from grader.classroom.report import LEVELS
from grader.curriculum import CourseError, Unit
from grader.judge.terms.profiles import PROFILES

ATTEMPTS = ("last", "best")
"""Which of a student's attempts can count."""


@dataclass(frozen=True)
class ClassRun:
    """A folder of submissions, where its results go, and how it is graded.

    Raises CourseError for a profile or a level that there is not.
    """

    submissions: Path
    """The class: a folder, .zip, .ipynb or .py a student."""

    out: Path
    """Where everything is written. A run into the same folder goes on where the last one was."""

    units: Sequence[Unit] = ()
    """What is graded; by default every built unit for which at least one submission has a file."""

    jobs: int | None = None
    """How many submissions are judged at a time; by default one a core, or two a thread of the cluster."""

    seed: int | None = None
    """What the inputs are drawn from; by default the one `out` was begun with, and a fresh secret one for a new `out`,
    so that no submission can be written for known inputs."""

    profile: str = "grade"
    """How many examples each check draws: one of PROFILES."""

    gradebook: str | None = None
    """SQLAlchemy URL of nbgrader's database; by default SQLite at out/gradebook.db."""

    unconfined: bool = False
    """Run what students wrote with the rights of this process, without the kernel's wall. Without it a kernel that has
    no such wall is refused."""

    cluster: str | None = None
    """Address of a Dask scheduler (tcp://host:8786); its workers judge, each with a judge of its own."""

    late: LatePolicy | None = None
    """What late work costs, by the roster's due dates. Who is enrolled and handed in nothing is in the class."""

    best: bool = False
    """Let the best attempt count instead of the last, of those that earlier runs into `out` judged."""

    regrade: Sequence[str] = ()
    """Students, exercises or units to judge anew even if the verdicts still hold."""

    names: Path | None = None
    """The table of pseudonyms for an anonymous run, written where it is missing: students go by these in all that is
    written under `out`."""

    checks: Path | None = None
    """A folder of further checks, `<address>/checks.py`, which students do not have. An exercise is passed if it
    passes all, and worth what it was."""

    show: str = "learner"
    """How much feedback tells: one of LEVELS."""

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise CourseError(f"There is no profile {self.profile!r}; choose {_either(PROFILES)}.")
        if self.show not in LEVELS:
            raise CourseError(f"Feedback cannot show {self.show!r}; choose {_either(LEVELS)}.")


def _either(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
