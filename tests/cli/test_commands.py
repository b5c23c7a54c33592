"""What people type, and what they get: documents, exit codes, one-line errors."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from grader.cli.app import AUTHORING, COMMANDS, parses
from grader.judge.terms import libraries
from grader.learner import Event, Road, source

ROOT = Path(__file__).parents[2]
AVERAGES = "phase1_numbers/unit1_averages.py"


def solve(course, workspace, key="averages"):
    unit = course.curriculum.unit(key)
    text = course.reference(unit).read_text()
    workspace.file(unit).write_text(text)
    return workspace.file(unit), text


def pass_all(course, workspace, *keys):
    """As if these had been written and judged."""
    for key in keys:
        _, text = solve(course, workspace, key)
        for exercise in course.curriculum.unit(key).exercises:
            code = source.fingerprint(text, exercise.names)
            workspace.log.append([Event.now("verdict", exercise.id, verdict="passed", code=code)])


# --------------------------------------------------------------------------------------------------- the learner's way


def test_from_an_empty_folder_to_a_pass(judged, course_command, tmp_path, monkeypatch):
    course, _ = judged
    made = course_command("init", str(tmp_path / "new"))
    assert made.code == 0
    assert "4 stubs" in made.out
    monkeypatch.chdir(tmp_path / "new")

    task = course_command("next")
    assert task.code == 0
    assert f"{AVERAGES}:6" in task.out
    assert "course hint averages/mean   (0 of 2 seen)" in task.out

    stub = course_command("check")
    assert stub.code == 1
    assert stub.out.count("not attempted") == 2

    file = tmp_path / "new" / AVERAGES
    text = course.reference(course.curriculum.unit("averages")).read_text()
    file.write_text(text.replace("/ len(x)", ""))
    wrong = course_command("check", "averages/mean")
    assert wrong.code == 1
    assert "✗ mean — matches the reference" in wrong.out
    assert "The sum is not divided at all." in wrong.out
    assert "→ lesson 1.1, “The wrong divisor”" in " ".join(wrong.out.split())
    assert "this repeats" not in wrong.out
    assert "import phase1_numbers.unit1_averages" in course_command("check", "1.1/mean", "--repro").out

    file.write_text(text)
    right = course_command("check", "1.1")
    assert right.code == 0
    assert "Unlocked: 1.2 Spread" in right.out
    assert "3 of 3 points. Next: spread/variance" in right.out
    assert course_command("next", "--json").json["next"] == "spread/variance"


def test_check_without_an_id_is_about_what_i_am_on(judged, course_command):
    course, workspace = judged
    solve(course, workspace, "spread")
    done = course_command("check", "--json")
    assert set(done.json["exercises"]) == {"spread/variance"}
    locked = course_command("check", "spread")
    assert "opens with 3 more points of 1.1, and averages/centre; judged all the same" in locked.out


def test_the_verdict_is_the_document(judged, course_command):
    course, workspace = judged
    solve(course, workspace)
    ran = course_command("check", "averages", "--json", "--seed", "7", "--profile", "grade")
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["schema"] == 2
    assert (ran.json["seed"], ran.json["profile"]) == (7, "grade")
    assert ran.json["exercises"]["averages/mean"]["verdict"] == "passed"
    logged = workspace.log.read()[0]
    assert {event.source_sha256 for event in logged} == {ran.json["source_sha256"]}
    assert {event.seed for event in logged} == {7}


@pytest.mark.parametrize(
    ("text", "verdict", "said"),
    [
        ("def mean(x:\n    pass\n", "crashed", "SyntaxError"),
        ("raise OSError('the \\x1b[31mdisk\\x9b2J')\n", "crashed", "the disk"),
        ("def average(x):\n    return 0.0\n", "failed", "no `mean`"),
        ("def mean(x):\n    return 'three \\x1b]0;title\\x07\\u202efour'\n", "failed", "str"),
        ("def mean(x):\n    print('\\x1b[2Jmoved \\x07', 'x' * 100_000)\n    return 0.0\n", "failed", "moved"),
        ("", "not attempted", "mean"),
    ],
)
def test_bad_files_get_a_verdict_and_control_nothing(judged, course_command, text, verdict, said):
    _, workspace = judged
    (workspace.root / AVERAGES).write_text(text)
    ran = course_command("check", "averages/mean")
    assert ran.code == 1
    assert verdict in ran.out
    assert said in ran.out
    assert not any((ord(char) < 32 and char != "\n") or 0x7F <= ord(char) < 0xA0 for char in ran.out)
    assert "\u202e" not in ran.out
    assert len(ran.out) < 8000
    document = course_command("check", "averages/mean", "--json")
    assert document.json["exercises"]["averages/mean"]["verdict"] == verdict
    assert document.out.isascii()


def test_hints_solutions_and_resets(small, course_command):
    course, workspace = small
    assert "one at a time" in course_command("hint").out
    second = course_command("hint", "sums/total", "--json")
    assert [(one["number"], one["of"]) for one in second.json["hints"]] == [(2, 2)]
    assert len(course_command("hint", "sums", "--again", "--json").json["hints"]) == 2

    refused = course_command("solution", "sums/total")
    assert refused.code == 2
    assert "--reveal" in refused.err
    assert "result += value" in course_command("solution", "sums/total", "--reveal").out
    assert [event.kind for event in workspace.log.read()[0]] == ["hint", "hint", "solution"]

    path, _ = solve(course, workspace, "sums")
    done = course_command("reset", "sums/total", "--json")
    assert (workspace.root / done.json["kept"][0]).is_file()
    assert "NotImplementedError" in path.read_text()
    assert "Yours is kept in .course/kept/" in course_command("reset", "1.1").out


def test_update_after_a_newer_course(small, course_command):
    course, _ = small
    toml = course.root / "course" / "curriculum.toml"
    toml.write_text(toml.read_text().replace("1.2.0", "1.3.0"))
    from grader.curriculum import default_course

    default_course.cache_clear()
    assert course_command("next").err.startswith("course: This workspace is from course 1.2.0; `course update`")
    assert course_command("update", "--json").json == {"schema": 1, "written": [], "kept": [], "notes": []}
    assert course_command("next").err == ""


def test_status_shows_the_road(small, course_command):
    course, workspace = small
    pass_all(course, workspace, "sums")
    path = workspace.file(course.curriculum.unit("sums"))
    shown = course_command("status").out
    assert "✓ 1.1 Sums" in shown
    assert "P1 A random walk                        opens with 3 more points of 2.1\n" in shown
    assert "Next: spread/Centred" in shown
    path.write_text(path.read_text().replace("0.0", "0"))
    with workspace.log.path.open("a") as log:
        log.write("{torn")
    shown = course_command("status").out
    assert "edited since: check again" in shown
    assert "1 line of .course/progress.jsonl passed over" in shown
    assert course_command("status", "--json").json == Road(course, workspace).to_dict()


# ------------------------------------------------------------------------------------------------------------ projects


class Finished:
    """A run as grader.training gives it."""

    def __init__(self, accepted):
        from grader.training.gates import Acceptance, Gate

        self.acceptance = Acceptance("walk", (Gate("length", "m", 1.0, 0.0 if accepted else 2.0, None, "a ruler"),))

    def to_dict(self):
        return {"schema": 1, "pictures": {"samples": "/runs/walk/samples.png"}}


@pytest.mark.parametrize("accepted", [True, False])
def test_train_opens_with_its_units_and_records(small, course_command, monkeypatch, accepted):
    course, workspace = small
    asked = {}

    def train(course, project, root, preset, **how):
        asked.update(how, preset=preset, root=root)
        return Finished(accepted)

    monkeypatch.setattr("grader.training.train", train)
    refused = course_command("train", "p1")
    assert refused.code == 2
    assert "opens with 3 more points of 2.1, and sums/total, walk/steps." in refused.err
    assert not asked

    pass_all(course, workspace, "sums", "spread", "walk")
    done = course_command("train", "p1", "--preset", "gpu", "--epochs", "3", "--lr=1e-3", "--wandb")
    assert done.code == (0 if accepted else 1)
    assert "/runs/walk/samples.png" in done.out
    assert asked["overrides"] == {"epochs": "3", "lr": "1e-3", "log": "wandb"}
    assert (asked["preset"], asked["root"]) == ("gpu", workspace.root)
    assert Road(course, workspace).accepted(course.curriculum.unit("walk")) is accepted
    assert course_command("train", "walk", "--json").json["schema"] == 1


def test_serve_says_where(small, course_command, monkeypatch):
    asked = {}

    def serve(course, workspace, port, browser, announce):
        asked.update(port=port, browser=browser)
        announce("http://127.0.0.1:8123/")

    monkeypatch.setattr("grader.web.serve", serve)
    assert "http://127.0.0.1:8123/" in course_command("serve", "--port", "0", "--no-browser").out
    assert asked == {"port": 0, "browser": False}
    assert course_command("serve", "--json").json == {"schema": 1, "url": "http://127.0.0.1:8123/"}


# --------------------------------------------------------------------------------------------------- rules for all


@pytest.mark.parametrize(
    "words",
    [
        ["init", "other"], ["next"], ["status"], ["hint"], ["solution", "sums/total", "--reveal"],
        ["reset", "sums"], ["update"], ["release", "sums", "--format", "files", "--out", "handed-out"],
    ],
)  # fmt: skip
def test_json_is_one_document_and_nothing_else(small, course_command, words):
    ran = course_command(*words, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["schema"] == 1
    human = course_command(*words)
    assert human.code == 0
    assert human.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "sumz"], "'sumz'; did you mean sums"),
        (["check", "9.9"], "There is no unit, exercise or project '9.9'"),
        (["check", "order"], "1.2 Order is coming"),
        (["hint", "order"], "1.2 Order is coming"),
        (["hint", "spread"], "The lesson has no hints for spread/Centred"),
        (["hint", "sums", "--again"], "No hint for sums/total has been taken yet"),
        (["reset", "order"], "1.2 Order is coming"),
        (["train", "sums"], "'sums' is no project"),
        (["train", "walk", "epochs"], "Settings are given as"),
        (["release", "sums/total"], "`course release sums`"),
        (["grade", "nowhere", "--out", "x"], "nowhere is no folder"),
        (["grade", ".", "--out", "x", "--unit", "sums/total"], "--unit sums"),
        (["check", "--profile", "y"], "choose check, grade or author"),
        (["release", "sums", "--format", "pdf"], "choose nbgrader, files, gradescope or github-classroom"),
        (["check", "--seed", "x"], "'--seed'"),
        (["check", "--sed", "1"], "No such option '--sed'"),
        (["chek"], "did you mean `course check`?"),
        (["author", "stubs"], "did you mean `course author stub`?"),
        (["solution"], "`course solution --help`"),
        (["-C", "/no/such/folder", "status"], "Cannot go to /no/such/folder"),
    ],
)
@pytest.mark.parametrize("how", [[], ["--json"]])
def test_errors_are_one_line_on_stderr(small, course_command, words, said, how):
    ran = course_command(*words, *how)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("course: ")
    assert ran.err.count("\n") == 1
    assert said in ran.err


def test_outside_of_a_workspace(small, course_command, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for words in (["next"], ["status"], ["check"], ["watch"], ["hint"], ["reset", "sums"], ["update"], ["serve"]):
        ran = course_command(*words)
        assert (ran.code, ran.err.count("\n")) == (2, 1)
        assert "is not in a workspace: `course init DIR` makes one" in ran.err
    assert course_command("-C", str(tmp_path / "work"), "next").code == 0


def test_a_missing_file_and_a_log_that_is_none(judged, course_command):
    _, workspace = judged
    (workspace.root / AVERAGES).unlink()
    assert f"{AVERAGES} is missing: `course reset averages`" in course_command("check", "averages").err
    workspace.log.path.unlink()
    workspace.log.path.mkdir()
    assert "cannot be opened" in course_command("status").err


def test_a_fault_of_ours_is_one_line_too(small, course_command, monkeypatch):
    monkeypatch.setattr(Road, "next", property(lambda self: 1 / 0))
    ran = course_command("next")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "A fault in the course itself, ZeroDivisionError" in ran.err
    monkeypatch.setenv("COURSE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        course_command("next")


def test_starting_costs_neither_torch_nor_rich(small):
    words = "import sys; sys.argv[1:] = ['status', '--json']\nfrom grader.cli import main\ntry: main()\nfinally: "
    words += (
        "print(*(m for m in ('torch', 'numpy', 'rich', 'hypothesis', 'pytest') if m in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert json.loads(done.stdout)["next"] == "sums/total"
    assert done.stderr.strip() == ""


def test_a_command_brings_only_the_module_of_its_audience(small):
    words = "import sys; sys.argv[1:] = ['status', '--json']\nfrom grader.cli import main\ntry: main()\nfinally: "
    words += "print(*sorted(m for m in sys.modules if m.startswith('grader.cli.')), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.stderr.split() == [f"grader.cli.{name}" for name in ("app", "command", "out", "student")]


def test_every_command_of_a_module_is_in_the_table():
    listed = set(COMMANDS.items()) | set(AUTHORING.items())
    modules = {module for _, (_, module) in listed}
    made = {(name, module) for module in modules for name in import_module(f"grader.cli.{module}").commands}
    assert made == {(name, module) for name, (_, module) in listed}


def test_a_reader_that_leaves_early_is_no_error(small):
    code = "from grader.cli import main; main(['status'])"
    command = f"'{sys.executable}' -c \"{code}\" | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "good"),
    [
        ("check 2.4 --seed 3", True), ("train p1 --epochs 3", True), ("author check vae --sample 3", True),
        ("--help", True), ("author", True), ("check --sede 3", False), ("chek", False), ("solution", False),
        ("author nope", False), ("check --profile thorough", False), ("release 2.4 --format files", True),
    ],
)  # fmt: skip
def test_parses_tells_without_running(words, good, capsys):
    assert (parses(words.split()) is None) is good
    assert capsys.readouterr().out == ""


def test_help_lists_every_command(small, course_command):
    shown = course_command()
    assert (shown.code, shown.err) == (0, "")
    for name in (
        *("init", "next", "status", "check", "watch", "hint", "solution", "reset", "update", "train", "milestone"),
        *("serve", "doctor", "demo", "grade", "release", "export", "similar", "author"),
    ):
        assert f"\n  {name} " in shown.out
    authoring = course_command("author").out
    assert all(f"\n  {name} " in authoring for name in ("new", "stub", "check", "mutate"))
    assert course_command("--version").out == "1.2.0\n"


def test_doctor_looks_at_this_machine(small, course_command):
    ran = course_command("doctor", "--json")
    found = {finding["what"]: finding for finding in ran.json["findings"]}
    assert ran.code == (0 if ran.json["ready"] else 2)
    assert found["Python"]["detail"].startswith(f"{sys.version_info.major}.")
    assert {"torch", "cores", "extra projects", "extra hub", "extra site", "extra class", "course", "workspace"} <= set(
        found
    )
    assert any(what.startswith("wall: ") for what in found)
    assert "This machine is" in course_command("doctor").out


def test_doctor_names_the_libraries_that_units_ask_for(judged, course_command, monkeypatch):
    found = {finding["what"]: finding for finding in course_command("doctor", "--json").json["findings"]}
    assert found["library diffusers"]["state"] == "ok" and "for 2.1" in found["library diffusers"]["detail"]
    monkeypatch.setattr(libraries, "missing", list)
    found = {finding["what"]: finding for finding in course_command("doctor", "--json").json["findings"]}
    assert found["library diffusers"]["state"] == "missing"
    assert found["library diffusers"]["detail"] == "for 2.1: pip install 'zero-to-diffusion[hub]'"


def test_a_unit_whose_library_is_missing_is_told_and_takes_no_pass_away(judged, course_command, monkeypatch):
    course, workspace = judged
    solve(course, workspace, "pipelines")
    assert course_command("check", "pipelines/check_pipeline_dir").code == 0
    monkeypatch.setattr(libraries, "missing", list)
    ran = course_command("check", "pipelines/check_pipeline_dir")
    assert ran.code == 1 and "· check_pipeline_dir" in ran.out
    said = " ".join(ran.out.split())
    assert "check_pipeline_dir needs diffusers, which is not here: pip install 'zero-to-diffusion[hub]'" in said
    assert "Next to write" not in said and "Stuck?" not in said
    waiting = Road(course, workspace).waiting(course.curriculum.unit("pipelines"))
    assert [exercise.name for exercise in waiting] == ["MyDDIM"]


def test_a_class_is_not_graded_where_a_library_is_missing(judged, course_command, tmp_path, monkeypatch):
    course, _ = judged
    path = tmp_path / "class" / "ann" / "phase2_tools" / "unit1_pipelines.py"
    path.parent.mkdir(parents=True)
    path.write_text(course.reference(course.curriculum.unit("pipelines")).read_text())
    monkeypatch.setattr(libraries, "missing", list)
    ran = course_command("grade", str(tmp_path / "class"), "--out", str(tmp_path / "graded"))
    assert ran.code == 2 and "Units of this class need diffusers, which is not here: pip install" in ran.err


# ------------------------------------------------------------------------------------------------ instructor and author


def test_grade_a_class(judged, course_command, tmp_path):
    course, _ = judged
    text = course.reference(course.curriculum.unit("averages")).read_text()
    for who, handed_in in {"Ada L": text, "Zoë": text.replace("/ len(x)", ""), "Ken": None}.items():
        path = tmp_path / "class" / who / AVERAGES
        path.parent.mkdir(parents=True)
        if handed_in is not None:
            path.write_text(handed_in)
    words = ("grade", str(tmp_path / "class"), "--out", str(tmp_path / "graded"), "--unit", "1.1", "--seed", "3")
    ran = course_command(*words, "--json")
    assert (ran.code, ran.json["schema"], len(ran.json["students"])) == (0, 1, 3)
    shown = course_command(*words)
    assert shown.code == 0
    assert "3/3" in shown.out
    assert "The sum is not divided at all." in shown.out
    assert str(tmp_path / "graded" / "grades.csv") in shown.out
    assert (tmp_path / "graded" / "gradebook.db").is_file()


def test_author_stub_makes_what_is_stale(small, course_command):
    course, _ = small
    stub = course.stub(course.curriculum.unit("sums"))
    stub.write_text("stale")
    assert course_command("author", "stub", "--json").json["written"] == ["exercises/phase1_numbers/unit1_sums.py"]
    assert "up to date" in course_command("author", "stub", "sums").out
    assert course_command("author", "stub", "order").code == 2
