"""Whole classes: grading a folder of submissions, nbgrader's gradebook, feedback, and the notebooks handed out.

May import grader.judge and what it imports, nothing else of the platform. nbgrader and its friends come with the extra
`zero-to-diffusion[class]` and are imported where they are used, so that this package costs nothing at start.
"""

from typing import TYPE_CHECKING, Any

from grader.classroom.release import FORMATS, release, released_units
from grader.classroom.report import LEVELS, Graded, GradeReport
from grader.classroom.run import ATTEMPTS, ClassRun

if TYPE_CHECKING:
    from grader.classroom.grading import grade

__all__ = [
    "ATTEMPTS",
    "FORMATS",
    "LEVELS",
    "ClassRun",
    "GradeReport",
    "Graded",
    "grade",
    "release",
    "released_units",
]


def __getattr__(name: str) -> Any:
    if name == "grade":  # what runs at Gradescope and GitHub needs no class
        from grader.classroom.grading import grade

        return grade
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
