"""Units that ask for a library: a judge of their own, one verdict with all others, one line where it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.curriculum import Course
from grader.judge import Judge, Submission
from grader.judge.door import client
from grader.judge.terms import libraries
from grader.judge.terms.version import checker_version

AVERAGES, PIPELINES = "phase1_numbers/unit1_averages", "phase2_tools/unit1_pipelines"
KEYS = ["pipelines/check_pipeline_dir", "averages/mean", "pipelines/MyDDIM"]


def source(course: Course, unit: str) -> bytes:
    return course.reference(course.curriculum.unit(unit)).read_bytes()


@pytest.fixture
def lacking(mini_course, tmp_path) -> Course:
    """The small course whose pipelines ask for a library that nobody has."""
    root = tmp_path / "course"
    shutil.copytree(mini_course.root, root, ignore=shutil.ignore_patterns("__pycache__"))
    toml = root / "course" / "curriculum.toml"
    toml.write_text(toml.read_text("utf-8").replace('"diffusers"', '"no_such_library", "diffusers"'), "utf-8")
    return Course(root)


def test_one_verdict_holds_them_all_in_the_order_asked(mini_course, mini_judge):
    right = Submission({AVERAGES: source(mini_course, "averages"), PIPELINES: source(mini_course, "pipelines")})
    verdict = mini_judge.check(right, KEYS, seed=3)
    assert list(verdict.exercises) == KEYS and verdict.passed and verdict.confined
    assert (verdict.seed, verdict.source_sha256, verdict.checker) == (3, right.sha256, checker_version(mini_course))
    assert mini_judge.check(right, KEYS, seed=3) == verdict


def test_notes_of_several_judges_are_said_once(mini_course, mini_judge):
    text = source(mini_course, "pipelines")
    submission = Submission({PIPELINES: text}, ("one thing", "one thing"))
    verdict = mini_judge.check(submission, KEYS)
    assert verdict.exercises["pipelines/check_pipeline_dir"].verdict == "passed"
    assert [note for note in verdict.notes if note == "one thing"] == ["one thing"]


def test_a_missing_library_is_one_line_and_stops_no_other_exercise(lacking):
    mine = Submission({AVERAGES: source(lacking, "averages"), PIPELINES: source(lacking, "pipelines")})
    with Judge(lacking) as judge:
        verdict = judge.check(mine, KEYS)
        alone = judge.check(mine, ["pipelines"])
    assert [one.verdict for one in verdict.exercises.values()] == ["not attempted", "passed", "not attempted"]
    said = verdict.exercises["pipelines/MyDDIM"]
    assert said.message == "MyDDIM needs no_such_library, which is not here: pip install no_such_library"
    assert said.message in verdict.notes and len(verdict.notes) == 2
    assert (said.points, said.max_points) == (0, 3)
    assert alone.exercises["pipelines/MyDDIM"] == said
    assert (alone.checker, alone.confined, alone.seed) == (verdict.checker, True, 0)


def test_how_to_get_a_library_names_the_extra_that_brings_it():
    assert libraries.remedy(["diffusers", "transformers"]) == "pip install 'zero-to-diffusion[hub]'"
    assert libraries.remedy(["diffusers", "peft"]) == "pip install 'zero-to-diffusion[hub]' peft"


def test_units_that_ask_for_nothing_pay_nothing(mini_course):
    """Their judge has read no library, though the course has a unit that asks for one."""
    right = Submission(
        {AVERAGES: b"import sys\ndef mean(x):\n    print(sorted(sys.modules))\n    return float(x.mean())\n"}
    )
    with Judge(mini_course) as judge:
        printed = judge.check(right, ["averages/mean"]).exercises["averages/mean"].output
        assert "numpy" in printed and "diffusers" not in printed
        assert "diffusers" not in Path(f"/proc/{judge._process.pid}/maps").read_text() and not judge._others


def test_a_judge_of_libraries_is_not_started_for_what_nobody_has_written(mini_course):
    stub = mini_course.stub(mini_course.curriculum.unit("pipelines")).read_bytes()
    with Judge(mini_course) as judge:
        for sources in ({}, {PIPELINES: stub}):
            verdict = judge.check(Submission(sources), ["pipelines"])
            assert {one.verdict for one in verdict.exercises.values()} == {"not attempted"} and not judge._others


def test_the_resident_judge_says_which_one_it_waits_for(mini_course, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(client, "IDLE_SECONDS", 1)
    started = []
    right = Submission({AVERAGES: source(mini_course, "averages"), PIPELINES: source(mini_course, "pipelines")})
    with Judge.resident(mini_course, on_start=started.append) as judge:
        assert judge.check(right, KEYS[:2]).passed
        assert started == [("diffusers",), ()]


def test_a_judge_of_libraries_that_died_is_started_anew(mini_course):
    right = Submission({PIPELINES: source(mini_course, "pipelines")})
    with Judge(mini_course) as judge:
        assert judge.check(right, KEYS[:1]).passed
        judge._others["diffusers",].kill()
        judge._others["diffusers",].wait()
        assert judge.check(right, KEYS[:1]).passed


def test_what_is_read_beforehand_is_what_references_and_checks_take(mini_course):
    names = libraries.read_beforehand(mini_course, ("diffusers",))
    assert {"diffusers", "diffusers.SchedulerMixin", "diffusers.DDPMPipeline"} <= set(names)
    assert all(name.startswith("diffusers") for name in names)
    assert libraries.read_beforehand(mini_course, ()) == []


def test_the_version_of_a_library_is_part_of_what_judges(mini_course, tmp_path):
    """Another version of diffusers is another checker: told without importing it."""
    (tmp_path / "diffusers-99.dist-info").mkdir()
    (tmp_path / "diffusers-99.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: diffusers\nVersion: 99\n"
    )
    program = (
        "import sys; from pathlib import Path; from grader.curriculum import Course\n"
        "from grader.judge.terms.version import checker_version\n"
        f"print(checker_version(Course(Path({str(mini_course.root)!r}))), 'diffusers' in sys.modules)"
    )
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    other, imported = ran.stdout.split()
    assert other != checker_version(mini_course) and imported == "False"


def test_a_call_may_take_as_long_and_as_much_as_its_unit_says(mini_course, tmp_path):
    root = tmp_path / "course"
    shutil.copytree(mini_course.root, root, ignore=shutil.ignore_patterns("__pycache__"))
    toml = root / "course" / "curriculum.toml"
    asked = 'id = "averages"\nseconds = 0.5\nmemory = 128'
    toml.write_text(toml.read_text("utf-8").replace('id = "averages"', asked, 1), "utf-8")
    body = b"import time\ndef mean(x):\n    %s\n    return float(x.mean())\ndef centre(x):\n    return x - x.mean()\n"
    with Judge(Course(root)) as judge:

        def said(what: bytes) -> str:
            return (
                judge.check(Submission({AVERAGES: body % what}), ["averages/mean"]).exercises["averages/mean"].message
            )

        assert "did not return within 0.5 seconds" in said(b"time.sleep(3)")
        assert "MemoryError" in said(b"bytearray(200 << 20)")
        assert said(b"bytearray(50 << 20)") == ""
