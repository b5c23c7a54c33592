"""The watch loop: what a save and each key lead to."""

import contextlib
import inspect
import os
import pty
import threading

import pytest

from grader.curriculum import CourseError, Unit
from grader.learner import Road, desk
from grader.learner.watch import Key, Saved, Screen, Watch, happenings


class Recorder:
    """A screen that keeps what it was asked to show, and can be asked only what a Screen can."""

    def __init__(self):
        self.seen = []

    def __getattr__(self, name):
        promised = inspect.signature(getattr(Screen, name))

        def show(*what):
            promised.bind(self, *what)
            if name != "keys":
                self.seen.append((name, *what))

        return show

    @property
    def names(self):
        return [entry[0] for entry in self.seen]

    def last(self, name):
        return next(entry[1:] for entry in reversed(self.seen) if entry[0] == name)


@pytest.fixture
def loop(course, workspace, judge):
    screen = Recorder()
    return Watch(course, workspace, screen, lambda wanted: desk.check(course, workspace, wanted, judge)), screen


@pytest.fixture
def saved(course, workspace):
    return lambda *keys: Saved(frozenset(workspace.file(course.curriculum.unit(key)).resolve() for key in keys))


def test_it_begins_with_what_is_next_and_says_so_before_judging(course, loop, saved, write):
    watch, screen = loop
    write("sums", total="failed")
    watch.run([saved("sums"), Key("q"), Key("h")])
    assert screen.names == ["focus", "checking", "verdict"]
    assert screen.last("focus")[0].id == "sums/total"
    assert screen.last("verdict")[2].id == "sums/total"


def test_it_pauses_on_success_until_asked(course, loop, saved, write):
    watch, screen = loop

    def typing():
        write("sums", total="passed", mean="failed")
        yield saved("sums")
        assert screen.last("verdict")[2].id == "sums/total"  # not the next one's errors
        assert screen.last("passed")[0].id == "sums/total"
        assert screen.last("passed")[1].id == "sums/mean"
        yield Key("n")
        assert screen.last("focus")[0].id == "sums/mean"
        write("sums", total="passed", mean="passed")
        yield saved("sums")
        assert screen.last("passed")[1].id == "spread/Centred"

    watch.run(typing())


def test_working_on_moves_on_without_the_key(course, loop, saved, write):
    watch, screen = loop

    def typing():
        write("sums", total="passed")
        yield saved("sums")
        write("sums", total="passed", mean="failed")
        yield saved("sums")
        assert screen.last("verdict")[2].id == "sums/mean"

    watch.run(typing())


def test_a_save_judges_what_it_can_have_changed(course, workspace, loop, saved, write, judge):
    watch, screen = loop
    file = workspace.file(course.curriculum.unit("sums"))

    def typing():
        write("sums", total="passed", mean="passed")
        yield saved("sums")
        yield Key("n")  # in focus is another unit's
        file.write_text(file.read_text().replace("return total(values)", "return 1 * total(values)"))
        yield saved("sums")
        write("sums", total="failed", mean="passed")
        file.write_text(file.read_text().replace("result += value", "result -= value"))
        yield saved("sums")

    watch.run(typing())
    assert judge.asked == [["sums/total", "sums/mean"], ["sums/mean"], ["sums/total", "sums/mean"]]
    verdict = screen.last("verdict")[1]
    assert {key: one.verdict for key, one in verdict.exercises.items()} == {
        "sums/total": "failed",
        "sums/mean": "passed",
    }


def test_after_a_save_elsewhere_the_whole_unit_is_judged(loop, saved, write, judge):
    watch, _ = loop
    write("sums", total="passed", mean="passed")
    write("spread", Centred="passed")
    watch.run([saved("sums"), saved("spread"), saved("sums"), saved("sums", "spread")])
    both = ["sums/total", "sums/mean"]
    assert judge.asked == [both, ["spread/Centred"], both, both]


def test_next_skips_what_is_not_passed(loop):
    watch, screen = loop
    watch.run([Key("n"), Key("n")])
    assert [entry[1].id for entry in screen.seen] == ["sums/total", "sums/mean", "sums/total"]


