"""What the course lends for what is not attempted: single exercises, compiled, and nothing that is to be judged."""

from __future__ import annotations

import importlib
import marshal
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.curriculum import Course, Exercise, Unit, default_course
from grader.curriculum.uses import Definition, answers, imported, used
from grader.judge import Judge, Submission
from grader.judge.trial.lending import FILE, lent, loan_of
from grader.judge.wall.sandbox import Submitted
from grader.learner import source

AVERAGES, SPREAD = "phase1_numbers/unit1_averages", "phase1_numbers/unit2_spread"
COURSE = default_course()
SMALLEST = 40
"""Bytes of a function's code below which two may well be the same."""


def reference(course: Course, unit: str) -> str:
    return course.reference(course.curriculum.unit(unit)).read_text(encoding="utf-8")


def stub(course: Course, unit: str) -> str:
    return course.stub(course.curriculum.unit(unit)).read_text(encoding="utf-8")


def of(course: Course, unit: Unit, *names: str) -> str:
    """The unit's stub with the reference's own code for these names."""
    text, written = stub(course, unit.id), source.definitions(reference(course, unit.id))
    for name in names:
        text = source.replace(text, name, written[name])
    return text


# In the judge ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stub_too", [False, True])
def test_an_earlier_exercise_that_is_not_attempted_is_lent_and_named(mini_course, mini_judge, stub_too):
    files = {SPREAD: reference(mini_course, "spread")} | ({AVERAGES: stub(mini_course, "averages")} if stub_too else {})
    verdict = mini_judge.check(Submission({key: text.encode() for key, text in files.items()}), ["spread"])
    assert verdict.passed
    assert verdict.notes == ("spread builds on centre (1.1), not attempted yet: the course lent its own.",)


def test_so_is_one_of_the_same_unit_and_counts_for_nobody(mini_course, mini_judge):
    unit = mini_course.curriculum.unit("averages")
    verdict = mini_judge.check(Submission({AVERAGES: of(mini_course, unit, "centre").encode()}), ["averages"])
    assert [one.verdict for one in verdict.exercises.values()] == ["not attempted", "passed"]
    assert verdict.points == 1
    assert verdict.notes == ("averages builds on mean (1.1), not attempted yet: the course lent its own.",)


def test_so_is_a_part_of_the_same_exercise(mini_course, mini_judge):
    unit = mini_course.curriculum.unit("spread")
    verdict = mini_judge.check(Submission({SPREAD: of(mini_course, unit, "Scaler").encode()}), ["spread"])
    parts = {part.name: (part.verdict, part.points) for part in verdict.exercises["spread/variance"].parts}
    assert parts == {"variance": ("not attempted", 0), "Scaler": ("passed", 2)}
    assert verdict.notes == ("spread builds on variance (1.2), not attempted yet: the course lent its own.",)


def test_code_that_does_not_use_what_is_lent_is_not_said_to(mini_course, mini_judge):
    text = stub(mini_course, "averages") + "\n\ndef centre(x):\n    return x - x.mean()\n"
    verdict = mini_judge.check(Submission({AVERAGES: text.encode()}), ["averages"])
    assert verdict.points == 1 and verdict.notes == ()


def test_what_is_lent_calls_what_the_learner_has_written(mini_course, mini_judge):
    """`centre` is lent, `mean` is not: a wrong one shows."""
    half = stub(mini_course, "averages") + "\n\ndef mean(x):\n    print('mine')\n    return float(x.mean()) {}\n"
    for wrong in ("", "+ x[0]"):
        files = {AVERAGES: half.format(wrong), SPREAD: reference(mini_course, "spread")}
        verdict = mini_judge.check(Submission({key: text.encode() for key, text in files.items()}), ["spread"])
        one = verdict.exercises["spread/variance"]
        assert one.verdict == ("failed" if wrong else "passed") and "mine" in one.output


def test_nothing_is_lent_for_what_is_attempted(mini_course, mini_judge):
    files = {AVERAGES: reference(mini_course, "averages"), SPREAD: reference(mini_course, "spread")}
    broken = files[AVERAGES].replace("return x - mean(x)", "raise KeyError('no')")
    for text, outcome in ((files[AVERAGES], "passed"), (broken, "crashed")):
        verdict = mini_judge.check(Submission({AVERAGES: text.encode(), SPREAD: files[SPREAD].encode()}), ["spread"])
        assert verdict.exercises["spread/variance"].verdict == outcome and verdict.notes == ()


