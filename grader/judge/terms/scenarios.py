"""Helpers that scenarios use beside the learner's code. They run on the untrusted side and decide nothing."""

from __future__ import annotations

import itertools
import types
from collections.abc import Mapping
from typing import Any

import torch


def arguments_afterwards(impl: types.ModuleType, name: str, *arguments: Any) -> list[Any]:
    """What the arguments look like once the function has run."""
    getattr(impl, name)(*arguments)
    return list(arguments)


def refusal(impl: types.ModuleType, name: str, *arguments: Any) -> str:
    """Whether the call raises ValueError."""
    try:
        getattr(impl, name)(*arguments)
    except ValueError:
        return "ValueError"
    return "no error"


def named(returned: Any, *names: str) -> dict[str, Any]:
    """The values of a tuple under the names that a docstring gives them, with None for one that is not there.

    A list or a named tuple will do. Raises TypeError, in words for the learner, when there are more than names.
    """
    values = returned if isinstance(returned, list | tuple) else [returned]
    if len(values) > len(names):
        raise TypeError(f"{len(values)} values came back; the statement promises {len(names)}: {', '.join(names)}")
    return dict(itertools.zip_longest(names, values))


def load_weights(module: torch.nn.Module, state: dict[str, torch.Tensor]) -> torch.nn.Module:
    """Give the module's trainable parameters these values: by name, else in order of definition if all shapes agree.

    Raises ValueError, in words for the learner, when neither fits. What is fixed (buffers) stays the module's own.
    """
    own = {name: value for name, value in module.named_parameters() if value.requires_grad}
    if set(own) != set(state):
        if [value.shape for value in own.values()] != [value.shape for value in state.values()]:
            raise ValueError(f"the parameters are {_listing(own)}; the statement promises {_listing(state)}")
        state = dict(zip(own, state.values(), strict=True))
    with torch.no_grad():
        for name, value in state.items():
            if own[name].shape != value.shape:
                raise ValueError(f"{_listing({name: own[name]})}; the statement promises {_listing({name: value})}")
            own[name].copy_(value)
    return module


def _listing(state: Mapping[str, torch.Tensor]) -> str:
    return ", ".join(f"{name} {tuple(value.shape)}" for name, value in state.items()) or "none"
