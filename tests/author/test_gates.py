"""The gates: a sound unit passes them in silence, and each disease is found by the gate that is there for it."""

import ast
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.author import gates
from grader.author.gates import Finding
from grader.author.sampling import Part
from grader.curriculum import Course, Unit
from grader.judge import Judge


def said(findings: Iterator[Finding]) -> list[str]:
    return [str(one) for one in findings]


def spoil(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def averages(tmp_course: Course) -> Unit:
    return tmp_course.curriculum.unit("averages")


# Gate 1 --------------------------------------------------------------------------------------------------------------


def test_gate_1_is_silent_on_generated_stubs(mini_course):
    for unit in mini_course.curriculum.built:
        assert said(gates.generated_stub(mini_course, unit)) == []


def test_gate_1_finds_a_stub_that_is_out_of_date_or_missing(tmp_course, averages):
    spoil(tmp_course.stub(averages), ("with N ≥ 1", "with N > 0"))
    (found,) = said(gates.generated_stub(tmp_course, averages))
    assert "exercises/phase1_numbers/unit1_averages.py" in found and "course author stub averages" in found
    tmp_course.stub(averages).unlink()
    assert len(said(gates.generated_stub(tmp_course, averages))) == 1


def test_gate_1_finds_a_solution_that_is_also_outside_the_markers(tmp_course, averages):
    line = "return float(np.sum(x) / len(x))"
    spoil(
        tmp_course.reference(averages), ("import numpy as np\n", f"import numpy as np\n\n\ndef help(x):\n    {line}\n")
    )
    assert any(
        f"a line of the solution survives: {line}" in one for one in said(gates.generated_stub(tmp_course, averages))
    )


def test_gate_1_passes_on_what_is_wrong_with_the_markers(tmp_course, averages):
    spoil(tmp_course.reference(averages), ("    ### END SOLUTION\n", ""))
    (found,) = said(gates.generated_stub(tmp_course, averages))
    assert "unit1_averages.py:14: '### BEGIN SOLUTION' again" in found


# Gates 2, 3, 4 and 6 need a judge ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sick(mini_course: Course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """A judge of the small course with: checks that see nothing, a reference that fails, mistakes of every bad kind."""
    root = tmp_path_factory.mktemp("sick") / "course"
    shutil.copytree(mini_course.root, root, ignore=shutil.ignore_patterns("__pycache__"))
    course = Course(root)
    averages, spread = course.curriculum.unit("averages"), course.curriculum.unit("spread")
    spoil(
        course.checks(averages),
        ('both.agree("mean", x)', 'both.agree("mean", 0 * x)'),
        (", x.mean() + shift,", ", learner.mean(x + shift),"),
    )
    with course.mistakes(averages).open("a", encoding="utf-8") as file:
        file.write(
            '\n\n@mistake("centre", "The same again.", see="the-wrong-divisor")\n'
            "def the_same_again(x):\n    return x + np.mean(x)\n"
            '\n\n@mistake("median", "No such thing.", see="nowhere")\ndef no_such_thing(x):\n    return x\n'
        )
    spoil(
        course.reference(spread),
        (".square().mean()", ".square().mean().neg()"),
        ("variance(x).sqrt()", "variance(x).neg().sqrt()"),
    )
    with Judge(course) as judge:
        yield judge


def test_gate_2_is_silent_on_a_sound_unit(mini_course, mini_judge):
    assert said(gates.stub_and_reference(mini_judge, mini_course.curriculum.unit("averages"), ["check"], [0, 7])) == []


def test_gate_2_finds_a_reference_that_fails_its_own_checks(sick):
    found = said(gates.stub_and_reference(sick, sick.course.curriculum.unit("spread"), ["check"], [0]))
    assert len(found) == 1 and "::TestVariance::test_is_never_negative has no input that the reference" in found[0]


def test_gate_3_diagnoses_each_known_mistake_as_itself_and_counts_them(mini_course, mini_judge):
    """Functions, a class that stands for another name, and mistakes that call the reference's other functions."""
    found = said(gates.known_mistakes(mini_judge, mini_course.curriculum.unit("spread"), jobs=2))
    assert found == []


def test_gate_3_parses_nothing_while_threads_are_judging(mini_course, mini_judge, monkeypatch):
    """Two threads in `ast.parse` at once raise SystemError in Python 3.11."""
    parsing = []
    parse = ast.parse
    monkeypatch.setattr(ast, "parse", lambda *args: parsing.append(threading.current_thread()) or parse(*args))
    assert said(gates.known_mistakes(mini_judge, mini_course.curriculum.unit("spread"), jobs=2)) == []
    assert set(parsing) == {threading.main_thread()}


def test_gate_3_finds_mistakes_that_pass_look_alike_or_lead_nowhere(sick):
    found = "\n".join(said(gates.known_mistakes(sick, sick.course.curriculum.unit("averages"))))
    assert "undivided passes the checks of mean" in found
    assert "the_same_again is diagnosed as moved_the_wrong_way" in found
    assert "no_such_thing belongs to 'median'" in found
    assert "no_such_thing points to #nowhere" in found
    assert "averages/mean: has 2 known mistakes; 3 or more are wanted" in found
    assert "moved_the_wrong_way is diagnosed" not in found


def test_gate_4_names_the_mutants_that_no_check_notices(sick):
    found = said(gates.mutants_rejected(sick, sick.course.curriculum.unit("averages")))
    assert any(
        "solutions/phase1_numbers/unit1_averages.py:9" in one and "no check of averages/mean notices" in one
        for one in found
    )
    assert not any("centre" in one for one in found)


def test_gate_6_finds_the_unit_at_which_the_road_breaks(mini_judge, sick):
    assert said(gates.prefixes(mini_judge)) == []
    found = said(gates.prefixes(sick))
    assert len(found) == 1 and found[0].startswith("gate 6  1.2: cannot be judged with the road solved up to here")


# Gate 5 --------------------------------------------------------------------------------------------------------------


def test_gate_5_wants_oracle_tests_that_pass(tmp_course, averages):
    (found,) = said(gates.oracle_agrees(tmp_course, averages))
    assert "course/phase1_numbers/unit1_averages/oracle.py: is missing" in found
    path = tmp_course.oracle(averages)
    path.write_text(
        "from statistics import fmean\nimport numpy as np\nfrom phase1_numbers import unit1_averages as unit\n\n\n"
        "def test_mean():\n    x = np.array([1.0, 2.0, 4.0])\n    assert abs(unit.mean(x) - fmean(x)) < 1e-12\n",
        encoding="utf-8",
    )
    assert said(gates.oracle_agrees(tmp_course, averages)) == []
    spoil(path, ("< 1e-12", "> 1e-12"))
    (found,) = said(gates.oracle_agrees(tmp_course, averages))
    assert "does not pass" in found and "test_mean" in found


# Gate 7 --------------------------------------------------------------------------------------------------------------

LESSON = """# 1.1 Averages
<!-- exercises -->

## Why

![A curve](curve.svg)

*Notice the bend.*

## The idea

See [the divisor](#the-wrong-divisor) and [what is to come](../unit3_quantiles/index.md) and [elsewhere](https://example.org).

## The mathematics

### Whose β is it? { #beta }

```python
from phase1_numbers.unit1_averages import mean
import numpy as np
```

## Build it

```console
$ course check averages   # all of it
checked
```

### mean

??? tip "Hint 1: one"
    One.

??? tip "Hint 2: two"
    Two.

### centre

??? tip "Hint 1: one"
    One.

??? tip "Hint 2: two"
    Two.

## What goes wrong

```python
assert mean(np.array([1.0, 3.0])) == 2.0
```

## The wrong divisor

## Read the source

## Where this goes
"""


@pytest.fixture
def page(tmp_course: Course, averages: Unit) -> Path:
    path = tmp_course.lesson(averages)
    path.write_text(LESSON, encoding="utf-8")
    (path.parent / "curve.svg").write_text("<svg/>", encoding="utf-8")
    return path


def test_gate_7_is_silent_on_a_sound_lesson_and_asks_about_each_command(tmp_course, averages, page):
    asked = []
    assert said(gates.lesson(tmp_course, averages, asked.append)) == []
    assert asked == [["check", "averages"]]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("# 1.1 Averages", "# 1.2 Averages", ":1: does not begin with `# 1.1 Averages`"),
        ("## The idea", "## An idea", "the sections are not"),
        (
            "## Read the source\n\n## Where this goes",
            "## Where this goes\n\n## Read the source",
            "the sections are not",
        ),
        ("### centre", "### center", "no heading `### centre`"),
        ('??? tip "Hint 2: two"\n    Two.\n\n## What', "## What", "centre has the hints [1]"),
        ('"Hint 2: two"\n    Two.\n\n###', '"Hint 3: two"\n    Two.\n\n###', "mean has the hints [1, 3]"),
        ("(#the-wrong-divisor)", "(#nowhere)", ":12: #nowhere: there is no such heading"),
        ("(../unit3_quantiles/index.md)", "(../unit4_more/index.md)", ":12: ../unit4_more/index.md does not exist"),
        (
            "(../unit3_quantiles/index.md)",
            "(../unit2_spread/index.md#cube)",
            "index.md#cube: there is no such heading",
        ),
        ("![A curve]", "![]", "has no text"),
        ("*Notice the bend.*\n", "", "has no caption"),
        ("== 2.0", "== 3.0", "its code does not run: line 49: AssertionError"),
    ],
)
def test_gate_7_finds(tmp_course, averages, page, before, after, words):
    spoil(page, (before, after))
    found = said(gates.lesson(tmp_course, averages))
    assert len(found) == 1 and words in found[0], found


