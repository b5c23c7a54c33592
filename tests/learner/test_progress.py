"""The log never loses a whole line, and the road follows from it and from the files."""

import json
import multiprocessing
import shutil
import tempfile
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from grader.curriculum import Course, CourseError
from grader.learner import Event, Log, Road, Workspace, desk, road, source
from grader.learner.road import EDITED

events = st.builds(
    Event,
    time=st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
    kind=st.sampled_from(["verdict", "hint", "solution", "reset", "acceptance", "milestone", "a kind of next year"]),
    exercise=st.sampled_from(["sums/total", "sums/mean", "gone/forgotten"]) | st.text(max_size=8),
    verdict=st.sampled_from(["passed", "failed", "crashed", "timed out", "not attempted"]),
    code=st.none() | st.text("0123456789abcdef", min_size=16, max_size=16),
    file=st.none() | st.text("0123456789abcdef", min_size=16, max_size=16),
    seed=st.none() | st.integers(0, 2**64),
    rung=st.none() | st.integers(1, 4),
)


class Logs(RuleBasedStateMachine):
    """A log that is torn by power cuts, merged by git and edited by hand, against a plain list."""

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.log = Log(self.folder / ".course" / "progress.jsonl")
        self.whole: list[Event] = []

    @rule(some=st.lists(events, max_size=4))
    def append(self, some):
        self.log.append(some)
        self.whole += some

    @rule(event=events, share=st.floats(0.1, 0.9))
    def tear(self, event, share):
        """A power cut in the middle of a line."""
        line = event.line().encode("utf-8", "replace")
        self.log.path.parent.mkdir(exist_ok=True)
        with self.log.path.open("ab") as stream:
            stream.write(line[: max(1, int(len(line) * share))])

    @rule(
        junk=st.sampled_from(["", "<<<<<<< ours", "{}", "[1]", "null", '{"schema": 2, "kind": "verdict"}', "9" * 5000])
    )
    def scribble(self, junk):
        self.log.append([])
        with self.log.path.open("a") if self.log.path.exists() else open("/dev/null", "a") as stream:
            stream.write(f"\n{junk}\n")

    @rule(data=st.data())
    def merge(self, data):
        """git's union of two branches: lines in another order, some of them twice."""
        if not self.log.path.exists():
            return
        lines = self.log.path.read_bytes().split(b"\n")
        again = data.draw(st.lists(st.sampled_from(lines), max_size=3))
        lines = data.draw(st.permutations([*lines, *again]))
        self.log.path.write_bytes(b"\n".join([*lines, b""]))

    @invariant()
    def every_whole_line_is_read(self):
        if not hasattr(self, "log"):
            return
        found, _ = self.log.read()
        assert {event.line() for event in self.whole} <= {event.line() for event in found}
        assert [event.moment for event in found] == sorted(event.moment for event in found)

    def teardown(self):
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)


Logs.TestCase.settings = settings(max_examples=25, stateful_step_count=10, deadline=None)
TestLogs = Logs.TestCase


def test_a_torn_last_line_takes_nothing_with_it(tmp_path):
    log = Log(tmp_path / "log")
    log.append([Event.now("hint", "sums/total", rung=1)])
    with log.path.open("ab") as stream:
        stream.write(
            '{"schema": 1, "time": "2026-01-01T00:00:00+00:00", "kind": "verdict", "exercise": "sümm'.encode()[:-2]
        )
    assert log.read()[1] == 1
    log.append([Event.now("hint", "sums/total", rung=2)])
    found, unreadable = log.read()
    assert [event.rung for event in found] == [1, 2]
    assert unreadable == 1


def test_a_whole_last_line_without_its_newline_counts(tmp_path):
    log = Log(tmp_path / "log")
    log.append([Event.now("hint", "sums/total", rung=1)])
    log.path.write_bytes(log.path.read_bytes().rstrip(b"\n"))
    log.append([Event.now("hint", "sums/total", rung=2)])
    assert [event.rung for event in log.read()[0]] == [1, 2]


def _append_many(path: Path, who: int) -> None:
    for rung in range(20):
        Log(path).append([Event.now("hint", f"{who}", rung=rung), Event.now("hint", f"{who}", rung=rung)])


def test_processes_append_at_once(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b'{"torn')
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.starmap(_append_many, [(path, who) for who in range(3)])
    found, unreadable = Log(path).read()
    assert len(found) == 120
    assert unreadable == 1


def test_the_log_reads_as_json_lines(tmp_path):
    log = Log(tmp_path / "log")
    log.append([Event.now("verdict", "sums/total", verdict="passed", code="0" * 16, seed=0, checker="c")])
    fields = json.loads(log.path.read_text())
    assert fields["schema"] == 1
    assert (fields["kind"], fields["exercise"], fields["verdict"]) == ("verdict", "sums/total", "passed")
    assert "rung" not in fields


