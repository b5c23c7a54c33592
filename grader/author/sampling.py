"""Which part of a unit's gates is run on a tree of which they are known to hold, chosen by the unit's own files.

`make gates` runs every gate whole and keeps, for each unit that passes, the hashes of what it was run on. Where those
are still the files' hashes, the suite runs a part of the long gates. What is in the part follows from the unit's own
files and from nothing else: the same tree gives the same part, and a change elsewhere cannot bring up a fault in a
unit that it does not touch.

The platform changes with almost every commit, and all gates of all units after each would take an hour. A change of it
does not choose other items, it asks for more of them: twice as many. A fault of the platform shows in many units at
once, and all the units' parts together are hundreds of verdicts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import grader
from grader.curriculum import Course, Unit
from grader.ground.files import read_json, write_json

T = TypeVar("T")
DECIDES = ("ground", "curriculum", "judge", "author")
"""The rooms of the platform that a verdict on a reference, a mistake or a mutant passes through."""


@dataclass(frozen=True)
class Part:
    """One in `one_in` of a gate's items, no more than `most`; which ones is a matter of `key` and of their names.

    `tell(chosen, of)` hears how many were chosen of how many.
    """

    one_in: int = 1
    most: int | None = None
    key: str = ""
    tell: Callable[[int, int], None] = lambda chosen, of: None

    def of(self, items: Sequence[T], name: Callable[[T], str]) -> list[T]:
        """The items chosen, in their order; one at least. The part of a smaller `one_in` holds that of a larger."""
        count = -(-len(items) // self.one_in)
        if self.most is not None:
            count = min(count, self.most)
        ranked = sorted(range(len(items)), key=lambda index: _hash([f"{self.key} {name(items[index])}".encode()]))
        self.tell(count, len(items))
        return [items[index] for index in sorted(ranked[:count])]

    def takes(self, name: str) -> bool:
        """Whether a single thing is in it: one key in `one_in` takes it."""
        return int(_hash([f"{self.key} {name}".encode()]), 16) % self.one_in == 0


WHOLE = Part()


@dataclass(frozen=True)
class Proof:
    """The hashes of what the gates of a unit were run on: what is judged, what is drawn, and the platform."""

    judged: str
    drawn: str
    platform: str

    @classmethod
    def of(cls, course: Course, unit: Unit) -> Proof:
        """That of the files as they are now."""
        shared = [course.reference(unit)]
        judged = [*shared, course.stub(unit), course.checks(unit), course.mistakes(unit), *course.variants(unit)]
        drawn = [*shared, course.figures(unit), *sorted(course.figures(unit).with_suffix("").glob("*"))]
        return cls(_files(course.root, judged), _files(course.root, drawn), platform())


@dataclass(frozen=True)
class Proofs:
    """What `make gates` keeps in a file of the repository, by unit id."""

    path: Path

    def __getitem__(self, unit: Unit) -> Proof | None:
        known = (read_json(self.path) or {}).get(unit.id)
        return known and Proof(**known)

    def keep(self, course: Course, unit: Unit) -> None:
        """Every gate held, whole, on the files as they are."""
        known = read_json(self.path) or {}
        known[unit.id] = vars(Proof.of(course, unit))
        write_json(self.path, dict(sorted(known.items())))

    def hold(self, course: Course, unit: Unit) -> bool:
        """Whether the gates are known to hold for what is judged of the unit, as it is now."""
        proved = self[unit]
        return proved is not None and proved.judged == Proof.of(course, unit).judged

    def part(self, course: Course, unit: Unit, one_in: int) -> Part:
        """What is to be judged of a gate: all if the unit's files are not the proved ones, else one in `one_in`.

        `one_in` is 2 or more. The lesson is not among those files: its gate is short and always whole.
        """
        now, proved = Proof.of(course, unit), self[unit]
        if proved is None or proved.judged != now.judged:
            return WHOLE
        same = proved.platform == now.platform
        return Part(one_in if same else one_in // 2, key=now.judged)

    def pictures(self, course: Course, unit: Unit, one_in: int) -> bool:
        """Whether the unit's pictures, which are minutes to draw, are drawn again and compared."""
        now, proved = Proof.of(course, unit), self[unit]
        return proved is None or proved.drawn != now.drawn or Part(one_in, key=now.drawn).takes("pictures")


@cache
def platform() -> str:
    """The hash of the platform's part in a verdict."""
    root = Path(grader.__file__).parent
    return _files(root, sorted(path for room in DECIDES for path in (root / room).rglob("*.py")))


def _files(root: Path, paths: Iterable[Path]) -> str:
    """The hash of those files that there are, by their places and contents."""
    parts: list[bytes] = []
    for path in filter(Path.is_file, paths):
        parts += [path.relative_to(root).as_posix().encode(), path.read_bytes()]
    return _hash(parts)


def _hash(parts: Iterable[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(f"{len(part)} ".encode() + part)
    return total.hexdigest()[:16]
