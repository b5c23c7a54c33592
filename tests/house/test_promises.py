"""What the instructors' page promises in numbers is what the judge keeps."""

import re
from pathlib import Path

import pytest

from grader.judge.wall import confine, meter, scratch, session, syscalls, wire

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
    r"\| (\d+) MiB and \d+ files and folders": scratch.SCRATCH_BYTES / (1 << 20),
    r"\| \d+ MiB and (\d+) files and folders": scratch.SCRATCH_FILES,
    r"bounds each file by (\d+) MiB": scratch.SCRATCH_BYTES / (1 << 20),
    r"more than (\d+) are refused": scratch.REMOVED_AND_MAPPED,
}
"""Where the page says a number, and the constant that it must equal."""


@pytest.mark.parametrize("words", PROMISES)
def test_the_page_says_the_number_that_is_kept(words):
    said = re.findall(words, PAGE.read_text(encoding="utf-8"))
    assert [float(number.replace(" ", "")) for number in said] == [PROMISES[words]], f"{words} in {PAGE.name}"


def test_how_often_a_folder_is_looked_at():
    assert "looks four times a second" in PAGE.read_text(encoding="utf-8") and meter.GLANCE_SECONDS == 0.25


def test_an_author_reads_the_same_numbers():
    text = PAGE.with_name("write.md").read_text(encoding="utf-8")
    (gib, seconds), (mib,) = (
        re.findall(r"(\d+) GiB and (\d+) s a call", text)[0],
        re.findall(r"(\d+) MiB to write", text),
    )
    assert (int(gib) << 30, float(seconds)) == (confine.LEARNER_MEMORY_BYTES, session.CALL_SECONDS)
    assert int(mib) << 20 == scratch.SCRATCH_BYTES
    assert "four times that" in text and session.EXERCISE_SECONDS == 4 * session.CALL_SECONDS


def test_no_limit_stands_behind_the_one_that_is_promised():
    """The processor time that the kernel grants a child is at least what an exercise may take."""
    assert confine.LEARNER_CPU_SECONDS > session.EXERCISE_SECONDS


@pytest.mark.skipif(not syscalls.known_machine(), reason="this processor's calls are not in the table")
def test_the_page_says_about_how_many_calls_are_allowed():
    (said,) = re.findall(r"a list of about (\d+) system calls", PAGE.read_text(encoding="utf-8"))
    assert len(syscalls.allowed()) == pytest.approx(int(said), rel=0.15)
