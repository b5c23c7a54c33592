"""What the judge says. Schema 2 is documented in course/guide/verdict.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from grader.judge.terms.failure import Cause, Failure, known
from grader.judge.terms.outcome import Outcome, Unknown, outcome
from grader.judge.terms.sentence import sentence

SCHEMA = 2


@dataclass(frozen=True)
class CheckResult:
    """One check of an exercise. `name` reads as the end of a sentence: “matches the reference”."""

    name: str
    passed: bool
    message: str = ""


@dataclass(frozen=True)
class PartVerdict:
    """The verdict on a part of an exercise.

    `failure` is what went wrong in the first check that did not pass, and `message` that in words ("" when all did),
    free of control characters; where nothing could be asked, only the message is there. `repro` is Python code for the
    smallest failing input.
    """

    name: str
    verdict: Outcome | Unknown
    points: int
    max_points: int
    message: str = ""
    failure: Failure | None = None
    repro: str | None = None
    checks: tuple[CheckResult, ...] = ()


@dataclass(frozen=True)
class ExerciseVerdict:
    """The verdict on one exercise: what is to be said of it, and the points of all its parts.

    Of several `parts`, the one that is spoken of is the first that was attempted and has not passed, or else the first
    that was not attempted. `output` is what the learner's code printed, bounded. `passes_with` are ids of other
    exercises: with the course's own in place of the learner's, this one passes.

    `hidden` is the verdict by an instructor's own checks, where there are any. It holds all that there is to say of
    them; what stands beside it tells no more than the name of one that failed, and learners may read it.
    """

    verdict: Outcome | Unknown
    points: int
    max_points: int
    message: str = ""
    failure: Failure | None = None
    repro: str | None = None
    checks: tuple[CheckResult, ...] = ()
    output: str = ""
    parts: tuple[PartVerdict, ...] = ()
    passes_with: tuple[str, ...] = ()
    hidden: ExerciseVerdict | None = None

    @classmethod
    def of(cls, parts: Sequence[PartVerdict], output: str = "") -> ExerciseVerdict:
        """The verdict on an exercise of these parts; one alone is the exercise."""
        left = [part for part in parts if part.verdict != Outcome.PASSED]
        tried = [part for part in left if part.verdict != Outcome.NOT_ATTEMPTED]
        telling = [*tried, *left, *parts][0]
        return cls(
            telling.verdict,
            sum(part.points for part in parts),
            sum(part.max_points for part in parts),
            message=telling.message,
            failure=telling.failure,
            repro=telling.repro,
            checks=tuple(check for part in parts for check in part.checks),
            output=output,
            parts=tuple(parts) if len(parts) > 1 else (),
        )

    def because_of(self, helpers: Sequence[str], cause: Cause, name: str) -> ExerciseVerdict:
        """The verdict on an exercise of this name that passes without these others of the learner's, by id."""
        if self.failure is None:
            return replace(self, passes_with=tuple(helpers))
        told = replace(self.failure, causes=(cause, *self.failure.causes))
        head = self.message.partition(" — ")[0] or name
        parts = tuple(
            replace(part, failure=told, message=sentence(head, told)) if part.failure == self.failure else part
            for part in self.parts
        )
        message = sentence(head, told)
        return replace(self, failure=told, message=message, parts=parts, passes_with=tuple(helpers))

    @classmethod
    def not_attempted(cls, points: int, message: str = "") -> ExerciseVerdict:
        """Nothing was asked of it; `points` could have been had."""
        return cls(Outcome.NOT_ATTEMPTED, 0, points, message)

    def to_dict(self) -> dict[str, Any]:
        """As data. `parts` and `hidden` only where there are any; `diagnosis` and `see` for readers of schema 1."""
        data = asdict(replace(self, hidden=None, parts=()))
        data |= {"failure": _failure(self.failure), "diagnosis": self.diagnosis, "see": self.section}
        del data["parts"], data["hidden"]
        if self.parts:
            data["parts"] = [{**asdict(part), "failure": _failure(part.failure)} for part in self.parts]
        if self.hidden:
            data["hidden"] = self.hidden.to_dict()
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ExerciseVerdict:
        """Inverse of to_dict; reads schema 1, too."""
        hidden = cls.from_dict(data["hidden"]) if "hidden" in data else None
        parts = tuple(PartVerdict(**_judged(PartVerdict, part)) for part in data.get("parts", ()))
        judged = _judged(cls, data)
        if "failure" not in data and data["diagnosis"]:
            judged["failure"] = _of_schema_1(data)
        passes_with = tuple(data.get("passes_with", ()))
        return cls(**{**judged, "parts": parts, "passes_with": passes_with, "hidden": hidden})

    @property
    def could_be_judged(self) -> bool:
        """Whether it was in the learner's hands: where a library is missing here, it was not."""
        return self.verdict != Outcome.NOT_ATTEMPTED or bool(self.failure) or not self.message

    @property
    def causes(self) -> tuple[Cause, ...]:
        return self.failure.causes if self.failure else ()

    @property
    def diagnosis(self) -> str | None:
        """The name of the first cause that was found."""
        return self.causes[0].name if self.causes else None

    @property
    def section(self) -> str | None:
        """Where to read on: the address of a lesson, and the anchor of a heading in it."""
        return self.failure.section if self.failure else None

    @property
    def refused_hidden(self) -> tuple[str, ...]:
        """The hidden checks that did not pass, by name, without the parameters that pytest puts in brackets."""
        checks = self.hidden.checks if self.hidden else ()
        return tuple(dict.fromkeys(check.name.partition("[")[0] for check in checks if not check.passed))

    def and_hidden(self, hidden: ExerciseVerdict, exercise: str) -> ExerciseVerdict:
        """The verdict by these checks and the hidden ones, which are asked of the exercise as a whole.

        They take away what all other checks have given, and nothing of an exercise that is not right as it is.
        """
        both = replace(self, hidden=hidden)
        if self.verdict != Outcome.PASSED or hidden.verdict == Outcome.PASSED:
            return both
        message = f"{exercise} — {both.refused_hidden[0]}\n  A hidden check does not pass."
        parts = tuple(replace(part, points=0) for part in self.parts)
        return replace(both, verdict=hidden.verdict, points=0, message=message, parts=parts)


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
        return all(exercise.verdict == Outcome.PASSED for exercise in self.exercises.values())

    @property
    def points(self) -> int:
        return sum(exercise.points for exercise in self.exercises.values())

    @property
    def max_points(self) -> int:
        return sum(exercise.max_points for exercise in self.exercises.values())

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON-able data, schema 2."""
        data = {"schema": SCHEMA, **asdict(replace(self, exercises={}))}
        return {**data, "exercises": {key: exercise.to_dict() for key, exercise in self.exercises.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Verdict:
        """Inverse of to_dict; reads schema 1, too. Raises ValueError for another schema."""
        if data.get("schema") not in (1, SCHEMA):
            raise ValueError(f"a verdict of schema {data.get('schema')!r}; this version reads schema 1 and {SCHEMA}")
        exercises = {key: ExerciseVerdict.from_dict(exercise) for key, exercise in data["exercises"].items()}
        return cls(**{**known(cls, data), "exercises": exercises, "notes": tuple(data["notes"])})


def _failure(failure: Failure | None) -> dict[str, Any] | None:
    return failure.to_dict() if failure else None


def _judged(of: type[PartVerdict | ExerciseVerdict], data: Mapping[str, Any]) -> dict[str, Any]:
    """What a part and an exercise have in common, as fields."""
    failure = data.get("failure")
    return {
        **known(of, data),
        "verdict": outcome(data["verdict"]),
        "failure": Failure.from_dict(failure) if failure else None,
        "checks": tuple(CheckResult(**known(CheckResult, check)) for check in data["checks"]),
    }


def _of_schema_1(data: Mapping[str, Any]) -> Failure:
    """Of a failure that was told in words alone, the check and the known mistake, whose sentence came last."""
    check = next((check["name"] for check in data["checks"] if not check["passed"]), "")
    sentence = data["message"].splitlines()[-1].strip() if data["message"] else ""
    return Failure(check, causes=(Cause(data["diagnosis"], sentence, section=data["see"], known=True),))
