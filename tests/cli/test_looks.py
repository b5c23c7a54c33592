"""How it looks: 80 columns, with and without colour, and nothing of a learner's that could steer the terminal."""

import io
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from torch.nn.functional import scaled_dot_product_attention

from grader.cli import demo, render
from grader.cli.out import Out
from grader.cli.screen import Silent, Terminal
from grader.curriculum import Course, default_course
from grader.ground.text import clean, line
from grader.judge import Cause, CheckResult, ExerciseVerdict, Failure, Outcome, Verdict
from grader.judge.terms.failure import Difference
from grader.learner.watch import Key, Saved, Screen, Watch

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

FAILED = ExerciseVerdict(
    Outcome.FAILED,
    0,
    2,
    message="mean — matches the reference\n  called with x (1,) = [2]\n  returned 4.0, expected 2.0\n"
    "  It is not halved.",
    failure=Failure(
        "matches the reference",
        arguments={"x": "(1,) = [2]"},
        difference=Difference("4.0", "2.0"),
        causes=(Cause("undivided", "It is not halved.", section="phase1_numbers/unit1_averages#the-wrong-divisor"),),
    ),
    repro="print(mean([2]))",
    checks=(
        CheckResult("matches the reference", False),
        CheckResult("moves with its input", False),
        CheckResult("is linear", True),
    ),
    output="hello\n" * 30 + "\x1b[31mred\x07\n" + "x" * 200 + "\n" + "\n".join(map(str, range(20))),
)
VERDICT = Verdict(
    {"averages/mean": FAILED, "averages/centre": ExerciseVerdict.not_attempted(1)},
    "0" * 64,
    "c",
    0,
    "check",
    True,
)


def shown(what, colour=False, width=80):
    file, system = io.StringIO(), "standard" if colour else None
    console = Console(file=file, width=width, highlight=False, markup=False, force_terminal=colour, color_system=system)
    console.print(what)
    return file.getvalue()


def test_a_failing_check_reads_as_a_sentence(mini_course):
    exercises = mini_course.curriculum.unit("averages").exercises
    lines = [text.rstrip() for text in shown(render.verdict(mini_course, VERDICT, exercises)).splitlines()]
    assert lines[:9] == [
        "✗ mean — matches the reference                                       failed  0/2",
        "    called with x (1,) = [2]   [the smallest failing input; course check",
        "    averages/mean --repro]",
        "    returned 4.0, expected 2.0",
        "    It is not halved.   → lesson 1.1, “The wrong divisor”",
        "    1 of 3 checks pass; also failing: moves with its input",
        "    your code printed",
        "    │ hello   (× 30)",
        "    │ red",
    ]
    assert "… 15 lines more" in lines[-2]
    assert lines[-1] == "· centre" + "not attempted  0/1".rjust(72)


@pytest.mark.parametrize("colour", [False, True])
def test_80_columns_and_only_our_own_colours(mini_course, colour):
    text = shown(render.verdict(mini_course, VERDICT, mini_course.curriculum.unit("averages").exercises), colour)
    assert ("\x1b[" in text) is colour
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert not CONTROL.search(plain)
    assert max(map(len, plain.splitlines())) <= 80


def test_the_whole_course_fits_80_columns(tmp_path):
    from grader.learner import Road, Workspace

    course = default_course()
    workspace, _ = Workspace.create(tmp_path / "work", course)
    text = shown(render.road(Road(course, workspace)))
    assert max(map(len, text.splitlines())) <= 80
    for unit in (*course.curriculum.units, *course.curriculum.projects):
        assert unit.title in text
    for exercise in course.curriculum.exercises:
        task = shown(render.task(course.curriculum, exercise, f"{'x' * 60}.py:10", (0, 3)))
        assert max(map(len, task.splitlines())) <= 80


@pytest.mark.parametrize("width", [1, 12, 30])
def test_a_narrow_terminal_breaks_lines_and_loses_nothing(mini_course, width):
    text = shown(render.verdict(mini_course, VERDICT, mini_course.curriculum.unit("averages").exercises), width=width)
    assert "notattempted0/1" in "".join(text.split())
    assert "mean—matchesthereference" in "".join(text.split()).replace("failed0/2", "")


