"""What the course lends to a learner's module, and how it gets there: on the untrusted side, beside their own."""

from __future__ import annotations

import importlib
import marshal
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Loan:
    """What is lent for one module.

    `code` is a compiled slice of the reference, of whose definitions `names` are lent. `elsewhere` says what names in
    the slice mean that the learner's modules hold: (module, name), or (module, "") for a module itself. `unwritten`
    holds the words for names that are neither there nor lent.
    """

    code: bytes = b""
    names: tuple[str, ...] = ()
    elsewhere: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unwritten: Mapping[str, str] = field(default_factory=dict)


class NotWrittenYet(NotImplementedError):
    """Somebody called an exercise that is neither written nor lent."""


class Elsewhere:
    """Stands in what is lent for what the learner's modules hold, and looks for it there each time it is used."""

    def __init__(self, module: str, name: str):
        self._where = module, name

    def _now(self) -> Any:
        module, name = self._where
        found = importlib.import_module(module)
        return getattr(found, name) if name else found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._now()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._now(), name)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._now(),)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, self._now())

    def __subclasscheck__(self, subclass: Any) -> bool:
        return issubclass(subclass, self._now())


def lend(loan: Loan, module: types.ModuleType) -> None:
    """Put what is lent into a module that has been executed, or that has nothing of its own."""
    if loan.code:
        namespace: dict[str, Any] = {"__name__": module.__name__}
        namespace |= {name: Elsewhere(*where) for name, where in loan.elsewhere.items()}
        exec(marshal.loads(loan.code), namespace)
        vars(module).update((name, namespace[name]) for name in loan.names)
    vars(module).update((name, _unwritten(name, words)) for name, words in loan.unwritten.items())


def _unwritten(name: str, words: str) -> type:
    """A class, so that a file that only names it, as a base or in an annotation, can be imported."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise NotWrittenYet(words)

    return type(name, (), {"__new__": refuse})
