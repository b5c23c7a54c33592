"""What follows from the log and from the files as they are now: what is passed, what is open, what comes next.

What opens a unit: three quarters of the points of each unit that it needs, and every exercise that its reference
imports. A project asks for every exercise that it uses. What is left of a unit that opens others is owed.

What counts as passed: an exercise is passed while its own code, and what that uses in the same file, is
what a passing verdict was given to. Comments, layout and docstrings do not matter. Once edited, it reads
`passed, edited since`: it keeps its place on the road, but opens no gate until it has been judged again.
A project is accepted, and a milestone reached, once and for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from grader.curriculum import Course, Exercise, Phase, Unit, uses
from grader.judge import Outcome
from grader.learner import source
from grader.learner.log import Event
from grader.learner.workspace import Workspace

SCHEMA = 1
EDITED = "passed, edited since"
FEW = 3
"""How many exercises are named in one line."""


@dataclass(frozen=True)
class Missing:
    """What a unit still has to earn before another opens: points of any of its exercises, and certain exercises."""

    unit: Unit
    points: int
    exercises: tuple[Exercise, ...] = ()


class Road:
    """Where a learner stands: the curriculum, the log and the files as they are now, put together once."""

    def __init__(self, course: Course, workspace: Workspace):
        self.course, self.curriculum = course, course.curriculum
        self.events, self.unreadable = workspace.log.read()
        self._history: dict[str, list[Event]] = {}
        for event in self.events:
            if event.kind == "reset":
                self._history[event.exercise] = []
            elif event.kind == "verdict":
                self._history.setdefault(event.exercise, []).append(event)
        # Before version 0.2 an acceptance was a verdict on the project, and a milestone left its picture alone.
        projects = {project.id for project in self.curriculum.projects}
        of_projects = [event for event in self.events if event.kind in ("acceptance", "verdict")]
        self._accepted = {event.exercise for event in of_projects if event.verdict == Outcome.PASSED} & projects
        self._reached = {event.exercise for event in self.events if event.kind == "milestone"} | {
            phase.id
            for phase in self.curriculum.phases
            if phase.milestone and workspace.picture(phase.milestone).exists()
        }
        self._missing: dict[tuple[str, bool], tuple[Missing, ...]] = {}
        self.verdicts: dict[str, str] = {}
        self._parts: dict[str, set[str]] = {}  # those that pass as they are now, of exercises that do not yet
        for unit in self.curriculum.built:
            judged = any(self._history.get(exercise.id) for exercise in unit.exercises)
            text = workspace.text(unit) if judged else None
            file = source.digest(text) if text is not None else None
            for exercise in unit.exercises:
                self.verdicts[exercise.id] = self._verdict(exercise, text, file)

    def _verdict(self, exercise: Exercise, text: str | None, file: str | None) -> str:
        history = self._history.get(exercise.id, [])
        if not history:
            return Outcome.NOT_ATTEMPTED
        known = [event.code for event in history if event.file == file and event.code] if file else []
        now = None
        if known:
            now = known[-1]
        elif text is not None:
            now = source.fingerprint(text, exercise.names)
        for event in reversed(history):
            if now is not None and event.code == now:
                parts = event.parts or {}
                self._parts[exercise.id] = {name for name, found in parts.items() if found == Outcome.PASSED}
                return event.verdict or Outcome.NOT_ATTEMPTED
        last = history[-1].verdict or Outcome.NOT_ATTEMPTED
        return EDITED if last == Outcome.PASSED else last

    def passed(self, unit: Unit) -> bool:
        """Whether nothing of it is left: all exercises passed as they are now, a project accepted too."""
        return not unit.coming and not self.waiting(unit) and (unit.kind == "unit" or self.accepted(unit))

    def left(self, phase: Phase) -> list[Unit]:
        """The units of a phase, and of those before it, that are built and not passed."""
        units = [unit for so_far in self.curriculum.phases[: phase.number] for unit in so_far.units]
        return [unit for unit in units if not (unit.coming or self.passed(unit))]

    def waiting(self, unit: Unit) -> list[Exercise]:
        """The exercises of a unit that no passing verdict stands for as they are now."""
        return [exercise for exercise in unit.exercises if self.verdicts[exercise.id] != Outcome.PASSED]

    def accepted(self, project: Unit) -> bool:
        """Whether a training run of the project has been accepted."""
        return project.id in self._accepted

    def reached(self, phase: Phase) -> bool:
        """Whether the phase's milestone has run to its end."""
        return phase.id in self._reached

    def ever_passed(self, exercise: Exercise) -> bool:
        """Whether any version of it has passed, before a reset too."""
        return any(event.verdict == Outcome.PASSED for event in self.events if event.exercise == exercise.id)

    def hints_taken(self, exercise: Exercise) -> int:
        """The highest rung of the ladder that has been shown."""
        rungs = [event.rung for event in self.events if event.kind == "hint" and event.exercise == exercise.id]
        return max((rung for rung in rungs if isinstance(rung, int)), default=0)

    def earned(self, exercise: Exercise) -> int:
        """Its points for which a passing verdict stands, as it is now."""
        if self.verdicts[exercise.id] == Outcome.PASSED:
            return exercise.points
        passed = self._parts.get(exercise.id, set())
        return sum(part.points for part in exercise.parts if part.name in passed)

    def owed(self, unit: Unit) -> list[Exercise]:
        """What was left of a unit that has the points to open others."""
        if unit.kind == "project" or unit.coming or self._short(unit):
            return []
        return [exercise for exercise in unit.exercises if self.verdicts[exercise.id] not in (Outcome.PASSED, EDITED)]

    def _short(self, unit: Unit) -> int:
        """How many points a unit lacks of three quarters."""
        return max(0, -(-3 * unit.points // 4) - sum(map(self.earned, unit.exercises)))

    def missing(self, unit: Unit, *, exactly: bool = False) -> tuple[Missing, ...]:
        """What has to be earned before a unit or a project opens, in the order of the road: the one rule there is.

        All that a project uses is looked for once it has the points, or if it is to be known exactly.
        """
        key = unit.id, exactly
        if key not in self._missing:
            short = {needed.id: self._short(needed) for needed in self.curriculum.prerequisites(unit)}
            asked = uses.imported(self.course, unit)
            if unit.kind == "project" and (exactly or not any(short.values())):
                asked = uses.called_for(self.course, unit)
            missing = []
            for other in self.curriculum.built:
                left = [each for each in self.waiting(other) if any((other.id, name) in asked for name in each.names)]
                if left or short.get(other.id):
                    missing.append(Missing(other, short.get(other.id, 0), tuple(left)))
            self._missing[key] = tuple(missing)
        return self._missing[key]

    def locked_by(self, unit: Unit) -> list[Unit]:
        return [missing.unit for missing in self.missing(unit)]

    def opens_with(self, unit: Unit) -> str:
        """What is missing in words: `2 more points of 2.3, and attention/patchify`; nothing where nothing is."""
        return in_words(self.missing(unit))

    def state(self, unit: Unit) -> Literal["passed", "open", "locked", "coming"]:
        if unit.coming:
            return "coming"
        if self.passed(unit):
            return "passed"
        return "locked" if self.missing(unit) else "open"

    @property
    def next(self) -> Exercise | Unit | None:
        """The first thing to do: an exercise, or a project that is written and waits to be trained.

        A project comes as soon as it is open. What units still owe waits until the one that was begun last is done.
        None when all that is built is passed.
        """
        order = list(self.curriculum.units)
        for project in self.curriculum.projects:
            needed = [order.index(unit) for unit in self.curriculum.prerequisites(project)]
            order.insert(max(needed, default=-1) + 1, project)
        begun = [unit for unit in order if self.state(unit) in ("open", "passed") and self._begun(unit)]
        at = begun[-1] if begun and self.waiting(begun[-1]) else None
        for unit in order:
            if self.state(unit) == "open" and not (at and unit != at and self.owed(unit)):
                waiting = self.waiting(unit)
                return min(waiting, key=lambda exercise: self.verdicts[exercise.id] == EDITED) if waiting else unit
        return None

    def _begun(self, unit: Unit) -> bool:
        return any(self._history.get(exercise.id) for exercise in unit.exercises)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: {"schema": 1, "units": {id: …}, "projects": {id: …}, "milestones": {phase id: …},
        "next": id or null, "unreadable_lines": n}.

        A unit is {"number", "title", "state", "passed", "total", "points", "max_points", "exercises": {id:
        verdict}, "locked_by": [ids], "opens_with": words, "owed": n}; `passed` counts those edited since. A
        project has "accepted" besides, and the same as "trained", its name before version 0.2. A
        milestone is {"title", "ready", "reached"}.
        """
        upcoming = self.next
        return {
            "schema": SCHEMA,
            "units": {unit.id: self._entry(unit) for unit in self.curriculum.units},
            "projects": {unit.id: self._entry(unit) for unit in self.curriculum.projects},
            "milestones": {
                phase.id: {
                    "title": phase.milestone.title,
                    "ready": not self.left(phase),
                    "reached": self.reached(phase),
                }
                for phase in self.curriculum.phases
                if phase.milestone
            },
            "next": upcoming.id if upcoming else None,
            "unreadable_lines": self.unreadable,
        }

    def _entry(self, unit: Unit) -> Mapping[str, Any]:
        standing = [exercise for exercise in unit.exercises if self.verdicts[exercise.id] in (Outcome.PASSED, EDITED)]
        state = self.state(unit)
        entry: dict[str, Any] = {
            "number": unit.number,
            "title": unit.title,
            "state": state,
            "passed": len(standing),
            "total": len(unit.exercises),
            "points": sum(
                exercise.points if exercise in standing else self.earned(exercise) for exercise in unit.exercises
            ),
            "max_points": unit.points,
            "exercises": {exercise.id: self.verdicts[exercise.id] for exercise in unit.exercises},
            "locked_by": [needed.id for needed in self.locked_by(unit)] if state == "locked" else [],
            "opens_with": self.opens_with(unit) if state == "locked" else "",
            "owed": len(self.owed(unit)),
        }
        if unit.kind == "project":
            entry |= {"accepted": self.accepted(unit), "trained": self.accepted(unit)}
        return entry


def in_words(missing: Sequence[Missing], most: int = FEW) -> str:
    """What is missing, the exercises by name where they are not more than `most`."""
    points = [f"{each.points} of {each.unit.number}" for each in missing if each.points]
    if points:
        first = next(each for each in missing if each.points)
        points[0] = f"{first.points} more point{'' if first.points == 1 else 's'} of {first.unit.number}"
    names = [exercise.id for each in missing for exercise in each.exercises]
    exercises = f"{len(names)} exercises that it uses" if len(names) > most else ", ".join(names)
    return ", and ".join(filter(None, (", ".join(points), exercises)))


def road(course: Course, workspace: Workspace) -> dict[str, Any]:
    """Where the learner stands, as plain data: see Road.to_dict."""
    return Road(course, workspace).to_dict()
