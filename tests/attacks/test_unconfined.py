"""Where the kernel has no wall, the process boundary alone must give the same verdicts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader.judge import Judge

# Only what aims at nothing outside its own process: the rest would do its harm here.
IN_MEMORY = {"objects_in_memory", "callers_frames", "source_of_the_caller", "answers_in_the_input", "later_pickles"}
FILES = sorted(
    path
    for path in Path(__file__).parent.glob("*/*.py")
    if path.parent.name in ("forgery", "tampering", "protocol", "lending") or path.stem in IN_MEMORY
    if not re.search("@[A-Z_]+@", path.read_text(encoding="utf-8"))
)


@pytest.fixture(scope="module")
def unconfined(arena):
    with Judge(arena.judge.course, unconfined=True) as judge:
        assert not judge.check(arena.RIGHT).confined
        yield judge


def test_there_is_something_to_try():
    assert len(FILES) >= 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_verdict_is_the_same_without_the_wall(arena, unconfined, load, path):
    submission = arena.submission(load(path), arena.folder)
    words = arena.words.get(path) or _words(arena.judge.check(submission, ["averages"]))
    unwalled = _words(unconfined.check(submission, ["averages"]))
    assert "passed" not in {*words, *unwalled}
    # What floods the line or reads it from a second thread ends as the threads happen to meet.
    assert unwalled == words or path.parent.name == "protocol"
    assert unconfined.check(arena.RIGHT).passed


def _words(verdict):
    return [one.verdict for one in verdict.exercises.values()]