def test_gate_7_passes_on_what_the_parser_says_of_a_command(tmp_course, averages, page):
    (found,) = said(gates.lesson(tmp_course, averages, lambda arguments: f"no command {arguments[0]!r}"))
    assert "`course check averages` does not parse: no command 'check'" in found


def test_gate_7_finds_a_lesson_that_is_missing(tmp_course, averages):
    tmp_course.lesson(averages).unlink()
    assert said(gates.lesson(tmp_course, averages)) == [
        "gate 7  course/phase1_numbers/unit1_averages/index.md: is missing"
    ]


FORM = '"""{words} of unit {number}, averages."""\n'


@pytest.fixture
def formed(tmp_course: Course, averages: Unit) -> Path:
    """The folder of a unit in form, with two variants."""
    for path in (tmp_course.reference(averages), tmp_course.checks(averages), tmp_course.mistakes(averages)):
        text = path.read_text(encoding="utf-8")
        path.write_text(FORM.format(words="Something", number="1.1") + text, encoding="utf-8")
    folder = tmp_course.folder(averages)
    (folder / "oracle.py").write_text(FORM.format(words="An oracle", number="1.1"), encoding="utf-8")
    (folder / "variants").mkdir()
    for name in ("loops", "libraries"):
        shutil.copy(tmp_course.reference(averages), folder / "variants" / f"{name}.py")
    return folder


