"""The parent's side: starts training, acceptance and milestones in processes of their own and passes on what they say.

Knows no torch and runs none of the learner's code.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grader
from grader.curriculum import Course, CourseError, Milestone, Unit
from grader.training.gates import Acceptance
from grader.training.messages import Message, Send


class TrainingError(CourseError):
    """A run ended without a result; the text is one line that says why."""


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, the run's own closing figures, and the acceptance by the course."""

    out: Path
    metrics: dict[str, float]
    seconds: float
    again: bool  # nothing had to be trained: this very run was there already
    acceptance: Acceptance

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": 1,
            "out": str(self.out),
            "pictures": {path.stem: str(path) for path in sorted(self.out.glob("*.png"))},
            "metrics": self.metrics,
            "seconds": self.seconds,
            "again": self.again,
            "acceptance": self.acceptance.to_dict(),
        }


def run_folder(project: Unit, workspace: Path) -> Path:
    """Where a run is kept unless told otherwise: <workspace>/runs/<project id>."""
    return workspace / "runs" / project.id


def train(
    course: Course,
    project: Unit,
    workspace: Path,
    preset: str = "cpu",
    out: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    fresh: bool = False,
    report: Send | None = None,
) -> Run:
    """Train a project with the learner's code of `workspace` in a child process, then accept or refuse what came out.

    If `out` holds a run of the same settings, code and data, it is resumed or, if finished, returned. If it holds
    another run, or with `fresh`, that folder is set aside as `<out>.1`, … and a new run begins. Ctrl-C stops after the
    current step and keeps it.

    report: called with each message, a dict whose "event" is one of
        stage (text), moved (to), start (step, steps, device, processes), step (step, steps, and the loss as the project
        reads it), epoch (epoch, step, and the held-out figures), line (text: what the learner's code printed), remark
        (text: what was written to standard error), done (out, metrics, seconds, again)
    Raises CourseError (TrainingError for what went wrong inside the run), one line that says what to do.
    """
    target = out or run_folder(project, workspace)
    command = ["run", project.id, "--events", "--course", str(course.root), "--workspace", str(workspace)]
    command += ["--out", str(target), "--preset", preset, *(["--fresh"] if fresh else [])]
    command += [word for name, value in (overrides or {}).items() for word in ("--set", f"{name}={value}")]
    report = report or _ignore
    done = _last_word(command, "training", report, "; run it again and it goes on from its last checkpoint")
    report({"event": "stage", "text": "measuring the result with the course's own code"})
    accepted = accept(course, project, target)
    return Run(target, done["metrics"], done["seconds"], done["again"], accepted)


def accept(course: Course, project: Unit, run: Path) -> Acceptance:
    """Measure a finished run with the course's own code; writes acceptance.json. Raises CourseError in one line."""
    done = _last_word(["acceptance", str(course.root), project.id, str(run)], "acceptance", _ignore)
    return Acceptance.from_dict(done["acceptance"])


def run_milestone(course: Course, milestone: Milestone, workspace: Path, picture: Path) -> None:
    """Run a phase's milestone with the learner's code of `workspace`; what it prints is shown. It leaves its picture.

    Raises CourseError: one line that says where it stopped. An earlier picture is kept then.
    """
    command = ["milestone", str(course.root), str(workspace), milestone.address, str(picture)]
    _last_word(command, "milestone", _show)


def _ignore(message: Message) -> None:
    pass


def _show(message: Message) -> None:
    """What was printed is printed, as it was."""
    match message["event"]:
        case "line":
            print(message["text"], flush=True)
        case "remark":
            print(message["text"], file=sys.stderr, flush=True)


def _last_word(command: list[str], what: str, report: Send, remedy: str = "") -> Message:
    """Run a module of this package with arguments; returns its `done` message, after `report` has heard all.

    Raises TrainingError: what the child says is wrong, or that it ended without a last word, and then the `remedy`.
    """
    last: Message = {}
    for message in _messages([sys.executable, "-P", "-m", f"grader.training.{command[0]}", *command[1:]], what, remedy):
        if message["event"] in ("done", "error"):
            last = message
        if message["event"] != "error":
            report(message)
    if last["event"] == "error":
        raise TrainingError(last["message"])
    return last


def _messages(command: list[str], what: str, remedy: str) -> Iterator[Message]:
    """What the child says, and what it writes to standard error as `remark` messages. Raises TrainingError."""
    child = subprocess.Popen(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C comes from here, once, and not from the terminal as well
    )
    assert child.stdout is not None and child.stderr is not None
    written: deque[str] = deque(maxlen=1000)
    reader = threading.Thread(target=written.extend, args=(child.stderr,), daemon=True)
    reader.start()
    ended, last_line = False, ""

    def remarks() -> Iterator[Message]:
        nonlocal last_line
        while written:
            text = written.popleft().rstrip()
            last_line = text or last_line
            yield {"event": "remark", "text": text[:500]}

    with _interrupts_passed_on(child):
        try:
            for raw in child.stdout:
                yield from remarks()
                message = json.loads(raw)
                ended |= message["event"] in ("done", "error")
                yield message
        except BaseException:  # whoever read the messages has gone
            child.terminate()
            raise
        finally:
            code = child.wait()
            reader.join(timeout=5)
    yield from remarks()
    if not ended:
        reason = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        said = f" ({last_line[:300]})" if last_line and code > 0 else ""
        raise TrainingError(f"The {what} {reason}{said}{remedy}.")


@contextmanager
def _interrupts_passed_on(child: subprocess.Popen[str]) -> Iterator[None]:
    """Ctrl-C is passed on to the child: the first asks it to finish its step, a second one ends it."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread hears signals
        yield
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: child.send_signal(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def environment() -> dict[str, str]:
    """The environment with this very `grader` on the path, so that a clone need not be installed, and one CPU thread.

    The networks are too small for a second thread to help much, and threads that wait for one another on a busy machine
    hurt: the cpu preset took 139 s with two and 25 s with one, on two cores that others were using.
    """
    home = str(Path(grader.__file__).resolve().parents[1])
    paths = [home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    threads = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"} | threads
