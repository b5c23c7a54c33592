"""Phases, units, exercises, projects and prerequisites, read from curriculum.toml.

Knows no torch and imports nothing else of the platform.
"""

from grader.curriculum.course import Course, default_course
from grader.curriculum.errors import CourseError, UnknownId
from grader.curriculum.model import Curriculum, Exercise, Milestone, Phase, Unit

__all__ = [
    "Course",
    "CourseError",
    "Curriculum",
    "Exercise",
    "Milestone",
    "Phase",
    "Unit",
    "UnknownId",
    "default_course",
]
