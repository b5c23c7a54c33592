"""What a project's result is held against, and the outcome, as plain values. Knows no torch and no NumPy."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from grader.curriculum import CourseError


class Unmeasurable(CourseError):
    """The files of a run cannot be judged at all; the text is one line that says why."""


@dataclass(frozen=True)
class Threshold:
    """What is asked of one measured figure: low ≤ figure ≤ high, either end open if None.

    unit: of the figure and both ends, or nothing. origin: where the ends come from, in a few words.
    """

    name: str
    unit: str
    low: float | None
    high: float | None
    origin: str

    def gate(self, measured: float) -> Gate:
        finite = measured if math.isfinite(measured) else None
        return Gate(self.name, self.unit, finite, self.low, self.high, self.origin)


@dataclass(frozen=True)
class Gate:
    """A threshold and what was measured."""

    name: str
    unit: str
    measured: float | None  # None if it could not be measured, or is not finite
    low: float | None
    high: float | None
    origin: str

    @property
    def passed(self) -> bool:
        return (
            self.measured is not None
            and (self.low is None or self.measured >= self.low)
            and (self.high is None or self.measured <= self.high)
        )


@dataclass(frozen=True)
class Control:
    """A reference with one thing wrong in it, which a gate has to stop: in the file at `address`, `right` is `wrong`.

    meaning: what is wrong, in words. right: a text that the reference holds exactly once.
    """

    meaning: str
    address: str
    right: str
    wrong: str


@dataclass(frozen=True)
class Acceptance:
    """All gates of a project. `problem` is one line if the run's files cannot be judged at all."""

    project: str
    gates: tuple[Gate, ...]
    problem: str = ""

    @property
    def accepted(self) -> bool:
        return not self.problem and bool(self.gates) and all(gate.passed for gate in self.gates)

    def to_dict(self) -> dict[str, Any]:
        gates = [{**asdict(gate), "passed": gate.passed} for gate in self.gates]
        return {
            "schema": 1,
            "project": self.project,
            "accepted": self.accepted,
            "problem": self.problem,
            "gates": gates,
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Acceptance:
        gates = ({name: entry[name] for name in Gate.__dataclass_fields__} for entry in value["gates"])
        return cls(value["project"], tuple(Gate(**gate) for gate in gates), value["problem"])
