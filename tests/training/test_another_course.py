"""The engine knows no project by name: a course on another subject trains and reaches its milestone on it unchanged."""

import json
import os
import subprocess
import sys

import pytest

from grader.curriculum import Course, default_course
from grader.learner import Event, Road, Workspace, source
from grader.training import calibrate, program


@pytest.fixture
def workspace(mini_course: Course, tmp_path) -> Workspace:
    """Everything solved as the course does, and judged."""
    workspace, _ = Workspace.create(tmp_path / "work", mini_course)
    for unit in mini_course.curriculum.built:
        text = mini_course.reference(unit).read_text(encoding="utf-8")
        workspace.file(unit).write_text(text, encoding="utf-8")
        for exercise in unit.exercises:
            code = source.fingerprint(text, exercise.names)
            workspace.log.append([Event.now("verdict", exercise.id, verdict="passed", code=code)])
    return workspace


def course_command(course: Course, workspace: Workspace, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-c", "from grader.cli import main; main()", *words]
    environment = {**os.environ, "COURSE_HOME": str(course.root), "PYTHONPATH": str(default_course().root)}
    return subprocess.run(command, cwd=workspace.root, env=environment, capture_output=True, text=True)


def test_its_project_is_trained_and_its_milestone_reached(mini_course, workspace):
    rehearsed = course_command(mini_course, workspace, "train", "walk", "--preset", "smoke", "--log", "none")
    assert rehearsed.returncode == 1 and "walk: not accepted" in rehearsed.stdout, rehearsed.stderr
    road = Road(mini_course, workspace)
    assert road.to_dict()["projects"]["walk"]["accepted"] is False
    assert "ready to train" in course_command(mini_course, workspace, "status").stdout

    trained = course_command(mini_course, workspace, "train", "walk", "--json")
    assert trained.returncode == 0, trained.stderr
    run = json.loads(trained.stdout)
    assert run["acceptance"]["accepted"] and [gate["name"] for gate in run["acceptance"]["gates"]][1] == "drift"
    sheets = sorted(path.name for path in (workspace.root / "runs" / "walk" / "epochs").iterdir())
    assert (sheets[0], sheets[-1], len(sheets)) == ("001.png", "020.png", 20)

    reached = course_command(mini_course, workspace, "milestone", "--json")
    assert reached.returncode == 0 and json.loads(reached.stdout)["milestone"] == "numbers", reached.stderr
    kinds = [(event.kind, event.exercise, event.verdict) for event in workspace.log.read()[0]][-3:]
    assert kinds == [("acceptance", "walk", "failed"), ("acceptance", "walk", "passed"), ("milestone", "numbers", None)]
    shown = course_command(mini_course, workspace, "status").stdout
    assert "1/1  accepted" in shown and "All at once                          reached" in shown


# What its and every other project's thresholds rest on --------------------------------------------------------------


@pytest.mark.parametrize("mini", [True, False])
def test_gates_let_every_calibrated_reference_through_and_stop_every_control(mini, mini_course, monkeypatch):
    course = mini_course if mini else default_course()
    monkeypatch.syspath_prepend(course.root)
    for project in course.curriculum.projects:
        if not course.program(project).is_file():
            continue
        loaded = program.load_project(course, project)
        rows = json.loads(course.calibration(project).read_text(encoding="utf-8"))["rows"]
        assert {row["control"] for row in rows} == {None, *loaded.CONTROLS}
        for row in rows:
            passed = "error" not in row and all(
                asked.gate(row["gates"][asked.name]).passed for asked in loaded.GATES.values()
            )
            assert passed is (row["control"] is None), row


def test_every_control_still_spoils_its_reference(mini_course, monkeypatch, tmp_path):
    for course in (mini_course, default_course()):
        monkeypatch.syspath_prepend(course.root)
        for project in course.curriculum.projects:
            if course.program(project).is_file():
                for name, control in program.load_project(course, project).CONTROLS.items():
                    folder = calibrate.workspace(course, tmp_path / project.id / name, control)
                    assert control.wrong in (folder / f"{control.address}.py").read_text(encoding="utf-8")