def test_next_stays_in_the_unit_at_hand(course, loop, saved, write):
    watch, screen = loop

    def typing():
        write("spread", Centred="passed")
        yield saved("spread")
        assert screen.last("passed")[1].id == "sums/total"
        yield Key("n")
        write("sums", mean="passed")
        yield saved("sums")
        assert screen.last("passed")[0].id == "sums/mean"
        assert screen.last("passed")[1].id == "sums/total"

    watch.run(typing())


def test_a_save_elsewhere_moves_there(course, loop, saved, write):
    watch, screen = loop
    write("spread", Centred="crashed")
    watch.run([saved("spread"), Key("h")])
    assert screen.last("verdict")[2].id == "spread/Centred"
    assert screen.names[-1] == "trouble"  # which has no hints
    watch.run([Saved(frozenset([course.root / "elsewhere.py"]))])
    assert screen.names[-1] == "focus"


def test_reset_asks_first(course, workspace, loop, write):
    watch, screen = loop
    write("sums")
    unit = course.curriculum.unit("sums")
    watch.run([Key("r"), Key("q"), Key("r"), Key("n")])
    assert screen.names.count("confirm_reset") == 2
    assert screen.last("reset")[1] is None
    assert "result += value" in workspace.file(unit).read_text()
    watch.run([Key("r"), Key("y")])
    assert screen.last("reset")[1].kept
    assert "result += value" not in workspace.file(unit).read_text()


def test_hint_list_and_lesson(course, workspace, loop):
    watch, screen = loop
    watch.run([Key("h"), Key("l"), Key("o"), Key("x"), Key("\t")])
    assert screen.names == ["focus", "hint", "road", "lesson"]
    assert screen.last("hint")[1].number == 1
    assert screen.last("lesson")[2].startswith("Add up")
    assert Road(course, workspace).hints_taken(course.curriculum.find("sums/total")) == 1


def test_trouble_does_not_end_it(course, workspace, loop, saved):
    watch, screen = loop
    workspace.file(course.curriculum.unit("sums")).unlink()
    watch.run([saved("sums"), Key("l")])
    assert isinstance(screen.last("trouble")[0], CourseError)
    assert screen.names[-1] == "road"


def test_at_the_end_of_the_road(course, workspace, loop, judge, saved, write):
    for key in ("sums", "spread", "walk"):
        unit = course.curriculum.unit(key)
        write(key, **{exercise.name: "passed" for exercise in unit.exercises})
        desk.check(course, workspace, unit.exercises, judge)
    screen = Recorder()
    watch = Watch(course, workspace, screen, lambda wanted: desk.check(course, workspace, wanted, judge))
    watch.run([Key("h"), Key("o"), Key("n")])
    assert isinstance(screen.seen[0][1], Unit)  # the project, which waits to be trained
    assert screen.names == ["focus", "trouble", "trouble", "focus"]


def test_keys_and_saves_arrive_from_a_terminal(course, workspace, monkeypatch):
    """With a real terminal and real files."""
    ours, theirs = pty.openpty()
    unit = course.curriculum.unit("sums")
    with os.fdopen(theirs, "r") as stdin, os.fdopen(ours, "wb", buffering=0) as keyboard:
        monkeypatch.setattr("sys.stdin", stdin)
        save = Saved(frozenset([workspace.file(unit).resolve()]))
        seen = threading.Event()

        def type_and_save():
            # Terminal and watcher start in their own time: go on until both were heard.
            while not seen.wait(0.05):
                keyboard.write(b"h")
                keyboard.write(b"\x1b[A")  # an arrow: none of our keys
                (workspace.root / "notes.py").write_text("not a unit")
                workspace.file(unit).write_text("x = 1")

        person = threading.Thread(target=type_and_save)
        person.start()
        heard = set()
        with contextlib.closing(happenings(workspace, course)) as going_on:
            while heard < {Key("h"), save}:
                heard.add(next(going_on))
        seen.set()
        person.join()
        assert heard == {Key("h"), save}
