"""What Canvas's gradebook imports (github.com/instructure/canvas-lms, lib/gradebook_importer.rb): Student, ID, SIS
User ID, SIS Login ID, Section, then assignments, and a second line with their points. A column whose title Canvas does
not know becomes a new assignment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.classroom.export.format import Format, Grades, heading, number
from grader.classroom.report import spreadsheet_text


class Canvas(Format):
    name = "canvas"
    title = "Canvas"
    known_by = ("ID", "SIS User ID", "SIS Login ID")
    also_reads = ("Section",)

    def rows(self, grades: Grades) -> Iterator[Sequence[str]]:
        columns = (*self.known_by, *self.also_reads)
        yield ["Student", *columns, *map(heading, grades.units)]
        yield ["    Points Possible", *("" for _ in columns), *(number(unit.points) for unit in grades.units)]
        for student in grades.students:
            yield [spreadsheet_text(student.name or student.id), *map(student.cell, columns), *grades.of(student)]
