"""Scaffolding a unit: its files in their places, in the right form, and never over anybody's work."""

import ast

import pytest

from grader.author import gates
from grader.author.new import scaffold
from grader.author.stubs import make_stub, write_stub
from grader.curriculum import Course, CourseError


@pytest.fixture
def unwritten(tmp_course: Course) -> Course:
    """The small course with exercises listed for the unit that nobody has written."""
    path = tmp_course.root / "course" / "curriculum.toml"
    text = path.read_text(encoding="utf-8").replace(
        'needs = ["spread"]',
        'needs = ["spread"]\nexercises = [\n'
        '{ name = "median", title = "The median", points = 1, difficulty = 1, minutes = 5 },\n'
        '{ name = "Sketch", title = "A sketch", difficulty = 1, minutes = 5, parts = [\n'
        '{ name = "Sketch", points = 1 }, { name = "merge", points = 1 }] },\n]',
        1,  # the project needs spread, too
    )
    path.write_text(text, encoding="utf-8")
    return Course(tmp_course.root)


def test_all_files_of_a_unit_are_written_and_are_python(unwritten):
    unit = unwritten.curriculum.unit("quantiles")
    written = scaffold(unwritten, unit)
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "median" in text and "Sketch" in text
        if path.suffix == ".py":
            ast.parse(text)


def test_each_part_gets_checks_of_its_own(unwritten):
    unit = unwritten.curriculum.unit("quantiles")
    scaffold(unwritten, unit)
    text = unwritten.checks(unit).read_text("utf-8")
    marks = ('@exercise("median")', '@exercise("Sketch", part="Sketch")', '@exercise("Sketch", part="merge")')
    assert all(text.count(mark) == 1 for mark in marks)


def test_a_unit_is_one_address_in_three_rooms(unwritten):
    """What is written, with the stub that is made of it: a folder, a reference, a stub; nothing lies elsewhere."""
    before = set(unwritten.root.rglob("*"))
    unit = unwritten.curriculum.unit("quantiles")
    scaffold(unwritten, unit)
    write_stub(unwritten, unit)
    added = {path.relative_to(unwritten.root) for path in set(unwritten.root.rglob("*")) - before if path.is_file()}
    assert {path.as_posix() for path in added} == {
        f"solutions/{unit.address}.py",
        f"exercises/{unit.address}.py",
        *(
            f"course/{unit.address}/{name}"
            for name in (
                *("index.md", "checks.py", "mistakes.py", "oracle.py", "figures.py"),
                *("variants/loops.py", "variants/library.py"),
            )
        ),
    }
    assert {path.parts[0] for path in added} == {"course", "exercises", "solutions"}
    named = {path.with_suffix("").as_posix().partition("/")[2] for path in added}
    assert all(place == unit.address or place.startswith(f"{unit.address}/") for place in named)


def test_what_is_written_is_in_form(unwritten):
    """Its gates say what is missing, not that a file is of another unit or that a variant is not there."""
    unit = unwritten.curriculum.unit("quantiles")
    scaffold(unwritten, unit)
    write_stub(unwritten, unit)
    assert list(gates.form(unwritten, unit)) == [] and list(gates.generated_stub(unwritten, unit)) == []


def test_the_reference_has_markers_that_the_stub_generator_takes(unwritten):
    unit = unwritten.curriculum.unit("quantiles")
    scaffold(unwritten, unit)
    made = make_stub(unwritten, unit)
    for name in ("median", "Sketch.__init__", "merge"):
        assert f'raise NotImplementedError("{name}")' in made


def test_files_that_exist_are_left_alone(unwritten):
    unit = unwritten.curriculum.unit("quantiles")
    lesson = unwritten.lesson(unit)
    lesson.parent.mkdir()
    lesson.write_text("mine", encoding="utf-8")
    assert lesson not in scaffold(unwritten, unit) and lesson.read_text(encoding="utf-8") == "mine"
    assert scaffold(unwritten, unit) == []


def test_a_unit_without_exercises_is_refused_in_one_line(tmp_course):
    with pytest.raises(CourseError, match=r"list them in course/curriculum\.toml first"):
        scaffold(tmp_course, tmp_course.curriculum.unit("quantiles"))
