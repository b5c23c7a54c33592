"""nbgrader's own gradebook: what formgrader and `nbgrader export` read.

A unit is one assignment with one notebook, both named by the unit's id, and an exercise is one grade cell named by
the exercise. `release` writes the same names, so a gradebook that `nbgrader generate_assignment` began is continued.
Only automatic scores are written. What a person entered (manual scores, extra credit, comments) is never touched.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from subprocess import CalledProcessError
from typing import TYPE_CHECKING, Any

from grader.curriculum import CourseError, Exercise, Unit

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from grader.classroom.report import Graded

Scores = dict[str, dict[str, float]]
"""Points by student and exercise id, with what a person entered taken into account."""


def require_nbgrader() -> None:
    """Raise CourseError when the extra that brings nbgrader is not installed."""
    if find_spec("nbgrader") is None:
        raise CourseError("Class runs need nbgrader; install it with: pip install 'zero-to-diffusion[class]'")


def sqlite(path: Path) -> URL:
    """The address of a database file, whatever characters its path has."""
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(path.absolute()))


def shown(url: str | URL) -> str:
    """The database address without its password."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        raise CourseError(
            "The gradebook's address is not a database URL; write it like sqlite:////home/me/gradebook.db "
            "or postgresql+psycopg://user:password@host/name."
        ) from None


