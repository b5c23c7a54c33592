"""`pytest course --learner PATH`: the checks as ordinary tests in one process, for debugging."""

import subprocess
import sys
from pathlib import Path

import pytest

from grader.curriculum import Course

ROOT = Path(__file__).resolve().parents[2]


def ran(*words):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(("learner", "code", "words"), [("solutions", 0, "passed"), ("exercises", 1, "failed")])
def test_one_unit_runs_on_the_files_that_are_named(learner, code, words):
    unit = "course/phase1_foundations/unit1_python"
    found = ran(unit, "--learner", learner, "--hypothesis-profile", "check", "-x")
    assert found.returncode == code and words in found.stdout.splitlines()[-1], found.stdout[-2000:]


def test_the_checks_of_every_unit_are_collected_and_nothing_else():
    found = ran("course", "--learner", "solutions", "--collect-only")
    assert found.returncode == 0, found.stdout[-2000:]
    files = {line.partition("::")[0] for line in found.stdout.splitlines() if "::" in line}
    course = Course(ROOT)
    assert files == {str(course.checks(unit).relative_to(ROOT)) for unit in course.curriculum.built}


def test_a_folder_without_the_units_file_is_one_line(tmp_path):
    found = ran("course/phase1_foundations/unit1_python", "--learner", str(tmp_path), "-x")
    assert found.returncode != 0 and "--learner wants a folder laid out like a workspace" in found.stdout
