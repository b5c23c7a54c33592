"""When a unit opens: three quarters of the points of what it needs, and every exercise that it imports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.curriculum import Course, CourseError
from grader.learner import Event, Road, Workspace, desk
from grader.learner.road import in_words

TOML = """
title = "Four quarters"
version = "1"

[[phase]]
id = "all"
title = "All"
weeks = "1"
"""
NEEDS: dict[str, list[str]] = {
    "first": [],
    "second": ["first"],
    "third": ["second"],
    "aside": [],
    "last": ["third", "aside"],
}
REFERENCES = {
    "second": "from all1.unit1_first import d as other\n",
    "third": "import torch\n",
    "last": "from all1.unit1_first import b\nfrom all1.unit2_second import a, d\n",
    "made": "from all1.unit3_third import c\n",
}
PROGRAM = """
def main(modules):
    from all1 import unit2_second as second

    modules.load("all1/unit1_first", ("b",))
    return second.b
"""


def entry(key: str, address: str, needs: list[str], more: str = "") -> str:
    rows = [f'{{ name = "{name}", title = "{name}", points = 1, difficulty = 1, minutes = 1 }}' for name in "abcd"]
    return (
        f'id = "{key}"\naddress = "{address}"\ntitle = "{key.title()}"\nsummary = "S"\nminutes = 1\n{more}'
        f"needs = {json.dumps(needs)}\nexercises = [{', '.join(rows)}]\n"
    )


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Five units and a project, each of four exercises that are worth a point; b of every unit uses a and c."""
    course, text = Course(tmp_path / "course"), TOML
    for number, (key, needs) in enumerate(NEEDS.items(), start=1):
        text += "\n[[phase.unit]]\n" + entry(key, f"all1/unit{number}_{key}", needs)
    text += "\n[[project]]\n" + entry("made", "projects/p1_made", ["second"], 'level = "beginner"\n')
    course.content.mkdir(parents=True)
    course.curriculum_file.write_text(text)
    for unit in course.curriculum.built:
        body = "".join(f"def {name}():\n    return {'a() + c()' if name == 'b' else 1}\n" for name in "abcd")
        for path in (course.reference(unit), course.stub(unit)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(REFERENCES.get(unit.id, "") + body)
    program = course.program(course.curriculum.unit("made"))
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM)
    return course


@pytest.fixture
def workspace(course: Course, tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "work", course)[0]


@pytest.fixture
def learner(course, workspace):
    """`learner("first", "abc", d="failed")`: these have passed, as the files are, and others have other verdicts."""

    def stands(key: str, passed: str = "", **others: str) -> Road:
        from grader.learner import source

        text = workspace.text(course.curriculum.unit(key))
        for name, verdict in {**dict.fromkeys(passed, "passed"), **others}.items():
            code, file = source.fingerprint(text, [name]), source.digest(text)
            workspace.log.append([Event.now("verdict", f"{key}/{name}", verdict=verdict, code=code, file=file)])
        return Road(course, workspace)

    return stands


def unit(road: Road, key: str):
    return road.curriculum.unit(key)


def test_a_unit_opens_at_three_quarters_and_with_what_it_imports(learner):
    road = learner("first", "ab")
    assert road.opens_with(unit(road, "second")) == "1 more point of 1.1, and first/d"
    road = learner("first", "c")
    assert (road.state(unit(road, "second")), road.opens_with(unit(road, "second"))) == ("locked", "first/d")
    road = learner("first", "d")
    assert road.state(unit(road, "second")) == "open" and road.state(unit(road, "first")) == "passed"


def test_what_is_left_is_owed_and_counted(learner):
    road = learner("first", "abd", c="failed")
    first, second = unit(road, "first"), unit(road, "second")
    assert (road.state(first), road.state(second)) == ("open", "open")
    assert [exercise.id for exercise in road.owed(first)] == ["first/c"] and not road.owed(second)
    document = road.to_dict()["units"]
    assert {key: entry["owed"] for key, entry in document.items() if entry["owed"]} == {"first": 1}
    assert document["third"]["opens_with"] == "3 more points of 1.2"
    assert document["third"]["locked_by"] == ["second"]


