"""What went wrong in a check, as data. sentence.py says it in words; whoever shows it reads this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from grader.ground.text import clean


@dataclass(frozen=True)
class Frame:
    """A line of the learner's own through which an exception came: in `file`, within the function of that name."""

    file: str
    line: int
    function: str
    code: str


Names = Sequence["str | Names"]
"""What the values are called that a function returns: `("dx", "dw", "db")`, and `("p", ("m", "v", "t"))` for a tuple
in a tuple."""


@dataclass(frozen=True)
class Difference:
    """The first place where a result is not what it should be.

    `path` leads to the value within tuples and dicts, by position and key; it is empty for the result itself. `index`
    is the entry of an array. `returned` and `expected` stand for what is there and what should be, in words. Of an
    array, `kind` is what is right about it, and `differing` of its `entries` are wrong.
    """

    returned: str
    expected: str
    path: tuple[str | int, ...] = ()
    index: tuple[int, ...] = ()
    kind: str = ""
    differing: int = 1
    entries: int = 1

    def within(self, place: str | int) -> Difference:
        """The same difference, seen from what holds the value at this place."""
        return replace(self, path=(place, *self.path))

    def named(self, names: Names) -> Difference:
        """With the names of a result's values for positions in it, as far as there are any."""
        if not isinstance(next(iter(self.path), ""), int):
            return self  # of something that has a name already
        path: list[str | int] = []
        within: Names = names
        for place in self.path:
            found = within[place] if isinstance(place, int) and within[place : place + 1] else place
            if isinstance(found, str | int):
                path.append(found)
            else:
                within = found
        return replace(self, path=tuple(path))

    def cleaned(self) -> Difference:
        """Without anything that could act on a screen: keys and values may be the learner's."""
        path = tuple(clean(place) if isinstance(place, str) else place for place in self.path)
        return replace(self, path=path, returned=clean(self.returned), expected=clean(self.expected))

    @property
    def where(self) -> str:
        """The value's name: `dx`, `state.m`, `losses[2]`; "" for the result itself."""
        words = ".".join(place for place in self.path if isinstance(place, str))
        positions = "".join(f"[{place}]" for place in self.path if isinstance(place, int))
        return words + positions if words or not positions else f"at {positions}"

    def __str__(self) -> str:
        what = f"{self.where}: " if self.where else ""
        if not self.kind:
            return f"{what}returned {self.returned}, expected {self.expected}"
        at = f"first difference at {list(self.index)}: " if self.index else ""
        share = f" ({self.differing} of {self.entries} entries differ)" if self.entries > 1 else ""
        return f"{what}returned {self.kind} as expected, but {at}{self.returned}, expected {self.expected}{share}"


class Sure(StrEnum):
    """How sure a cause is: it explains everything that was asked, or all of the first check that did not pass."""

    CERTAIN = "certain"
    LIKELY = "likely"


@dataclass(frozen=True)
class Cause:
    """Why a check may not pass. `section`, a page's address and a heading's anchor, is where that is explained.

    `known` is one of the course's known mistakes; what else is found needs no bank.
    """

    name: str
    sentence: str
    sure: Sure = Sure.CERTAIN
    section: str | None = None
    known: bool = False


@dataclass(frozen=True)
class Failure:
    """A check that did not pass, free of control characters.

    `check` is its name, which reads as the end of a sentence, and `claim` what its docstring says. Of the call,
    `arguments` by name, `returned` and `expected` are in words, as far as they are known. An exception is `raised`,
    type first; `frames` are the learner's own lines on the way to it, the innermost last. `said` is what else there is
    to say, line by line. `causes` come in the order in which they are worth reading.
    """

    check: str
    claim: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    returned: str | None = None
    expected: str | None = None
    difference: Difference | None = None
    raised: str | None = None
    frames: tuple[Frame, ...] = ()
    said: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()

    @property
    def section(self) -> str | None:
        """Where to read on: the first cause's section."""
        return next((cause.section for cause in self.causes if cause.section), None)

    def to_dict(self) -> dict[str, Any]:
        difference = {**asdict(self.difference), "where": self.difference.where} if self.difference else None
        return {**asdict(self), "difference": difference, "section": self.section}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Failure:
        """Inverse of to_dict; fields of a newer version are passed over."""
        failure = known(cls, data)
        difference = data.get("difference")
        if difference is not None:
            places = {name: tuple(difference[name]) for name in ("path", "index")}
            failure["difference"] = Difference(**{**known(Difference, difference), **places})
        failure["frames"] = tuple(Frame(**known(Frame, frame)) for frame in data["frames"])
        failure["causes"] = tuple(map(_cause, data["causes"]))
        failure["said"] = tuple(data["said"])
        return cls(**failure)


def _cause(data: Mapping[str, Any]) -> Cause:
    # Of how a newer version is sure of it, no more is known here than that it says so.
    sure = Sure.CERTAIN if data["sure"] == Sure.CERTAIN else Sure.LIKELY
    return Cause(**{**known(Cause, data), "sure": sure})


def known(of: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a dataclass that `data` has, whatever else it holds."""
    names = {each.name for each in fields(of)}
    return {name: value for name, value in data.items() if name in names}
