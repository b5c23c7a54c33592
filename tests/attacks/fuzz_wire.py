"""Coverage-guided fuzzing of the two places where the judge reads what a learner's process wrote.

    python tests/attacks/fuzz_wire.py [--seconds 60] [--corpus FOLDER]

wants atheris (PyPI). The first byte of an input chooses wire.decode or a session's conversation; either may end in
plain data or in the errors that a check knows how to put in words. Ends with a status other than 0 at a finding, which
libFuzzer leaves in the folder it was started in.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/judge")]

import msgpack  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

with atheris.instrument_imports(include=["grader.judge"], enable_loader_override=False):
    from grader.judge.trial.account import describe_value
    from grader.judge.wall import (
        session,  # noqa: F401
        wire,
    )

from test_session import answered, frame, is_plain  # noqa: E402

MOST_BYTES = 4096
VALUES = (
    *(None, True, -1, 1.5, 10**30, "text", b"bytes", [], (1, (2, 3)), {"a": {1: [None]}}),
    *(
        torch.ones(2, 3),
        torch.zeros(0, 4),
        torch.tensor(True),
        torch.ones(2, dtype=torch.bfloat16),
        np.ones((2, 1)),
        np.array([1, 2]),
    ),
)
REPLIES = (
    *({"ok": value} for value in VALUES),
    *({"unsendable": "a `T`"}, {"missing": ["mean", "means"]}, {"raised": ["E", "text", "frames"]}, {"ready": 7}),
)


def one_input(data: bytes) -> None:
    """A finding is an exception that nobody expects, or a value that is no plain data."""
    if data[:1] == b"\0":
        outcomes = answered(data[1:])
    else:
        try:
            outcomes = wire.decode(data[1:])
        except wire.Malformed:
            return
        describe_value(outcomes)
    assert is_plain(outcomes), repr(outcomes)[:200]


def write_corpus(folder: Path) -> None:
    """Valid replies, alone and in conversation, and a few that are nearly valid."""
    encoded = [wire.encode(reply) for reply in REPLIES]
    encoded += [msgpack.packb({"ok": msgpack.ExtType(code, b"\x93")}) for code in range(6)]
    encoded.append(msgpack.packb({"ok": msgpack.Timestamp(1, 2)}))
    for number, reply in enumerate(encoded):
        (folder / f"reply{number}").write_bytes(b"\1" + reply)
        (folder / f"conversation{number}").write_bytes(b"\0" + frame(reply) + frame(encoded[number - 1]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, help="kept and grown there; by default a new one, thrown away")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        corpus = options.corpus or Path(scratch)
        corpus.mkdir(parents=True, exist_ok=True)
        write_corpus(corpus)
        limits = [f"-max_total_time={options.seconds}", f"-max_len={MOST_BYTES}", "-timeout=10", "-rss_limit_mb=4096"]
        atheris.Setup([sys.argv[0], str(corpus), *limits], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