@given(st.text(max_size=60))
def test_clean_text_cannot_act(text):
    assert not CONTROL.search(clean(text))
    assert clean(clean(text)) == clean(text)
    assert "\n" not in line(text)


@given(st.text("abc äß✓\n", max_size=60))
def test_clean_text_keeps_words(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    "attack",
    [
        "\x1b[2J",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x9b31m",
        "\x1bc",
        "\x1b(0",
        "\x08\x08",
        "\u202e",
        "\x1b",
    ],
)
def test_clean_removes_sequences_whole(attack):
    assert clean(f"a{attack}b") in ("ab", "a31mb", "a")


@pytest.mark.parametrize("screen", [Terminal, Silent])
def test_a_screen_shows_all_that_the_loop_has_to_show(screen):
    promised = {name for name in vars(Screen) if not name.startswith("_")}
    assert promised <= set(vars(screen))


@pytest.mark.parametrize("colour", ["red", "yellow"])
def test_a_recoloured_outcome_keeps_its_weight(mini_course, monkeypatch, colour):
    real = render.look
    monkeypatch.setattr(render, "look", lambda outcome: real(outcome)._replace(colour=colour))
    exercises = mini_course.curriculum.unit("averages").exercises
    lines = shown(render.verdict(mini_course, VERDICT, exercises), colour=True, width=30).splitlines()
    assert lines[1] == "  \x1b[1mthe reference\x1b[0m"  # a long name goes on in its own style


def test_the_watch_screen(judged, mini_judge):
    course, workspace = judged
    out = Out(as_json=False)
    file = io.StringIO()
    out.console = Console(file=file, width=80, highlight=False, markup=False)
    unit = course.curriculum.unit("averages")

    def judge(wanted):
        from grader.learner import desk

        return desk.check(course, workspace, wanted, mini_judge)

    text = course.reference(unit).read_text()

    def person():
        yield Key("h")
        yield Key("l")
        yield Key("o")
        workspace.file(unit).write_text(text.replace("/ len(x)", ""))
        yield Saved(frozenset([workspace.file(unit).resolve()]))
        workspace.file(unit).write_text(text)
        yield Saved(frozenset([workspace.file(unit).resolve()]))
        for key in "nryq":
            yield Key(key)

    Watch(course, workspace, Terminal(out, course, workspace), judge).run(person())
    seen = file.getvalue()
    for words in (
        "course check averages/mean", "mean · hint 1 of 2: what to count", "1  Numbers", "The sum over the count.",
        "checking 1.1 Averages …", "The sum is not divided at all.", "mean passed.  n goes on to variance.",
        "A fresh stub of variance?", "n next · h hint · l list · o lesson · r reset · q quit",
    ):  # fmt: skip
        assert words in seen, words


def test_the_demos_attempts_are_what_they_claim():
    made = {}
    for name in ("RIGHT", "WRONG", "WRONG_AXIS"):
        space = {}
        exec(getattr(demo, name), space)
        made[name] = space["scaled_dot_product_attention"]
    q, k, v = torch.randn(3, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    want = scaled_dot_product_attention(q, k, v)
    close = {name: bool(torch.allclose(attempt(q, k, v), want, atol=1e-6)) for name, attempt in made.items()}
    assert close == {"RIGHT": True, "WRONG": False, "WRONG_AXIS": False}


def test_the_demos_class_is_a_dozen_of_many_kinds(tmp_path):
    course = Course(default_course().root)
    unit = course.curriculum.unit(demo.EXERCISE)
    demo.make_class(course, unit, tmp_path)
    files = {path.name: path / f"{unit.address}.py" for path in tmp_path.iterdir()}
    assert len(files) == 12
    texts = {who: path.read_text() if path.exists() else None for who, path in files.items()}
    assert texts["Ada"] == texts["Zoë"] == course.reference(unit).read_text()
    assert texts["Katherine"] == course.stub(unit).read_text()
    assert texts["Ken"] is None
    assert len(set(texts.values())) == 11
    with pytest.raises(SyntaxError):
        compile(texts["Margaret"], "", "exec")
