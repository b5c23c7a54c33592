"""Mutants: which faults are made, what they are called, and what a report says of the checks."""

import ast

import pytest

from grader.author.mutants import equivalents, judge_mutants, mutants
from grader.author.sampling import Part
from grader.curriculum import Course, CourseError
from grader.judge import ExerciseVerdict, Verdict


def mutants_of(course: Course, body: str, head: str = "def mean(x):", around: str = "") -> list[str]:
    """The ids of the mutants of a unit whose `mean` has this body, without the name."""
    unit = course.curriculum.unit("averages")
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    text = f"{around}\n{head}\n    ### BEGIN SOLUTION\n{lines}\n    ### END SOLUTION\n"
    course.reference(unit).write_text(text, encoding="utf-8")
    return [mutant.id.removeprefix("mean: ") for mutant in mutants(course, unit)]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("return x - m", ["`x - m` → `x + m`", "`x - m` → `x`"]),
        ("return a + b", ["`a + b` → `a - b`", "`a + b` → `a`", "`a + b` → `b`"]),
        ("return a @ b", ["`a @ b` → `b @ a`", "`a @ b` → `a`", "`a @ b` → `b`"]),
        ("return x.sum(1)", ["`x.sum(1)` → `x`", "`x.sum(1)` → `x.sum(2)`", "`x.sum(1)` → `x.sum(0)`"]),
        ("return -x", ["`return -x` → `return x`"]),
        ("return torch.exp(x)", ["`torch.exp(x)` → `x`"]),
        ("return torch.special.ndtri(x)", ["`torch.special.ndtri(x)` → `x`"]),
        ("return self.norm(x)", ["`self.norm(x)` → `x`"]),
        ("return x.detach()", ["`x.detach()` → `x`"]),
        ("return nn.Linear(d, d)", []),
        ("return x.to(y.device)", []),
        ("return x.to(y)", ["`x.to(y)` → `x`"]),
        ("return zeros(n, device=d)", ["`zeros(n, device=d)` → `n`"]),
        ("return f(a, b)", ["`f(a, b)` → `f(b, a)`", "`f(a, b)` → `a`"]),
        ("return x.mean(dim=d)", ["`x.mean(dim=d)` → `x.mean()`", "`x.mean(dim=d)` → `x`"]),
        ("return x < y", ["`x < y` → `x <= y`", "`x < y` → `x >= y`"]),
        ("return x is None", ["`x is None` → `x is not None`"]),
        ("return a and b", ["`a and b` → `a or b`"]),
        ("return not x", ["`return not x` → `return x`"]),
        ("return a if b else c", ["`a if b else c` → `a`", "`a if b else c` → `c`"]),
        ("return x[1:]", ["`x[1:]` → `x[:]`", "`x[1:]` → `x[2:]`", "`x[1:]` → `x[0:]`"]),
        ("return x[:, :k]", ["`x[:, :k]` → `x[:, :]`"]),
        ("return True", ["`return True` → `return False`"]),
        ("return 0.5", ["`return 0.5` → `return 1.0`"]),
        ("x += 1", ["`x += 1` → `x -= 1`", "without `x += 1`", "`x += 1` → `x += 2`", "`x += 1` → `x += 0`"]),
        ("x = f(x)", ["without `x = f(x)`", "`f(x)` → `x`"]),
        (
            "if a:\n    x.zero_()",
            ["`if a:` → `if not a:`", "without `if a:` …", "without `x.zero_()`", "`x.zero_()` → `x`"],
        ),
        ("with torch.no_grad():\n    pass", ["without `with torch.no_grad():`"]),
    ],
)
def test_each_kind_of_fault_and_its_name(tmp_course, body, wanted):
    assert sorted(mutants_of(tmp_course, body)) == sorted(wanted)


def test_only_the_learners_part_is_changed(tmp_course):
    around = "CONSTANT = 1 + 2\n\ndef given(x):\n    return x + 1\n"
    head = 'def mean(x: "int" = 3, *, key: bool = True) -> "a + b":\n    """Adds 1 + 1."""\n    y = x + 1'
    body = 'raise ValueError(f"{x + 1} is not {2 + 3}")'
    assert mutants_of(tmp_course, body, head, around) == [
        "default `3` → `4`",
        "default `3` → `2`",
        "default `True` → `False`",
    ]