def test_only_passes_that_stand_count(learner, workspace, course):
    road = learner("first", "abcd")
    file = workspace.file(unit(road, "first"))
    file.write_text(file.read_text().replace("def d():\n    return 1", "def d():\n    return 2"))
    road = Road(course, workspace)
    assert road.verdicts["first/d"] == "passed, edited since"
    assert road.opens_with(unit(road, "second")) == "first/d" and road.owed(unit(road, "first")) == []
    file.write_text(file.read_text().replace("def a():\n    return 1", "def a():\n    return 2"))
    road = Road(course, workspace)  # b uses a
    assert road.opens_with(unit(road, "second")) == "2 more points of 1.1, and first/d"


def test_an_import_from_further_back_is_asked_for_too(learner):
    """`last` needs third and aside, and imports from the first and the second."""
    for key in ("aside", "third"):
        learner(key, "abc")
    road = learner("second", "abc")
    assert road.opens_with(unit(road, "last")) == "first/b, second/d"
    learner("second", "d")
    road = learner("first", "b")
    assert road.state(unit(road, "last")) == "open"


def test_many_exercises_are_counted(learner):
    road = learner("first", "a")
    assert (
        in_words(road.missing(unit(road, "last"))) == "3 more points of 1.3, 3 of 1.4, and first/b, second/a, second/d"
    )
    assert in_words(road.missing(unit(road, "last")), 2).endswith("3 of 1.4, and 3 exercises that it uses")


def test_a_project_asks_for_every_exercise_that_it_uses(learner, course, workspace):
    """Its reference imports third/c, its program names first/b and second/b, and that uses second/a and second/c.

    What first/b uses is nobody's business: the project does not need the unit.
    """
    road = learner("second", "ab")
    made = unit(road, "made")
    assert road.opens_with(made) == "1 more point of 1.2, and third/c", (
        "what it uses is looked for when points are there"
    )
    with pytest.raises(
        CourseError, match=r"1 more point of 1\.2, and first/b, second/c, third/c, made/a, made/b, made/"
    ):
        desk.admit(course, workspace, made)
    road = learner("second", "d")
    assert road.opens_with(made) == "first/b, second/c, third/c"
    for key, names in {"first": "b", "second": "c", "third": "c"}.items():
        road = learner(key, names)
    assert road.state(made) == "open"
    learner("made", "abcd")
    desk.admit(course, workspace, made)


def test_next_goes_on_and_comes_back_to_what_is_owed(learner):
    assert learner("first", "abd").next.id == "first/c", "nothing later was begun"
    assert learner("second", a="failed").next.id == "second/a"
    assert learner("second", "abd").next.id == "second/c"
    assert learner("third", "a").next.id == "third/b", "first and second wait"
    assert learner("third", "bcd").next.id == "first/c", "the third is done"
    assert learner("first", "c").next.id == "second/c"
    assert learner("second", "c").next.id == "made/a"


def test_a_unit_that_is_not_three_quarters_done_does_not_wait(learner):
    assert learner("first", "ab").next.id == "first/c"
    assert learner("aside", "a").next.id == "first/c"


def test_a_milestone_asks_for_everything(learner, course):
    for key in NEEDS:
        road = learner(key, "abc")
    assert [each.id for each in road.left(course.curriculum.phases[0])] == list(NEEDS)


def test_the_road_imports_no_torch_and_parses_no_reference(learner, course, monkeypatch):
    learner("first", "abd")
    road = learner("second", "a")
    from grader.curriculum import uses

    monkeypatch.setattr(uses, "_outline", lambda *_: pytest.fail("parsed"))
    road.to_dict()
