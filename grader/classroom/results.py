"""Verdicts on disk: one file a student, written whole the moment it is known, read back whenever it is needed.

A file holds the last attempt, and under `earlier` those before it: another source of the same student's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, overload

from grader.classroom.late import LatePolicy, lateness
from grader.classroom.report import Graded
from grader.curriculum import CourseError, Unit
from grader.ground.files import write_text
from grader.judge import Verdict

Record = dict[str, Any]
"""An attempt: the question that it answers, `submitted`, `handed_in`, `problem` and `verdict`."""


@dataclass(frozen=True)
class Results(Sequence[Graded]):
    """The results of a class, in the order of `ids`. Holds none of them: each is read when it is asked for.

    With `best`, the attempt that counts is the one with the most points left when the lateness that `policy` sees is
    paid for, the later one of equals; otherwise it is the last.
    """

    folder: Path
    ids: tuple[str, ...]
    units: tuple[Unit, ...]
    policy: LatePolicy | None = None
    best: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Graded: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Graded]: ...
    def __getitem__(self, index: int | slice) -> Graded | Sequence[Graded]:
        if isinstance(index, slice):
            return [self.read(student) for student in self.ids[index]]
        return self.read(self.ids[index])

    def read(self, student: str) -> Graded:
        """The attempt that counts. Raises CourseError when there is none on disk."""
        if not (attempts := self._attempts(student)):
            raise CourseError(f"{self._path(student)} is gone or torn; run the same command again.")
        last, *earlier = map(self._graded, attempts)
        if not self.best:
            return last
        # What is to be compared with the last attempt must have been asked the same, behind the same wall.
        asked = last.verdict.exercises.keys(), last.verdict.confined
        same = [one for one in earlier if (one.verdict.exercises.keys(), one.verdict.confined) == asked]
        return max([last, *same], key=lambda one: one.standing)

    def recall(self, student: str, question: Record, problem: str | None, when: Mapping[str, datetime]) -> bool:
        """Whether an attempt on disk answers this question; then it becomes the last one."""
        attempts = self._attempts(student)
        for number, attempt in enumerate(attempts):
            if attempt["problem"] == problem and all(attempt.get(key) == value for key, value in question.items()):
                first = _first_seen(attempt["handed_in"], when)
                if number or first != attempt["handed_in"]:
                    self._write(student, [{**attempt, "handed_in": first}, *attempts[:number], *attempts[number + 1 :]])
                return True
        return False

    def keep(self, graded: Graded, question: Record, when: Mapping[str, datetime]) -> None:
        """Write a new last attempt. Raises CourseError when it cannot be written."""
        attempts = self._attempts(graded.id)
        again = [one for one in attempts if one["source_sha256"] == question["source_sha256"]]
        earlier = [one for one in attempts if one not in again and not one["problem"]]
        attempt = {
            **question,
            "submitted": sorted(graded.submitted),
            "handed_in": _first_seen(again[0]["handed_in"] if again else {}, when),
            "problem": graded.problem,
            "verdict": graded.verdict.to_dict(),
        }
        self._write(graded.id, [attempt, *earlier])

    def _attempts(self, student: str) -> list[Record]:
        """What is on disk, the last one first; nothing if the file is not whole."""
        try:
            last = json.loads(self._path(student).read_text(encoding="utf-8"))
            attempts = [last, *last.pop("earlier")]
            for attempt in attempts:
                self._graded(attempt)
            return attempts
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return []

    def _write(self, student: str, attempts: Sequence[Record]) -> None:
        last = {**attempts[0], "earlier": list(attempts[1:])}
        write_text(self._path(student), json.dumps(last, indent=1, ensure_ascii=False) + "\n")

    def _graded(self, attempt: Record) -> Graded:
        student, verdict = attempt["student"], Verdict.from_dict(attempt["verdict"])
        graded = Graded(student, verdict, frozenset(attempt["submitted"]), attempt["problem"])
        if self.policy is None:
            return graded
        when = {unit: datetime.fromisoformat(moment) for unit, moment in attempt["handed_in"].items()}
        return replace(graded, handed_in=when, late=lateness(self.policy, student, self.units, when))

    def _path(self, student: str) -> Path:
        return self.folder / f"{student}.json"


def _first_seen(before: Mapping[str, str], when: Mapping[str, datetime]) -> dict[str, str]:
    """The same source has not come later than when it was first seen; copying changes files' times."""
    now = {unit: moment.isoformat() for unit, moment in when.items()}
    return {**before, **{unit: min(moment, before.get(unit, moment)) for unit, moment in now.items()}}