def test_gate_7_is_silent_on_a_unit_in_form(tmp_course, averages, formed):
    assert said(gates.form(tmp_course, averages)) == []


def test_gate_7_finds_a_file_that_says_it_is_of_another_unit(tmp_course, averages, formed):
    (formed / "oracle.py").write_text(FORM.format(words="An oracle", number="1.11"), encoding="utf-8")
    (found,) = said(gates.form(tmp_course, averages))
    assert "unit1_averages/oracle.py:1: does not begin by saying that it is of 1.1" in found


def test_gate_7_wants_two_variants_of_each_exercise(tmp_course, averages, formed):
    spoil(formed / "variants" / "loops.py", ("def centre", "def center"))
    (found,) = said(gates.form(tmp_course, averages))
    assert "averages/centre: has 1 correct variants; 2 or more are wanted" in found


def test_gate_7_wants_a_script_whose_pictures_are_fresh(tmp_course, averages):
    (found,) = said(gates.pictures(tmp_course, averages))
    assert "unit1_averages/figures.py: is missing" in found
    tmp_course.figures(averages).write_text("", encoding="utf-8")
    runner = tmp_course.root / "site" / "figures" / "__main__.py"
    runner.parent.mkdir(parents=True)
    runner.write_text("import sys\nsys.exit(f'stale {sys.argv[1:]}')\n", encoding="utf-8")
    (found,) = said(gates.pictures(tmp_course, averages))
    assert "run `site/figures --check averages`:\nstale ['--check', 'averages']" in found
    runner.write_text("", encoding="utf-8")
    assert said(gates.pictures(tmp_course, averages)) == []


def test_gate_2_finds_a_correct_variant_that_is_failed(mini_course, mini_judge, tmp_course, averages):
    variants = tmp_course.folder(averages) / "variants"
    variants.mkdir()
    for name in ("right", "wrong"):
        shutil.copy(tmp_course.reference(averages), variants / f"{name}.py")
    spoil(variants / "wrong.py", ("/ len(x)", "/ (len(x) + 1)"))
    with Judge(tmp_course) as judge:
        found = said(gates.correct_variants(judge, averages, seeds=[7]))
    assert found and all("variants/wrong.py: averages/" in finding and "(seed 7)" in finding for finding in found)


# All gates -----------------------------------------------------------------------------------------------------------


def test_check_runs_every_gate_and_the_roads_once(mini_course, mini_judge):
    begun: list[tuple[str, int]] = []
    unit = mini_course.curriculum.unit("averages")
    found = list(gates.check(mini_judge, [unit], mutants=Part(most=1), on_gate=lambda *gate: begun.append(gate)))
    assert begun == [("averages", gate) for gate in (1, 2, 3, 4, 5, 7, 9)] + [("road", 6)]
    assert {one.gate for one in found} >= {3, 5, 7} and not {one.gate for one in found} & {1, 2, 6}


def test_a_gate_that_cannot_be_run_says_so_and_the_others_report(sick):
    """Checks that the reference fails judge nobody: gates 3, 4 and 9 say it, and 5 and 7 are run all the same."""
    course = sick.course
    found = list(gates.check(sick, [course.curriculum.unit("spread")], mutants=Part(most=1)))
    assert {finding.gate for finding in found} >= {2, 3, 4, 5, 6, 7, 9}
    unrun = {finding.gate for finding in found if "cannot be run: " in finding.message}
    assert unrun >= {3, 4, 9} and not unrun & {1, 5}


def test_a_unit_of_which_nothing_is_written_yet_is_findings_and_no_error(tmp_course, averages):
    shutil.rmtree(tmp_course.folder(averages))
    tmp_course.stub(averages).unlink()
    with Judge(tmp_course) as judge:
        found = list(gates.check(judge, [averages]))
    assert {finding.gate for finding in found} >= {1, 2, 3, 4, 5, 7, 9}
