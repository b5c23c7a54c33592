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


def kill(process: subprocess.Popen, victim: str) -> None:
    """SIGKILL the run itself, or one of its judge's processes as soon as there is one."""
    while process.poll() is None:
        with suppress(psutil.Error):
            run = psutil.Process(process.pid)
            below = [] if victim == "grade" else run.children(recursive=True)
            zygotes = {name: [one for one in below if f"grader.judge.{name}" in one.cmdline()] for name in VICTIMS}
            # A fork of the service has its command line; the service itself is a child of the run.
            services = [one for one in zygotes["service"] if one.ppid() == process.pid]
            found = {
                "grade": [run],
                "service": services,
                "sandbox": [one for one in zygotes["sandbox"] if one.parent() in services],
                "judgement": [one for one in zygotes["service"] if one not in services],
            }[victim]
            if found:
                found[0].kill()
                return
        time.sleep(0.01)


@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_at_any_moment_costs_nothing_but_time(command, undisturbed, tmp_path, number):
    expected, seconds = undisturbed
    chance, out = random.Random(number), tmp_path / "out"
    process = command(out)
    time.sleep(chance.uniform(0, seconds))
    kill(process, VICTIMS[number % len(VICTIMS)])
    finished(process)
    kept = {path: path.stat() for path in out.glob("verdicts/*.json")}

    assert finished(command(out)) == 0
    found = written(out)
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []
    for path, before in kept.items():
        if path.name != "s99.json":
            after = path.stat()
            assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns), f"{path.name} again"