@pytest.mark.parametrize("stub_too", [False, True])
def test_a_name_that_is_not_lent_is_one_sentence_where_it_is_used(mini_course, mini_judge, stub_too):
    """`log_density` of p1 needs nothing of 1.1; a file that imports from there is imported all the same."""
    unit = mini_course.curriculum.unit("walk")
    head = "from phase1_numbers.unit1_averages import mean\n\n\nclass Kept(mean):\n    pass\n\n\n"
    files = {unit.address: head + reference(mini_course, "walk")} | (
        {AVERAGES: stub(mini_course, "averages")} if stub_too else {}
    )

    def judged() -> Any:
        verdict = mini_judge.check(Submission({key: text.encode() for key, text in files.items()}), ["walk"])
        assert verdict.notes == ()
        return verdict.exercises["walk/log_density"]

    assert judged().verdict == "passed"
    files[unit.address] = files[unit.address].replace("    z = ", "    mean(steps)\n    z = ")
    one = judged()
    assert one.verdict == "crashed"
    assert "`mean` of 1.1 is not written yet, and this exercise does not need it." in one.message
    assert "cannot import" not in one.message


def test_a_file_without_the_stub_is_lent_to_as_well(mini_judge):
    verdict = mini_judge.check(Submission({AVERAGES: b"def centre(x):\n    return x - mean(x)\n"}), ["averages"])
    assert [one.verdict for one in verdict.exercises.values()] == ["not attempted", "passed"]


@pytest.mark.parametrize(
    "binds",
    [
        "from math import fsum as mean",
        "mean = max",
        "from math import *",
        "if True:\n    def mean(x):\n        return 0",
        "def means(x):\n    return 0",
    ],
)
def test_what_may_be_the_exercise_in_another_way_is_attempted(mini_judge, binds):
    text = f"{binds}\n\ndef centre(x):\n    return x - mean(x)\n"
    verdict = mini_judge.check(Submission({AVERAGES: text.encode()}), ["averages"])
    assert verdict.exercises["averages/mean"].verdict in ("failed", "crashed")
    assert verdict.exercises["averages/centre"].verdict in ("failed", "crashed"), "it was lent the answer"


@pytest.mark.parametrize("name", ["prints", "deleted", "other_names"])
def test_the_attacks_on_what_is_lent_do_reach_it(mini_judge, name):
    """Were `mean` not lent to them, a whole family would miss without anybody noticing."""
    path = Path(__file__).parents[1] / f"attacks/lending/{name}.py"
    verdict = mini_judge.check(Submission({AVERAGES: path.read_bytes()}), ["averages"])
    assert "returned the float 2" in verdict.exercises["averages/centre"].message and verdict.notes


# Slices ---------------------------------------------------------------------------------------------------------------

FIRST = '''
"""One."""

from __future__ import annotations

import math as m
import os, json
from functools import cache, partial

if m:
    RATE = _rate = 2.0
TABLE = [RATE * factor for factor in range(3)]


def _twice(x):
    """Of nobody's business."""
    return x * TABLE[2] / 2


def known(f):
    return f


@known
def one(x: Shape | None = None, *, rate: float = RATE):
    """The first."""
    return _twice(x)


class Shape:
    """The second."""

    side = _rate

    def area(self):
        two = one  # a name of its own, which is no exercise here
        return two(self.side)


def two(x):
    """The third, whose answer nobody is lent."""
    return "the secret of two", one(x)
'''
SECOND = """
import lent1.unit1_first as first
from lent1 import unit1_first
from lent1.unit1_first import Shape, one as other

SQUARE = Shape().area()


class Square(Shape):
    def twice(self) -> Shape | None:
        return isinstance(self, Shape), other(SQUARE)


def late(x):
    from lent1.unit1_first import one

    return one(x) + 1


def apart(x):
    return first.one(x), unit1_first.one(x)


def none(one):
    return one
"""
TOML = """
title = "Lent"
version = "1"

[[phase]]
id = "lent"
title = "Lent"
weeks = "1"
"""
UNITS = {"first": ("one", "Shape", "two"), "second": ("Square", "late", "apart", "none")}


