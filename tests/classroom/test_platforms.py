"""What Gradescope and GitHub are given, run as they run it."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

import grader
from grader.classroom import release, released_units
from grader.classroom.github_classroom import report
from grader.curriculum import Course
from grader.ground.files import write_text
from grader.judge import ExerciseVerdict, Outcome, Verdict
from grader.judge.terms.version import checker_version
from grader.judge.wall import confine

FAKED = "::notice title=Autograding report::{}\n"
WRONG = f"raise ValueError({FAKED!r})"

# gradescope-autograders.readthedocs.io/en/latest/specs, “Output format”
TOP = {
    *("score", "execution_time", "output", "output_format", "test_output_format", "test_name_format", "visibility"),
    *("stdout_visibility", "extra_data", "tests", "leaderboard"),
}
TEST = {
    *("score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags"),
    *("visibility", "extra_data"),
}
VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}


def follows_the_format(document: dict) -> None:
    assert set(document) <= TOP
    assert document.get("visibility", "visible") in VISIBILITY and document["stdout_visibility"] in VISIBILITY
    assert document["output_format"] in ("text", "simple_format", "html", "md", "ansi")
    assert isinstance(document["output"], str)
    assert "score" in document or document["tests"]
    for test in document.get("tests", ()):
        assert set(test) <= TEST and test["status"] in ("passed", "failed") and test["visibility"] in VISIBILITY
        assert 0 <= test["score"] <= test["max_score"] and isinstance(test["output"], str)


@pytest.fixture(scope="module")
def gradescope_zip(mini_course, tmp_path_factory):
    out = tmp_path_factory.mktemp("gradescope")
    name, units = released_units(mini_course, "numbers")
    return release(mini_course, name, units, out, "gradescope", seed=7)[0]


@pytest.fixture
def image(gradescope_zip, tmp_path, shell):
    """/autograder as Gradescope lays it out, and what runs it there."""
    root = tmp_path / "autograder"
    (root / "results").mkdir(parents=True)
    (root / "submission").mkdir()
    with zipfile.ZipFile(gradescope_zip) as archive:
        archive.extractall(root / "source")
        for entry in archive.infolist():  # extractall forgets the rights
            os.chmod(root / "source" / entry.filename, entry.external_attr >> 16)
    shutil.copy(root / "source" / "run_autograder", root)

    def run():
        # Nothing of this clone may help it.
        place = {"PYTHONPATH": "", "COURSE_HOME": "/nowhere", "AUTOGRADER": str(root), "PYTHON": sys.executable}
        return shell(str(root / "run_autograder"), **place)

    return root, run


def test_the_zip_has_what_gradescope_looks_for_at_its_root(gradescope_zip, shell):
    with zipfile.ZipFile(gradescope_zip) as archive:
        for name in ("setup.sh", "run_autograder"):
            assert stat.S_IMODE(archive.getinfo(name).external_attr >> 16) == 0o755
            text = archive.read(name).decode()
            assert text.startswith("#!/usr/bin/env bash\n") and "\r" not in text
            path = Path(archive.extract(name, gradescope_zip.parent))
            assert shell("bash", "-n", str(path)).returncode == 0
        assert f'"torch=={version("torch").partition("+")[0]}"' in archive.read("setup.sh").decode()
        assert f"hypothesis=={version('hypothesis')}" in archive.read("requirements.txt").decode().splitlines()
        assert not [name for name in archive.namelist() if "__pycache__" in name or "cli" in name.split("/")]


def test_the_zip_holds_what_judges_and_nothing_of_the_rest(mini_course, tmp_path):
    course = Course(shutil.copytree(mini_course.root, tmp_path / "course"))
    unit = course.curriculum.unit("averages")
    for beside in ("oracle.py", "figures.py", "program.py", "variants/loops.py", "figures/heap.svg"):
        write_text(course.folder(unit) / beside, "x = 1\n")
    write_text(course.content / "guide" / "teach.md", "# Teach\n")
    [path] = [
        path
        for path in release(course, "averages", (unit,), tmp_path / "out", "gradescope", seed=7)
        if path.suffix == ".zip"
    ]
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    content = {name for name in names if name.startswith("home/")}
    assert content == {"home/course/curriculum.toml"} | {
        f"home/{name.format(unit.address)}"
        for unit in course.curriculum.built
        for name in (
            *("course/{}/index.md", "course/{}/checks.py", "course/{}/mistakes.py"),
            *("exercises/{}.py", "solutions/{}.py"),
        )
    }
    platform = {name for name in names if name.startswith("grader/")}
    assert {name.split("/")[1] for name in platform} == {"__init__.py", "ground", "curriculum", "judge", "classroom"}
    rooms = (Path(grader.__file__).parent / room for room in ("ground", "curriculum", "judge", "classroom"))
    assert len(platform) == 1 + sum(1 for room in rooms for path in room.rglob("*.py"))
    assert {name for name in names - content - platform if ".dist-info/" not in name} == {
        *("setup.sh", "run_autograder", "requirements.txt", "autograder.json"),
    }


def test_results_are_in_gradescopes_format(image, mini_course, answers):
    root, run = image
    (root / "submission" / "unit1_averages.py").write_text(answers["averages"].replace("return x - mean(x)", WRONG))
    (root / "submission" / "notes.py").write_text("x = 1\n")
    ran = run()
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    document = json.loads((root / "results" / "results.json").read_text())
    follows_the_format(document)
    tests = {test["extra_data"]["exercise"]: test for test in document["tests"]}
    assert {name: (test["score"], test["max_score"], test["status"]) for name, test in tests.items()} == {
        "averages/mean": (2, 2, "passed"),
        "averages/centre": (0, 1, "failed"),
        "spread/variance": (0, 3, "failed"),
    }
    assert [test["number"] for test in document["tests"]] == ["1.1.1", "1.1.2", "1.2.1"]
    assert FAKED.strip() in tests["averages/centre"]["output"]
    assert document["extra_data"]["seed"] == 7 and document["extra_data"]["confined"] == confine.can_confine()
    # The same judge as here, so the same verdict.
    assert document["extra_data"]["checker"] == checker_version(mini_course)


def test_a_submission_that_cannot_be_read_gets_one_line_and_no_points(image):
    root, run = image
    (root / "submission").rmdir()
    os.symlink("/etc", root / "submission")
    ran = run()
    assert ran.returncode == 0, ran.stderr
    document = json.loads((root / "results" / "results.json").read_text())
    follows_the_format(document)
    assert document["score"] == 0 and document["output"] == "submission is a link; hand in the file or folder itself."


def test_a_judge_that_cannot_work_gives_no_points_at_all(image):
    root, run = image
    (root / "source" / "grader" / "judge" / "door" / "service.py").write_text("raise SystemExit('no room')\n")
    ran = run()
    assert ran.returncode == 1 and "The autograder could not work" in ran.stderr
    assert not list((root / "results").iterdir())


# ------------------------------------------------------------------------------------------------------------ GitHub


@pytest.fixture
def repository(mini_course, tmp_path):
    """A student's repository, and the workflow in it."""
    name, units = released_units(mini_course, "averages")
    release(mini_course, name, units, tmp_path, "github-classroom", install="git+https://example.org/course")
    root = tmp_path / "averages-template"
    return root, yaml.safe_load((root / ".github" / "workflows" / "classroom.yml").read_text())