def test_ids_are_unique_and_stay_when_lines_move(tmp_course):
    body = "y = x * 2\nreturn y * 2 + x * 2"
    before = mutants_of(tmp_course, body)
    assert len(set(before)) == len(before) and "`x * 2` → `x / 2` (2)" in before
    assert mutants_of(tmp_course, body, around="import math\n\n\ndef given():\n    return 1") == before


def test_every_mutant_of_a_course_is_python_and_no_longer_the_reference(mini_course):
    for unit in mini_course.curriculum.built:
        reference = ast.dump(ast.parse(mini_course.reference(unit).read_text(encoding="utf-8")))
        found = mutants(mini_course, unit)
        assert found and {one.exercise for one in found} == {exercise.id for exercise in unit.exercises}
        assert all(ast.dump(ast.parse(one.source)) != reference for one in found)


def test_good_checks_reject_every_mutant_that_computes_something_else(mini_course, mini_judge):
    seen = []
    unit = mini_course.curriculum.unit("averages")
    report = judge_mutants(mini_judge, unit, on_judged=lambda mutant, killed: seen.append((mutant.id, killed)))
    # A NumPy number is judged as the number that it is, so this one is no fault.
    equal = "mean: `float(np.sum(x) / len(x))` → `np.sum(x) / len(x)`"
    assert [mutant.id for mutant in report.survivors] == [name for name, killed in seen if not killed] == [equal]
    assert report.judged == report.total == len(seen) > 5 and report.kill_rate == 1 - 1 / len(seen)


class GullibleJudge:
    """Passes whatever multiplies; a stand-in, since what a report says does not depend on how a verdict is made."""

    def __init__(self, course: Course):
        self.course = course

    def check(self, submission, targets, profile, seed):
        (text,) = submission.sources.values()
        outcome = "passed" if b" * " in text else "failed"
        return Verdict({key: ExerciseVerdict(outcome, 0, 1) for key in targets}, "", "", seed, profile, True)


def test_a_part_is_drawn_by_its_key(mini_course):
    unit = mini_course.curriculum.unit("spread")

    def drawn(key: str) -> list[str]:
        seen: list[str] = []
        judge = GullibleJudge(mini_course)
        part = Part(most=2, key=key)
        report = judge_mutants(judge, unit, part=part, on_judged=lambda mutant, killed: seen.append(mutant.id))
        assert report.judged == len(seen) == 2 < report.total
        return seen

    assert drawn("a") == drawn("a")
    assert len({tuple(drawn(key)) for key in "abcdefgh"}) > 1


def test_a_report_tells_survivors_equivalents_and_stale_entries_apart(tmp_course):
    unit = tmp_course.curriculum.unit("averages")
    mutants_of(tmp_course, "return x / y + 1")
    with tmp_course.mistakes(unit).open("a", encoding="utf-8") as file:
        file.write('EQUIVALENT = {"mean: `x / y` → `x * y`": "because", "mean: `x / y` → `x`": "no", "gone": "no"}\n')
    report = judge_mutants(GullibleJudge(tmp_course), unit)
    assert report.total == report.judged and report.equivalent == ("mean: `x / y` → `x * y`",) and not report.survivors
    assert set(report.stale) == {"mean: `x / y` → `x`", "gone"}
    assert report.kill_rate == 1.0


def test_equivalents_are_read_without_running_the_file(tmp_course):
    unit = tmp_course.curriculum.unit("averages")
    path = tmp_course.mistakes(unit)
    assert equivalents(tmp_course, unit) == {}
    path.write_text('raise SystemExit\nEQUIVALENT: dict[str, str] = {"a": "b"}\n', encoding="utf-8")
    assert equivalents(tmp_course, unit) == {"a": "b"}
    path.write_text("EQUIVALENT = dict(a=1)\n", encoding="utf-8")
    with pytest.raises(CourseError, match="plain strings"):
        equivalents(tmp_course, unit)
