"""The submission asks pytest to skip, to expect the failure, or to end the whole run."""

import unittest

import pytest


def mean(x):
    for ask in (pytest.skip, pytest.xfail, pytest.exit):
        try:
            ask("please")
        except pytest.exit.Exception:
            raise
        except BaseException as error:
            print(error)
    raise unittest.SkipTest("please")


def centre(x):
    pytest.skip("please")
