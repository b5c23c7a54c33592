"""For a spreadsheet: student, name, email, units, sum. Needs no roster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.classroom.enrolled import Enrolled
from grader.classroom.export.format import Format, Grades, number
from grader.classroom.report import spreadsheet_text


class Spreadsheet(Format):
    name = "csv"
    title = "A spreadsheet"
    needs_roster = False

    def keys(self, student: Enrolled) -> dict[str, str]:
        return {"student_id": student.id}

    def rows(self, grades: Grades) -> Iterator[Sequence[str]]:
        yield ["student_id", "name", "email", *(unit.id for unit in grades.units), "points", "max_points"]
        most = number(sum(unit.points for unit in grades.units))
        for student in grades.students:
            who = map(spreadsheet_text, (student.id, student.name, student.email))
            total = sum(grades.points[student.id][unit.id] for unit in grades.units)
            yield [*who, *grades.of(student), number(total), most]
