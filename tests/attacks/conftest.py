"""A judge in hostile company: what an attack is aimed at, and how every harm it could do is noticed."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import runpy
import secrets
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.curriculum import Course
from grader.judge import Judge, Submission, Verdict

AVERAGES = "phase1_numbers/unit1_averages"
RIGHT = Submission({AVERAGES: b"def mean(x):\n    return float(x.mean())\ndef centre(x):\n    return x - mean(x)\n"})
PIPELINES = "phase2_tools/unit1_pipelines"
LIBRARIES = "libraries"
"""The family that is aimed at a unit with a library and a scratch folder."""
VERDICTS = {"passed", "failed", "crashed", "timed out", "not attempted"}
PATIENCE = 120.0
"""Seconds until a verdict that does not come counts as a hang."""
JUDGE_BYTES = 2 << 30
"""Memory that one of the judge's own processes may take; a warm one has a quarter of that."""

_BUILT = ("packaging", "notebook")
_SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/", ".")
_TRACES = {"slip.py", "harm.py", "harm"}
_TEXT_THAT_ACTS = {"Cc", "Cf", "Cs"}
_PR_SET_CHILD_SUBREAPER = 36


class Attack:
    """One file of a family: a hostile submission, or the code that packs one."""

    def __init__(self, path: Path):
        self.path, self.name = path, f"{path.parent.name}/{path.stem}"
        self.family, self.text = path.parent.name, path.read_text(encoding="utf-8")
        self.built = self.family in _BUILT
        module = runpy.run_path(str(path)) if self.built else {}
        self.passes, self.refused = bool(module.get("PASSES")), bool(module.get("REFUSED"))
        self.build = module.get("build")


