"""The code that repeats a failing call holds all that it uses."""

import builtins
import importlib.util
import inspect
import symtable

import numpy as np
import pytest
import torch

from grader.curriculum import default_course
from grader.judge.terms.calls import Call
from grader.judge.trial.repro import repro

COURSE = default_course()


def undefined(text):
    """Global names that a program uses and never defines, but for those that it leaves to the reader in a comment."""
    top = symtable.symtable(text, "repro", "exec")
    defined = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    said = {line.split()[1] for line in text.splitlines() if line.endswith("is defined in the unit's checks")}
    tables, used = [top], set()
    for table in tables:
        tables += table.get_children()
        symbols = [symbol for symbol in table.get_symbols() if symbol.is_referenced()]
        used |= {symbol.get_name() for symbol in symbols if symbol.is_global() or table is top}
    return used - defined - said - set(dir(builtins))


@pytest.mark.parametrize("unit", COURSE.curriculum.built, ids=lambda unit: unit.id)
def test_of_every_scenario(unit):
    """Be it used by the scenario itself, by a helper of its helper, or within a lambda."""
    spec = importlib.util.spec_from_file_location(f"checks.{unit.module}", COURSE.checks(unit))
    checks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checks)
    functions = [value for value in vars(checks).values() if inspect.isfunction(value)]
    for function in functions:
        if function.__module__ == checks.__name__ and [*inspect.signature(function).parameters][:1] == ["impl"]:
            assert undefined(repro(Call(function, (1.0,)), unit.module)) == set(), function.__name__


def test_it_imports_what_it_uses_and_nothing_else():
    assert repro(Call("mean", (2.0,)), "unit1") == "import unit1 as impl\n\nprint(impl.mean(2.0))\n"
    assert repro(Call("mean", (float("nan"),)), "unit1").startswith("from math import inf, nan\nimport unit1")
    text = repro(Call("mean", (np.ones(2), torch.ones(2))), "unit1")
    assert text.startswith("import numpy as np\nimport torch\nimport unit1 as impl\n")
