"""`course grade` with its options, as it is typed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from grader.ground.files import write_text

AVERAGES = "phase1_numbers/unit1_averages.py"


@pytest.fixture
def course_grade(mini_course, tmp_path, empty, answers):
    """Run it in a folder with a class and a roster; returns exit code, stdout and stderr."""
    path = write_text(tmp_path / "class" / "Ada" / AVERAGES, answers["averages"])
    os.utime(path, (1_790_000_000, 1_790_000_000))  # 2026-09-21
    write_text(tmp_path / "roster.csv", "student_id,due\nAda,2026-09-20\nBo,2026-09-20\n")
    shutil.copy(empty, tmp_path / "book.db")

    def run(*words):
        command = [sys.executable, "-c", "import sys; from grader.cli import main; sys.exit(main())", "grade", "class"]
        command += ["--out", "out", "--gradebook", "sqlite:///book.db", *words]
        environment = {**os.environ, "COURSE_HOME": str(mini_course.root)}
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        return ran.returncode, ran.stdout, ran.stderr

    return run


def test_lateness_attempts_and_pseudonyms(course_grade, tmp_path):
    options = ("--roster", "roster.csv", "--late", "20", "--grace", "1", "--attempts", "best", "--anonymous")
    code, out, _ = course_grade(*options, "--json")
    document = json.loads(out)
    assert code == 0 and len(document["students"]) == 2
    hidden = dict(line.split(",") for line in (tmp_path / "out.names.csv").read_text().splitlines())
    assert document["late"] == {hidden["Ada"]: {"averages": pytest.approx(0.2)}}

    code, out, _ = course_grade(*options, "--regrade", "Ada")
    assert code == 0 and "2.4/3" in out and hidden["Ada"] in out and "Ada" not in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--attempts", "first"), "choose last or best"),
        (("--late", "10"), "add --roster FILE"),
        (("--roster", "nobody.csv"), "nobody.csv cannot be read"),
        (("--late", "200"), "200"),
        (("--cluster", "nowhere"), "No Dask scheduler answers at nowhere"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_judged(course_grade, tmp_path, words, says):
    code, out, said = course_grade(*words)
    assert (code, out) == (2, "") and said.count("\n") == 1 and says in said
    assert not (tmp_path / "out" / "verdicts").exists()
