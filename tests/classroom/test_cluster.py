"""A class judged by real Dask workers, in processes of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import grader
from grader.classroom import ClassRun, cluster, grade
from grader.curriculum import CourseError
from grader.ground.files import write_text

AVERAGES = "phase1_numbers/unit1_averages.py"


@contextmanager
def dask(role, *words, **environment):
    command = [sys.executable, "-m", "dask", role, *words]
    process = subprocess.Popen(
        command, cwd="/", env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def scheduling(where):
    """A scheduler without workers: its process and its address."""
    from distributed import Client

    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(where))
    with dask("scheduler", *options) as process:
        deadline = time.monotonic() + 60
        while not where.is_file() and time.monotonic() < deadline:
            time.sleep(0.1)
        with Client(scheduler_file=str(where), set_as_default=False) as client:
            address = client.scheduler.address
        yield process, address


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    with scheduling(tmp_path_factory.mktemp("dask") / "scheduler.json") as (_, address):
        yield address


@contextmanager
def workers(address, count, tmp_path, **environment):
    from distributed import Client

    folder = ("--local-directory", str(tmp_path / "dask"))
    options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", *folder)
    started = [dask("worker", address, *options, **environment) for _ in range(count)]
    processes = [one.__enter__() for one in started]
    try:
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=60)
        yield processes
    finally:
        for one in started:
            one.__exit__(None, None, None)


@pytest.fixture
def classroom(tmp_path, answers):
    folder, right = tmp_path / "class", answers["averages"]
    for number in range(8):
        kind = [right, right.replace(" / len(x)", ""), "x = 1\n", "def mean(x:\n"][number % 4]
        write_text(folder / f"s{number}" / AVERAGES, f"{kind}# {number}\n")
    write_text(folder / "s8.zip", "no zip")
    return folder


def verdicts(out):
    return {path.name: path.read_bytes() for path in (out / "verdicts").iterdir()}


def test_a_worker_killed_in_mid_run_costs_only_time(scheduler, classroom, mini_course, mini_judge, tmp_path, url):
    here = grade(mini_course, ClassRun(classroom, tmp_path / "here", seed=3, gradebook=url), judge=mini_judge)
    with workers(scheduler, 2, tmp_path) as (first, _):

        def progress(student, done, total):
            if done == 2:
                os.kill(first.pid, signal.SIGKILL)

        there = grade(
            mini_course,
            ClassRun(classroom, tmp_path / "there", seed=3, gradebook=url, cluster=scheduler),
            progress=progress,
        )
    assert verdicts(tmp_path / "there") == verdicts(tmp_path / "here")
    assert list(there.problems) == ["s8"] and there.scores == here.scores and there.judged == here.judged == 8


def refused(classroom, course, out, **options):
    with pytest.raises(CourseError) as caught:
        grade(course, ClassRun(classroom, out, **options))
    assert "\n" not in str(caught.value)
    assert not list(out.glob("verdicts/s?.json"))
    return str(caught.value)


def test_a_worker_with_another_version_is_one_line(scheduler, classroom, mini_course, tmp_path, url):
    package = tmp_path / "elsewhere" / "grader"
    shutil.copytree(Path(grader.__file__).parent, package)
    with (package / "judge" / "terms" / "verdict.py").open("a") as file:
        file.write("# a later version\n")
    with workers(scheduler, 1, tmp_path, PYTHONPATH=str(package.parent)):
        said = refused(classroom, mini_course, tmp_path / "out", gradebook=url, cluster=scheduler)
    assert said.startswith("The worker tcp://") and said.endswith(
        "install the same on both, and start the worker again."
    )


def test_a_worker_that_cannot_confine_is_refused_unless_insisted(scheduler, classroom, mini_course, tmp_path, url):
    write_text(
        tmp_path / "elsewhere" / "sitecustomize.py",
        "import grader.judge.wall.confine\ngrader.judge.wall.confine.can_confine = lambda: False\n",
    )
    path = [str(tmp_path / "elsewhere"), str(Path(grader.__file__).parents[1])]
    with workers(scheduler, 1, tmp_path, PYTHONPATH=os.pathsep.join(path)):
        said = refused(classroom, mini_course, tmp_path / "out", gradebook=url, cluster=scheduler)
        assert "cannot confine what students wrote" in said and "--unconfined" in said
        report = grade(
            mini_course,
            ClassRun(classroom, tmp_path / "out", gradebook=url, cluster=scheduler, unconfined=True, jobs=2),
        )
    assert not report.confined and report.judged == 8


def test_without_scheduler_or_workers_there_is_one_line(classroom, mini_course, tmp_path, url, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    assert "No Dask scheduler answers at tcp://127.0.0.1:9;" in refused(
        classroom, mini_course, tmp_path / "out", gradebook=url, cluster="tcp://127.0.0.1:9"
    )
    assert "No Dask scheduler answers at nowhere://x" in refused(
        classroom, mini_course, tmp_path / "out", gradebook=url, cluster="nowhere://x"
    )
    with scheduling(tmp_path / "scheduler.json") as (_, address):
        assert f"The Dask scheduler at {address} has no workers" in refused(
            classroom, mini_course, tmp_path / "out", gradebook=url, cluster=address
        )


def test_a_scheduler_that_goes_away_loses_nothing(classroom, mini_course, mini_judge, tmp_path, url):
    with scheduling(tmp_path / "scheduler.json") as (process, address), workers(address, 1, tmp_path):

        def progress(student, done, total):
            process.kill()

        with pytest.raises(CourseError, match="what was judged is kept"):
            grade(
                mini_course,
                ClassRun(classroom, tmp_path / "out", gradebook=url, cluster=address, jobs=1),
                progress=progress,
            )
    kept = verdicts(tmp_path / "out")
    report = grade(mini_course, ClassRun(classroom, tmp_path / "out", gradebook=url), judge=mini_judge)
    assert 0 < report.judged < 8 and kept.items() <= verdicts(tmp_path / "out").items()


def test_workers_judge_by_hidden_checks_too(scheduler, classroom, mini_course, tmp_path, url):
    checks = tmp_path / "checks"
    text = 'from grader.judge import exercise\n\n\n@exercise("mean")\nclass TestMean:\n'
    text += "    def test_of_{0}(self, learner):\n        assert learner.mean([float({0})]) == {0}\n"
    options = {"seed": 3, "gradebook": url, "checks": checks}
    with workers(scheduler, 1, tmp_path):
        for number in range(4):  # more than a worker keeps judges for
            write_text(checks / "phase1_numbers" / "unit1_averages" / "checks.py", text.format(number))
            there = grade(mini_course, ClassRun(classroom, tmp_path / "there", cluster=scheduler, **options))
            passed = there.students[0].verdict.exercises["averages/mean"]
            assert there.judged == 8 and [one.name for one in passed.hidden.checks] == [f"of {number}"]
        kept = [path for path in (tmp_path / "dask").rglob("checks.py")]
        assert 0 < len(kept) <= 2
        assert not [path for path in kept if path.parents[2].stat().st_mode & 0o077]
    grade(mini_course, ClassRun(classroom, tmp_path / "here", **options))
    assert verdicts(tmp_path / "there") == verdicts(tmp_path / "here")
