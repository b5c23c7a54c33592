"""Making, resetting and updating a workspace never loses work."""

import json
from datetime import UTC, datetime

import pytest

from grader.curriculum import Course, CourseError
from grader.learner import Road, Workspace

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def sums(course):
    return course.curriculum.unit("sums")


def newer(course: Course, version: str = "1.3.0") -> Course:
    """The same course some months later: a docstring is better, and there is an exercise more."""
    toml = course.root / "course" / "curriculum.toml"
    text = toml.read_text().replace('version = "1.2.0"', f'version = "{version}"')
    text = text.replace(
        '    { name = "mean"',
        '    { name = "last", title = "The last", points = 1, difficulty = 1, minutes = 5 },\n    { name = "mean"',
    )
    toml.write_text(text)
    stub = course.root / "exercises" / "phase1_numbers" / "unit1_sums.py"
    text = stub.read_text().replace("The mean of the values;", "The arithmetic mean;")
    stub.write_text(text + '\n\ndef last(values):\n    """The last value."""\n    raise NotImplementedError("last")\n')
    return Course(course.root)


def test_init_writes_the_stubs_and_overwrites_nothing(course, tmp_path):
    root = tmp_path / "with spaces ünd mehr"
    (root / "phase1_numbers").mkdir(parents=True)
    (root / "README.md").write_text("mine")
    (root / "phase1_numbers" / "unit1_sums.py").write_text("mine too")
    workspace, changes = Workspace.create(root, course)
    assert (root / "README.md").read_text() == "mine"
    assert (root / "phase1_numbers" / "unit1_sums.py").read_text() == "mine too"
    assert (root / "projects" / "p1_walk.py").read_text() == course.stub(course.curriculum.unit("walk")).read_text()
    assert not (root / "phase1_numbers" / "unit2_order.py").exists()
    assert json.loads((root / ".course" / "workspace.json").read_text()) == {
        "schema": 1,
        "course": "A small course",
        "version": "1.2.0",
    }
    assert ".course/progress.jsonl merge=union" in (root / ".gitattributes").read_text()
    assert {"README.md", "phase1_numbers/unit1_sums.py"}.isdisjoint(changes.written)
    assert json.loads((root / ".vscode" / "settings.json").read_text())["python.analysis.extraPaths"] == ["."]
    assert Workspace.create(root, course)[1].written == []
    assert Workspace.find(root / "projects") == Workspace.find(root) == workspace


def test_init_again_brings_back_only_what_is_missing(course, workspace, sums):
    workspace.file(sums).unlink()
    assert Workspace.create(workspace.root, course)[1].written == ["phase1_numbers/unit1_sums.py"]


def test_init_stays_out_of_the_course(course):
    for folder in (course.root, course.root / "exercises", course.root / "solutions" / "mine"):
        with pytest.raises(CourseError, match="belongs to the course itself"):
            Workspace.create(folder, course)
    Workspace.create(course.root / "my-work", course)


def test_init_where_a_file_is_in_the_way(course, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match=r"cannot be written: "):
        Workspace.create(tmp_path / "file" / "work", course)


def test_no_workspace(tmp_path):
    with pytest.raises(CourseError, match=r"is not in a workspace: `course init DIR` makes one"):
        Workspace.find(tmp_path)


@pytest.mark.parametrize("marker", ["", "{", "[]", '{"schema": 1}', '{"schema": "x", "version": "1"}', "\0"])
def test_an_unreadable_marker_is_mended_by_update(course, workspace, marker):
    path = workspace.root / ".course" / "workspace.json"
    path.write_text(marker)
    with pytest.raises(CourseError, match="cannot be read; `course update` writes it anew"):
        workspace.opens(course)
    workspace.update(course)
    assert workspace.opens(course) is None


def test_a_workspace_from_a_newer_course_is_left_alone(course, workspace):
    path = workspace.root / ".course" / "workspace.json"
    for marker in ({"schema": 1, "version": "1.10.0"}, {"schema": 2, "version": "1.2.0"}):
        path.write_text(json.dumps(marker))
        for use in (workspace.opens, workspace.update, lambda course: Workspace.create(workspace.root, course)):
            with pytest.raises(CourseError, match=r"made by course .*, newer than the 1\.2\.0 installed here"):
                use(course)


