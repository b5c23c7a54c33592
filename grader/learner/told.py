"""What was last said of each exercise, kept in `.course/verdicts.json`: a page can show what the terminal did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.curriculum import Course
from grader.curriculum.lesson import href, place
from grader.ground.files import read_json, write_json
from grader.ground.text import QUOTED
from grader.judge import ExerciseVerdict, Outcome, Unknown, outcome, tone
from grader.judge.terms.sentence import Says, lines
from grader.learner.road import EDITED, Road
from grader.learner.workspace import Workspace

SCHEMA = 1


def keep(workspace: Workspace, verdicts: Mapping[str, ExerciseVerdict]) -> None:
    """Remember these verdicts, by exercise id, in place of earlier ones. Raises CourseError."""
    kept = _kept(workspace) | {key: one.to_dict() for key, one in verdicts.items()}
    write_json(workspace.told, {"schema": SCHEMA, "exercises": kept})


def told(course: Course, workspace: Workspace, road: Road) -> dict[str, Any]:
    """JSON-able: by exercise id, what is wrong with it and how its parts stand, as far as that still holds.

    {"check": "matches the reference", "lines": [{"says": "called" | "found" | "quoted" | "cause", "text", "section",
    "href"}], "parts": [{"name", "verdict", "points", "max_points"}]}
    """
    found = {}
    for key, data in _kept(workspace).items():
        try:
            one = ExerciseVerdict.from_dict(data)
        except (KeyError, TypeError, ValueError, AttributeError):  # mended by hand, or of a newer course
            continue
        if one.verdict == road.verdicts.get(key) and (one.failure or one.parts):
            found[key] = {
                "check": one.failure.check if one.failure else "",
                "lines": list(_lines(course, one)),
                "parts": [
                    {"name": part.name, "verdict": part.verdict, "points": part.points, "max_points": part.max_points}
                    for part in one.parts
                ],
            }
    return found


def tones(road: Road) -> dict[str, str]:
    """How each outcome is to strike the reader, by its word: right, wrong, open or unsure."""
    known: list[Outcome | Unknown] = [*Outcome, *map(outcome, set(road.verdicts.values()) - {EDITED})]
    return {word: tone(word).name.lower() for word in known} | {EDITED: "unsure"}


def _lines(course: Course, one: ExerciseVerdict) -> list[dict[str, str]]:
    if one.failure is None:
        return []
    causes = iter(one.failure.causes)
    said = []
    for says, text in lines(one.failure):
        entry = {"says": says.name.lower(), "text": text.removeprefix(QUOTED)}
        if says is Says.CAUSE and (see := next(causes).section) and (section := place(course, see)):
            entry |= {"section": section, "href": href(see)}
        said.append(entry)
    return said


def _kept(workspace: Workspace) -> dict[str, Any]:
    data = read_json(workspace.told)
    kept = data.get("exercises") if isinstance(data, dict) and data.get("schema") == SCHEMA else None
    return kept if isinstance(kept, dict) else {}
