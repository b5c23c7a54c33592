"""One submission in, one verdict out: what a learner sees for each way of being right or wrong."""

import shutil
import subprocess
import sys

import pytest

from grader.curriculum import Course, UnknownId
from grader.judge import Judge, Submission, Verdict
from grader.judge.door.client import JudgeUnavailable

AVERAGES, SPREAD = "phase1_numbers/unit1_averages", "phase1_numbers/unit2_spread"

RIGHT = "import numpy as np\ndef mean(x):\n    return float(np.mean(x))\ndef centre(x):\n    return x - mean(x)\n"


def with_mean(body: str, head: str = "import numpy as np") -> Submission:
    """A submission whose `mean` has this body, and whose `centre` is right."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    text = f"{head}\n\ndef mean(x):\n{lines}\n\ndef centre(x):\n    return x - np.mean(x)\n"
    return Submission({AVERAGES: text.encode()})


def mean_of(judge: Judge, submission: Submission, **kwargs):
    return judge.check(submission, ["averages/mean"], **kwargs).exercises["averages/mean"]


def test_the_reference_passes_in_every_profile(mini_course, mini_judge):
    submission = Submission.read(mini_course.root / "solutions", mini_course)
    for profile, seed in [("check", 0), ("grade", 11), ("author", 12345)]:
        verdict = mini_judge.check(submission, profile=profile, seed=seed)
        assert verdict.passed and verdict.points == verdict.max_points == 12
        assert [one.verdict for one in verdict.exercises.values()] == ["passed"] * 6


def test_the_untouched_stub_is_not_attempted(mini_course, mini_judge):
    verdict = mini_judge.check(Submission.read(mini_course.root / "exercises", mini_course))
    assert {one.verdict for one in verdict.exercises.values()} == {"not attempted"}
    assert not verdict.passed and verdict.points == 0


def test_a_stub_in_nbgraders_words_is_not_attempted(mini_course, mini_judge):
    text = mini_course.stub(mini_course.curriculum.unit("averages")).read_text()
    bare = text.replace('NotImplementedError("mean")', "NotImplementedError()")
    assert bare != text
    assert mean_of(mini_judge, Submission({AVERAGES: bare.encode()})).verdict == "not attempted"


@pytest.mark.parametrize("text", ["", '"""Only words."""\n', "import numpy as np\n"])
def test_a_file_that_defines_nothing_is_not_attempted(mini_judge, text):
    assert mean_of(mini_judge, Submission({AVERAGES: text.encode()})).verdict == "not attempted"
    assert mean_of(mini_judge, Submission({})).verdict == "not attempted"


def test_a_wrong_value_is_a_sentence_with_the_smallest_input_and_the_mistake_named(mini_judge):
    one = mean_of(mini_judge, with_mean("return float(np.sum(x))"))
    assert (one.verdict, one.points, one.max_points) == ("failed", 0, 2)
    assert one.message.splitlines()[0] == "mean — matches the reference"
    assert "called with x (2,)" in one.message and "returned" in one.message and "expected" in one.message
    assert one.diagnosis == "undivided" and "The sum is not divided at all." in one.message
    assert one.section == "phase1_numbers/unit1_averages#the-wrong-divisor"
    assert "impl.mean(np.array(" in one.repro


@pytest.mark.parametrize("mistake", ["one_too_few", "undivided"])
def test_each_known_mistake_is_told_from_the_others(mini_judge, mistake):
    bodies = {"one_too_few": "return float(x.sum()) / max(len(x) - 1, 1)", "undivided": "return float(sum(x))"}
    assert mean_of(mini_judge, with_mean(bodies[mistake])).diagnosis == mistake


def test_a_mistake_in_a_second_name_of_the_exercise_is_diagnosed(mini_course, mini_judge):
    text = mini_course.reference(mini_course.curriculum.unit("spread")).read_text()
    wrong = text.replace("self.std = variance(x).sqrt()", "self.std = variance(x)")
    assert wrong != text
    one = mini_judge.check(Submission({SPREAD: wrong.encode()})).exercises["spread/variance"]
    assert (one.verdict, one.diagnosis) == ("failed", "ByTheVariance")


@pytest.mark.parametrize("seed", [1988601454, 139951793, 458825077])
def test_the_smallest_input_alone_does_not_name_a_mistake(mini_judge, seed):
    """Of two numbers, the sum and the sum over one less than the count are the same."""
    verdict = mean_of(mini_judge, with_mean("return float(np.sum(x))"), profile="grade", seed=seed)
    assert verdict.diagnosis == "undivided"


def test_of_two_mistakes_the_one_behind_the_first_failure_is_named(mini_course, mini_judge):
    text = mini_course.reference(mini_course.curriculum.unit("spread")).read_text()
    twice = text.replace(".square().mean()", ".var()").replace("return x / self.std", "return x * 3")
    one = mini_judge.check(Submission({SPREAD: twice.encode()})).exercises["spread/variance"]
    assert (one.verdict, one.diagnosis) == ("failed", "sample_variance")


def test_the_repro_of_a_scenario_runs_as_it_stands(mini_course, mini_judge, tmp_path):
    text = mini_course.reference(mini_course.curriculum.unit("spread")).read_text()
    source = text.replace("return x / self.std", "return x * 3").encode()
    one = mini_judge.check(Submission({SPREAD: source})).exercises["spread/variance"]
    files = {SPREAD: source, AVERAGES: mini_course.reference(mini_course.curriculum.unit("averages")).read_bytes()}
    for address, content in files.items():
        (tmp_path / address).parent.mkdir(exist_ok=True)
        (tmp_path / f"{address}.py").write_bytes(content)
    (tmp_path / "repro.py").write_text(one.repro)
    ran = subprocess.run([sys.executable, "repro.py"], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0 and "tensor(" in ran.stdout, ran.stderr


def test_an_unknown_mistake_gets_no_diagnosis(mini_judge):
    one = mean_of(mini_judge, with_mean("return float(np.mean(x) + 0.25 * np.max(x) ** 2)"))
    assert (one.verdict, one.diagnosis, one.section) == ("failed", None, None)


@pytest.mark.parametrize(
    ("body", "verdict", "words"),
    [
        ("return np.mean(x).astype(str)", "failed", "returned the str"),
        ("return None", "failed", "returned None"),
        ("return x", "failed", "returned a ndarray (1,) float64"),
        ("class Lie(float):\n    __eq__ = lambda *_: True\nreturn Lie(1)", "failed", "returned a `Lie`"),
        ("return float('nan')", "failed", "returned nan"),
        ("return x[99]", "crashed", "raised IndexError"),
        ("raise SystemExit(0)", "crashed", "raised SystemExit"),
        ("import os; os._exit(0)", "crashed", "ended the process"),
        ("return mean(x)", "crashed", "RecursionError"),
        ("import pytest; pytest.skip('please')", "crashed", "raised"),
        ("raise NotImplementedError", "not attempted", "not written yet"),
    ],
)
def test_ways_of_being_wrong(mini_judge, body, verdict, words):
    one = mean_of(mini_judge, with_mean(body))
    assert one.verdict == verdict and words in one.message and one.points == 0


def test_what_does_not_return_is_timed_out_and_the_next_exercise_is_judged(mini_judge):
    stubborn = "while True:\n    try:\n        pass\n    except BaseException:\n        pass"
    verdict = mini_judge.check(with_mean(stubborn))
    assert verdict.exercises["averages/mean"].verdict == "timed out"
    assert "did not return within" in verdict.exercises["averages/mean"].message
    assert verdict.exercises["averages/centre"].verdict == "passed"


def test_a_syntax_error_names_file_and_line(mini_judge):
    one = mean_of(mini_judge, Submission({AVERAGES: b"def mean(x:\n    return 1\n"}))
    assert one.verdict == "crashed" and "SyntaxError" in one.message and "unit1_averages.py, line 1" in one.message


def test_raising_at_import_is_one_clear_sentence(mini_judge):
    broken = with_mean("return 1.0", head="import numpy as np\nraise OSError('no such luck')")
    for one in mini_judge.check(broken).exercises.values():
        assert one.verdict == "crashed" and "raised OSError: no such luck" in one.message


def test_a_file_that_never_finishes_importing_is_timed_out_throughout(mini_judge):
    endless = with_mean("return 1.0", head="import numpy as np\nwhile True: pass")
    assert {one.verdict for one in mini_judge.check(endless).exercises.values()} == {"timed out"}


def test_a_renamed_function_is_missed_by_name(mini_judge):
    one = mean_of(mini_judge, Submission({AVERAGES: RIGHT.replace("mean", "average").encode()}))
    assert one.verdict == "failed"
    assert "defines no `mean`" in one.message
    near = mean_of(mini_judge, Submission({AVERAGES: RIGHT.replace("def mean", "def means").encode()}))
    assert "is it the one called `means`?" in near.message


def test_prints_are_kept_bounded_and_harmless(mini_judge):
    noisy = with_mean("print('\\x1b[2J✓ passed' * 100_000)\nreturn float(np.mean(x))")
    one = mean_of(mini_judge, noisy)
    assert one.verdict == "passed"
    assert 1000 < len(one.output) < 20_000 and "\x1b" not in one.output


def test_a_result_that_changes_from_call_to_call_is_called_that(mini_judge):
    restless = with_mean("import time\nreturn float(time.perf_counter_ns())")
    one = mean_of(mini_judge, restless)
    assert one.verdict == "failed" and one.diagnosis == "another each time"


def test_inputs_do_not_travel_back_changed(mini_judge):
    one = mini_judge.check(
        Submission({AVERAGES: (RIGHT + "\ndef centre(x):\n    x -= x.mean()\n    return x\n").encode()}),
        ["averages/centre"],
    ).exercises["averages/centre"]
    assert one.verdict == "passed"


def test_the_same_source_checker_and_seed_give_the_same_verdict(mini_course, mini_judge):
    wrong = with_mean("return float(np.median(x))")
    first = mini_judge.check(wrong, seed=5)
    with Judge(mini_course) as other:
        assert other.check(wrong, seed=5) == first
    assert first.source_sha256 == wrong.sha256 and first.seed == 5
    assert Verdict.from_dict(first.to_dict()) == first


def test_an_exercise_is_judged_the_same_alone_and_in_company(mini_judge):
    wrong = Submission({AVERAGES: RIGHT.replace("x - mean(x)", "x - mean(x) - 0.25").encode()})
    alone, in_company = mini_judge.check(wrong, ["averages/centre"], seed=3), mini_judge.check(wrong, seed=3)
    assert alone.exercises["averages/centre"] == in_company.exercises["averages/centre"]


def test_a_verdict_of_another_schema_is_refused(mini_judge):
    data = mini_judge.check(with_mean("return 0.0")).to_dict()
    with pytest.raises(ValueError, match="schema 99"):
        Verdict.from_dict({**data, "schema": 99})


def test_targets_may_be_units_numbers_and_exercises(mini_judge):
    right = Submission({AVERAGES: RIGHT.encode()})
    assert set(mini_judge.check(right, ["1.1"]).exercises) == {"averages/mean", "averages/centre"}
    assert set(mini_judge.check(right, ["averages/centre"]).exercises) == {"averages/centre"}
    with pytest.raises(UnknownId):
        mini_judge.check(right, ["quantiles"])


def test_wrong_and_slow_is_wrong_and_not_timed_out(mini_judge):
    """Looking for a smaller input takes up the exercise's time; what was found before counts."""
    one = mean_of(mini_judge, with_mean("time.sleep(4)\nreturn float(x.mean()) + (len(x) > 2)", head="import time"))
    assert one.verdict == "failed" and "called with x" in one.message and "expected" in one.message


