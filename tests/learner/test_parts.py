"""An exercise in parts, in the log and on the road: what had passed before there were parts, what half of one earns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.curriculum import Course
from grader.judge import Outcome, Unknown
from grader.learner import Event, Road, Workspace, source, told

COURSE = Course(Path(__file__).parent / "mini")
CENTRED = "spread/Centred"


@pytest.fixture
def solved(tmp_path: Path) -> Workspace:
    """A workspace that holds the references of all units."""
    workspace, _ = Workspace.create(tmp_path / "work", COURSE)
    for unit in COURSE.curriculum.built:
        workspace.file(unit).write_bytes(COURSE.reference(unit).read_bytes())
    return workspace


def judged(workspace: Workspace, outcome: str, **fields: object) -> Road:
    """The road after a verdict on what is in the file now."""
    exercise = next(each for each in COURSE.curriculum.exercises if each.id == CENTRED)
    text = workspace.text(COURSE.curriculum.unit(CENTRED)) or ""
    code = source.fingerprint(text, exercise.names)
    event = Event.now("verdict", CENTRED, code=code, file=source.digest(text))
    line = {**json.loads(event.line()), "verdict": outcome, **fields}
    with workspace.log.path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
    return Road(COURSE, workspace)


def test_what_passed_before_there_were_parts_counts_for_all(solved):
    road = judged(solved, "passed")
    exercise = COURSE.curriculum.find(CENTRED)
    assert (road.verdicts[CENTRED], road.earned(exercise)) == (Outcome.PASSED, exercise.points) == ("passed", 4)


def test_half_of_an_exercise_earns_its_points_as_long_as_it_is_as_it_was(solved):
    road = judged(solved, "not attempted", parts={"Centred": "passed", "variance": "not attempted"})
    exercise = COURSE.curriculum.find(CENTRED)
    assert (road.verdicts[CENTRED], road.earned(exercise)) == (Outcome.NOT_ATTEMPTED, 3)
    assert road.to_dict()["units"]["spread"]["points"] == 3
    file = solved.file(COURSE.curriculum.unit(CENTRED))
    file.write_text(file.read_text("utf-8").replace("class Centred:", "class Centred:\n    changed = True\n"), "utf-8")
    assert Road(COURSE, solved).earned(exercise) == 0


def test_an_outcome_of_a_newer_course_is_shown_as_it_stands(solved):
    road = judged(solved, "out of memory", parts={"Centred": "out of memory", "variance": "passed"})
    assert road.unreadable == 0
    assert road.to_dict()["units"]["spread"]["exercises"][CENTRED] == "out of memory"
    assert isinstance(road.verdicts[CENTRED], Unknown)
    assert road.earned(COURSE.curriculum.find(CENTRED)) == 1
    assert told.tones(road)["out of memory"] == "unsure"


@pytest.mark.parametrize("line", ['{"verdict": 3}', '{"verdict": null}', '{"parts": [1]}', '{"parts": {"a": 2}}'])
def test_what_is_no_outcome_is_passed_over_and_counted(solved, line):
    with solved.log.path.open("a", encoding="utf-8") as log:
        event = json.loads(Event.now("verdict", CENTRED, verdict=Outcome.PASSED).line())
        log.write(json.dumps(event | json.loads(line)) + "\n")
    assert Road(COURSE, solved).unreadable == 1


@pytest.mark.parametrize(
    "kept", ["", "{", "[]", '{"schema": 1}', '{"schema": 9}', '{"schema": 1, "exercises": {"spread/Centred": {}}}']
)
def test_what_was_told_and_cannot_be_read_is_nothing_told(solved, kept):
    solved.told.write_text(kept, "utf-8")
    assert told.told(COURSE, solved, Road(COURSE, solved)) == {}
