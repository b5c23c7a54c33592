"""Runs one check that pytest collected: under hypothesis if it is one of its tests, with fixtures of our own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from hypothesis import Verbosity, is_hypothesis_test, settings
from hypothesis.errors import HypothesisException

from grader.judge.terms.calls import LearnerStopped
from grader.judge.trial.fixtures import FIXTURES, Trial
from grader.judge.wall.zygote import JudgeError

CheckFunction = Callable[..., None]

StandIn = Callable[[CheckFunction, dict[str, Any]], None]
"""What runs in a check's place: it is given the check, and the inputs and fixtures that the check would have had."""

_SETTINGS_APPLIED = "_hypothesis_internal_settings_applied"
"""Where hypothesis notes that a test has its settings, and refuses others. Private, and so looked for at every use."""


class Runner:
    """Runs checks, one at a time, and is there whenever one is called, be it by us or by hypothesis."""

    def __init__(self) -> None:
        self._trial: Trial | None = None
        self._stand_in: StandIn | None = None

    def observe(self, item: pytest.Function) -> None:
        """Be there from now on whenever this check is called."""
        function = item.obj.__func__
        if is_hypothesis_test(function):
            function.hypothesis.inner_test = self._observed(function.hypothesis.inner_test)
        else:
            if not hasattr(function, "__wrapped__"):  # several items share a parametrized check
                setattr(item.cls, item.originalname, self._observed(function))
            item.obj = getattr(item.instance, item.originalname)

    def run(
        self, item: pytest.Function, trial: Trial, profile: str, seed: int, stand_in: StandIn | None = None
    ) -> BaseException | None:
        """Run a check, or for each of its inputs what stands in for it; what was raised. Raises JudgeError."""
        check = item.obj
        if is_hypothesis_test(check.__func__):
            _configure(check.__func__, profile, seed)
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        fixtures = {name: FIXTURES[name](trial) for name in inspect.signature(check).parameters if name in FIXTURES}
        self._trial, self._stand_in = trial, stand_in
        try:
            check(**parameters, **fixtures)
        except (Exception, LearnerStopped) as error:
            return error
        finally:
            self._trial = self._stand_in = None
        return None

    def _observed(self, check: CheckFunction) -> CheckFunction:
        """The check, which gives way to a stand-in, and else leaves a trace of the last input that fails."""

        @functools.wraps(check)
        def run(*args: Any, **kwargs: Any) -> None:
            if self._stand_in is not None:
                own = {"self": kwargs.pop("self")} if "self" in kwargs else {}
                return self._stand_in(functools.partial(check, *args, **own), kwargs)
            try:
                check(*args, **kwargs)
            except HypothesisException:  # an input that is not to be used
                raise
            except Exception as error:
                assert self._trial
                self._trial.refuted = error, self._trial.last
                raise

        return run


def _configure(test: CheckFunction, profile: str, seed: int) -> None:
    """Give a test this profile's settings and this seed, whatever it had before. Raises JudgeError."""
    vars(test).pop(_SETTINGS_APPLIED, None)  # absent before the first time
    quiet = settings(settings.get_profile(profile), verbosity=Verbosity.quiet)
    hypothesis.seed(seed)(quiet(test))
    if _SETTINGS_APPLIED not in vars(test):
        raise JudgeError(
            f"hypothesis {hypothesis.__version__} no longer notes a test's settings in {_SETTINGS_APPLIED}, so that "
            "the judge cannot change them; install the version in constraints.txt, or a newer release of this course"
        )
