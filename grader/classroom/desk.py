"""Where one submission after another is judged, each with the same question: a handful is in memory at a time."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from grader.classroom.hidden import try_out
from grader.classroom.judging import Judges
from grader.classroom.late import times
from grader.classroom.report import FAULT, Graded, write_feedback
from grader.classroom.results import Results
from grader.classroom.run import ClassRun
from grader.classroom.submissions import Entry, Work, read_work
from grader.curriculum import Course, Unit
from grader.ground.text import printable
from grader.judge import ExerciseVerdict, Verdict
from grader.judge.door.client import JudgeUnavailable

OnGraded = Callable[[Graded, int, int], None]
"""Called after each student with the result, how many are done, and how many there are."""

T = TypeVar("T")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Desk:
    """Judges students and writes what came out. `anew` says whose work is judged even if its verdict still holds."""

    course: Course
    run: ClassRun
    units: tuple[Unit, ...]
    seed: int
    checker: str
    anew: Callable[[str, Work], bool]
    results: Results

    def graded(
        self, entries: Sequence[Entry], judges: AbstractContextManager[Judges], jobs: int, progress: OnGraded | None
    ) -> Generator[tuple[Graded, bool], None, None]:
        """Each entry's result, on disk by then, as they come; and whether it was judged anew."""
        turn = threading.Semaphore(jobs)
        # Two threads more than judgements, so that reading and writing keep no processor waiting. The judge leaves
        # first, so that an interrupted run does not wait for what it was judging.
        with ThreadPoolExecutor(jobs + 2) as pool, judges as judge:
            try:
                try_out(self.course, self.units, judge, profile=self.run.profile, seed=self.seed)
                work = partial(self._result, judge, turn)
                results = _as_they_come(pool, work, entries, ahead=2 * jobs + 2)
                for done, (student, new) in enumerate(results, start=1):
                    if progress:
                        progress(student, done, len(entries))
                    yield student, new
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _result(self, judge: Judges, turn: threading.Semaphore, entry: Entry) -> tuple[Graded, bool]:
        """A student's result, on disk before it is returned, and whether it was judged anew."""
        work = read_work(self.course, self.run.submissions, entry, self.units)
        if self.run.names is not None:
            work = _without_names(work, entry)
        when = self._handed_in(entry)
        question = self._question(entry, work)
        history = self.results.history(entry.id)
        judged = False
        if self.anew(entry.id, work) or not history.recall(question, work.problem, when):
            graded, judged = self._judge(judge, turn, entry, work)
            history.add(graded, question, when)
        student = history.counting
        write_feedback(self.course, self.run.out, student, self.units, self.run.show)
        return student, judged

    def _handed_in(self, entry: Entry) -> dict[str, datetime]:
        """When the units came, where that is asked for and one entry can say it."""
        if self.run.late is None or len(entry.names) != 1:
            return {}
        return times(self.run.submissions / entry.names[0], self.units)

    def _judge(self, judge: Judges, turn: threading.Semaphore, entry: Entry, work: Work) -> tuple[Graded, bool]:
        """A new result, and whether the judge made it; if not, none was needed or could be had."""
        submitted = frozenset(unit.id for unit in self.units if unit.address in work.submission.sources)
        problem = work.problem
        if submitted and not problem:
            try:
                with turn:
                    verdict = judge.check(work.submission, self._exercises, profile=self.run.profile, seed=self.seed)
                return Graded(entry.id, verdict, submitted), True
            except JudgeUnavailable as error:
                problem = f"{FAULT}: {printable(str(error).strip().splitlines()[-1])}"
        return Graded(entry.id, self._not_attempted(work, problem), submitted, problem), False

    def _question(self, entry: Entry, work: Work) -> dict[str, Any]:
        """What a verdict depends on, and whose it is."""
        return {
            "schema": 1,
            "student": entry.id,
            "source_sha256": work.submission.sha256,
            "checker": self.checker,
            "seed": self.seed,
            "profile": self.run.profile,
            "confined": not self.run.unconfined,
            "exercises": self._exercises,
        }

    @property
    def _exercises(self) -> list[str]:
        return [exercise.id for unit in self.units for exercise in unit.exercises]

    def _not_attempted(self, work: Work, problem: str | None) -> Verdict:
        why = problem or "There was no file for this unit."
        exercises = {
            exercise.id: ExerciseVerdict.not_attempted(exercise.points, why)
            for unit in self.units
            for exercise in unit.exercises
        }
        return Verdict(
            exercises=exercises,
            source_sha256=work.submission.sha256,
            checker=self.checker,
            seed=self.seed,
            profile=self.run.profile,
            confined=not self.run.unconfined,
            notes=work.submission.notes,
        )


def _as_they_come(
    pool: ThreadPoolExecutor, work: Callable[[T], Result], items: Iterable[T], ahead: int
) -> Iterator[Result]:
    """work(item) for each item, as they are done; of at most `ahead` at a time is anything in memory."""
    waiting: set[Future[Result]] = set()
    left = iter(items)
    while True:
        waiting |= {pool.submit(work, item) for item in itertools.islice(left, ahead - len(waiting))}
        if not waiting:
            return
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)


def _without_names(work: Work, entry: Entry) -> Work:
    """The work without the entry's own names in what is said about it. What students write into their work stays."""
    if not entry.names:
        return work
    own = {*entry.names, *(Path(name).stem for name in entry.names)}
    names = [re.escape(printable(name)) for name in sorted(own, key=len, reverse=True)]

    def hidden(text: str) -> str:
        return re.sub(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)", entry.id, text)

    notes = tuple(map(hidden, work.submission.notes))
    return Work(replace(work.submission, notes=notes), work.problem and hidden(work.problem))
