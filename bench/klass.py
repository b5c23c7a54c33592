"""How fast a class is graded, how that grows with the class, and what of it is the class run's own.

    python bench/klass.py [SIZE …] [--unit ID] [--hostile 0.05] [--jobs N] [--without-judge]

Generates classes of each size (correct work, the course's known mistakes, untouched stubs; with --hostile also work
that loops, dies, floods or cannot be read), grades each in a process of its own, and prints: submissions a second,
processor seconds a submission of the judge and of the class run, how busy the cores were, and the most memory that the
class run had. With --without-judge the verdicts come ready-made, so that only the class run's own work is left.
Whoever was not judged, or not as the work deserves, is named, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from grader.author.bank import mistaken, mistakes
from grader.classroom import Graded
from grader.curriculum import Course, Unit, default_course

HOSTILE = (
    "while True: pass\n",
    "import os\nos._exit(0)\n",
    "x = []\nwhile True: x.append('x' * 10**7)\n",
    "while True: print('x' * 10**6)\n",
    "import os\nwhile True: os.fork()\n",
    "raise SystemExit\n",
    "\0",
    None,  # a file that says it is a zip
)


def make_class(course: Course, unit: Unit, folder: Path, size: int, hostile: float = 0.0) -> dict[str, str]:
    """`size` submissions of a unit, each with a line of its own; the same size gives the same class.

    Returns what each student is: right, stub, hostile, or the name of a known mistake.
    """
    right, stub = (path(unit).read_text("utf-8") for path in (course.reference, course.stub))
    wrong, chance = _wrong(course, unit), random.Random(size)
    kinds = {}
    for number in range(size):
        student, text = f"student-{number:05}", None
        if number < hostile * size:
            kind, text = "hostile", HOSTILE[number % len(HOSTILE)]
        else:
            kind, text = chance.choices([("right", right), chance.choice(wrong), ("stub", stub)], [5, 4, 1])[0]
        kinds[student] = kind
        path = folder / student / f"{unit.address}.py" if text else folder / f"{student}.zip"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n# handed in by {number}\n" if text else "no zip", "utf-8")
    return kinds


def _wrong(course: Course, unit: Unit) -> list[tuple[str, str]]:
    """Each of the unit's known mistakes by name, and a file with it."""
    return [(one.name, mistaken(course, unit, one)) for one in mistakes(course, unit)]


def misjudged(kinds: dict[str, str], students: Iterable[Graded]) -> list[str]:
    """The students without a verdict, and those whose verdict is not what the work deserves."""
    left = dict(kinds)
    wrong = []
    for student in students:
        kind, results = left.pop(student.id), student.verdict.exercises.values()
        outcomes = {one.verdict for one in results}
        fine = {
            "right": outcomes == {"passed"},
            "stub": outcomes == {"not attempted"},
            "hostile": outcomes.isdisjoint({"passed"}),
        }.get(kind, kind in {one.diagnosis for one in results})
        if not fine:
            wrong.append(f"{student.id}, {kind}: {sorted(outcomes)} {student.problem or ''}")
    return [*wrong, *(f"{student}, {kind}: no verdict" for student, kind in left.items())]


def processor_seconds(process: psutil.Process) -> float:
    """Of a process and of those that it has waited for."""
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return used.user + used.system + used.children_user + used.children_system


def grade_one(submissions: Path, out: Path, unit_id: str, jobs: int, ready: bool) -> None:
    """Grade a folder here, and print what it took."""
    from grader.classroom import ClassRun, grade
    from grader.judge import ExerciseVerdict, Outcome, Verdict

    course, own = default_course(), psutil.Process()
    unit = course.curriculum.unit(unit_id)
    began, theirs, ended = time.perf_counter(), 0.0, 0.0

    class Ready:
        def check(self, submission, targets, *, profile, seed):
            exercises = {one.id: ExerciseVerdict(Outcome.PASSED, one.points, one.points) for one in unit.exercises}
            return Verdict(exercises, submission.sha256, "ready", seed, profile, True)

    def progress(student, done, total):
        nonlocal theirs, ended, began
        if done == 1:
            began = time.perf_counter()  # the judge's start is the same for every class
        if done == total:
            theirs = sum(map(processor_seconds, own.children(recursive=True)))
            ended = time.perf_counter()

    run = ClassRun(submissions, out, units=[unit], jobs=jobs)
    report = grade(course, run, judge=Ready() if ready else None, progress=progress)
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "judging": ended - began,
        "recording": time.perf_counter() - ended,
        "own": used.ru_utime + used.ru_stime,
        "theirs": theirs,
        "memory": used.ru_maxrss / 1024,
        "misjudged": [] if ready else misjudged(json.loads((out.parent / "kinds.json").read_text()), report.students),
    }
    print(json.dumps(figures))


def main(options: argparse.Namespace) -> int:
    course, jobs = default_course(), options.jobs
    unit = course.curriculum.unit(options.unit)
    columns = (
        "class",
        "submissions/s",
        "judge, CPU s each",
        "class run, CPU s each",
        "cores busy",
        "gradebook, s",
        "memory",
    )
    title = f"{unit.title}, {jobs} at a time; {platform.machine()}, {os.cpu_count()} cores, {platform.python_version()}"
    table, console, wrong = Table(*columns, title=title), Console(width=140), []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            kinds = make_class(course, unit, Path(folder) / "class", size, options.hostile)
            (Path(folder) / "kinds.json").write_text(json.dumps(kinds))
            command = [sys.executable, __file__, "--one", folder, "--unit", unit.id, "--jobs", str(jobs)]
            command += ["--without-judge"] if options.without_judge else []
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            if ran.returncode:
                raise SystemExit(ran.stderr)
            took = json.loads(ran.stdout)
        whole = took["judging"] + took["recording"]
        table.add_row(
            f"{size:,}",
            f"{size / whole:.1f}",
            f"{took['theirs'] / size:.4f}",
            f"{took['own'] / size:.4f}",
            f"{(took['own'] + took['theirs']) / whole / jobs:.0%}",
            f"{took['recording']:.1f}",
            f"{took['memory']:.0f} MiB",
        )
        wrong += [f"class of {size}: {line}" for line in took["misjudged"]]
    console.print(table, *wrong, sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--unit", default="attention")
    parser.add_argument("--hostile", type=float, default=0.0)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--without-judge", action="store_true")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        grade_one(chosen.one / "class", chosen.one / "out", chosen.unit, chosen.jobs, chosen.without_judge)
    else:
        raise SystemExit(main(chosen))
