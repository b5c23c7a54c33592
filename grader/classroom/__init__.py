"""Whole classes: grading a folder of submissions, nbgrader's gradebook, feedback, and the notebooks handed out.

May import grader.judge and grader.curriculum, nothing else of the platform. nbgrader and its friends come with the
extra `zero-to-diffusion[class]` and are imported where they are used, so that this package costs nothing at start.
"""

from grader.classroom.grading import grade
from grader.classroom.release import FORMATS, release
from grader.classroom.report import Graded, GradeReport

__all__ = ["FORMATS", "GradeReport", "Graded", "grade", "release"]
