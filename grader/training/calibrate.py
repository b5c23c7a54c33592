"""Measure what the thresholds of a project rest on: the reference over seeds, and every spoiled control.

    python -m grader.training.calibrate PROJECT [--seeds 5] [--controls 3]

Writes calibration.json into the project's folder, a row a run: what was wrong with it (`control`), its seed, seconds,
closing figures and the measured gates. Run it again whenever the preset, the networks or the data change.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grader.curriculum import Course, CourseError, Unit, default_course
from grader.ground.files import write_json
from grader.training import program
from grader.training.gates import Control
from grader.training.launch import train

PRESET = "cpu"  # what the gates are stated for


def workspace(course: Course, folder: Path, control: Control | None = None) -> Path:
    """A workspace with the references, or with one of them spoilt. Raises CourseError if a control no longer fits."""
    shutil.copytree(course.solutions, folder, ignore=shutil.ignore_patterns("__pycache__"))
    if control is not None:
        file = folder / f"{control.address}.py"
        source = file.read_text(encoding="utf-8")
        if source.count(control.right) != 1:
            raise CourseError(f"{control.meaning}: {file.name} no longer holds {control.right!r} once.")
        file.write_text(source.replace(control.right, control.wrong), encoding="utf-8")
    return folder


def measure(course: Course, project: Unit, name: str | None, control: Control | None, seed: int) -> dict[str, Any]:
    """A row of the table: one run, with one thing wrong or nothing."""
    row: dict[str, Any] = {"control": name, "seed": seed}
    with tempfile.TemporaryDirectory() as scratch:
        learner = workspace(course, Path(scratch) / "workspace", control)
        settings = {"seed": seed, "device": "cpu", "log": "none"}
        try:
            run = train(course, project, learner, PRESET, overrides=settings)
        except CourseError as error:
            return row | {"error": str(error)}
    gates = {gate.name: gate.measured for gate in run.acceptance.gates}
    return row | {"seconds": run.seconds, "metrics": run.metrics, "gates": gates}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m grader.training.calibrate", description=__doc__)
    parser.add_argument("project")
    parser.add_argument("--seeds", type=int, default=5, help="runs of the reference")
    parser.add_argument("--controls", type=int, default=3, help="runs of each control")
    options = parser.parse_args(arguments)
    try:
        course = default_course()
        project = course.curriculum.unit(options.project)
        program.put_on_path(course.solutions, course)
        controls = program.load_project(course, project).CONTROLS
        runs = [(None, None, seed) for seed in range(options.seeds)] + [
            (name, control, seed) for name, control in controls.items() for seed in range(options.controls)
        ]
        rows = []
        for name, control, seed in runs:
            rows.append(measure(course, project, name, control, seed))
            print(json.dumps(rows[-1], ensure_ascii=False), flush=True)
        write_json(course.calibration(project), {"schema": 1, "preset": PRESET, "rows": rows})
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
