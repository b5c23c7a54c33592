"""The outcome of an acceptance, as plain values. Knows no torch and no NumPy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Gate:
    """One condition: low ≤ measured ≤ high, either end open if None. `origin` says where the ends come from."""

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
