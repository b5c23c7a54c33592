"""What Moodle's CSV import maps (docs.moodle.org/en/Grade_import): Username, ID number, Email address, then grade
items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.classroom.enrolled import Enrolled
from grader.classroom.export.format import Format, Grades, heading
from grader.curriculum import Unit


class Moodle(Format):
    name = "moodle"
    title = "Moodle"
    known_by = ("Username", "ID number")
    looks_in_one_column = True

    def keys(self, student: Enrolled) -> dict[str, str]:
        return {**super().keys(student), "Email address": student.email}

    def rows(self, grades: Grades) -> Iterator[Sequence[str]]:
        yield [*self.known_by, "Email address", *map(heading, grades.units)]
        for student in grades.students:
            yield [*self.keys(student).values(), *grades.of(student)]

    def advice(self, units: Sequence[Unit], by: str) -> Iterator[str]:
        yield f"In Moodle's import, map from “{by}”; new grade items there are out of 100 until you say:"
        yield from (f"  {heading(unit)}: out of {unit.points}" for unit in units)
