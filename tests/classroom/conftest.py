"""Results and submissions of the small course's class."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from grader.classroom import Graded
from grader.classroom.gradebook import record
from grader.cli import main
from grader.curriculum import Course, default_course
from grader.judge import ExerciseVerdict, Outcome, Verdict


@pytest.fixture
def graded(mini_course: Course) -> Callable[..., Graded]:
    """A student's result on both units: every exercise failed but those named, which passed."""

    def make(student: str, *passed: str, **fields) -> Graded:
        exercises = {
            one.id: ExerciseVerdict(Outcome.PASSED, one.points, one.points)
            if one.name in passed
            else ExerciseVerdict(Outcome.FAILED, 0, one.points, message=f"{one.name} is wrong")
            for one in mini_course.curriculum.exercises[:3]
        }
        verdict = Verdict(exercises, "0" * 64, "checker", 1, "grade", True)
        return Graded(student, verdict, **{"submitted": frozenset({"averages", "spread"}), **fields})

    return make


@pytest.fixture(scope="session")
def answers(mini_course: Course) -> dict[str, str]:
    """The references' text by unit id."""
    return {unit.id: mini_course.reference(unit).read_text("utf-8") for unit in mini_course.curriculum.built}


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that we created; nbgrader stamps a new one by starting alembic, which takes seconds."""
    path = tmp_path_factory.mktemp("empty") / "gradebook.db"
    record(f"sqlite:///{path}", [], [])
    return path


@pytest.fixture
def url(tmp_path: Path, empty: Path) -> str:
    """A gradebook of this test's own."""
    return f"sqlite:///{shutil.copy(empty, tmp_path / 'class.db')}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Makes empty gradebooks on a PostgreSQL of our own: on a socket in a folder of ours, and on no port."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not (found := [*filter(None, [shutil.which("initdb")]), *(str(path / "initdb") for path in debian)]):
        pytest.skip("there is no PostgreSQL on this machine; on Debian: apt install postgresql")
    # PostgreSQL refuses to run as root.
    owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    become = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    become = become if os.getuid() == 0 else []
    folder = tempfile.mkdtemp()  # short, as a socket's path must be, and where that user may go
    os.chown(folder, owner.pw_uid, owner.pw_gid)

    def run(program: str, *words: str) -> None:
        call = [*become, str(Path(found[0]).with_name(program)), *words]
        subprocess.run(call, check=True, cwd=folder, stdout=subprocess.DEVNULL, env={"LC_ALL": "C.UTF-8", "TZ": "UTC"})

    data = f"{folder}/data"
    run("initdb", "--pgdata", data, "--auth", "trust", "--username", "course", "--no-sync")
    settings = f"-k {folder} -c listen_addresses= -c fsync=off"
    run("pg_ctl", "--pgdata", data, "--wait", "--log", f"{folder}/log", "-o", settings, "start")
    try:
        record(f"postgresql+psycopg://course@/postgres?host={folder}", [], [])  # what nbgrader sets up, once
        counter = itertools.count()

        def make() -> str:
            name = f"class{next(counter)}"
            with psycopg.connect(host=folder, user="course", dbname="template1", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name} TEMPLATE postgres")
            return f"postgresql+psycopg://course@/{name}?host={folder}"

        yield make
    finally:
        run("pg_ctl", "--pgdata", data, "--mode", "immediate", "stop")
        shutil.rmtree(folder)


ROOT = Path(__file__).parents[2]

COMMANDS = {
    "course": [sys.executable, "-c", "from grader.cli import main; main()"],
    "nbgrader": [sys.executable, "-m", "nbgrader"],
    "python": [sys.executable],
}


@pytest.fixture
def shell(mini_course: Course, tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """A command run in the test's folder as a person of the small course would, without a network where the kernel
    lets us take it away; the judges that it started are ended afterwards."""
    meeting = tempfile.mkdtemp()  # short: the path of a Unix socket holds about a hundred characters
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "COURSE_HOME": str(mini_course.root),
        "XDG_RUNTIME_DIR": meeting,
        "JUPYTER_CONFIG_DIR": str(tmp_path / "jupyter"),
    }
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    offline = alone if shutil.which("unshare") and not subprocess.run([*alone, "true"]).returncode else []

    def run(command: str, *words: str, network: bool = False, **variables: str) -> subprocess.CompletedProcess[str]:
        call = [*([] if network else offline), *COMMANDS.get(command, [command]), *words]
        return subprocess.run(call, cwd=tmp_path, env=environment | variables, capture_output=True, text=True)

    yield run
    for process in psutil.process_iter(["cmdline", "environ"]):
        where = (process.info["environ"] or {}).get("XDG_RUNTIME_DIR")
        if where == meeting and "grader.judge" in process.info["cmdline"]:
            process.terminate()
    shutil.rmtree(meeting)


@pytest.fixture
def command(
    mini_course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """`course` run in this process, in the test's folder and for the small course: exit code, stdout, stderr."""
    monkeypatch.setenv("COURSE_HOME", str(mini_course.root))
    monkeypatch.chdir(tmp_path)
    default_course.cache_clear()

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        return int(ended.value.code or 0), *capsys.readouterr()

    yield run
    default_course.cache_clear()
