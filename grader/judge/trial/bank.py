"""The bank of known mistakes: wrong answers as code, each with the sentence to say."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T", bound=Callable[..., Any])


@dataclass(frozen=True)
class Mistake:
    """A real wrong answer. `name` is the diagnosis; `replaces` the public name whose place `code` takes."""

    name: str
    exercise: str
    sentence: str
    see: str
    replaces: str
    code: Callable[..., Any]


def mistake(exercise: str, sentence: str, *, see: str, replaces: str | None = None) -> Callable[[T], T]:
    """Register the decorated function or class as a known mistake of an exercise of this unit.

    `see` is the id of the heading in the unit's lesson that explains it.
    """

    def register(code: T) -> T:
        code.mistake = Mistake(  # type: ignore[attr-defined]
            code.__name__, exercise, sentence, see, replaces or exercise, code
        )
        return code

    return register


def mistakes_in(module: types.ModuleType) -> Iterator[Mistake]:
    """The mistakes of a module, in the order in which they are written."""
    for value in vars(module).values():
        known = vars(value).get("mistake") if hasattr(value, "__dict__") else None
        if isinstance(known, Mistake):
            yield known


def with_mistake(reference: types.ModuleType, mistaken: Mistake) -> types.ModuleType:
    """A fresh copy of the reference in which the mistake stands in for what it replaces, for all who call it."""
    assert reference.__file__ and reference.__spec__ and reference.__spec__.loader
    copy = types.ModuleType(reference.__name__)
    copy.__file__ = reference.__file__
    exec(reference.__spec__.loader.get_code(reference.__name__), copy.__dict__)  # type: ignore[attr-defined]
    setattr(copy, mistaken.replaces, mistaken.code)
    return copy