@pytest.fixture
def small(tmp_path: Path) -> Course:
    course, toml = Course(tmp_path), TOML
    for number, (key, names) in enumerate(UNITS.items(), start=1):
        rows = [f'{{ name = "{name}", title = "T", points = 1, difficulty = 1, minutes = 1 }}' for name in names]
        toml += (
            f'\n[[phase.unit]]\nid = "{key}"\naddress = "lent1/unit{number}_{key}"\ntitle = "T"\nsummary = "S"\n'
            f"minutes = 1\nneeds = []\nexercises = [{', '.join(rows)}]\n"
        )
    course.content.mkdir()
    course.curriculum_file.write_text(toml)
    for unit, text in zip(course.curriculum.units, (FIRST, SECOND), strict=True):
        course.reference(unit).parent.mkdir(parents=True, exist_ok=True)
        course.reference(unit).write_text(text)
    return course


@pytest.fixture
def submitted(small: Course) -> Iterator[Callable[..., types.ModuleType]]:
    """The module of a unit as the sandbox makes it, of files by unit and of what is lent for the names judged."""
    before, finders = set(sys.modules), list(sys.meta_path)

    def load(key: str, judged: set[str], **files: str) -> types.ModuleType:
        units = small.curriculum.units if key == "second" else small.curriculum.units[:1]
        idle = {unit.id: set() if unit.id in files else set(answers(unit)) for unit in units}
        if "idle" in files:
            idle["first"] = set(files.pop("idle").split())
        idle[key] = set(answers(small.curriculum.unit(key))) - judged
        loans = lent(small, {Definition(key, name) for name in judged}, idle)
        sources = {small.curriculum.unit(name).address: text.encode() for name, text in files.items()}
        sys.meta_path.append(Submitted(sources, loans))
        return importlib.import_module(small.curriculum.unit(key).module)

    yield load
    sys.meta_path[:] = finders
    for name in set(sys.modules) - before:
        del sys.modules[name]


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def within(course: Course, unit: str, *names: str) -> set[str]:
    """All names and texts of a slice."""
    loan = loan_of(course, course.curriculum.unit(unit), names)
    found: set[str] = set()
    for code in codes(marshal.loads(loan.code)):
        assert code.co_filename == FILE
        texts = [text for text in code.co_consts if isinstance(text, str)]
        found |= {*code.co_names, *code.co_varnames, *texts, code.co_name}
    return found


def test_a_slice_holds_what_a_definition_needs_and_nothing_else(small):
    held = within(small, "first", "one")
    assert {"one", "_twice", "TABLE", "RATE", "known"} <= held
    assert not held & {"two", "Shape", "area", "json", "os", "partial", "The first.", "Of nobody's business."}
    assert not any("secret" in text for text in held)


def test_what_another_exercise_is_asked_for_is_looked_up_in_the_learners_module(small):
    loan = loan_of(small, small.curriculum.unit("first"), ["two"])
    assert (loan.names, loan.elsewhere) == (("two",), {"one": ("lent1.unit1_first", "one")})
    both = loan_of(small, small.curriculum.unit("first"), ["two", "one"])
    assert both.names == ("one", "two") and both.elsewhere == {"Shape": ("lent1.unit1_first", "Shape")}
    apart = loan_of(small, small.curriculum.unit("second"), ["apart"])
    assert apart.elsewhere == {"first": ("lent1.unit1_first", ""), "unit1_first": ("lent1.unit1_first", "")}


def test_what_a_reference_uses(small):
    def uses(name: str) -> set[str]:
        return {f"{one.unit}/{one.name}" for one in used(small, [Definition("second", name)])}

    assert uses("none") == set()
    assert uses("late") == {"first/one", "first/Shape"}  # which its signature names
    assert uses("apart") == {"first/one", "first/Shape"}
    assert uses("Square") == {"first/one", "first/Shape"}
    assert imported(small, small.curriculum.unit("second")) == {
        Definition("first", "Shape"),
        Definition("first", "one"),
    }


def test_lent_code_does_what_the_reference_does(submitted):
    module = submitted("second", {"late", "apart", "Square"}, second="from lent1.unit1_first import one, Shape, two\n")
    assert (module.one(3), module.Shape().area(), module.one.__doc__) == (6.0, 4.0, None)
    with pytest.raises(NotImplementedError, match=r"^`two` of 1\.1 is not written yet, and this exercise does not"):
        module.two(1)


def test_a_unit_of_ones_own_gets_the_missing_ones(submitted):
    mine = "def two(x):\n    return one(x)\ndef one(x):\n    raise NotImplementedError('one')\n"
    assert submitted("first", {"two"}, first=mine).two(3) == 6.0


