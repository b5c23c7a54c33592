"""A failure in words: the one rendering, whole as a text, or line by line for who shows each kind in its own way."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from enum import Enum, auto

from grader.ground.text import clean, quoted
from grader.judge.terms.failure import Cause, Failure, Sure

MAX_CHARACTERS = 4000


class Says(Enum):
    """What a line of a failure says."""

    CALLED = auto()
    FOUND = auto()
    QUOTED = auto()
    """The learner's own words, or their line of code."""
    CAUSE = auto()


def sentence(name: str, failure: Failure) -> str:
    """The message on an exercise, or a part of one, of this name."""
    body = "\n".join(text for _, text in lines(failure))
    return clean(f"{heading(name, failure)}\n{textwrap.indent(body, '  ')}".rstrip(), MAX_CHARACTERS)


def heading(name: str, failure: Failure) -> str:
    return f"{name} — {failure.check}"


def lines(failure: Failure) -> Iterator[tuple[Says, str]]:
    """What there is to say below the heading, in order."""
    if failure.arguments:
        yield Says.CALLED, "called with " + ", ".join(f"{name} {value}" for name, value in failure.arguments.items())
    if failure.raised is not None:
        first, *more = failure.raised.splitlines() or [""]
        yield Says.FOUND, f"raised {first}"
        yield from ((Says.QUOTED, text) for text in quoted("\n".join(more)))
    elif failure.difference is not None:
        yield Says.FOUND, str(failure.difference)
    elif failure.returned is not None:
        yield Says.FOUND, f"returned {failure.returned}"
    own = "\n".join(
        f"{frame.file}, line {frame.line}{frame.function and f', in {frame.function}'}: {frame.code}"
        for frame in failure.frames
    )
    said = [(Says.FOUND, text) for text in failure.said]
    shown = [(Says.QUOTED, text) for text in quoted(own)]
    # What an exception means is said below the line that raised it; what else is said comes before the line.
    yield from (*shown, *said) if failure.raised is not None else (*said, *shown)
    yield from ((Says.CAUSE, cause_in_words(cause)) for cause in failure.causes)


def cause_in_words(cause: Cause) -> str:
    match cause.sure:
        case Sure.CERTAIN:
            return cause.sentence
        case Sure.LIKELY:
            return f"It looks like this: {cause.sentence}"