def test_a_log_that_cannot_be_opened_is_one_clear_line(tmp_path):
    (tmp_path / "log").mkdir()
    for use in (Log(tmp_path / "log").read, lambda: Log(tmp_path / "log").append([Event.now("hint", "x")])):
        with pytest.raises(CourseError, match=r"^The progress log .* cannot be opened \(.*\): mend or move it\.$"):
            use()


# ------------------------------------------------------------------------------------------------------ the road


@pytest.fixture
def judged(course, workspace, judge, write):
    """Write a unit's file and judge it."""

    def run(key, text=None, **verdicts):
        write(key, text, **verdicts)
        desk.check(course, workspace, course.curriculum.unit(key).exercises, judge)

    return run


def states(course, workspace):
    found = road(course, workspace)
    return {key: unit["state"] for key, unit in {**found["units"], **found["projects"]}.items()}, found["next"]


def test_a_fresh_workspace(course, workspace):
    assert states(course, workspace) == (
        {"sums": "open", "order": "coming", "spread": "locked", "walk": "locked"},
        "sums/total",
    )
    found = road(course, workspace)
    assert found["units"]["spread"]["locked_by"] == ["sums"]  # through the unit that is coming
    assert found["units"]["sums"] == {
        "number": "1.1", "title": "Sums", "state": "open", "passed": 0, "total": 2, "points": 0, "max_points": 5,
        "exercises": {"sums/total": "not attempted", "sums/mean": "not attempted"}, "locked_by": [],
        "opens_with": "", "owed": 0,
    }  # fmt: skip
    json.dumps(found)


def test_passing_opens_what_needs_it(course, workspace, judged):
    judged("sums", total="passed", mean="failed")
    assert states(course, workspace)[1] == "sums/mean"
    assert states(course, workspace)[0]["spread"] == "locked"
    judged("sums", total="passed", mean="passed")
    assert states(course, workspace) == (
        {"sums": "passed", "order": "coming", "spread": "open", "walk": "locked"},
        "spread/Centred",
    )
    judged("spread", Centred="passed")
    assert states(course, workspace)[1] == "walk/steps"
    judged("walk", steps="passed")
    assert states(course, workspace) == (
        {"sums": "passed", "order": "coming", "spread": "passed", "walk": "open"},
        "walk",
    )
    workspace.log.append([Event.now("verdict", "walk", verdict="failed")])
    assert states(course, workspace)[1] == "walk"
    workspace.log.append([Event.now("verdict", "walk", verdict="passed")])
    assert states(course, workspace)[0]["walk"] == "passed"
    assert states(course, workspace)[1] is None


def test_an_edit_keeps_the_place_but_closes_the_gates(course, workspace, judged, write):
    judged("sums", total="passed", mean="passed")
    text = workspace.file(course.curriculum.unit("sums")).read_text()
    write("sums", text.replace("result += value", "result = value + result"))
    found = road(course, workspace)
    assert found["units"]["sums"]["exercises"] == {"sums/total": EDITED, "sums/mean": EDITED}  # mean calls total
    assert found["units"]["sums"]["passed"] == 2
    assert found["units"]["spread"]["state"] == "locked"
    write("sums", text + "\n# a thought\n")
    assert road(course, workspace)["units"]["sums"]["state"] == "passed"


def test_going_back_to_what_passed_is_passed(course, workspace, judged, write):
    judged("sums", total="passed", mean="passed")
    good = workspace.file(course.curriculum.unit("sums")).read_text()
    judged("sums", good.replace("result = 0.0", "result = 1.0").replace("total is passed", "total is failed"))
    assert road(course, workspace)["units"]["sums"]["exercises"]["sums/total"] == "failed"
    write("sums", good)
    assert road(course, workspace)["units"]["sums"]["exercises"]["sums/total"] == "passed"


def test_a_file_as_it_was_judged_is_not_parsed_again(course, workspace, judged, monkeypatch):
    judged("sums", total="passed", mean="passed")
    source._statements.cache_clear()
    monkeypatch.setattr(source, "parse", lambda *_: pytest.fail("parsed"))
    assert road(course, workspace)["units"]["sums"]["state"] == "passed"


def test_a_log_that_does_not_name_the_file_means_the_same(course, workspace, judged):
    judged("sums", total="passed", mean="passed")
    lines = [json.loads(line) for line in workspace.log.path.read_text().splitlines()]
    workspace.log.path.write_text("".join(json.dumps(line | {"file": None}) + "\n" for line in lines))
    assert road(course, workspace)["units"]["sums"]["state"] == "passed"


def test_the_same_code_judged_again_counts_as_judged_last(course, workspace, judged):
    judged("sums", total="passed", mean="passed")
    judged("sums", total="failed", mean="passed")  # a newer course's checks, say
    assert road(course, workspace)["units"]["sums"]["exercises"]["sums/total"] == "failed"


