"""Hints climb their ladder; references come after a pass, or when asked for."""

import pytest

from grader.curriculum import CourseError
from grader.learner import Event, Road, hints


@pytest.fixture
def total(course):
    return course.curriculum.find("sums/total")


def test_each_hint_is_recorded_and_the_last_one_stays(course, workspace, total):
    taken = [hints.take_hint(course, workspace, total).number for _ in range(3)]
    assert taken == [1, 2, 2]
    assert [(event.kind, event.rung) for event in workspace.log.read()[0]] == [("hint", 1), ("hint", 2), ("hint", 2)]
    assert len(hints.taken_hints(course, workspace, total)) == 2
    assert hints.taken_hints(course, workspace, course.curriculum.find("sums/mean")) == []


def test_no_hints_and_no_lesson(course, workspace, total):
    with pytest.raises(CourseError, match=r"^The lesson has no hints for spread/Centred\.$"):
        hints.take_hint(course, workspace, course.curriculum.find("spread/Centred"))
    course.lesson(course.curriculum.unit("sums")).unlink()
    with pytest.raises(CourseError, match=r"^The course lacks the lesson of 1\.1 Sums"):
        hints.take_hint(course, workspace, total)


def test_a_solution_needs_a_pass_or_a_word(course, workspace, total):
    with pytest.raises(CourseError, match=r"has not passed yet: .*`course solution sums/total --reveal`"):
        hints.solution(course, workspace, total)
    shown = hints.solution(course, workspace, total, reveal=True)
    assert shown.startswith("def total(")
    assert "result += value" in shown
    assert "SOLUTION" not in shown
    assert [event.kind for event in workspace.log.read()[0]] == ["solution"]
    workspace.log.append([Event.now("verdict", total.id, verdict="passed", code="0" * 16)])
    assert hints.solution(course, workspace, total) == shown


def test_a_solution_has_all_the_names_of_its_exercise(course, workspace):
    shown = hints.solution(course, workspace, course.curriculum.find("spread/Centred"), reveal=True)
    assert shown.index("class Centred") < shown.index("def variance")


def test_hints_taken_on_two_machines(course, workspace, total):
    workspace.log.append([Event.now("hint", total.id, rung=2), Event.now("hint", total.id, rung=1)])
    assert Road(course, workspace).hints_taken(total) == 2
