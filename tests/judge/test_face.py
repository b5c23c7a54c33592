"""What `grader.judge` itself offers, and what it costs to ask for it."""

import subprocess
import sys

import grader.judge
from grader.judge.trial import bank, expect, plugin


def test_reading_a_verdict_costs_no_torch_and_no_pytest():
    heavy = "{'torch', 'numpy', 'pytest', 'hypothesis', 'cloudpickle'}"
    code = f"import sys; from grader.judge import *; print({heavy} & {{*sys.modules}})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_whoever_writes_checks_finds_their_words_here():
    assert grader.judge.exercise is plugin.exercise and grader.judge.mistake is bank.mistake
    assert grader.judge.expect is expect.expect and grader.judge.expect_untouched is expect.expect_untouched
    assert not hasattr(grader.judge, "no_such_word")