def test_the_learners_own_is_called_as_it_is_when_it_is_called(submitted):
    mine = "calls = []\ndef one(x):\n    calls.append(x)\n    return x\n"
    use = "from lent1.unit1_first import Shape, calls\nimport lent1.unit1_first as first\n"
    module = submitted("second", {"Square"}, first=mine, idle="Shape two", second=use)
    assert module.Shape().area() == 2.0 and module.calls == [2.0]
    module.first.one = lambda x: -x
    assert module.Shape().area() == -2.0


def test_modules_that_import_each_other_still_get_what_is_lent(submitted):
    """Nobody needs that; an earlier unit whose file looks ahead is imported, though, when a later one is judged."""
    mine = "import lent1.unit2_second\ndef two(x):\n    return Shape\n"
    use = "from lent1.unit1_first import two\ndef late(x):\n    return two(x)().area()\n"
    assert submitted("second", {"late"}, first=mine, idle="one Shape", second=use).late(1) == 4.0


def test_bases_and_instances_may_be_the_learners(small, submitted):
    """A class that is lent, of one that was written."""
    mine = "def one(x):\n    return x\nclass Shape:\n    mine = True\n    def area(self):\n        return 5\n"
    module = submitted("second", {"none"}, first=mine, second="")
    from grader.judge.wall.lent import lend

    lend(loan_of(small, small.curriculum.unit("second"), ["Square"]), module)
    assert module.Square.mine and module.Square().twice() == (True, 5)


# All units ------------------------------------------------------------------------------------------------------------


def alone(exercise: Exercise) -> dict[str, Any]:
    """What is lent when nothing but this exercise is written, by address."""
    unit = COURSE.curriculum.unit(exercise.unit_id)
    built = COURSE.curriculum.built
    idle = {each.id: set(answers(each)) for each in built[: built.index(unit) + 1]}
    idle[unit.id] -= {*exercise.names}
    return lent(COURSE, {Definition(unit.id, name) for name in exercise.names}, idle)


def substance(code: types.CodeType) -> tuple[Any, ...]:
    """What makes a function this one, wherever it stands."""
    constants = tuple(repr(one) for one in code.co_consts if not isinstance(one, types.CodeType))
    return code.co_code, code.co_names, code.co_varnames, constants


def compiled(unit: Unit) -> dict[str, set[tuple[Any, ...]]]:
    """The functions of each answer of a unit's reference, as they would be in a slice."""
    found = {}
    for name in answers(unit):
        held = codes(marshal.loads(loan_of(COURSE, unit, [name]).code))
        own = [code for code in held if code.co_qualname.partition(".")[0] == name]
        found[name] = {substance(code) for code in own if len(code.co_code) > SMALLEST and code.co_name[0] != "<"}
    return found


def test_no_slice_holds_the_answer_to_another_exercise():
    everything = {unit.address: compiled(unit) for unit in COURSE.curriculum.built}
    tried = 0
    for exercise in COURSE.curriculum.exercises:
        for address, loan in alone(exercise).items():
            if not loan.names:
                continue
            tried += 1
            held = list(codes(marshal.loads(loan.code)))
            foreign = {name for name in everything[address] if name not in loan.names}
            assert not foreign & {code.co_qualname.partition(".")[0] for code in held}, exercise.id
            bodies = {substance(code) for code in held}
            for name in foreign:
                assert not bodies & everything[address][name], f"{exercise.id} is lent {name} of {address}"
    assert tried > 30


def test_nothing_of_an_exercise_is_lent_for_itself():
    for exercise in COURSE.curriculum.exercises:
        unit = COURSE.curriculum.unit(exercise.unit_id)
        loan = alone(exercise).get(unit.address)
        assert loan is None or not set(loan.names) & set(exercise.names), exercise.id


def test_an_exercise_passes_with_nothing_else_written(course_judge: Judge, whole: bool, sampled):
    """The reference's own code for one exercise, in a file of stubs and alone."""
    exercises = [each for each in COURSE.curriculum.exercises if any(loan.names for loan in alone(each).values())]
    chosen = exercises if whole else exercises[::10]
    for exercise in chosen:
        unit = COURSE.curriculum.unit(exercise.unit_id)
        handed_in = Submission({unit.address: of(COURSE, unit, *exercise.names).encode()})
        verdict = course_judge.check(handed_in, [each.id for each in unit.exercises])
        outcomes = {key: one.verdict for key, one in verdict.exercises.items() if one.verdict != "not attempted"}
        assert outcomes == {exercise.id: "passed"}, verdict.exercises[exercise.id].message
    sampled("exercises judged with nothing else written", len(chosen), len(exercises))
