"""Verdicts on disk: one file a student, written whole the moment it is known, read at most once a run.

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
"""An attempt as it is on disk: the question that it answers, `submitted`, `handed_in`, `problem` and `verdict`."""


@dataclass(frozen=True)
class Attempt:
    """An attempt as it is on disk, and what it means by the policy of this run."""

    record: Record
    graded: Graded


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
            return [self.history(student).counting for student in self.ids[index]]
        return self.history(self.ids[index]).counting

    def history(self, student: str) -> History:
        """What is on disk of a student, read now; nothing if the file is not whole."""
        try:
            last = json.loads(self.path(student).read_text(encoding="utf-8"))
            attempts = [Attempt(record, self._graded(record)) for record in (last, *last.pop("earlier"))]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            attempts = []
        return History(self, student, attempts)

    def _graded(self, record: Record) -> Graded:
        verdict = Verdict.from_dict(record["verdict"])
        graded = Graded(record["student"], verdict, frozenset(record["submitted"]), record["problem"])
        return self.dated(graded, record)

    def dated(self, graded: Graded, record: Record) -> Graded:
        """The result with what its lateness costs, if this run asks for that."""
        if self.policy is None:
            return graded
        when = {unit: datetime.fromisoformat(moment) for unit, moment in record["handed_in"].items()}
        return replace(graded, handed_in=when, late=lateness(self.policy, graded.id, self.units, when))

    def path(self, student: str) -> Path:
        return self.folder / f"{student}.json"


class History:
    """A student's attempts, the last one first, as they are on disk; every change is written at once."""

    def __init__(self, results: Results, student: str, attempts: Sequence[Attempt]):
        self._results, self._student, self._attempts = results, student, attempts

    @property
    def counting(self) -> Graded:
        """The attempt that counts. Raises CourseError when there is none."""
        if not self._attempts:
            raise CourseError(f"{self._results.path(self._student)} is gone or torn; run the same command again.")
        last, *earlier = (attempt.graded for attempt in self._attempts)
        if not self._results.best:
            return last
        # What is to be compared with the last attempt must have been asked the same, behind the same wall.
        asked = last.verdict.exercises.keys(), last.verdict.confined
        same = [graded for graded in earlier if (graded.verdict.exercises.keys(), graded.verdict.confined) == asked]
        return max([last, *same], key=lambda graded: graded.standing)

    def recall(self, question: Record, problem: str | None, when: Mapping[str, datetime]) -> bool:
        """Whether an attempt answers this question; then it becomes the last one."""
        for attempt in self._attempts:
            record = attempt.record
            if record["problem"] != problem or any(record.get(key) != value for key, value in question.items()):
                continue
            first = _first_seen(record["handed_in"], when)
            if attempt is not self._attempts[0] or first != record["handed_in"]:
                others = [other for other in self._attempts if other is not attempt]
                self._write({**record, "handed_in": first}, attempt.graded, others)
            return True
        return False

    def add(self, graded: Graded, question: Record, when: Mapping[str, datetime]) -> None:
        """Make this the last attempt. Raises CourseError when it cannot be written."""
        source = question["source_sha256"]
        again = [attempt for attempt in self._attempts if attempt.record["source_sha256"] == source]
        record = {
            **question,
            "submitted": sorted(graded.submitted),
            "handed_in": _first_seen(again[0].record["handed_in"] if again else {}, when),
            "problem": graded.problem,
            "verdict": graded.verdict.to_dict(),
        }
        earlier = [attempt for attempt in self._attempts if attempt not in again and not attempt.record["problem"]]
        self._write(record, graded, earlier)

    def _write(self, last: Record, graded: Graded, earlier: Sequence[Attempt]) -> None:
        document = {**last, "earlier": [attempt.record for attempt in earlier]}
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        write_text(self._results.path(self._student), text)
        self._attempts = [Attempt(last, self._results.dated(graded, last)), *earlier]


def _first_seen(before: Mapping[str, str], when: Mapping[str, datetime]) -> dict[str, str]:
    """The same source has not come later than when it was first seen; copying changes files' times."""
    now = {unit: moment.isoformat() for unit, moment in when.items()}
    return {**before, **{unit: min(moment, before.get(unit, moment)) for unit, moment in now.items()}}
