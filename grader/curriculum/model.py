"""The curriculum as plain values, and the questions one asks of it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from grader.curriculum.errors import UnknownId
from grader.ground.errors import CourseError


@dataclass(frozen=True)
class Part:
    """A piece of an exercise that is judged, named and paid by itself, in the order in which one would write them.

    `of` is the public function or class in which it is written; `needs` names parts that it cannot do without.
    """

    name: str
    points: int
    of: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exercise:
    """One graded exercise: a public function or class of a unit's file, or several in parts.

    An exercise that is judged as a whole is its own only part.
    `difficulty` runs from 1 (warm-up) to 5; `minutes` is what a first attempt takes.
    """

    unit_id: str
    name: str
    title: str
    difficulty: int
    minutes: int
    parts: tuple[Part, ...]

    @property
    def id(self) -> str:
        return f"{self.unit_id}/{self.name}"

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """The public functions and classes of the unit's file that belong to it."""
        return tuple(dict.fromkeys((self.name, *(part.of for part in self.parts))))


@dataclass(frozen=True)
class Unit:
    """A unit of the road, or a project (`kind`). `needs` holds unit ids; without exercises it is still coming.

    What its code has behind the judge's wall besides what every unit's has: `imports`, libraries by their import names,
    sorted; a `scratch` folder; and instead of the judge's own bounds, where they are said, `seconds` for one call and
    `memory` in MiB beyond the warm process.
    """

    kind: Literal["unit", "project"]
    id: str
    number: str
    phase: str
    address: str
    title: str
    summary: str
    minutes: int
    needs: tuple[str, ...]
    exercises: tuple[Exercise, ...]
    level: str = ""
    imports: tuple[str, ...] = ()
    scratch: bool = False
    seconds: float | None = None
    memory: int | None = None

    @property
    def coming(self) -> bool:
        return not self.exercises

    @property
    def points(self) -> int:
        return sum(exercise.points for exercise in self.exercises)

    @property
    def module(self) -> str:
        """The import name of the unit's file, for example `phase2_deep_learning.unit4_attention`."""
        return self.address.replace("/", ".")


@dataclass(frozen=True)
class Milestone:
    """What a phase ends with: a program in the room course/ that runs the learner's own code on real data."""

    address: str
    title: str
    summary: str


@dataclass(frozen=True)
class Phase:
    id: str
    number: int
    title: str
    weeks: str
    units: tuple[Unit, ...]
    milestone: Milestone | None = None