def notices(stdout: str) -> dict[str, str]:
    """The notices that GitHub's runner would take from a step's output: none between stop-commands and its word."""
    found, word = {}, None
    for line in stdout.splitlines():
        line = line.strip()
        if word:
            word = None if line == f"::{word}::" else word
        elif line.startswith("::stop-commands::"):
            word = line.removeprefix("::stop-commands::")
        elif line.startswith("::notice title="):
            title, _, text = line.removeprefix("::notice title=").partition("::")
            found[title] = text
    return found


def test_the_workflow_is_one_that_github_and_its_reporter_know(repository):
    root, workflow = repository
    assert workflow["name"] == "Autograding Tests" and list(workflow["jobs"]) == ["run-autograding-tests"]
    assert workflow[True] == ["push", "workflow_dispatch"]  # YAML's `on`
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["run-autograding-tests"]["steps"]
    assert steps[2]["env"] == {"COURSE": "git+https://example.org/course"} and '"$COURSE"' in steps[2]["run"]
    assert {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} == {
        "README.md",
        ".gitignore",
        ".github/workflows/classroom.yml",
        "phase1_numbers/unit1_averages.py",
        "phase1_numbers/unit1_averages.md",
    }


@pytest.mark.parametrize(("solved", "points", "code"), [(True, 3, 0), (False, 2, 1)])
def test_a_push_reports_its_points_and_nothing_that_student_code_says(
    repository, answers, shell, tmp_path, solved, points, code
):
    root, workflow = repository
    text = answers["averages"] if solved else answers["averages"].replace("return x - mean(x)", WRONG)
    (root / "phase1_numbers" / "unit1_averages.py").write_text(text, encoding="utf-8")
    command = workflow["jobs"]["run-autograding-tests"]["steps"][3]["run"]
    ran = shell("bash", "-c", f"cd {root} && {command}", GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    assert ran.returncode == code, ran.stderr
    assert notices(ran.stdout) == {
        "Autograding complete": f"Points {points}/3",
        "Autograding report": f'{{"totalPoints":{points},"maxPoints":3}}',
    }
    assert f"{points} of 3 points" in (tmp_path / "summary.md").read_text()


def test_student_text_cannot_end_the_silence(mini_course):
    [unit] = released_units(mini_course, "spread")[1]
    nasty = "::stop-commands::x\n::x::\n" + FAKED
    verdict = Verdict({"spread/variance": ExerciseVerdict(Outcome.FAILED, 0, 3, nasty)}, "", "", 0, "check", True)
    assert notices(report(verdict, [unit]))["Autograding report"] == '{"totalPoints":0,"maxPoints":3}'


def test_an_unknown_unit_is_one_line_and_exit_2(repository, shell):
    root, _ = repository
    ran = shell("bash", "-c", f"cd {root} && python -m grader.classroom github avrages")
    assert ran.returncode == 2 and ran.stderr.count("\n") == 1 and "did you mean averages" in ran.stderr
