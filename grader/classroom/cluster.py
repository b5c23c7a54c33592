"""Judging on other machines: a Dask cluster, whoever started it, each of its workers with a warm judge of its own.

A submission travels as bytes and its verdict as plain data. The task of a worker that dies goes to another one. Dask
believes its workers: what students wrote runs behind the judge's wall there as it does here.
"""

from __future__ import annotations

import logging
import socket
import tempfile
import threading
import weakref
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from grader.classroom.judging import LastingJudge, Stopped
from grader.curriculum import Course, CourseError, default_course
from grader.ground.files import write_bytes
from grader.ground.text import line
from grader.judge import Judge, Submission, Verdict
from grader.judge.door.client import JudgeUnavailable
from grader.judge.terms.version import checker_version
from grader.judge.wall import confine

Files = tuple[tuple[str, bytes], ...]
"""Texts by path."""

CONNECT_SECONDS = 20
"""How long a scheduler may take to answer, and then to have its first worker."""


class ClusterJudge:
    """Judges on the cluster whose scheduler listens at `address`, with the same verdicts as a judge here.

    Raises CourseError when there is no such scheduler, when it has no workers, and from `check` when a worker has
    another version of the course or cannot confine what students wrote.
    """

    def __init__(self, address: str, course: Course, *, unconfined: bool = False):
        if find_spec("distributed") is None:
            raise CourseError(
                "Grading on a cluster needs Dask; install it with: pip install 'zero-to-diffusion[cluster]'"
            )
        from distributed import Client

        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters of it is said in one line
        self._address, self._over = address, False
        self._asked = {"root": str(course.root), "checker": checker_version(course), "unconfined": unconfined}
        if hidden := _hidden(course):
            self._asked["hidden"] = hidden
        try:
            url = urlsplit(address)
            # A client that finds nobody leaves threads behind that complain at the end.
            socket.create_connection((url.hostname, url.port or 0), CONNECT_SECONDS).close()
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError):
            raise CourseError(f"No Dask scheduler answers at {address}; start one with: dask scheduler") from None
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError:
            self._client.close()
            raise CourseError(
                f"The Dask scheduler at {address} has no workers; start some with: dask worker {address}"
            ) from None

    @property
    def jobs(self) -> int:
        """How many submissions to have under way: two a thread of the cluster, so that none waits for the network."""
        return 2 * int(sum(self._client.nthreads().values()))

    def __enter__(self) -> ClusterJudge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        self._client.close()

    def check(self, submission: Submission, targets: Sequence[str], *, profile: str, seed: int) -> Verdict:
        from distributed import CancelledError, KilledWorker

        work = {"sources": submission.sources, "notes": submission.notes}
        question = {"targets": list(targets), "profile": profile, "seed": seed}
        try:
            return Verdict.from_dict(self._client.submit(_judged, self._asked, work, question, pure=False).result())
        except CourseError:
            raise
        except KilledWorker:
            raise JudgeUnavailable("one worker after another died over it") from None
        except CancelledError:
            if self._over:
                raise Stopped from None
            raise CourseError(
                f"The Dask scheduler at {self._address} is gone; what was judged is kept: run the same command again."
            ) from None
        except Exception as error:  # whatever else a worker may lack
            if self._over:
                raise Stopped from None
            raise CourseError(f"The cluster cannot judge ({line(f'{type(error).__name__}: {error}')[:300]}).") from None


def _hidden(course: Course) -> Files:
    """The hidden checks, by where each lies in their folder."""
    if course.hidden is None:
        return ()
    found = [path for unit in course.curriculum.built if (path := course.hidden_checks(unit))]
    return tuple((path.relative_to(course.hidden).as_posix(), path.read_bytes()) for path in found)


def _judged(asked: dict[str, Any], work: dict[str, Any], question: dict[str, Any]) -> dict[str, Any]:
    """On a worker: the verdict as data."""
    verdict = _judge(**asked).check(
        Submission(work["sources"], tuple(work["notes"])),
        question["targets"],
        profile=question["profile"],
        seed=question["seed"],
    )
    return verdict.to_dict()


_starting = threading.Lock()


def _judge(root: str, checker: str, unconfined: bool, hidden: Files = ()) -> LastingJudge:
    with _starting:
        return _warm_judge(root, checker, unconfined, hidden)


@lru_cache(maxsize=2)
def _warm_judge(root: str, checker: str, unconfined: bool, hidden: Files) -> LastingJudge:
    """This worker's judge. It ends with the worker, or when others were asked for since and nobody uses it."""
    from distributed import get_worker

    course = Course(Path(root)) if (Path(root) / "course" / "curriculum.toml").is_file() else default_course()
    here = get_worker().address
    folder = None
    if hidden:
        folder = tempfile.TemporaryDirectory(dir=get_worker().local_directory)  # which nobody else may read
        course = replace(course, hidden=Path(folder.name).resolve())
        for name, text in hidden:
            write_bytes(Path(folder.name) / name, text)
    if (found := checker_version(course)) != checker:
        raise CourseError(
            f"The worker {here} has version {found} of the judge and the course, and this machine has {checker}; "
            "install the same on both, and start the worker again."
        )
    if not unconfined and not confine.can_confine():
        raise CourseError(
            f"The worker {here} cannot confine what students wrote; take Linux 5.13 or newer with Landlock, "
            "or add --unconfined to run it with the worker's rights."
        )
    judge = LastingJudge(lambda: Judge(course, unconfined=unconfined))
    weakref.finalize(judge, _end, judge.started, folder)
    return judge


def _end(started: Sequence[Judge], folder: tempfile.TemporaryDirectory[str] | None) -> None:
    for judge in started:
        judge.__exit__(None, None, None)
    if folder is not None:
        folder.cleanup()
