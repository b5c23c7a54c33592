"""An instructor's hidden checks, at the judge's door: laid out and written as today, or as before version 0.2."""

import pytest

from grader.curriculum import Course
from grader.judge import Judge, Submission
from grader.judge.door.client import JudgeUnavailable

AVERAGES = "phase1_numbers/unit1_averages"
TODAY, BEFORE = f"{AVERAGES}/checks.py", "phase1_numbers/test_unit1_averages.py"

CHECKS = """\
import numpy as np
from hypothesis import given

from grader.judge import exercise, expect
from grader.judge.terms.scenarios import arguments_afterwards
from grader.judge.trial.strategies import arrays, dims


def after_scaling(impl, x):
    return impl.centre(impl.mean(x) * np.ones(3))


@exercise("mean")
class TestMean:
    def test_is_that_of_seven(self, learner):
        "Seven times the same value."
        expect(learner.mean(np.full(7, 2.0)), 2.0)


@exercise("centre")
class TestCentre:
    @given(x=dims(4).flatmap(lambda n: arrays(n)))
    def test_leaves_a_constant_nothing(self, both, learner, x):
        "A constant is its own mean."
        both.agree(after_scaling, x, atol=1e-6)
        expect(learner.run(arguments_afterwards, "centre", x), [x])
"""

OLD_NAMES = CHECKS.replace("grader.judge.terms.", "grader.judge.").replace("grader.judge.trial.", "grader.judge.")

RIGHT = "import numpy as np\ndef mean(x):\n    return float(np.mean(x))\ndef centre(x):\n    return x - mean(x)\n"
WRONG_FOR_SEVEN = RIGHT.replace("float(np.mean(x))", "float(np.mean(x)) + (len(x) == 7)")


@pytest.fixture
def judge(mini_course, tmp_path):
    """A judge for the checks that are written below tmp_path."""

    def start(**checks):
        for place, text in ((TODAY, checks.get("today")), (BEFORE, checks.get("before"))):
            if text is not None:
                (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / place).write_text(text, encoding="utf-8")
        return Judge(Course(mini_course.root, tmp_path))

    return start


def outcomes(judge, text):
    return [one.verdict for one in judge.check(Submission({AVERAGES: text.encode()})).exercises.values()]


@pytest.mark.parametrize(
    "checks",
    [{"today": CHECKS}, {"before": OLD_NAMES}, {"today": OLD_NAMES}],
    ids=["of today", "of before", "moved, and not rewritten"],
)
def test_hidden_checks_are_found_and_understood(judge, checks):
    with judge(**checks) as door:
        right = door.check(Submission({AVERAGES: RIGHT.encode()}))
        wrong = door.check(Submission({AVERAGES: WRONG_FOR_SEVEN.encode()})).exercises["averages/mean"]
    assert right.passed and all(one.hidden.verdict == "passed" for one in right.exercises.values())
    assert [check.name for check in right.exercises["averages/centre"].hidden.checks] == ["leaves a constant nothing"]
    assert (wrong.verdict, wrong.points) == ("failed", 0) and all(check.passed for check in wrong.checks)
    assert wrong.message == "mean — is that of seven\n  A hidden check does not pass."
    assert wrong.refused_hidden == ("is that of seven",)


def test_where_both_layouts_are_there_todays_counts(judge):
    with judge(today=CHECKS, before=CHECKS.replace("2.0)", "3.0)")) as door:
        assert outcomes(door, RIGHT) == ["passed", "passed"]


def test_a_unit_without_hidden_checks_is_judged_as_ever(judge, mini_course):
    with judge() as door:
        verdict = door.check(Submission({AVERAGES: RIGHT.encode()}))
    assert verdict.passed and all(one.hidden is None for one in verdict.exercises.values())


@pytest.mark.parametrize("layout", ["today", "before"])
def test_hidden_checks_that_check_nothing_are_an_error_and_never_a_pass(judge, layout):
    with judge(**{layout: "x = 1\n"}) as door, pytest.raises(JudgeUnavailable, match="holds no checks; zero checks"):
        door.check(Submission({AVERAGES: RIGHT.encode()}))


@pytest.mark.parametrize("layout", ["today", "before"])
def test_hidden_checks_that_cannot_be_imported_are_an_error(judge, layout):
    with judge(**{layout: "import nowhere_at_all\n"}) as door, pytest.raises(JudgeUnavailable, match="nowhere_at_all"):
        door.check(Submission({AVERAGES: RIGHT.encode()}))
