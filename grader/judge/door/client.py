"""Asking for a verdict. Light: imports neither torch nor pytest; those live in the service."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import socket
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader.curriculum import Course, CourseError, Unit, UnknownId
from grader.judge.door import framing
from grader.judge.terms import libraries
from grader.judge.terms.submission import Submission
from grader.judge.terms.verdict import ExerciseVerdict, Verdict
from grader.judge.terms.version import checker_version, fingerprint
from grader.judge.wall import confine

if TYPE_CHECKING:
    import subprocess
    import tempfile
    from types import TracebackType

SERVICE = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", **libraries.ALONE}
"""What the service's environment has besides ours. Hypothesis keeps what it has read of our modules beside the socket:
in the folder it starts from, which is the root, it could not."""

IDLE_SECONDS = 900
"""How long the learner's shared judge waits for work before it goes away."""


class JudgeUnavailable(CourseError):
    """No verdict could be had; says nothing about the submission."""


class JudgeGone(JudgeUnavailable):
    """The judge, or the process of it that worked on this, died; another try may do."""


Imports = tuple[str, ...]
"""What a unit's code has besides what every unit's has: `Unit.imports`."""


class Judge:
    """A warm judge for one course. Thread-safe: as many verdicts are made at once as threads ask for.

    `with Judge(course) as judge` starts one that ends with the block; `Judge.resident(course)` is the learner's own,
    shared between commands, started on first use and gone when idle. Either is a service for each set of libraries that
    units ask for; but for that of the units that ask for none, they are started when first asked.
    """

    def __init__(self, course: Course, *, unconfined: bool = False):
        self.course = course
        self._unconfined = unconfined
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._others: dict[Imports, subprocess.Popen[bytes]] = {}
        self._starting = threading.Lock()
        self._path: Path | None = None
        self._on_start: Callable[[Imports], None] | None = None

    @classmethod
    def resident(cls, course: Course, *, on_start: Callable[[Imports], None] = lambda imports: None) -> Judge:
        """The shared judge of this user, course and version.

        `on_start` is called when a service has to be started first, with the libraries that it is to have.
        """
        judge = cls(course)
        judge._path, judge._on_start = _meeting_place(course), on_start
        return judge

    def __enter__(self) -> Judge:
        if self._path is None:
            import tempfile

            self._folder = tempfile.TemporaryDirectory(prefix="judge-")
            self._path = Path(self._folder.name) / "judge.sock"
            self._process = _start(self.course, (), self._path, idle=0, unconfined=self._unconfined)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._folder is not None:
            with self._starting:
                for process in (self._process, *self._others.values()):
                    process.terminate()
                    process.wait()
                self._others.clear()
            self._folder.cleanup()
            self._path = None

    @property
    def alive(self) -> bool:
        """Whether a private judge is at work."""
        return self._process is not None and self._process.poll() is None

    def check(
        self,
        submission: Submission,
        targets: Iterable[str] | None = None,
        profile: str = "check",
        seed: int = 0,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Verdict:
        """Judge exercises (ids of exercises, units or projects; default: every unit whose file is present).

        `profile` is one of profiles.EXAMPLES; `meanwhile` is called while the judge works. What asks for a library
        that is not installed is not attempted. Raises UnknownId, JudgeUnavailable and its kind JudgeGone.
        """
        wanted = self._targets(submission, targets)
        question = {"sources": submission.sources, "sha256": submission.sha256, "profile": profile, "seed": seed}
        by_imports, idle = self._sorted(wanted, submission)
        verdicts = []
        with contextlib.ExitStack() as open_now:
            connections = {}
            for imports, ids in by_imports.items() if wanted else [((), [])]:
                with self._speaking_with(imports):
                    connections[imports] = open_now.enter_context(self._connected(imports))
                    framing.send(connections[imports], {**question, "notes": [], "targets": ids})
            meanwhile()
            for imports, connection in connections.items():
                with self._speaking_with(imports):
                    answer = framing.receive(connection)
                if "error" in answer:
                    raise (JudgeGone if answer["gone"] else JudgeUnavailable)(answer["error"])
                verdicts.append(Verdict.from_dict(answer["verdict"]))
        if not verdicts:  # none of it needs a judge
            confined = confine.can_confine() and not self._unconfined
            verdicts = [Verdict({}, submission.sha256, checker_version(self.course), seed, profile, confined)]
        found = {**idle, **{key: one for verdict in verdicts for key, one in verdict.exercises.items()}}
        notes = [
            *submission.notes,
            *(one.message for one in idle.values() if one.message),
            *(note for verdict in verdicts for note in verdict.notes),
        ]
        return replace(
            verdicts[0],
            exercises={key: found[key] for key in wanted if key in found},
            confined=all(verdict.confined for verdict in verdicts),
            notes=tuple(dict.fromkeys(notes)),
        )

    def _sorted(
        self, wanted: list[str], submission: Submission
    ) -> tuple[dict[Imports, list[str]], dict[str, ExerciseVerdict]]:
        """Which service is asked for which exercises; and the verdicts for which none has to be started."""
        asked: dict[Imports, list[str]] = defaultdict(list)
        idle: dict[str, ExerciseVerdict] = {}
        for key in wanted:
            unit = self.course.curriculum.unit(key)
            exercise = next(one for one in unit.exercises if one.id == key)
            nothing = ExerciseVerdict.not_attempted(exercise.points)
            if unit.imports and submission.sources.get(unit.address) in (None, self._stub(unit)):
                idle[key] = nothing
            elif absent := libraries.missing(unit.imports):
                why = f"needs {' and '.join(absent)}, which is not here: {libraries.remedy(absent)}"
                idle[key] = replace(nothing, message=f"{exercise.name} {why}")
            else:
                asked[unit.imports].append(key)
        return asked, idle

    def _stub(self, unit: Unit) -> bytes | None:
        stub = self.course.stub(unit)
        return stub.read_bytes() if stub.is_file() else None

    def _meeting(self, imports: Imports) -> Path:
        """Where the service with these libraries listens."""
        assert self._path is not None, "use `with Judge(course) as judge` or Judge.resident(course)"
        if not imports:
            return self._path
        key = hashlib.sha256(f"{self._path.stem}\0{','.join(imports)}".encode()).hexdigest()
        return self._path.with_name(f"judge-{key[:16]}.sock")

    @contextlib.contextmanager
    def _speaking_with(self, imports: Imports) -> Iterator[None]:
        """A service that is not there, or leaves, is a JudgeGone with the last that it said."""
        try:
            yield
        except (OSError, EOFError) as error:
            log = self._meeting(imports).with_suffix(".log")
            said = log.read_text(errors="replace").strip().splitlines()[-1:] if log.is_file() else []
            reason = "; ".join([str(error) or "no answer", *said])
            raise JudgeGone(f"The judge went away ({reason}); run the command again.") from None

    def _connected(self, imports: Imports) -> socket.socket:
        """A connection to a service; one that is not there yet, or of a resident judge no more, is started first."""
        path = self._meeting(imports)
        if imports and self._on_start is None:
            with self._starting:
                if imports not in self._others or self._others[imports].poll() is not None:
                    path.unlink(missing_ok=True)
                    self._others[imports] = _start(self.course, imports, path, idle=0, unconfined=self._unconfined)
        try:
            return _connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            if self._on_start is None:
                raise
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # of two commands at once, one starts it
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return _connect(path)
            self._on_start(imports)
            path.unlink(missing_ok=True)
            _start(self.course, imports, path, idle=IDLE_SECONDS, unconfined=False)
            return _connect(path)

    def _targets(self, submission: Submission, targets: Iterable[str] | None) -> list[str]:
        curriculum = self.course.curriculum
        if targets is None:
            units = [unit for unit in curriculum.built if unit.address in submission.sources]
            return [exercise.id for unit in units for exercise in unit.exercises]
        found = []
        for target in targets:
            unit = curriculum.unit(target)
            if unit.coming:
                raise UnknownId(target, [])
            meant = curriculum.find(target)
            found += [exercise.id for exercise in unit.exercises if meant in (exercise, unit)]
        return found


def _meeting_place(course: Course) -> Path:
    """Where the shared judge of this user, course and version listens."""
    bases = [os.environ.get(name, "") for name in ("XDG_RUNTIME_DIR", "TMPDIR")]
    # A socket's path has at most 107 bytes.
    usable = [base for base in bases if base and os.access(base, os.W_OK) and len(os.fsencode(base)) <= 50]
    folder = Path(next(iter(usable), "/tmp")) / f"zero-to-diffusion-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise JudgeUnavailable(f"{folder} is not private to you; remove it and run the command again.")
    key = f"{course.root}\0{fingerprint(course)}\0{sys.executable}"
    return folder / f"judge-{hashlib.sha256(key.encode()).hexdigest()[:16]}.sock"


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
    except BaseException:
        connection.close()
        raise
    return connection


def _start(course: Course, imports: Imports, path: Path, *, idle: int, unconfined: bool) -> subprocess.Popen[bytes]:
    """Start a service that listens at `path`. The socket exists at once; requests wait while torch is imported."""
    import subprocess

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        listener.listen(128)
        command = [sys.executable, "-P", "-m", "grader.judge", str(course.root), str(listener.fileno())]
        command += ["--idle", str(idle), *(["--unconfined"] if unconfined else [])]
        command += ["--hidden", str(course.hidden)] if course.hidden else []
        command += ["--imports", ",".join(imports)] if imports else []
        with path.with_suffix(".log").open("wb") as log:
            return subprocess.Popen(
                command,
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | SERVICE | {"HYPOTHESIS_STORAGE_DIRECTORY": str(path.parent / "hypothesis")},
                cwd="/",
                start_new_session=True,
            )
    except OSError as error:
        raise JudgeUnavailable(f"The judge cannot be started: {error.strerror or error}.") from None
    finally:
        listener.close()