def test_a_workspace_from_an_older_course_works_and_says_so(course, workspace):
    assert "from course 1.2.0; `course update` brings the stubs of 1.3.0" in workspace.opens(newer(course))


def test_update_leaves_my_work_and_brings_the_rest(course, workspace, sums):
    mine = workspace.file(sums).read_text().replace('raise NotImplementedError("total")', "return sum(values)  # mine")
    workspace.file(sums).write_text(mine)
    later = newer(course)
    changes = workspace.update(later, now=NOON)
    text = workspace.file(sums).read_text()
    assert "return sum(values)  # mine" in text
    assert "The arithmetic mean;" in text
    assert 'NotImplementedError("last")' in text
    assert changes.written == ["phase1_numbers/unit1_sums.py"]
    assert changes.kept == [".course/kept/20260504T120000Z/phase1_numbers/unit1_sums.py"]
    assert (workspace.root / changes.kept[0]).read_text() == mine
    assert workspace.opens(later) is None
    assert workspace.update(later).written == []


def test_update_replaces_what_was_never_touched(course, workspace, sums):
    later = newer(course)
    changes = workspace.update(later)
    assert workspace.file(sums).read_text() == later.stub(sums).read_text()
    assert changes.kept == []
    assert workspace.untouched(sums, later)


def test_update_leaves_what_does_not_parse_for_later(course, workspace, sums):
    broken = "def total(:\n"
    workspace.file(sums).write_text(broken)
    later = newer(course)
    changes = workspace.update(later)
    assert workspace.file(sums).read_text() == broken
    assert "has a syntax error on line 1" in changes.notes[0]
    workspace.file(sums).write_text('def total(values):\n    return 0\n\n\ndef mean(values):\n    """Mine."""\n')
    workspace.update(later)
    assert 'NotImplementedError("last")' in workspace.file(sums).read_text()


def test_reset_of_an_exercise_leaves_the_others(course, workspace, sums, write):
    write("sums")
    before = workspace.file(sums).read_text()
    total = course.curriculum.find("sums/total")
    changes = workspace.reset(total, course, now=NOON)
    after = workspace.file(sums).read_text()
    assert 'NotImplementedError("total")' in after
    assert "return total(values) / len(values)" in after
    assert (workspace.root / changes.kept[0]).read_text() == before
    assert workspace.reset(total, course).written == []


def test_reset_of_a_unit_is_the_stub_to_the_byte(course, workspace, sums, write):
    write("sums", "nothing like it")
    workspace.reset(sums, course, now=NOON)
    write("sums", "again")
    changes = workspace.reset(sums, course, now=NOON)
    assert workspace.file(sums).read_bytes() == course.stub(sums).read_bytes()
    kept = sorted((workspace.root / ".course" / "kept").rglob("*.py"))
    assert [path.read_text() for path in kept] == ["nothing like it", "again"]
    assert changes.kept == [".course/kept/20260504T120000Z.1/phase1_numbers/unit1_sums.py"]
    workspace.file(sums).unlink()
    workspace.reset(sums, course)
    assert workspace.untouched(sums, course)


def test_reset_forgets_the_verdict(course, workspace, judge, write, sums):
    from grader.learner import desk

    write("sums", total="passed", mean="passed")
    desk.check(course, workspace, sums.exercises, judge)
    workspace.reset(course.curriculum.find("sums/mean"), course)
    standing = Road(course, workspace)
    assert standing.verdicts["sums/mean"] == "not attempted"
    assert standing.ever_passed(course.curriculum.find("sums/mean"))


def test_reset_of_one_exercise_needs_a_file_that_parses(course, workspace, write):
    write("sums", "def total(:\n")
    with pytest.raises(CourseError, match=r"unit1_sums\.py has a syntax error on line 1: .* `course reset sums`"):
        workspace.reset(course.curriculum.find("sums/total"), course)


def test_reset_of_what_is_coming(course, workspace):
    with pytest.raises(CourseError, match="is coming"):
        workspace.reset(course.curriculum.unit("order"), course)


def test_a_course_without_its_stub_says_so(course, tmp_path, sums):
    course.stub(sums).unlink()
    with pytest.raises(CourseError, match=r"lacks the stub of 1\.1 Sums: reinstall it, or .*`course author stub sums`"):
        Workspace.create(tmp_path / "other", course)
