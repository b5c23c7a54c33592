"""What is broken on the judge's own side, a check or a reference or a caller, spoils nothing else."""

import os
import re
import shutil
import socket
import struct

import hypothesis
import pytest

from grader.curriculum import Course
from grader.judge import Judge, Submission
from grader.judge.door.client import JudgeUnavailable

AVERAGES, SPREAD = "phase1_numbers/unit1_averages", "phase1_numbers/unit2_spread"


@pytest.fixture
def copied(mini_course, tmp_path):
    shutil.copytree(mini_course.root, tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__"))
    return Course(tmp_path / "course")


def replace(path, before, after):
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_a_check_that_its_reference_fails_stops_no_other(copied):
    replace(copied.checks(copied.curriculum.unit("averages")), "assert abs(learner.centre(x).sum()) <=", "assert -1 >=")
    wrong = "import numpy as np\ndef mean(x):\n    return float(np.sum(x))\ndef centre(x):\n    return x - np.mean(x)\n"
    submission = Submission({AVERAGES: wrong.encode()})
    with Judge(copied) as judge:
        before = judge.check(submission, ["averages/mean"])
        with pytest.raises(JudgeUnavailable, match="test_sums_to_nothing has no input that the reference passes"):
            judge.check(submission, ["averages/centre"])
        assert judge.check(submission, ["averages/mean"]) == before
    one = before.exercises["averages/mean"]
    assert one.diagnosis == "undivided" and "called with x (2,)" in one.message


def test_a_unit_that_is_broken_stops_no_later_one(copied):
    replace(copied.reference(copied.curriculum.unit("averages")), "import numpy", "import no_such_module\nimport numpy")
    replace(
        copied.reference(copied.curriculum.unit("spread")),
        "from phase1_numbers.unit1_averages import centre",
        "def centre(x):\n    return x - x.mean()",
    )
    right = copied.reference(copied.curriculum.unit("spread")).read_bytes()
    with Judge(copied) as judge:
        assert judge.check(Submission({SPREAD: right}), ["spread"]).passed
        with pytest.raises(JudgeUnavailable, match="no_such_module"):
            judge.check(Submission({AVERAGES: b"def mean(x):\n    return 0\n"}), ["averages"])


@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\n\r\n", struct.pack("<Q", 8) + b"garbage!", struct.pack("<Q", 1) + b"\x80"]
)
def test_a_caller_that_speaks_another_language_stops_nobody(copied, mini_course, said):
    right = mini_course.reference(mini_course.curriculum.unit("averages")).read_bytes()
    with Judge(copied) as judge:
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(str(judge._path))
            stranger.sendall(said)
        assert judge.check(Submission({AVERAGES: right})).passed


@pytest.mark.parametrize(
    ("name", "value"), [("PYTEST_ADDOPTS", "-k nothing --no-such-option"), ("PYTEST_PLUGINS", "no_such_plugin")]
)
def test_how_somebody_likes_their_pytest_is_nothing_to_a_verdict(mini_course, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    right = mini_course.reference(mini_course.curriculum.unit("averages")).read_bytes()
    with Judge(mini_course) as judge:
        assert judge.check(Submission({AVERAGES: right})).passed


def test_a_check_that_changes_what_it_was_given_changes_no_other_ones_input(copied):
    checks = copied.checks(copied.curriculum.unit("averages"))
    replace(checks, "vectors = dims(6).flatmap(lambda n: arrays(n))", "vectors = st.sampled_from([np.ones(2)])")
    replace(checks, "from hypothesis import given", "import numpy as np\nfrom hypothesis import given")
    replace(checks, "        assert abs(learner", "        assert x.sum() == 2\n        assert abs(learner")
    replace(checks, '        both.agree("centre"', '        x *= 0\n        both.agree("centre"')
    right = copied.reference(copied.curriculum.unit("averages")).read_bytes()
    with Judge(copied) as judge:
        assert judge.check(Submission({AVERAGES: right})).passed


RENAMED = """
import sys

if "grader.judge" in sys.orig_argv:
    from hypothesis import settings

    apply = settings.__call__

    def renamed(self, test):
        applied = apply(self, test)
        test._settings_done = vars(test).pop("_hypothesis_internal_settings_applied")
        return applied

    settings.__call__ = renamed
"""


def test_a_hypothesis_that_keeps_its_notes_elsewhere_is_named_and_judges_nobody(mini_course, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(RENAMED, encoding="utf-8")
    before = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *([before] if before else [])]))
    right = mini_course.reference(mini_course.curriculum.unit("averages")).read_bytes()
    with (
        Judge(mini_course) as judge,
        pytest.raises(JudgeUnavailable, match=rf"^hypothesis {re.escape(hypothesis.__version__)} no longer notes"),
    ):
        judge.check(Submission({AVERAGES: right}))
