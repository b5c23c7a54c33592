"""How long a learner waits for a verdict, and what the wait is made of."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from baseline import NbgraderClass, pytest_command
from measure import Row, quiet, samples

from grader.author.bank import mistaken, mistakes
from grader.curriculum import Course, Unit
from grader.judge import Judge, Submission

UNIT, EXERCISES = "attention", ("sinusoidal_positional_encoding", "patchify", "TransformerBlock")
COURSE = [str(Path(sys.executable).parent / "course")]


def save_to_verdict(course: Course, repeats: int) -> Iterator[Row]:
    """Three torch exercises, from the start of `course check` to its end, against the same checks elsewhere."""
    unit = course.curriculum.unit(UNIT)
    exercises = [one for one in unit.exercises if one.name in EXERCISES]
    with workspace(course) as folder, tempfile.TemporaryDirectory() as other:
        file = folder / f"{unit.address}.py"
        ids = [one.id for one in exercises]
        nbgrader = NbgraderClass(Path(other), course, unit, exercises, "check")
        for name, text in (("right", course.reference(unit).read_text("utf-8")), ("wrong", _wrong(course, unit))):
            file.write_text(text, encoding="utf-8")
            nbgrader.hand_in("ada", text)
            quiet([*COURSE, "check", *ids], cwd=folder, wrong=name == "wrong")  # the judge is warm from here on
            ours, plain, theirs = samples(
                repeats,
                lambda name=name: quiet([*COURSE, "check", *ids], cwd=folder, wrong=name == "wrong"),
                lambda name=name: quiet(
                    pytest_command(course, unit, exercises, str(folder), "check"), cwd=folder, wrong=name == "wrong"
                ),
                nbgrader.autograde,
            )
            yield Row(f"save to verdict, {name}", ours, "cold plain pytest", plain)
            yield Row(f"save to verdict, {name}", ours, "nbgrader autograde", theirs)


def whole_units(course: Course, repeats: int) -> Iterator[Row]:
    """Every unit's reference, warm, against plain pytest on the same checks."""
    submission = Submission.read(course.root / "solutions", course)
    with Judge(course) as judge:
        for unit in course.curriculum.built:
            judge.check(submission, [unit.id])
            command = pytest_command(course, unit, unit.exercises, str(course.root / "solutions"), "check")
            ours, plain = samples(
                repeats, lambda unit=unit: judge.check(submission, [unit.id]), lambda command=command: quiet(command)
            )
            yield Row(f"all of {unit.number} {unit.title}", ours, "cold plain pytest", plain)


def against_nbgrader(course: Course, repeats: int) -> Iterator[Row]:
    """A class of ten on the three exercises, half of them wrong: seconds a submission."""
    unit = course.curriculum.unit(UNIT)
    exercises = [one for one in unit.exercises if one.name in EXERCISES]
    texts = [course.reference(unit).read_text("utf-8"), _wrong(course, unit)]
    with tempfile.TemporaryDirectory() as folder, Judge(course) as judge, ThreadPoolExecutor(2) as pool:
        nbgrader = NbgraderClass(Path(folder), course, unit, exercises, "grade")
        students = [f"student-{number}" for number in range(10)]
        work = [f"{texts[number % 2]}\n# {number}\n" for number in range(10)]
        for student, text in zip(students, work, strict=True):
            nbgrader.hand_in(student, text)
        submissions = [Submission({unit.address: text.encode()}) for text in work]

        def ours() -> None:
            ids = [one.id for one in exercises]
            list(pool.map(lambda submission: judge.check(submission, ids, profile="grade", seed=1), submissions))

        ours()
        took, theirs = samples(min(repeats, 3), ours, nbgrader.autograde)
    each, beside = ([seconds / len(students) for seconds in row] for row in (took, theirs))
    yield Row("a class of ten, each submission", each, "nbgrader autograde", beside)


def watching(course: Course, repeats: int) -> Iterator[Row]:
    """From the moment a file is saved to the line that says it passed."""
    unit = course.curriculum.unit(UNIT)
    exercise = f"{UNIT}/patchify"
    with workspace(course) as folder:
        file, text = folder / f"{unit.address}.py", course.reference(unit).read_text("utf-8")
        file.write_text(text, encoding="utf-8")
        quiet([*COURSE, "check", exercise], cwd=folder)
        log = folder / ".course" / "progress.jsonl"
        watch = subprocess.Popen(
            [*COURSE, "watch", exercise], cwd=folder, stdout=subprocess.DEVNULL, stdin=subprocess.PIPE
        )
        try:
            time.sleep(3)
            took = []
            for number in range(repeats + 1):
                before, began = log.read_bytes(), time.perf_counter()
                file.write_text(f"{text}\n# {number}\n", encoding="utf-8")
                while log.read_bytes() == before:
                    time.sleep(0.002)
                took.append(time.perf_counter() - began)
                time.sleep(0.5)
        finally:
            watch.kill()
    yield Row("course watch: save to verdict, patchify", took[1:])


def starting(course: Course, repeats: int) -> Iterator[Row]:
    """The command itself, and the first verdict on a machine."""
    with workspace(course) as folder:
        for command in (["--version"], ["status"]):
            ours, python = samples(
                4 * repeats,
                lambda command=command: quiet([*COURSE, *command], cwd=folder),
                lambda: quiet([sys.executable, "-c", "0"]),
            )
            yield Row(f"course {command[0]}", ours, f"python itself {sorted(python)[len(python) // 2]:.3f} s")
    submission = Submission.read(course.root / "solutions", course)

    def first() -> None:
        with Judge(course) as judge:
            judge.check(submission, [f"{UNIT}/patchify"])

    ours, torch = samples(repeats, first, lambda: quiet([sys.executable, "-c", "import torch"]))
    beyond = [one - other for one, other in zip(ours, torch, strict=True)]
    yield Row("first verdict, judge and all", ours, f"import torch + {sorted(beyond)[len(beyond) // 2]:.1f} s")


def with_a_library(repeats: int) -> Iterator[Row]:
    """A unit that asks for diffusers and a scratch folder: its first verdict, judge and all, and those after it."""
    course = Course(Path(__file__).resolve().parents[1] / "tests" / "mini_course")
    submission = Submission.read(course.solutions, course)
    with contextlib.ExitStack() as open_now:

        def first() -> None:
            open_now.close()
            open_now.enter_context(judge := Judge(course)).check(submission, ["pipelines"])
            judges.append(judge)

        judges: list[Judge] = []
        imports = [sys.executable, "-c", "from diffusers import DDPMPipeline, SchedulerMixin, UNet2DModel"]
        ours, beside = samples(min(repeats, 3), first, lambda: quiet(imports))
        yield Row("first verdict of a unit with diffusers and scratch", ours, "python, the same imports", beside)
        warm, plain = samples(
            3 * repeats,
            lambda: judges[-1].check(submission, ["pipelines"]),
            lambda: judges[-1].check(submission, ["averages"]),
        )
        yield Row("  and warm", warm, f"a unit with neither {sorted(plain)[len(plain) // 2]:.3f} s")


@contextlib.contextmanager
def workspace(course: Course) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        quiet([*COURSE, "init", folder])
        shutil.copytree(
            course.root / "solutions", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
        yield Path(folder)


def _wrong(course: Course, unit: Unit) -> str:
    return mistaken(course, unit, next(one for one in mistakes(course, unit) if one.name == "channels_last"))
