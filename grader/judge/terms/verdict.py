"""What the judge says. Schema 1 is documented in course/guide/verdict.md."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

SCHEMA = 1

Outcome = Literal["passed", "failed", "crashed", "timed out", "not attempted"]


@dataclass(frozen=True)
class CheckResult:
    """One check of an exercise. `name` reads as the end of a sentence: “matches the reference”."""

    name: str
    passed: bool
    message: str = ""


@dataclass(frozen=True)
class ExerciseVerdict:
    """The verdict on one exercise.

    `message` is the finished sentence on the first check that did not pass ("" when all did), free of control
    characters. `diagnosis` names the known mistake whose results equal the learner's, and `see` the lesson's section
    on it. `repro` is Python code for the smallest failing input. `output` is what the learner's code printed, bounded.

    `hidden` is the verdict by an instructor's own checks, where there are any. It holds all that there is to say of
    them; what stands beside it tells no more than the name of one that failed, and learners may read it.
    """

    verdict: Outcome
    points: int
    max_points: int
    message: str = ""
    diagnosis: str | None = None
    see: str | None = None
    repro: str | None = None
    checks: tuple[CheckResult, ...] = ()
    output: str = ""
    hidden: ExerciseVerdict | None = None

    @property
    def refused_hidden(self) -> tuple[str, ...]:
        """The hidden checks that did not pass, by name, without the parameters that pytest puts in brackets."""
        checks = self.hidden.checks if self.hidden else ()
        return tuple(dict.fromkeys(check.name.partition("[")[0] for check in checks if not check.passed))

    def and_hidden(self, hidden: ExerciseVerdict, exercise: str) -> ExerciseVerdict:
        """The verdict by these checks and the hidden ones: passed if both are."""
        both = replace(self, hidden=hidden)
        if self.verdict != "passed" or hidden.verdict == "passed":
            return both
        message = f"{exercise} — {both.refused_hidden[0]}\n  A hidden check does not pass."
        return replace(both, verdict=hidden.verdict, points=0, message=message)


@dataclass(frozen=True)
class Verdict:
    """The verdict on a submission: per exercise id, and what exactly was judged.

    The same `source_sha256`, `checker` and `seed` give the same verdict. `confined` is True when the kernel's wall
    stood around the learner's code. `notes` are lines about the submission itself (ignored files and the like).
    """

    exercises: dict[str, ExerciseVerdict]
    source_sha256: str
    checker: str
    seed: int
    profile: str
    confined: bool
    notes: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        return all(exercise.verdict == "passed" for exercise in self.exercises.values())

    @property
    def points(self) -> int:
        return sum(exercise.points for exercise in self.exercises.values())

    @property
    def max_points(self) -> int:
        return sum(exercise.max_points for exercise in self.exercises.values())

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON-able data, schema 1."""
        data = {"schema": SCHEMA, **asdict(self)}
        data["exercises"] = {key: _without_none(exercise) for key, exercise in data["exercises"].items()}
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Verdict:
        """Inverse of to_dict. Raises ValueError for another schema."""
        if data.get("schema") != SCHEMA:
            raise ValueError(f"a verdict of schema {data.get('schema')!r}; this version reads schema {SCHEMA}")
        exercises = {key: _exercise(fields) for key, fields in data["exercises"].items()}
        rest = {key: value for key, value in data.items() if key not in ("schema", "exercises", "notes")}
        return cls(exercises=exercises, notes=tuple(data["notes"]), **rest)


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    """`hidden` stands only where there is something to say."""
    hidden = fields.pop("hidden")
    return fields if hidden is None else {**fields, "hidden": _without_none(hidden)}


def _exercise(fields: dict[str, Any]) -> ExerciseVerdict:
    checks = tuple(CheckResult(**check) for check in fields["checks"])
    hidden = _exercise(fields["hidden"]) if "hidden" in fields else None
    return ExerciseVerdict(**{**fields, "checks": checks, "hidden": hidden})
