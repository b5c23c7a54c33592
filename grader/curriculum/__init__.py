"""Phases, units, exercises, projects and prerequisites, read from curriculum.toml.

Knows no torch. Stands on the ground floor, and on nothing else.
"""

from grader.curriculum.course import Course, default_course
from grader.curriculum.errors import UnknownId
from grader.curriculum.model import Curriculum, Exercise, Milestone, Part, Phase, Unit
from grader.ground.errors import CourseError

__all__ = [
    "Course",
    "CourseError",
    "Curriculum",
    "Exercise",
    "Milestone",
    "Part",
    "Phase",
    "Unit",
    "UnknownId",
    "default_course",
]
