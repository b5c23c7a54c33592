"""The parent's side: starts the training and the acceptance in processes of their own and passes on what they say.

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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grader
from grader.curriculum import Course, CourseError, Milestone, Unit
from grader.training.gates import Acceptance
from grader.training.settings import choose, require_packages

Event = dict[str, Any]


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
    report: Callable[[Event], None] | None = None,
) -> Run:
    """Train a project with the learner's code of `workspace` in a child process, then accept or refuse what came out.

    If `out` holds a run of the same settings, code and data, it is resumed or, if finished, returned. If it holds
    another run, or with `fresh`, that folder is set aside as `<out>.1`, … and a new run begins. Ctrl-C stops after the
    current step and keeps it.

    report: called with each event, a dict whose "event" is one of
        stage (text), moved (to), start (step, steps, device, processes), step (step, steps, elbo), epoch (epoch, step,
        and the held-out figures), line (text: what the learner's code printed), done (out, metrics, seconds, again)
    Raises CourseError (TrainingError for what went wrong inside the run), one line that says what to do.
    """
    settings = choose(project, preset, overrides or {})
    require_packages(settings.log)
    target = out or run_folder(project, workspace)
    command = ["grader.training.run", project.id, "--events", "--workspace", str(workspace), "--out", str(target)]
    command += ["--preset", preset, *(["--fresh"] if fresh else [])]
    command += [word for name, value in (overrides or {}).items() for word in ("--set", f"{name}={value}")]
    if settings.processes > 1:
        # torchrun, which accelerate recognises; `accelerate launch` itself starts several processes on GPUs only
        launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(settings.processes), "--module"]
        command = [*launcher, *command]

    last: Event = {}
    for event in _events([sys.executable, "-P", "-m", *command]):
        if event["event"] in ("done", "error"):
            last = event
        if report is not None and event["event"] != "error":
            report(event)
    if last.get("event") == "error":
        raise TrainingError(last["message"])
    if report is not None:
        report({"event": "stage", "text": "measuring the result with the course's own code"})
    accepted = accept(course, project, target)
    return Run(target, last["metrics"], last["seconds"], last["again"], accepted)


def picture_of(milestone: Milestone, workspace: Path) -> Path:
    """Where a milestone's picture is kept: beside the phase's files."""
    return workspace / f"{milestone.address}.png"


def run_milestone(course: Course, milestone: Milestone, workspace: Path) -> Path:
    """Run a phase's milestone with the learner's code of `workspace`; what it prints is shown. Returns its picture.

    Raises CourseError: one line that says where it stopped. An earlier picture is kept then.
    """
    picture = picture_of(milestone, workspace)
    command = ["grader.training.milestone", str(course.program(milestone)), str(workspace), str(picture)]
    done = subprocess.run(
        [sys.executable, "-P", "-m", *command], env=environment(), stderr=subprocess.PIPE, encoding="utf-8"
    )
    said = done.stderr.rstrip().splitlines()
    reason = said.pop() if done.returncode and said else f"The milestone ended with code {done.returncode}."
    if said:
        print(*said, sep="\n", file=sys.stderr)
    if done.returncode:
        raise TrainingError(reason)
    return picture


def accept(course: Course, project: Unit, run: Path) -> Acceptance:
    """Measure a finished run with the course's own code; writes acceptance.json. Raises CourseError in one line."""
    require_packages()
    command = ["grader.training.acceptance", "--solutions", str(course.solutions), project.id, str(run)]
    done = subprocess.run([sys.executable, "-P", "-m", *command], env=environment(), capture_output=True, text=True)
    if done.returncode:
        raise TrainingError((done.stderr.strip() or "The acceptance was stopped.").splitlines()[-1])
    return Acceptance.from_dict(json.loads(done.stdout))


def _events(command: list[str]) -> Iterator[Event]:
    """What the child says, and what it prints as `line` events. Raises TrainingError if it ends without a last word."""
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
    printed: deque[str] = deque(maxlen=1000)
    reader = threading.Thread(target=printed.extend, args=(child.stderr,), daemon=True)
    reader.start()
    ended, last_line = False, ""
    with _interrupts_passed_on(child):
        try:
            for raw in child.stdout:
                while printed:
                    last_line = printed.popleft().rstrip() or last_line
                    yield {"event": "line", "text": last_line[:500]}
                event = json.loads(raw)
                ended |= event["event"] in ("done", "error")
                yield event
        finally:
            if not ended and child.poll() is None:
                child.terminate()  # whoever read the events has gone
            code = child.wait()
            reader.join(timeout=5)
    for text in printed:
        last_line = text.rstrip() or last_line
        yield {"event": "line", "text": last_line[:500]}
    if not ended:
        reason = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        said = f" ({last_line[:300]})" if last_line and code > 0 else ""
        raise TrainingError(f"The training {reason}{said}; run it again and it goes on from its last checkpoint.")


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
