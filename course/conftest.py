"""For `pytest course --learner PATH`: one process, pdb works, nothing is decided."""

from grader.judge.trial.plugin import both, learner, pytest_addoption, pytest_configure, trial

__all__ = ["both", "learner", "pytest_addoption", "pytest_configure", "trial"]
