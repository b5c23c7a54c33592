"""Answers that took no work, for every exercise of the course: constants, echoes, liars, patches and ways out."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

import pytest

from grader.curriculum import Unit, default_course
from grader.judge import Judge, Submission

COURSE = default_course()

HEAD = '''
import numpy as np
import torch


def tensors(arguments, options):
    found = [*arguments, *options.values()]
    while found:
        one = found.pop(0)
        if isinstance(one, (torch.Tensor, np.ndarray)):
            yield one
        elif isinstance(one, (list, tuple)):
            found = [*one, *found]


def first(arguments, options):
    return next(tensors(arguments, options), torch.zeros(()))


def like(one, value):
    filled = one * 0.0 + value
    return filled


class Everything:
    """Is equal to all, is every number, has every attribute and is what every call returns."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *arguments, **options):
        return self

    def __iter__(self):
        return iter([self, self])

    def __array__(self, dtype=None, copy=None):
        return np.zeros(1, dtype)

    __getitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __call__
    __neg__ = __pow__ = __abs__ = __matmul__ = __call__
    __float__ = lambda self: 0.0
    __len__ = __int__ = __index__ = lambda self: 0
    __bool__ = lambda self: True
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    __hash__ = object.__hash__

    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        return True


class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        return True
'''

ANSWERS = {
    "first argument": "return arguments[0] if arguments else next(iter(options.values()), None)",
    "last argument": "return [*arguments, *options.values()][-1]",
    "all arguments": "return arguments",
    "first tensor": "return first(arguments, options)",
    "two of the first tensor": "return first(arguments, options), first(arguments, options)",
    "zeros": "return like(first(arguments, options), 0.0)",
    "ones": "return like(first(arguments, options), 1.0)",
    "nan": "return like(first(arguments, options), float('nan'))",
    "infinity": "return like(first(arguments, options), float('inf'))",
    "mean of all": "return first(arguments, options).mean()",
    "nothing": "return first(arguments, options)[:0]",
    "scalar zero": "return torch.zeros(())",
    "True": "return True",
    "None": "return None",
    "zero": "return 0.0",
    "empty tuple": "return ()",
    "empty dict": "return {}",
    "everything": "return Everything()",
    "lying tensor": "return first(arguments, options).as_subclass(Liar)",
    "meta tensor": "return torch.empty_like(torch.as_tensor(first(arguments, options)), device='meta')",
}

PATCHES = {
    "torch says yes": """
        for name in ("allclose", "equal", "isclose", "eq"):
            setattr(torch, name, lambda *arguments, **options: True)
            setattr(torch.Tensor, name, lambda *arguments, **options: True)
        torch.Tensor.__eq__ = torch.Tensor.__le__ = torch.Tensor.__lt__ = lambda *_: torch.tensor(True)
        torch.testing.assert_close = lambda *arguments, **options: None
        """,
    "numpy says yes": """
        for name in ("allclose", "array_equal", "isclose", "array_equiv"):
            setattr(np, name, lambda *arguments, **options: True)
        for name in [name for name in dir(np.testing) if name.startswith("assert")]:
            setattr(np.testing, name, lambda *arguments, **options: None)
        """,
    "python says yes": """
        import builtins
        import math

        math.isclose = builtins.all = builtins.any = builtins.isinstance = lambda *arguments, **options: True
        """,
    "no assertion fails": """
        import builtins

        builtins.AssertionError = Exception
        builtins.Exception = BaseException
        """,
}

WAYS_OUT = {
    "SystemExit": "raise SystemExit(0)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "StopIteration": "raise StopIteration",
    "AssertionError": "raise AssertionError",
    "SkipTest": "import unittest; raise unittest.SkipTest('please')",
    "skip": "import pytest; pytest.skip('please')",
    "exit": "import pytest; pytest.exit('please', 0)",
    "xfail": "import pytest; pytest.xfail('please')",
    "assume": "import hypothesis; hypothesis.assume(False)",
    "reject": "import hypothesis; hypothesis.reject()",
    "event": "import hypothesis; hypothesis.event('passed')",
    "os._exit": "import os; os._exit(0)",
}

CLASSES = {
    "modules that answer": """
        class {name}(torch.nn.Module):
            def __init__(self, *arguments, **options):
                super().__init__()

            def forward(self, *arguments, **options):
                return answer(*arguments, **options)
        """,
    "everything": """
        class {name}(Everything):
            def __init__(self, *arguments, **options):
                pass

            def __call__(self, *arguments, **options):
                return answer(*arguments, **options)
        """,
}


def names(unit: Unit) -> Iterator[tuple[str, bool]]:
    """What the unit's stub defines at its top, and whether it is a class."""
    for node in ast.parse(COURSE.stub(unit).read_bytes()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name, isinstance(node, ast.ClassDef)


def forged(answer: str, patch: str = "", kind: str = "modules that answer") -> Submission:
    """A workspace in which every public name of every unit answers like this."""
    sources = {}
    for unit in COURSE.curriculum.built:
        parts = [HEAD, textwrap.dedent(patch), f"def answer(*arguments, **options):\n    {answer}\n"]
        for name, is_class in names(unit):
            if is_class:
                parts.append(textwrap.dedent(CLASSES[kind]).format(name=name))
            else:
                parts.append(f"def {name}(*arguments, **options):\n    return answer(*arguments, **options)\n")
        sources[unit.address] = "\n\n".join(parts).encode()
    return Submission(sources)


FORGERIES: dict[str, tuple[str, ...]] = {
    **{f"answers {name}": (text,) for name, text in ANSWERS.items()},
    **{f"everything, answers {name}": (ANSWERS[name], "", "everything") for name in ("first tensor", "everything")},
    **{name: (ANSWERS["zeros"], patch) for name, patch in PATCHES.items()},
    **{f"leaves by {name}": (text,) for name, text in WAYS_OUT.items()},
}
"""What `forged` is given for each."""


@pytest.mark.parametrize("unit", COURSE.curriculum.built, ids=lambda unit: unit.id)
def test_no_exercise_is_passed_without_work(course_judge: Judge, whole: bool, sampled, unit: Unit):
    """Each exercise meets one forgery in sixteen, others than its neighbour does; `make attacks` tries all of them."""
    places = {exercise.id: place for place, exercise in enumerate(COURSE.curriculum.exercises)}
    one_in = 1 if whole else 16
    tried = 0
    for number, (name, forgery) in enumerate(FORGERIES.items()):
        targets = [each.id for each in unit.exercises if (places[each.id] + number) % one_in == 0]
        if not targets:
            continue
        tried += len(targets)
        verdict = course_judge.check(forged(*forgery), targets, profile="mutants")
        assert set(verdict.exercises) == set(targets)
        outcomes = {key: judged.verdict for key, judged in verdict.exercises.items()}
        assert set(outcomes.values()) <= {"failed", "crashed", "timed out"}, (name, outcomes)
    sampled("pairs of an exercise and a lazy forgery", tried, len(unit.exercises) * len(FORGERIES))