def record(url: str | URL, units: Sequence[Unit], students: Sequence[Graded]) -> Scores:
    """Write the automatic scores of `students` on `units`, and return those that now stand, before any penalty.

    Touches and reads these students only, so that a class can be recorded in parts. Running it again with the same
    verdicts changes nothing. A student without a file for a unit gets no submission there, which nbgrader counts as
    zero; one whose submission could not be read gets zeros marked for a person to look at. An automatic score that
    changes under a manual one is marked the same way, as nbgrader does.

    Raises CourseError when the database cannot be opened or written.
    """
    from nbgrader.api import InvalidEntry, Student
    from sqlalchemy import insert, select
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with _opened(url) as book:
            ids = [student.id for student in students]
            known = set(book.db.scalars(select(Student.id).where(Student.id.in_(ids))))
            _many(book, insert(Student), [{"id": one} for one in ids if one not in known])
            scores: Scores = {one: {} for one in ids}
            for unit in units:
                _record_unit(book, unit, students, scores)
            book.db.commit()
            return scores
    except (SQLAlchemyError, InvalidEntry, ImportError, OSError, CalledProcessError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        if isinstance(error, ImportError):
            reason += ", which this kind of database needs; for PostgreSQL: pip install 'zero-to-diffusion[postgres]'"
        raise CourseError(
            f"The gradebook {shown(url)} cannot be written ({reason}); the verdicts are safe: "
            "mend that and run the same command again."
        ) from None


def unit_scores(url: str | URL, units: Sequence[Unit], students: Sequence[str]) -> dict[str, dict[str, float]]:
    """What students have on units, by their ids: what a person entered counts, and late penalties are taken off.

    Reads only. Raises CourseError when the gradebook is not there or cannot be read, or lacks one of the units.
    """
    from nbgrader.api import Assignment, Grade, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy import NullPool, create_engine, func, make_url, select
    from sqlalchemy.exc import SQLAlchemyError

    scores = {student: dict.fromkeys((unit.id for unit in units), 0.0) for student in students}
    address = shown(url)
    file = make_url(url).database if make_url(url).get_backend_name() == "sqlite" else None
    if file and not Path(file).is_file():  # SQLite would make it
        raise CourseError(
            f"There is no gradebook {file}; name the one that the class was graded into: --gradebook URL."
        )
    # One pass over the grades: nbgrader's own `SubmittedAssignment.score` would make one for every student.
    sheet = SubmittedNotebook.id, SubmittedNotebook.late_submission_penalty
    who = SubmittedAssignment.student_id, Assignment.name
    found = (
        select(*who, *sheet, func.sum(Grade.score))
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .group_by(*who, *sheet)
    )
    try:
        with create_engine(url, poolclass=NullPool).connect() as connection:
            there = set(connection.scalars(select(Assignment.name)))
            for student, unit, _, penalty, score in connection.execute(found):
                if student in scores and unit in scores[student]:
                    scores[student][unit] += score - (penalty or 0.0)
    except (SQLAlchemyError, ImportError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise CourseError(f"The gradebook {address} cannot be read ({reason}).") from None
    if missing := [unit.id for unit in units if unit.id not in there]:
        raise CourseError(f"The gradebook {address} holds nothing of {', '.join(missing)}; is it this class's?")
    return {student: {unit: max(0.0, score) for unit, score in its.items()} for student, its in scores.items()}


def _record_unit(book: Any, unit: Unit, students: Sequence[Graded], scores: Scores) -> None:
    """Write what `students` have on a unit, and put what now stands into `scores`."""
    assignment_id = book.update_or_create_assignment(unit.id).id
    notebook_id = book.update_or_create_notebook(unit.id, unit.id).id
    cells = {exercise.name: _grade_cell(book, unit, exercise).id for exercise in unit.exercises}
    sheets = _Sheets(book, unit, assignment_id, notebook_id, {student.id: student for student in students})
    sheets.hand_in()
    sheets.write_scores(cells)
    totals = sheets.read_scores(cells, scores)
    sheets.write_lateness(totals)


@dataclass(frozen=True)
class _Sheets:
    """What a few students handed in of one unit. Each step takes as many statements for one as for a hundred."""

    book: Any
    unit: Unit
    assignment_id: Any
    notebook_id: Any
    students: dict[str, Graded]

    def _ask(self, *what: Any) -> Any:
        """Of each of these students' sheets: the student, and `what`."""
        from nbgrader.api import SubmittedAssignment, SubmittedNotebook
        from sqlalchemy import select

        return self.book.db.execute(
            select(SubmittedAssignment.student_id, *what)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .where(SubmittedAssignment.assignment_id == self.assignment_id)
            .where(SubmittedAssignment.student_id.in_(self.students))
            .where(SubmittedNotebook.notebook_id == self.notebook_id)
        )

    def hand_in(self) -> None:
        """Make the sheets of those who have a file, and of those whose submission could not be read."""
        here = {student for (student,) in self._ask()}
        handed_in = [one.id for one in self.students.values() if self.unit.id in one.submitted or one.problem]
        _hand_in(self.book, self.unit, [student for student in handed_in if student not in here])

    @cached_property
    def _ids(self) -> dict[str, str]:
        """The sheets' ids by student, once handed in."""
        from nbgrader.api import SubmittedNotebook

        return {student: sheet for student, sheet in self._ask(SubmittedNotebook.id)}

    @cached_property
    def _names(self) -> dict[str, str]:
        """The names of the notebook's cells by id; nbgrader's own may be among them."""
        from nbgrader.api import BaseCell
        from sqlalchemy import select

        cells = select(BaseCell.id, BaseCell.name).where(BaseCell.notebook_id == self.notebook_id)
        return dict(self.book.db.execute(cells).all())

    def _grades(self, *columns: Any) -> Any:
        """Of each grade on these sheets: the sheet, the cell, and `columns`."""
        from nbgrader.api import Grade
        from sqlalchemy import select

        # The table's one index begins with the cell: named here, a batch costs the same in a class of any size.
        theirs = Grade.cell_id.in_(self._names), Grade.notebook_id.in_(self._ids.values())
        return self.book.db.execute(select(Grade.notebook_id, Grade.cell_id, *columns).where(*theirs))

    def write_scores(self, cells: Mapping[str, str]) -> None:
        """Write the automatic scores that differ from those that are there; `cells` are the exercises' by name."""
        from nbgrader.api import Grade
        from sqlalchemy import insert, update

        columns = Grade.id, Grade.auto_score, Grade.manual_score, Grade.needs_manual_grade
        there = {(sheet, cell): grade for sheet, cell, *grade in self._grades(*columns)}
        new: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        for student, sheet in self._ids.items():
            result = self.students[student]
            asks = result.problem is not None
            for exercise in self.unit.exercises:
                cell, points = cells[exercise.name], float(result.verdict.exercises[exercise.id].points)
                if (sheet, cell) not in there:  # the exercise joined the unit after this submission was recorded
                    scored = {"auto_score": points, "needs_manual_grade": asks}
                    new.append({"notebook_id": sheet, "cell_id": cell, **scored})
                elif row := _changed(points, asks, *there[sheet, cell]):
                    changed.append(row)
        _many(self.book, insert(Grade), new)
        _many(self.book, update(Grade), changed)

    def read_scores(self, cells: Mapping[str, str], scores: Scores) -> dict[str, float]:
        """Put what now stands into `scores`; the sheets' totals by student, with cells that are no exercises'."""
        from nbgrader.api import Grade

        for student in self.students:
            scores[student] |= {exercise.id: 0.0 for exercise in self.unit.exercises}
        owners = {sheet: student for student, sheet in self._ids.items()}
        totals = dict.fromkeys(self._ids, 0.0)
        for sheet, cell, score in self._grades(Grade.score):
            totals[owners[sheet]] += score
            if self._names[cell] in cells:
                scores[owners[sheet]][f"{self.unit.id}/{self._names[cell]}"] = float(score)
        return totals

    def write_lateness(self, totals: Mapping[str, float]) -> None:
        """Write when each sheet was handed in, and what its lateness costs of its total."""
        from nbgrader.api import SubmittedAssignment, SubmittedNotebook
        from sqlalchemy import update

        times = SubmittedAssignment.id, SubmittedAssignment.timestamp
        losses = SubmittedNotebook.id, SubmittedNotebook.late_submission_penalty
        dated, penalized = [], []
        for student, submission, timestamp, sheet, penalty in self._ask(*times, *losses):
            if (moment := self.students[student].handed_in.get(self.unit.id)) is None:
                continue
            naive = moment.astimezone(UTC).replace(tzinfo=None)  # as nbgrader keeps it
            if naive != timestamp:
                dated.append({"id": submission, "timestamp": naive})
            lost = self.students[student].late.get(self.unit.id, 0.0) * totals[student]
            if lost != (penalty or 0.0):
                penalized.append({"id": sheet, "late_submission_penalty": lost})
        _many(self.book, update(SubmittedAssignment), dated)
        _many(self.book, update(SubmittedNotebook), penalized)


def _changed(
    points: float, asks: bool, id: str, auto: float | None, manual: float | None, needs: bool
) -> dict[str, Any] | None:
    """What must be written where this is there; None if it says the same. A person's score asks to be looked at again
    when the automatic one under it changes."""
    if manual is not None:
        asks = needs or auto != points
    if (auto, needs) == (points, asks):
        return None
    return {"id": id, "auto_score": points, "needs_manual_grade": asks}


def _hand_in(book: Any, unit: Unit, students: Sequence[str]) -> None:
    """What Gradebook.add_submission does for one student, in four statements for many."""
    from nbgrader.api import Comment, Grade, SubmittedAssignment, SubmittedNotebook, new_uuid
    from sqlalchemy import insert, select

    if not students:
        return
    assignment = book.find_assignment(unit.id)
    mine = SubmittedAssignment.assignment_id == assignment.id, SubmittedAssignment.student_id.in_(students)
    there = dict(book.db.execute(select(SubmittedAssignment.student_id, SubmittedAssignment.id).where(*mine)).all())
    present = set(
        book.db.execute(
            select(SubmittedNotebook.assignment_id, SubmittedNotebook.notebook_id)
            .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            .where(*mine)
        )
    )
    fresh = {student: new_uuid() for student in students if student not in there}
    rows: dict[Any, list[dict[str, Any]]] = {SubmittedAssignment: [], SubmittedNotebook: [], Grade: [], Comment: []}
    for student, id in fresh.items():
        rows[SubmittedAssignment].append({"id": id, "assignment_id": assignment.id, "student_id": student})
    for notebook in assignment.notebooks:
        graded, tasks, answers = notebook.grade_cells, notebook.task_cells, notebook.solution_cells
        for submission in (there | fresh).values():
            if (submission, notebook.id) in present:
                continue
            sheet = new_uuid()
            rows[SubmittedNotebook].append({"id": sheet, "assignment_id": submission, "notebook_id": notebook.id})
            # What has no points has nothing that a person must grade.
            rows[Grade] += [
                {"notebook_id": sheet, "cell_id": cell.id, "needs_manual_grade": cell.max_score > 0}
                for cell in (*graded, *tasks)
            ]
            rows[Comment] += [{"notebook_id": sheet, "cell_id": cell.id} for cell in (*answers, *tasks)]
    for table, values in rows.items():
        _many(book, insert(table), values)


def _many(book: Any, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
    """One statement for many rows. For none, SQLAlchemy would insert an empty one."""
    if rows:
        book.db.execute(statement, rows)


def _grade_cell(book: Any, unit: Unit, exercise: Exercise) -> Any:
    return book.update_or_create_grade_cell(
        exercise.name, unit.id, unit.id, max_score=float(exercise.points), cell_type="code"
    )


@contextmanager
def _opened(url: str | URL) -> Iterator[Any]:
    """nbgrader's Gradebook, with alembic in reach: it is started by name to stamp a new database, and where the
    environment was not activated only our interpreter knows where it lies."""
    from nbgrader.api import Gradebook

    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        book = Gradebook(url)
    finally:
        os.environ["PATH"] = before
    with book:
        yield book
