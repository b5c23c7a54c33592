"""SIGKILL of any part of a class run, at any moment: the same command again, and nothing shows.

KILLS=50 pytest tests/classroom/test_kills.py
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from grader.ground.files import write_text

KILLS = int(os.environ.get("KILLS", "4"))
VICTIMS = ("grade", "service", "sandbox", "judgement")
AVERAGES = "phase1_numbers/unit1_averages.py"


@pytest.fixture(scope="module")
def classroom(tmp_path_factory, answers):
    folder, right = tmp_path_factory.mktemp("class") / "class", answers["averages"]
    wrong = (right.replace(" / len(x)", ""), right.replace("x - mean(x)", "x + mean(x)"), "def mean(x:\n", "x = 1\n")
    for number in range(12):
        write_text(folder / f"s{number:02}" / AVERAGES, f"{(right, *wrong)[number % 5]}# {number}\n")
    # Long enough at work to be found.
    write_text(folder / "s12" / AVERAGES, f"import time\n\ntime.sleep(0.5)\n{right}")
    write_text(folder / "s99.zip", "no zip")
    return folder


@pytest.fixture(scope="module")
def command(classroom, mini_course, tmp_path_factory, empty):
    """Start `course grade` into a folder."""
    environment = {**os.environ, "COURSE_HOME": str(mini_course.root)}

    def start(out: Path) -> subprocess.Popen:
        if not (book := out.parent / "book.db").exists():
            shutil.copy(empty, book)
        words = [sys.executable, "-c", "import sys; from grader.cli import main; sys.exit(main())", "grade"]
        words += [classroom, "--out", out, "--seed", "3", "--jobs", "2", "--gradebook", "sqlite:///book.db"]
        piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(list(map(str, words)), env=environment, cwd=out.parent, **piped)

    return start


def finished(process: subprocess.Popen) -> int:
    _, said = process.communicate(timeout=120)
    assert b"Traceback" not in said, said.decode()
    return process.returncode


@pytest.fixture(scope="module")
def undisturbed(command, tmp_path_factory):
    """What a run that nobody disturbs writes, and how long it takes."""
    out, began = tmp_path_factory.mktemp("undisturbed") / "out", time.monotonic()
    assert finished(command(out)) == 0
    return written(out), time.monotonic() - began


def written(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


SERVICE, SANDBOX = "grader.judge", "grader.judge.wall.sandbox"
"""The modules that the judge's two processes are started as. A fork keeps the command line of whose fork it is."""


def found(run: psutil.Process, victim: str) -> list[psutil.Process]:
    """The run itself, or those of its judge's processes that are there by now."""
    if victim == "grade":
        return [run]
    services = [child for child in run.children() if SERVICE in child.cmdline()]
    if victim == "service":
        return services
    kind = SANDBOX if victim == "sandbox" else SERVICE
    return [child for service in services for child in service.children() if kind in child.cmdline()]


def kill(process: subprocess.Popen, victim: str) -> bool:
    """SIGKILL the victim as soon as it is there. False if the run was done before."""
    while process.poll() is None:
        with suppress(psutil.Error):
            if victims := found(psutil.Process(process.pid), victim):
                victims[0].kill()
                return True
        time.sleep(0.001)
    return False


@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_at_any_moment_costs_nothing_but_time(command, undisturbed, tmp_path, number):
    expected, seconds = undisturbed
    victim, out = VICTIMS[number % len(VICTIMS)], tmp_path / "out"
    moment = random.Random(number).uniform(0, seconds)
    for wait in (moment, 0):  # a run that was done by then is begun anew, and its victim looked for from the start
        process = command(out)
        time.sleep(wait)
        killed = kill(process, victim)
        finished(process)
        if killed:
            break
        assert wait, f"in a whole run there was no {victim} to kill"
        shutil.rmtree(out)
    kept = {path: path.stat() for path in out.glob("verdicts/*.json")}

    assert finished(command(out)) == 0
    again = written(out)
    assert again.keys() == expected.keys()
    assert [name for name in again if again[name] != expected[name]] == []
    for path, before in kept.items():
        if path.name != "s99.json":
            after = path.stat()
            assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns), f"{path.name} again"