class Arena:
    """Canaries, and one judge that stands among them; what is attacked is one unit of its course."""

    RIGHT = RIGHT
    ADDRESS, TARGETS, POINTS = AVERAGES, ("averages",), 3
    SECRETS = ("float(np.sum(x) / len(x))", "shift=st.integers(-3, 3)", "def one_too_few")

    def __init__(self, judge: Judge, folder: Path, token: str):
        self.judge, self.folder, self.token = judge, folder, token
        self.mark = f"attack-{secrets.token_hex(8)}"
        self.watched = folder / "canaries"
        self.words: dict[Path, list[str]] = {}  # what became of each attack, by exercise
        home, scratch = folder / "canaries/home", folder / "canaries/scratch"
        theirs, gradebook = folder / f"canaries/class/bo/{self.ADDRESS}.py", folder / "canaries/gradebook.db"
        for path in (home / ".ssh/id_ed25519", theirs, scratch / "note"):
            path.parent.mkdir(parents=True)
            path.write_text(f"# {self.secret(path.name)}\n")
        for path in (scratch, scratch / "note"):
            path.chmod(0o777)
        with sqlite3.connect(gradebook) as book:
            book.execute("create table grade (student text, points real, secret text)")
            book.execute("insert into grade values ('bo', 0, ?)", (self.secret("gradebook"),))
        book.close()
        self.doors = _doors()
        environment = {"PATH": os.defpath, "SECRET": self.secret("decoy")}
        self.decoy = subprocess.Popen(["sleep", "infinity"], env=environment, start_new_session=True)
        service = self.process()
        while not (sandboxes := [pid for pid in _below(service.pid) if b"grader.judge.wall.sandbox" in _command(pid)]):
            time.sleep(0.05)
        self.service, self.sandbox = service.pid, sandboxes[0]
        self.mine = (self.service, self.sandbox, self.decoy.pid)
        tcp, _, unix, abstract = (door.getsockname() for door in self.doors)
        course = judge.course
        unit = course.curriculum.unit(self.ADDRESS)
        self.placeholders = {
            "HOME": home,
            "SECRET": home / ".ssh/id_ed25519",
            "CLASSMATE": theirs,
            "GRADEBOOK": gradebook,
            "SCRATCH": scratch,
            "COURSE": course.root,
            "REFERENCE": course.reference(unit),
            "CHECKS": course.checks(unit),
            "MISTAKES": course.mistakes(unit),
            "JUDGE_PID": self.service,
            "SANDBOX_PID": self.sandbox,
            "DECOY_PID": self.decoy.pid,
            "TEST_PID": os.getpid(),
            "PORT": tcp[1],
            "SOCKET": unix,
            "ABSTRACT": abstract[1:].decode(),
            "JUDGE_SOCKET": judge._path,
            "MARK": self.mark,
        }
        self.secrets = [self.token, *self.SECRETS]
        assert self.check(self.RIGHT).passed
        self.before = self.state()

    def process(self) -> Any:
        """The service that judges the unit."""
        assert self.judge._process is not None
        return self.judge._process

    def secret(self, what: str) -> str:
        return f"canary {what} {self.token}"

    def submission(self, attack: Attack, folder: Path) -> Submission:
        """What the attack hands in, aimed at what stands here."""
        if attack.build is not None:
            return Submission.read(attack.build(folder), self.judge.course)
        return Submission({self.ADDRESS: self.aimed(attack.text).encode()})

    def aimed(self, text: str) -> str:
        for name, value in self.placeholders.items():
            text = text.replace(f"@{name}@", str(value))
        return text

    def check(self, submission: Submission) -> Verdict:
        """The verdict, and meanwhile an eye on the memory of the judge's own processes."""
        answer: list[Any] = []

        def ask() -> None:
            try:
                answer.append(self.judge.check(submission, self.TARGETS))
            except BaseException as error:
                answer.append(error)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        deadline = time.monotonic() + PATIENCE
        while asking.is_alive():
            asking.join(0.1)
            assert time.monotonic() < deadline, "no verdict came"
            for pid in _children(self.service) - {self.sandbox}:
                assert _resident(pid) < JUDGE_BYTES, "the judge itself runs out of memory"
        if isinstance(answer[0], BaseException):
            raise answer[0]
        return answer[0]

    def state(self) -> dict[str, Any]:
        """Everything that an attack must leave as it is."""
        course = [path for kind in ("py", "md", "toml") for path in self.judge.course.root.rglob(f"*.{kind}")]
        return {
            "files": {str(path): _traits(path) for path in (self.watched, *self.watched.rglob("*"), *course)},
            "left behind": [
                f"{at}/{name}" for at in _SHARED for name in os.listdir(at) if self.mark in name or name in _TRACES
            ],
            "processes": {pid: _standing(pid) for pid in self.mine},
            "visitors": [name for door in self.doors if (name := _visited(door))],
        }

    def scratch_folders(self) -> list[str]:
        """What the sandbox has made on disk for its children."""
        return [name for name in os.listdir("/tmp") if name.startswith(f"judge-scratch-{self.sandbox}-")]

    def at_rest(self) -> bool:
        """Whether the judge's processes are the ones that were there before, once those that end have ended.

        So do their scratch folders.
        """
        deadline = time.monotonic() + 20
        while self.resting() - set(self.mine) or self.scratch_folders():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return set(self.mine) <= self.resting()

    def resting(self) -> set[int]:
        running = {*self.mine, *_below(self.service), *_orphans()}
        return {pid for pid in running if _status(pid) not in "ZX"}

    def harm(self, verdict: Verdict) -> list[str]:
        """What a verdict holds, or leaves behind, that it should not."""
        found = [f"{one.verdict!r} is no verdict" for one in verdict.exercises.values() if one.verdict not in VERDICTS]
        said = json.dumps(verdict.to_dict(), ensure_ascii=False)
        found += [f"the verdict tells {secret!r}" for secret in self.secrets if secret in said]
        for text in _texts(verdict.to_dict()):
            found += [f"{one!r} in {text[:80]!r}" for one in sorted(set(text) - set("\n\t")) if _acts(one)]
        for one in verdict.exercises.values():
            found += [f"a line of its own: {line!r}" for line in one.message.splitlines()[1:] if line[:1].strip()]
        return found + self.changes()

    def changes(self) -> list[str]:
        """What is no longer as it was."""
        found = []
        if not self.at_rest():
            found.append(f"{self.resting() ^ set(self.mine)} are left, or gone; {self.scratch_folders()}")
        now = self.state()
        found += [change for what, before in self.before.items() for change in _changes(what, before, now[what])]
        self.before = now  # the next attack is not blamed for this one
        return found

    def close(self) -> None:
        self.decoy.kill()
        self.decoy.wait()
        unix = Path(self.doors[2].getsockname())
        for door in self.doors:
            door.close()
        shutil.rmtree(unix.parent)


