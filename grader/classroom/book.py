"""A class on its way into the gradebook, and what stays in memory of it: a row a student."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from types import TracebackType
from typing import TYPE_CHECKING

from grader.classroom.gradebook import record
from grader.classroom.report import Graded, Row
from grader.curriculum import CourseError, Unit

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

BATCH = 100
"""How many students go into the gradebook in one transaction."""


class Book:
    """Writes results into the gradebook, a batch at a time and in a thread of its own, while others are judged.

    A gradebook that cannot be written keeps nobody from being judged: it is said in the end, by `rows`.
    """

    def __init__(self, url: str | URL, units: Sequence[Unit]):
        self._url, self._units = url, units
        self._batch: list[Graded] = []
        self._rows: list[Row] = []
        self._refused: CourseError | None = None
        self._aside = ThreadPoolExecutor(1)
        self._writing = self._aside.submit(self._write, ())  # importing nbgrader and a new database take seconds

    def __enter__(self) -> Book:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._aside.shutdown()

    def add(self, student: Graded) -> None:
        """Have this result written with the next batch."""
        self._batch.append(student)
        if len(self._batch) == BATCH:
            self._hand_over()

    def rows(self) -> tuple[Row, ...]:
        """All that were added, in order of id, written by now. Raises CourseError when the gradebook refused them."""
        self._hand_over()
        self._writing.result()
        if self._refused:
            raise self._refused
        return tuple(sorted(self._rows, key=attrgetter("student")))

    def _hand_over(self) -> None:
        self._writing.result()  # no more than two batches are in memory
        self._writing = self._aside.submit(self._write, self._batch)
        self._batch = []

    def _write(self, students: Sequence[Graded]) -> None:
        if self._refused:
            return
        try:
            scores = record(self._url, self._units, students)
        except CourseError as error:
            self._refused = error
        else:
            self._rows += [Row.of(student, self._units, scores[student.id]) for student in students]
