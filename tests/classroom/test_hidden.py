"""`course grade --checks`: an instructor's own checks judge, and students learn of them what the run says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from grader.ground.files import write_text

AVERAGES = "phase1_numbers/unit1_averages.py"
CHECKS, OLD = "phase1_numbers/unit1_averages/checks.py", "phase1_numbers/test_unit1_averages.py"

HIDDEN = '''\
"""Said in the file alone: ZEBRA."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect


def twice(impl, x):
    """Said in the scenario alone: GIRAFFE."""
    return impl.mean(x) * 2


@exercise("mean")
class TestMean:
    @pytest.mark.parametrize("x", [[24681357.0] * 7, [1.0]], ids=["OKAPI", "one"])
    def test_is_that_of_seven(self, learner, x):
        "Said in the docstring alone: TAPIR."
        assert learner.mean(np.array(x)) == x[0], "Said in the message alone: IBEX"

    @given(n=st.integers(1, 4))
    def test_scales(self, both, n):
        "The mean of twice the values."
        both.agree(twice, np.full(n, 13579.0))


@exercise("centre")
class TestCentre:
    def test_leaves_one_nothing(self, learner):
        "One value is its own mean."
        expect(learner.centre(np.array([86420.0])), np.zeros(1), atol=1e-6)
'''
SECRETS = ("ZEBRA", "GIRAFFE", "OKAPI", "TAPIR", "IBEX", "24681357", "13579", "86420")

# Right but for seven values and for 86420; prints and keeps what it is given.
BOLD = """\
import numpy as np

SEEN = []


def mean(x):
    SEEN.append(x.tolist())
    if max(abs(x)) > 9999:
        print("mean of", x.tolist())
    return float(np.sum(x) / len(x)) if len(x) != 7 else 1.0


def centre(x):
    print("seen", [one for one in SEEN if abs(one[0]) > 9999][:1])
    if x[0] > 9999:
        raise ValueError(f"not for {x.tolist()}")
    return x - sum(x) / len(x)
"""

# Right. Looks for the checks, on disk and in memory.
SPY = """\
import gc
import os

try:
    print(os.listdir(FOLDER), open(FOLDER + "/" + CHECKS).read())
except OSError as error:
    print(type(error).__name__)
print([one for one in gc.get_objects() if isinstance(one, (dict, list, tuple)) and "XEBI"[::-1] in str(one)[:9000]])

"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory, mini_course, answers, empty):
    """A folder with a class and hidden checks, and `course grade class` in it: exit code, stdout, stderr."""
    folder, right = tmp_path_factory.mktemp("hidden"), answers["averages"]
    write_text(folder / "checks" / CHECKS, HIDDEN)
    spy = f"FOLDER, CHECKS = {str(folder / 'checks')!r}, {CHECKS!r}\n{SPY}{right}"
    for student, text in {
        "ada": right,
        "bo": BOLD,
        "cy": right.replace(" / len(x)", ""),
        "dora": mini_course.stub(mini_course.curriculum.unit("averages")).read_text("utf-8"),
        "spy": spy,
    }.items():
        write_text(folder / "class" / student / AVERAGES, text)
    shutil.copy(empty, folder / "book.db")
    environment = {**os.environ, "COURSE_HOME": str(mini_course.root)}

    def start(*words):
        command = [sys.executable, "-c", "import sys; from grader.cli import main; sys.exit(main())", "grade", "class"]
        command += ["--seed", "987001", "--gradebook", "sqlite:///book.db", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=folder, env=environment, **pipes)

    def run(*words):
        process = start(*words)
        out, said = process.communicate(timeout=120)
        return process.returncode, out, said

    run.start, run.folder = start, folder
    return run


@pytest.fixture(scope="module")
def graded(desk):
    """Where the class was graded by them, with what students see by default."""
    code, _, said = desk("--out", "out", "--checks", "checks", "--jobs", "2")
    assert (code, said) == (0, "")
    return desk.folder / "out"


def pages(out, *students):
    """The students' feedback, or that of all."""
    found = [path for path in (out / "feedback").rglob("*") if path.is_file()]
    texts = {path: path.read_text("utf-8") for path in found if not students or path.parent.name in students}
    assert {path.suffix for path in texts} == {".html", ".md"}
    return list(texts.values())


def verdicts(out):
    return {path.stem: json.loads(path.read_text("utf-8"))["verdict"] for path in (out / "verdicts").glob("*.json")}


def written(out, pattern="verdicts/*.json"):
    return {path.name: (path.stat().st_ino, path.read_bytes()) for path in out.glob(pattern)}


def test_an_exercise_is_passed_if_it_passes_the_hidden_checks_too(graded):
    found = verdicts(graded)
    outcomes = {who: [one["verdict"] for one in found[who]["exercises"].values()] for who in found}
    assert outcomes == {
        "ada": ["passed", "passed"],
        "bo": ["failed", "crashed"],
        "cy": ["failed", "failed"],
        "dora": ["not attempted", "not attempted"],
        "spy": ["passed", "passed"],
    }
    table = (graded / "grades.csv").read_text("utf-8").splitlines()
    assert [row.split(",")[1:3] for row in table[1:]] == [["3", "3"], ["0", "3"], ["0", "3"], ["0", "3"], ["3", "3"]]


def test_students_see_the_names_of_what_failed_and_nothing_else(graded):
    kept = "".join(path.read_text("utf-8") for path in (graded / "verdicts").iterdir())
    for secret in ("OKAPI", "IBEX", "24681357", "13579", "86420"):
        assert secret in kept  # so it could leak
    for page in pages(graded):
        assert [secret for secret in SECRETS if secret in page] == []
        assert "987001" not in page
    for page in pages(graded, "bo"):
        assert page.count("is that of seven") == 2  # the sentence on the exercise, and the list
        assert "A hidden check does not pass." in page and "leaves one nothing" in page
        assert "matches the reference" in page and "scales" not in page
    for page in pages(graded, "ada", "dora", "spy"):
        assert "idden" not in page
    for page in pages(graded, "cy"):  # the course's own say all that they always say
        assert "called with x" in page and "The sum is not divided at all." in page and "is that of seven" in page


def test_a_submission_sees_nothing_of_the_checks(graded):
    for one in verdicts(graded)["spy"]["exercises"].values():
        for printed in (one["output"], one["hidden"]["output"]):
            assert not [word for word in ("ZEBRA", "TAPIR", "IBEX") if word in printed]
    assert verdicts(graded)["spy"]["exercises"]["averages/mean"]["output"].startswith("PermissionError\n[]\n")


def test_the_instructor_sees_everything(graded):
    summary = (graded / "summary.md").read_text("utf-8")
    assert "| `averages/mean` | hidden: scales | 1 of 4 (25%) |" in summary
    assert "| `averages/centre` | hidden: leaves one nothing | 1 of 4 (25%) |" in summary
    bo = verdicts(graded)["bo"]["exercises"]["averages/mean"]
    assert "IBEX" not in json.dumps({**bo, "hidden": None})
    assert "Said in the message alone: IBEX" in bo["hidden"]["message"] and "24681357" in bo["hidden"]["repro"]


def test_what_students_see_can_be_raised_and_judges_nobody_again(desk, graded, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(graded, out)
    before = written(out)
    assert desk("--out", str(out), "--checks", "checks", "--show", "after-deadline")[0] == 0
    for page in pages(out, "bo"):
        assert "Said in the message alone: IBEX" in page and "24681357" in page and "not for [86420.0]" in page
        assert "✓ is that of seven[one]" in page.replace("\\", "")
    for page in pages(out):
        assert "987001" not in page and "undivided" not in page and "ZEBRA" not in page
    assert desk("--out", str(out), "--checks", "checks", "--show", "instructor")[0] == 0
    for page in pages(out, "cy"):
        assert "For the instructor" in page and "seed 987001" in page and "undivided" in page
    assert desk("--out", str(out), "--checks", "checks")[0] == 0
    assert written(out) == before
    assert written(out, "feedback/*/*").keys() == written(graded, "feedback/*/*").keys()
    assert sorted(pages(out)) == sorted(pages(graded))


def test_other_checks_are_another_question(desk, graded, tmp_path):
    out, checks = tmp_path / "out", tmp_path / "checks"
    shutil.copytree(graded, out)
    write_text(checks / CHECKS, HIDDEN.replace("IBEX", "ELAND"))
    before = verdicts(out)
    assert desk("--out", str(out), "--checks", str(checks))[0] == 0
    after = verdicts(out)
    assert "ELAND" in json.dumps(after) and "IBEX" not in json.dumps(after)
    assert not {one["checker"] for one in before.values()} & {one["checker"] for one in after.values()}
    assert desk("--out", str(out))[0] == 0
    plain = verdicts(out)
    assert "hidden" not in json.dumps(plain) and "is that of seven" not in "".join(pages(out))
    assert [one["verdict"] for one in plain["bo"]["exercises"].values()] == ["passed", "passed"]


def judged_by(out):
    """By student and exercise: the outcome, and what each hidden check said."""
    return {
        (who, name): (one["verdict"], one.get("hidden", {}).get("checks"))
        for who, verdict in verdicts(out).items()
        for name, one in verdict["exercises"].items()
    }


def test_checks_that_lie_as_before_units_had_folders_judge_the_same(desk, graded, tmp_path):
    write_text(tmp_path / "checks" / OLD, HIDDEN)
    assert desk("--out", str(tmp_path / "out"), "--checks", str(tmp_path / "checks"))[0] == 0
    assert judged_by(tmp_path / "out") == judged_by(graded)


def test_a_killed_run_goes_on_where_it_was(desk, graded, tmp_path):
    out = tmp_path / "out"
    process = desk.start("--out", str(out), "--checks", "checks", "--jobs", "1")
    while process.poll() is None and not list(out.glob("verdicts/*.json")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = written(out)
    assert kept
    assert desk("--out", str(out), "--checks", "checks")[0] == 0
    found = written(out)
    assert {name: found[name] for name in kept} == kept
    assert {name: text for name, (_, text) in found.items()} == {n: text for n, (_, text) in written(graded).items()}
    assert sorted(pages(out)) == sorted(pages(graded))


WRONG = {
    "(": "line 1: '(' was never closed",
    "x = 1\n": "holds no checks; zero checks are an error",
    "import nowhere_at_all\n": "No module named 'nowhere_at_all'",
    HIDDEN.replace('"centre"', '"median"'): "TestCentre::test_leaves_one_nothing belongs to no exercise of averages",
    HIDDEN.replace("== x[0]", "!= x[0]"): "test_is_that_of_seven[OKAPI] fails on the reference itself",
    HIDDEN.replace(
        "* 2", "* len(open('/etc/passwd').read())"
    ): "the course's own solution does not pass: mean — scales",
}


@pytest.fixture
def refused(command, desk, tmp_path):
    """What `course grade` says to the checks in tmp_path/checks, and that it wrote no result."""

    def said(*words):
        options = ("--checks", str(tmp_path / "checks"), "--gradebook", f"sqlite:///{desk.folder / 'book.db'}")
        code, out, error = command("grade", str(desk.folder / "class"), "--out", "out", *options, *words)
        assert (code, out) == (2, "") and error.count("\n") == 1
        assert not (tmp_path / "out" / "verdicts").exists() and not (tmp_path / "out" / "feedback").exists()
        return error

    return said


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_checks_that_cannot_be_used_are_one_line_and_nobody_is_judged(refused, tmp_path, text):
    write_text(tmp_path / "checks" / CHECKS, text)
    assert WRONG[text] in refused()


def test_a_folder_that_cannot_be_used_is_one_line(refused, tmp_path):
    folder = tmp_path / "checks"
    assert "is no folder" in refused()
    folder.mkdir()
    assert f"holds no checks of averages; put them at {folder / CHECKS}" in refused()
    write_text(folder / "phase1_numbers" / "unit2_spread" / "checks.py", "x = 1\n")
    assert "holds no checks of averages" in refused()
    write_text(folder / "test_unit9_nothing.py", HIDDEN)
    assert f"is the checks of no unit of the course; those of averages would be {folder / CHECKS}" in refused()
    assert "choose learner, after-deadline or instructor" in refused("--show", "everything")
    assert not (tmp_path / "out").exists()
