"""Scaffolding a unit: five files in their places, in the right form, and never over anybody's work."""

import ast

import pytest

from grader.author.new import scaffold
from grader.author.stubs import make_stub
from grader.curriculum import Course, CourseError


@pytest.fixture
def unwritten(tmp_course: Course) -> Course:
    """The small course with exercises listed for the unit that nobody has written."""
    path = tmp_course.root / "course" / "curriculum.toml"
    text = path.read_text(encoding="utf-8").replace(
        'needs = ["spread"]',
        'needs = ["spread"]\nexercises = [\n'
        '{ name = "median", title = "The median", points = 1, difficulty = 1, minutes = 5 },\n'
        '{ name = "Sketch", also = ["merge"], title = "A sketch", points = 1, difficulty = 1, minutes = 5 },\n]',
    )
    path.write_text(text, encoding="utf-8")
    return Course(tmp_course.root)


def test_the_five_files_are_written_and_are_python(unwritten):
    unit = unwritten.curriculum.unit("quantiles")
    written = scaffold(unwritten, unit)
    assert [path.relative_to(unwritten.root).as_posix() for path in written] == [
        "solutions/phase1_numbers/unit3_quantiles.py",
        "grader/checks/phase1_numbers/test_unit3_quantiles.py",
        "grader/mistakes/phase1_numbers/unit3_quantiles.py",
        "course/phase1_numbers/unit3_quantiles.md",
        "tests/oracles/test_unit3_quantiles.py",
    ]
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "median" in text and "Sketch" in text
        if path.suffix == ".py":
            ast.parse(text)


def test_the_reference_has_markers_that_the_stub_generator_takes(unwritten):
    unit = unwritten.curriculum.unit("quantiles")
    scaffold(unwritten, unit)
    made = make_stub(unwritten, unit)
    for name in ("median", "Sketch.__init__", "merge"):
        assert f'raise NotImplementedError("{name}")' in made


def test_files_that_exist_are_left_alone(unwritten):
    unit = unwritten.curriculum.unit("quantiles")
    lesson = unwritten.lesson(unit)
    lesson.write_text("mine", encoding="utf-8")
    assert lesson not in scaffold(unwritten, unit) and lesson.read_text(encoding="utf-8") == "mine"
    assert scaffold(unwritten, unit) == []


def test_a_unit_without_exercises_is_refused_in_one_line(tmp_course):
    with pytest.raises(CourseError, match=r"list them in course/curriculum\.toml first"):
        scaffold(tmp_course, tmp_course.curriculum.unit("quantiles"))