@pytest.fixture(scope="module")
def odd_judge(mini_course, tmp_path_factory):
    """A judge of the small course with two more checks: one that the reference fails for some inputs, one that
    changes its inputs, draws as it goes, and asks for what an answer made of them."""
    root = tmp_path_factory.mktemp("odd") / "course"
    shutil.copytree(mini_course.root, root, ignore=shutil.ignore_patterns("__pycache__"))
    course = Course(root)
    checks = course.checks(course.curriculum.unit("averages"))
    added = (
        "    @given(x=vectors)\n    def test_is_not_of_two(self, learner, x):\n"
        "        assert learner.mean(x) is not None and len(x) != 2\n\n"
        "    @given(data=st.data(), x=vectors)\n    def test_of_itself(self, learner, data, x):\n"
        "        x += data.draw(arrays(len(x)))\n"
        "        expect(learner.mean(x - learner.mean(x)), 0.0, atol=1e-9)\n\n\n"
        '@exercise("centre")'
    )
    text = checks.read_text(encoding="utf-8").replace('\n@exercise("centre")', added, 1)
    checks.write_text(text, encoding="utf-8")
    with Judge(course) as judge:
        yield judge


def test_an_input_that_the_reference_fails_judges_nobody(odd_judge):
    for _ in range(2):  # the second one meets the plan of the first
        verdict = odd_judge.check(with_mean("return float(np.sort(x).mean())"), ["averages/mean"])
        assert verdict.passed and len(verdict.exercises["averages/mean"].checks) == 4
        assert verdict.notes == ("averages/mean: an input was left out that the course's own solution does not pass.",)
    with pytest.raises(JudgeUnavailable, match="test_is_not_of_two fails on the reference itself"):
        odd_judge.check(with_mean("return float(x.mean())"), ["averages/mean"], profile="author")


def test_a_check_may_change_its_inputs_and_go_by_answers(odd_judge):
    verdict = mean_of(odd_judge, with_mean("return float(x.mean() + (abs(x.mean()) < 1e-15))"))
    failed = next(one for one in verdict.checks if one.name == "of itself")
    assert not failed.passed and "expected 0" in failed.message
    assert verdict.repro