class LibraryArena(Arena):
    """The same around a unit that has diffusers and a scratch folder."""

    RIGHT = Submission({})
    ADDRESS, TARGETS, POINTS = PIPELINES, ("pipelines/check_pipeline_dir",), 2
    SECRETS = ("json.loads(stream.read(int.from_bytes", "STATES = (None", "def nulls_are_missing")

    def process(self) -> Any:
        reference = self.judge.course.reference(self.judge.course.curriculum.unit("pipelines"))
        self.RIGHT = Submission({PIPELINES: reference.read_bytes()})
        assert self.judge.check(self.RIGHT, self.TARGETS).passed
        return self.judge._others["diffusers",]


def _doors() -> list[socket.socket]:
    """Where someone who gets out of the wall could knock."""
    tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", tcp.getsockname()[1]))
    unix, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    # A socket's path has at most 107 bytes; pytest's folders may be longer.
    unix.bind(f"{tempfile.mkdtemp(prefix='door-')}/door")
    abstract.bind(f"\0door-{secrets.token_hex(4)}")
    for door in (tcp, udp, unix, abstract):
        if door is not udp:
            door.listen()
        door.setblocking(False)
    return [tcp, udp, unix, abstract]


def _visited(door: socket.socket) -> str:
    try:
        if door.type == socket.SOCK_DGRAM:
            door.recv(1)
        else:
            door.accept()[0].close()
    except BlockingIOError:
        return ""
    return str(door.getsockname())


def _traits(path: Path) -> tuple:
    """The change time alone tells of any change; the rest says which."""
    status = path.lstat()
    content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
    return status.st_mode, status.st_uid, status.st_mtime_ns, status.st_ctime_ns, status.st_size, content


def _standing(pid: int) -> dict[str, Any]:
    """What a process of the same user could change about another, without stopping it."""
    ioprio_get = 252 if os.uname().machine == "x86_64" else 31
    names = ("RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_MSGQUEUE", "RLIMIT_AS")
    return {
        "limits": [resource.prlimit(pid, getattr(resource, name)) for name in names],
        "nice": os.getpriority(os.PRIO_PROCESS, pid),
        "cores": os.sched_getaffinity(pid),
        "scheduler": os.sched_getscheduler(pid),
        "oom": Path(f"/proc/{pid}/oom_score_adj").read_text(),
        "input and output": ctypes.CDLL(None).syscall(ioprio_get, 1, pid),
    }


def _children(pid: int) -> set[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return {int(child) for task in tasks for child in (task / "children").read_text().split()}
    except OSError:
        return set()


def _changes(what: str, before: Any, now: Any) -> list[str]:
    if isinstance(before, dict):
        return [
            f"{what}: {key} was {before.get(key)}, is {now.get(key)}"
            for key in before.keys() | now.keys()
            if before.get(key) != now.get(key)
        ]
    return [] if before == now else [f"{what}: {now}"]


def _below(pid: int) -> set[int]:
    """The processes below `pid`, as the kernel lists them."""
    return set().union(*({child} | _below(child) for child in _children(pid)))


def _orphans() -> set[int]:
    """Copies of a sandbox that no longer have their parent: orphans come to this process, which asked for them."""
    return {pid for pid in _children(os.getpid()) if b"grader.judge.wall.sandbox" in _command(pid)}


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, IndexError):
        return 0


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _acts(character: str) -> bool:
    return unicodedata.category(character) in _TEXT_THAT_ACTS


@pytest.fixture(scope="session")
def load() -> type[Attack]:
    return Attack


@contextlib.contextmanager
def _arena(kind: type[Arena], mini_course: Course, folder: Path) -> Iterator[Arena]:
    token = secrets.token_hex(8)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("API_TOKEN", f"canary environment {token}")
        # A copy, so that a hole does no harm to the repository.
        shutil.copytree(mini_course.root, folder / "course", ignore=shutil.ignore_patterns("__pycache__"))
        with Judge(Course(folder / "course")) as judge:
            arena = kind(judge, folder, token)
            yield arena
            arena.close()
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture(scope="session")
def arena(mini_course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with _arena(Arena, mini_course, tmp_path_factory.mktemp("arena")) as arena:
        yield arena


@pytest.fixture(scope="module", params=["mounted", "watched"])
def library_arena(request, mini_course, no_namespaces, tmp_path_factory) -> Iterator[Arena]:
    """With a scratch folder that the kernel mounts, and with one that is a watched folder on disk."""
    kernel = contextlib.nullcontext() if request.param == "mounted" else no_namespaces()
    with kernel, _arena(LibraryArena, mini_course, tmp_path_factory.mktemp("arena")) as arena:
        yield arena
