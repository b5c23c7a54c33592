"""Gradescope's autograder: the zip that an instructor uploads, and what runs in it for each submission.

The zip holds this course and its judge, so that Gradescope's image needs nothing of ours from the network; Python,
PyTorch and the judge's libraries it installs once, in the versions used here. The format of the zip and of
results.json: gradescope-autograders.readthedocs.io/en/latest/specs.

In the image, /autograder/submission holds what the student handed in, /autograder/source this zip, and
/autograder/results/results.json is the verdict. Student code never shares a process with what writes it. A submission
that cannot be read gets no points and one line; where the judge itself cannot work, no results are written, which
Gradescope reports as a fault of the autograder and not of the student.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grader
from grader.classroom.archive import packed
from grader.classroom.runner import judged
from grader.curriculum import Course, CourseError, Unit, default_course
from grader.ground.files import write_text
from grader.judge import ExerciseVerdict, Outcome, SubmissionError, Verdict

DISTRIBUTION = "zero-to-diffusion"

SETUP = """\
#!/usr/bin/env bash
# Gradescope runs this once, as it builds the image.
set -euo pipefail

export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet
for version in 3.14 3.13 3.12 3.11; do
    if apt-get install --quiet --yes "python$version" "python$version-venv"; then
        break
    fi
done
"python$version" -m venv /autograder/venv
/autograder/venv/bin/pip install --quiet --index-url https://download.pytorch.org/whl/cpu "TORCH"
/autograder/venv/bin/pip install --quiet --requirement /autograder/source/requirements.txt
"""

RUN = """\
#!/usr/bin/env bash
# Gradescope runs this for each submission.
set -euo pipefail
autograder="${AUTOGRADER:-/autograder}"
export COURSE_HOME="$autograder/source/home" PYTHONPATH="$autograder/source" OMP_NUM_THREADS=1
exec "${PYTHON:-$autograder/venv/bin/python}" -m grader.classroom gradescope "$autograder"
"""


def autograder(course: Course, units: Sequence[Unit], seed: int, unconfined: bool) -> bytes:
    """The zip that an instructor uploads, references and checks included.

    Raises CourseError when the course was not installed, so that what it needs cannot be said.
    """
    torch, *libraries = _requirements()
    package = Path(grader.__file__).parent
    files: dict[str, str | bytes] = {
        "setup.sh": SETUP.replace("TORCH", torch),
        "run_autograder": RUN,
        "requirements.txt": "".join(f"{line}\n" for line in libraries),
        "autograder.json": json.dumps({"units": [unit.id for unit in units], "seed": seed, "unconfined": unconfined}),
        # By this the judge knows its own version.
        f"{DISTRIBUTION.replace('-', '_')}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: {importlib.metadata.version(DISTRIBUTION)}\n"
        ),
        "grader/__init__.py": (package / "__init__.py").read_bytes(),
    }
    rooms = [package / name for name in ("ground", "curriculum", "judge", "classroom")]
    platform = [path for room in rooms for path in room.rglob("*.py")]
    files |= {f"grader/{path.relative_to(package).as_posix()}": path.read_bytes() for path in platform}
    content = [course.curriculum_file]
    for unit in course.curriculum.built:
        content += [course.checks(unit), course.mistakes(unit), course.stub(unit), course.reference(unit)]
        content += [course.lesson(unit)]  # a verdict names the section to read
    files |= {f"home/{path.relative_to(course.root).as_posix()}": path.read_bytes() for path in content}
    return packed(files, executable=frozenset({"setup.sh", "run_autograder"}))


def _requirements() -> list[str]:
    """What the judge needs, PyTorch first, each at the version installed here: the same versions, the same verdict."""
    try:
        needed = importlib.metadata.requires(DISTRIBUTION) or []
        names = [re.split(r"[^\w.-]", line)[0] for line in needed if "extra ==" not in line]
        pinned = [f"{name}=={importlib.metadata.version(name).partition('+')[0]}" for name in names]
    except importlib.metadata.PackageNotFoundError as error:
        raise CourseError(
            f"{error.name} is not installed, so its version cannot be told; install the course."
        ) from None
    return sorted(pinned, key=lambda line: (not line.startswith("torch=="), line))


# ------------------------------------------------------------------------------------------------ in Gradescope's image


def results(verdict: Verdict, units: Sequence[Unit], seconds: float) -> dict[str, Any]:
    """A verdict as results.json: a test an exercise."""
    notes = list(verdict.notes)
    if not verdict.confined:
        notes.append("The kernel did not confine the code while it was judged.")
    return {
        "output": "\n".join(notes),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "execution_time": round(seconds),
        "tests": [
            {
                "number": f"{unit.number}.{position}",
                "name": exercise.title,
                "score": one.points,
                "max_score": one.max_points,
                "status": "passed" if one.verdict == Outcome.PASSED else "failed",
                "output": _output(one),
                "output_format": "text",
                "visibility": "visible",
                "extra_data": {"exercise": exercise.id, "verdict": one.verdict, "diagnosis": one.diagnosis},
            }
            for unit in units
            for position, exercise in enumerate(unit.exercises, start=1)
            for one in [verdict.exercises[exercise.id]]
        ],
        "extra_data": {
            "source_sha256": verdict.source_sha256,
            "checker": verdict.checker,
            "seed": verdict.seed,
            "confined": verdict.confined,
        },
    }


def _output(one: ExerciseVerdict) -> str:
    """What a student reads of an exercise: its parts, if it has several, and what is said of it."""
    parts = [f"{part.name}: {part.verdict}, {part.points} of {part.max_points}" for part in one.parts]
    return "\n".join([*parts, *([one.message] if one.message else [])]) or one.verdict


def main(root: Path) -> int:
    """Judge root/submission and write root/results/results.json. Returns the exit code."""
    started = time.monotonic()
    course = default_course()
    asked = json.loads((root / "source" / "autograder.json").read_text(encoding="utf-8"))
    units = [course.curriculum.unit(unit) for unit in asked["units"]]
    try:
        verdict = judged(
            course, root / "submission", units, seed=asked["seed"], profile="grade", unconfined=asked["unconfined"]
        )
        document = results(verdict, units, time.monotonic() - started)
    except SubmissionError as error:
        document = {"score": 0, "output": str(error), "output_format": "text", "stdout_visibility": "hidden"}
    except CourseError as error:
        print(f"The autograder could not work, and gave no points: {error}", file=sys.stderr)
        return 1
    write_text(root / "results" / "results.json", json.dumps(document, indent=1) + "\n")
    return 0
