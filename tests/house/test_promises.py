"""What the instructors' page promises in numbers is what the judge keeps."""

import re
from pathlib import Path

import pytest

from grader.judge.wall import confine, session, syscalls, wire

PAGE = Path(__file__).resolve().parents[2] / "course" / "guide" / "promises.md"

PROMISES = {
    r"memory (\d+) GiB beyond the warm process": confine.LEARNER_MEMORY_BYTES / (1 << 30),
    r"(\d+) s a call and": session.CALL_SECONDS,
    r"and (\d+) s an exercise": session.EXERCISE_SECONDS,
    r"(\d+) threads": session.MAX_THREADS,
    r"(\d+) open files": confine.OPEN_FILES,
    r"(\d+) KiB of output": wire.OUTPUT_BYTES / (1 << 10),
    r"replies of at most (\d+) MiB": wire.MAX_BYTES / (1 << 20),
    r"([\d ]+) containers": wire.MAX_ITEMS,
    r"(\d+) levels": wire.MAX_DEPTH,
}
"""Where the page says a number, and the constant that it must equal."""


@pytest.mark.parametrize("words", PROMISES)
def test_the_page_says_the_number_that_is_kept(words):
    said = re.findall(words, PAGE.read_text(encoding="utf-8"))
    assert [float(number.replace(" ", "")) for number in said] == [PROMISES[words]], f"{words} in {PAGE.name}"


def test_no_limit_stands_behind_the_one_that_is_promised():
    """The processor time that the kernel grants a child is at least what an exercise may take."""
    assert confine.LEARNER_CPU_SECONDS > session.EXERCISE_SECONDS


@pytest.mark.skipif(not syscalls.known_machine(), reason="this processor's calls are not in the table")
def test_the_page_says_about_how_many_calls_are_allowed():
    (said,) = re.findall(r"a list of about (\d+) system calls", PAGE.read_text(encoding="utf-8"))
    assert len(syscalls.allowed()) == pytest.approx(int(said), rel=0.15)