@dataclass(frozen=True)
class Curriculum:
    title: str
    version: str
    phases: tuple[Phase, ...]
    projects: tuple[Unit, ...]

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """All units in the order of the road."""
        return tuple(unit for phase in self.phases for unit in phase.units)

    @cached_property
    def built(self) -> tuple[Unit, ...]:
        """Units, then projects, that can be worked on today."""
        return tuple(unit for unit in (*self.units, *self.projects) if not unit.coming)

    @cached_property
    def imports(self) -> tuple[str, ...]:
        """All libraries that a unit names, by their import names."""
        return tuple(sorted({name for unit in self.built for name in unit.imports}))

    @cached_property
    def exercises(self) -> tuple[Exercise, ...]:
        return tuple(exercise for unit in self.built for exercise in unit.exercises)

    @cached_property
    def _by_key(self) -> dict[str, Unit | Exercise]:
        table: dict[str, Unit | Exercise] = {}
        for unit in (*self.units, *self.projects):
            table[unit.id] = table[unit.number] = table[unit.address] = unit
            for position, exercise in enumerate(unit.exercises, start=1):
                table[exercise.id] = table[f"{unit.number}/{exercise.name}"] = exercise
                table[f"{unit.number}.{position}"] = exercise
        return table

    def find(self, key: str) -> Unit | Exercise:
        """The unit, project or exercise with this id (`attention`, `attention/ViT`), number (`2.4`, `p1`) or address.

        Raises UnknownId, which names the nearest ids.
        """
        wanted = key.strip().removesuffix(".py").strip("/")
        if wanted in self._by_key:
            return self._by_key[wanted]
        named = [exercise for exercise in self.exercises if wanted in exercise.names]
        if len(named) == 1:
            return named[0]
        from difflib import get_close_matches

        folded = {known.casefold(): known for known in [*self._by_key, *(e.name for e in self.exercises)]}
        nearest = get_close_matches(wanted.casefold(), folded, n=3, cutoff=0.6)
        raise UnknownId(key, [folded[match] for match in nearest])

    def unit(self, key: str) -> Unit:
        """The unit or project that `key` names or that holds the exercise it names."""
        found = self.find(key)
        return self.unit(found.unit_id) if isinstance(found, Exercise) else found

    def phase(self, key: str) -> Phase | None:
        """The phase with this id, number or folder of units; None if there is none."""
        wanted = key.strip().strip("/")
        for phase in self.phases:
            if wanted in (phase.id, str(phase.number), *(unit.address.partition("/")[0] for unit in phase.units)):
                return phase
        return None

    def prerequisites(self, unit: Unit) -> tuple[Unit, ...]:
        """The built units that must be passed first.

        On the road a coming unit hands down what it needs itself; a project asks for its own units and no others.
        """
        found: set[str] = set()
        for needed in map(self.unit, unit.needs):
            if not needed.coming:
                found.add(needed.id)
            elif unit.kind == "unit":
                found.update(earlier.id for earlier in self.prerequisites(needed))
        return tuple(other for other in self.units if other.id in found)

    @classmethod
    def read(cls, path: Path) -> Curriculum:
        """Read curriculum.toml. Raises CourseError naming the entry that is wrong."""
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CourseError(f"There is no course at {path.parent.parent}: {path} is missing.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise CourseError(f"{path} is not valid TOML: {error}") from None
        try:
            phases = tuple(_phase(number, entry) for number, entry in enumerate(table["phase"], start=1))
            projects = tuple(
                _unit("project", f"p{number}", "projects", entry)
                for number, entry in enumerate(table.get("project", []), start=1)
            )
            curriculum = cls(table["title"], table["version"], phases, projects)
        except KeyError as error:
            raise CourseError(f"{path}: an entry lacks {error}.") from None
        except TypeError as error:
            raise CourseError(f"{path}: {error}.") from None
        curriculum._validate(path)
        return curriculum

    def _validate(self, path: Path) -> None:
        everything = (*self.units, *self.projects)
        order = {unit.id: position for position, unit in enumerate(everything)}
        if len(order) < len(everything) or len({unit.address for unit in everything}) < len(everything):
            raise CourseError(f"{path}: two units share an id or an address.")
        for unit in everything:
            for needed in unit.needs:
                if order.get(needed, len(order)) >= order[unit.id]:
                    raise CourseError(f"{path}: {unit.id} needs {needed!r}, which is not an earlier unit.")
            names = [name for exercise in unit.exercises for name in exercise.names]
            if len(set(names)) < len(names):
                raise CourseError(f"{path}: {unit.id} lists a name twice.")
            for exercise in unit.exercises:
                earlier: set[str] = set()
                for part in exercise.parts:
                    if part.name in earlier or not earlier.issuperset(part.needs):
                        what = f"part {part.name!r} of {exercise.id}"
                        raise CourseError(f"{path}: {what} comes twice, or needs one that is not an earlier part.")
                    earlier.add(part.name)


def _phase(number: int, entry: dict[str, Any]) -> Phase:
    units = tuple(
        _unit("unit", f"{number}.{position}", entry["id"], unit) for position, unit in enumerate(entry["unit"], start=1)
    )
    milestone = Milestone(**entry["milestone"]) if "milestone" in entry else None
    return Phase(entry["id"], number, entry["title"], entry["weeks"], units, milestone)


def _unit(kind: Literal["unit", "project"], number: str, phase: str, entry: dict[str, Any]) -> Unit:
    exercises = tuple(_exercise(entry["id"], fields) for fields in entry.get("exercises", []))
    for name, (fits, wanted) in _BEHIND_THE_WALL.items():
        if name in entry and not fits(entry[name]):
            raise TypeError(f"{entry['id']}: {name} is {entry[name]!r}, and has to be {wanted}")
    return Unit(
        kind=kind,
        number=number,
        phase=phase,
        needs=tuple(entry["needs"]),
        exercises=exercises,
        imports=tuple(sorted(entry.get("imports", ()))),
        **_without(entry, "needs", "exercises", "imports"),
    )


_BEHIND_THE_WALL: dict[str, tuple[Callable[[Any], bool], str]] = {
    "imports": (
        lambda value: isinstance(value, list) and len({*map(str, value)}) == len(value) and all(map(_is_name, value)),
        'a list of import names, each once, as in ["diffusers"]',
    ),
    "scratch": (lambda value: isinstance(value, bool), "true or false"),
    "seconds": (lambda value: type(value) in (int, float) and 0 < value <= 60, "seconds of one call, at most 60"),
    "memory": (lambda value: type(value) is int and 64 <= value <= 1 << 14, "MiB, a whole number from 64 to 16384"),
}
"""What a unit may ask for, what fits there, and how that is said."""


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _exercise(unit_id: str, entry: dict[str, Any]) -> Exercise:
    """An exercise says its points, or has parts that do."""
    name = entry["name"]
    parts = entry.get("parts") or [{"name": name, "points": entry["points"]}]
    return Exercise(
        unit_id=unit_id,
        parts=tuple(
            Part(of=part.get("of", part["name"]), needs=tuple(part.get("needs", ())), **_without(part, "of", "needs"))
            for part in parts
        ),
        **_without(entry, "parts", "points" if "parts" not in entry else ""),
    )


def _without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key not in names}
