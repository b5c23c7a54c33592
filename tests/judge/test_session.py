"""The trusted end of the wall against a child that says anything: a value, a complaint, or an end; nothing else."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge.terms.calls import Call, LearnerDied, LearnerError, LearnerStopped, LearnerTimeout
from grader.judge.terms.compare import Disagreement
from grader.judge.wall import session as session_module
from grader.judge.wall import wire
from grader.judge.wall.session import Session
from grader.judge.wall.zygote import Room

NOBODY = (1 << 22) + 1
"""No process has this id, so wall time counts."""
PLAIN = (type(None), bool, int, float, str, bytes, torch.Tensor, np.ndarray, list, tuple, dict)


def frame(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


GREETING = frame(wire.encode({"ready": NOBODY, "watched": ""})) + frame(wire.encode({"ok": None}))


class Scripted:
    """A sandbox whose child says what it was told to say, and then hangs up, or says no more."""

    def __init__(self, said: bytes, hangs_up: bool = True):
        self.said, self.hangs_up, self.theirs = said, hangs_up, None

    def child(self, room: Room) -> tuple[socket.socket, int, int]:
        ours, self.theirs = socket.socketpair()
        self.theirs.sendall(self.said)
        if self.hangs_up:
            self.theirs.shutdown(socket.SHUT_WR)
        beat, lifeline = os.pipe()
        os.close(beat)
        return ours, lifeline, os.memfd_create("printed")

    def close(self) -> None:
        if self.theirs is not None:
            self.theirs.close()


@contextlib.contextmanager
def conversation(said: bytes, **options):
    """A session that has greeted and loaded, before a child that goes on to say `said`."""
    sandbox = Scripted(GREETING + said, **options)
    session = Session(sandbox, {}, {}, "unit")
    try:
        session.start_exercise()
        yield session
    finally:
        session.close()
        sandbox.close()


def answered(said: bytes):
    """What came of two calls: values, or the exceptions that a check knows how to put in words."""
    outcomes = []
    with conversation(said) as session:
        for _ in range(2):
            try:
                outcomes.append(session.call(Call("mean", ())))
            except (LearnerStopped, LearnerError, Disagreement) as error:
                assert len(str(error)) < 5000
                outcomes.append(error)
        assert session.printed() == ""
    return outcomes


def is_plain(value) -> bool:
    if type(value) is dict:
        return all(type(key) in (str, int, bool) and is_plain(one) for key, one in value.items())
    if type(value) in (list, tuple):
        return all(map(is_plain, value))
    return type(value) in PLAIN or isinstance(value, Exception | LearnerStopped)


replies = st.sampled_from(
    [
        {"ok": 1.5},
        {"ok": torch.arange(6.0).reshape(2, 3)},
        {"ok": [np.ones((2, 0)), (torch.tensor(True), 10**30), {"a": {1: b"x"}}]},
        {"unsendable": "a `Thing`"},
        {"missing": ["mean", "means"]},
        {"raised": ["ValueError", "no\nmore", [["unit1.py", 3, "mean", "return x"]]]},
        {"ready": 7},
    ]
).map(wire.encode)


@given(st.binary(max_size=400))
def test_any_bytes_end_in_plain_data_or_the_end_of_the_process(said):
    outcomes = answered(said)
    assert is_plain(outcomes)


@given(st.binary(max_size=400))
def test_so_do_any_bytes_in_a_frame(data):
    assert is_plain(answered(frame(data) + frame(data)))


@given(replies, replies, st.data())
def test_so_do_damaged_replies(first, second, data):
    said = bytearray(frame(first) + frame(second))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(said) - 1))
        match data.draw(st.sampled_from(["change", "remove", "insert", "cut", "repeat"])):
            case "change":
                said[at] = data.draw(st.integers(0, 255))
            case "remove" if len(said) > 1:
                del said[at]
            case "insert":
                said[at:at] = data.draw(st.binary(min_size=1, max_size=8))
            case "cut" if at:
                del said[at:]
            case "repeat":
                said += said[at:]
    assert is_plain(answered(bytes(said)))


@given(replies, replies)
def test_honest_replies_arrive_in_order(first, second):
    outcomes = answered(frame(first) + frame(second))
    assert len(outcomes) == 2 and is_plain(outcomes)
    said = [wire.decode(one) for one in (first, second)]
    for outcome, reply in zip(outcomes, said, strict=True):
        if "ready" in reply:
            assert isinstance(outcome, LearnerDied)
            return  # what comes after it is not listened to
        assert isinstance(outcome, LearnerError) == ("raised" in reply)
        assert isinstance(outcome, Disagreement) == bool({"missing", "unsendable"} & reply.keys())


@pytest.mark.parametrize(
    "said",
    [
        frame(b""),
        b"\xff\xff\xff\xff",
        struct.pack("<I", wire.MAX_BYTES + 1),
        frame(b"\x81\xa2ok" + b"\x91" * 100_000),
        frame(b"\x81\xa2ok\xdd\x7f\xff\xff\xff"),
        frame(b"\x81\xa2ok\xc6\xff\xff\xff\xff"),
        frame(msgpack.packb({"ok": msgpack.ExtType(1, msgpack.packb(["float32", [1 << 62, 1 << 62], b""]))})),
        frame(msgpack.packb({"ok": msgpack.ExtType(1, msgpack.packb(["float32", [-1, -1], bytes(4)]))})),
        frame(msgpack.packb({"ok": msgpack.ExtType(4, b"9" * 100_000)})),
        frame(msgpack.packb({"ok": msgpack.ExtType(9, b"")})),
        frame(msgpack.packb({"ok": {1.5: 2}})),
        frame(msgpack.packb({"ok": 1}) * 2),
        frame(msgpack.packb({"raised": ["E"]})),
        frame(msgpack.packb([])),
    ],
)
def test_what_no_honest_child_says_is_the_end_of_it(said):
    first, second = answered(said)
    assert isinstance(first, LearnerDied) and isinstance(second, LearnerDied)


def test_what_messagepack_knows_beyond_plain_data_is_plain_or_the_end():
    assert is_plain(answered(frame(msgpack.packb({"ok": msgpack.Timestamp(1, 2)}))))


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_complaint_is_bounded_and_its_type_is_one_line(kind, text):
    said = frame(msgpack.packb({"raised": [kind * 500, text * 500, 6 * [[text * 20, 3, kind * 20, text * 120]]]}))
    error = answered(said)[0]
    assert isinstance(error, LearnerError)
    assert len(error.kind) <= 200 and len(error.text) <= 2000 and len(error.frames) <= 5
    for told in error.frames:
        assert max(map(len, (told.file, told.function, told.code))) <= 2000 and "\n" not in told.code
    assert len(error.kind.splitlines()) <= 1


@pytest.fixture
def hurry(monkeypatch):
    """Time limits of a test, not of a learner."""
    monkeypatch.setattr(session_module, "CALL_SECONDS", 0.4)
    monkeypatch.setattr(session_module, "EXERCISE_SECONDS", 0.9)


@pytest.mark.parametrize("said", [b"", b"\x05", b"\x05\x00\x00\x00\x81\xa2o"])
def test_silence_ends(hurry, said):
    with conversation(said, hangs_up=False) as session:
        with pytest.raises(LearnerTimeout):
            session.call(Call("mean", ()))
        with pytest.raises(LearnerDied):
            session.call(Call("mean", ()))


def test_many_answers_that_come_late_end_with_the_exercise(hurry):
    def answer(session):
        with contextlib.suppress(OSError):  # the last one finds nobody
            session._sandbox.theirs.sendall(frame(wire.encode({"ok": 0.0})))

    with conversation(b"", hangs_up=False) as session, pytest.raises(LearnerTimeout):
        for _ in range(10):
            threading.Timer(0.3, answer, [session]).start()
            session.call(Call("mean", ()))


def test_a_child_that_never_listens_ends(hurry):
    with conversation(b"", hangs_up=False) as session, pytest.raises(LearnerTimeout):
        session.call(Call("mean", (np.zeros(1 << 22),)))


def test_no_descriptor_is_left_behind():
    before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
    for said in (b"", frame(b"\xff"), frame(wire.encode({"ok": 1.0}))):
        answered(said)
    assert not before or set(os.listdir("/proc/self/fd")) == before