@pytest.mark.parametrize("text", ["def total(:", "", "x = 1"])
def test_a_broken_file_opens_no_gate(course, workspace, judged, write, text):
    judged("sums", total="passed", mean="passed")
    write("sums", text)
    assert states(course, workspace)[0]["spread"] == "locked"
    workspace.file(course.curriculum.unit("sums")).unlink()
    assert states(course, workspace)[0]["spread"] == "locked"


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_order_and_doubles_of_lines_do_not_matter(data):
    with tempfile.TemporaryDirectory() as folder:
        course = Course(Path(__file__).parent / "mini")
        workspace, _ = Workspace.create(Path(folder) / "work", course)
        workspace.log.append(data.draw(st.lists(events, max_size=8, unique_by=lambda event: event.time)))
        before = road(course, workspace)
        lines = workspace.log.path.read_text(encoding="utf-8").split("\n")
        mixed = data.draw(st.permutations(lines)) + lines
        workspace.log.path.write_text("\n".join(mixed), encoding="utf-8")
        assert road(course, workspace) == before


def test_untouched_stubs_leave_no_line(course, workspace, judge):
    desk.check(course, workspace, course.curriculum.unit("sums").exercises, judge)
    assert workspace.log.read() == ([], 0)


def test_training_names_what_is_left(course, workspace, judged):
    project = course.curriculum.unit("walk")
    with pytest.raises(
        CourseError, match=r"with 3 more points of 2\.1, and sums/total, walk/steps\. `course check 1\.1 2\.1 p1`"
    ):
        desk.admit(course, workspace, project)
    judged("sums", total="passed", mean="passed")
    judged("spread", Centred="passed")
    with pytest.raises(CourseError, match=r"^P1 trains .* opens with walk/steps\. `course check p1`"):
        desk.admit(course, workspace, project)
    judged("walk", steps="passed")
    desk.admit(course, workspace, project)


def test_what_someone_is_on(course, workspace, judged, write):
    def on():
        return desk.current(course, workspace, Road(course, workspace)).id

    assert on() == "sums"
    write("spread", Centred="failed")
    assert on() == "spread"  # locked, but being worked on
    judged("spread", Centred="passed")
    assert on() == "sums"


def test_checking_a_missing_file_says_how_to_get_it(course, workspace, judge):
    workspace.file(course.curriculum.unit("sums")).unlink()
    with pytest.raises(CourseError, match=r"^phase1_numbers/unit1_sums\.py is missing: `course reset sums`"):
        desk.check(course, workspace, course.curriculum.unit("sums").exercises, judge)


# Projects and milestones ----------------------------------------------------------------------------------------------

# As version 0.1 wrote it.
OLD_ACCEPTANCE = (
    '{"schema": 1, "time": "2026-07-01T10:00:00.000000+00:00", "kind": "verdict", "exercise": "walk", '
    '"verdict": "passed"}\n'
)


def test_a_project_is_accepted_by_a_run_and_not_by_its_exercises(course, workspace, judged):
    project = course.curriculum.unit("walk")
    judged("sums", total="passed", mean="passed")
    judged("spread", Centred="passed")
    judged("walk", steps="passed")
    ready = Road(course, workspace)
    assert (ready.state(project), ready.accepted(project), ready.next) == ("open", False, project)
    workspace.log.append([Event.now("acceptance", "walk", verdict="failed")])
    assert not Road(course, workspace).accepted(project)
    workspace.log.append([Event.now("acceptance", "walk", verdict="passed")])
    workspace.log.append([Event.now("acceptance", "walk", verdict="failed")])
    accepted = Road(course, workspace)
    assert (accepted.state(project), accepted.accepted(project)) == ("passed", True)
    entry = accepted.to_dict()["projects"]["walk"]
    assert entry["accepted"] is True and entry["trained"] is True


def test_what_an_older_version_accepted_stays_accepted(course, workspace):
    with workspace.log.path.open("a", encoding="utf-8") as log:
        log.write(OLD_ACCEPTANCE)
    found = Road(course, workspace)
    assert found.accepted(course.curriculum.unit("walk")) and found.unreadable == 0


def test_a_milestone_is_reached_by_its_event_or_an_older_versions_picture(mini_course, tmp_path):
    workspace, _ = Workspace.create(tmp_path / "work", mini_course)
    phase = mini_course.curriculum.phase("numbers")
    assert Road(mini_course, workspace).to_dict()["milestones"] == {
        "numbers": {"title": "All at once", "ready": False, "reached": False}
    }
    workspace.log.append([Event.now("milestone", "numbers"), Event.now("milestone", "forgotten")])
    assert Road(mini_course, workspace).reached(phase)

    older, _ = Workspace.create(tmp_path / "older", mini_course)
    older.picture(phase.milestone).write_bytes(b"drawn")
    assert Road(mini_course, older).reached(phase)
