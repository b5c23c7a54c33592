"""A phase's milestone, as a learner runs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import pytest

from grader.curriculum import Course, default_course
from grader.learner import Event, Workspace, source

REAL = default_course()
PHASES = [phase.id for phase in REAL.curriculum.phases if phase.milestone]


def passed(course: Course, folder: Path, phase: str) -> Workspace:
    """A workspace in which the phase's units are solved as the course does, and judged."""
    workspace, _ = Workspace.create(folder, course)
    units = {unit for unit in course.curriculum.phase(phase).units if not unit.coming}
    for unit in {course.curriculum.unit(needed) for later in units for needed in later.needs} | units:
        text = course.reference(unit).read_text(encoding="utf-8")
        workspace.file(unit).write_text(text, encoding="utf-8")
        for exercise in unit.exercises:
            code = source.fingerprint(text, exercise.names)
            workspace.log.append([Event.now("verdict", exercise.id, verdict="passed", code=code)])
    return workspace


def milestone(course: Course, workspace: Workspace, *words: str) -> subprocess.CompletedProcess[str]:
    return command_line(course, workspace, "milestone", *words)


def command_line(course: Course, workspace: Workspace, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-c", "from grader.cli import main; main()", *words]
    environment = {**os.environ, "COURSE_HOME": str(course.root), "PYTHONPATH": str(REAL.root)}
    return subprocess.run(command, cwd=workspace.root, env=environment, capture_output=True, text=True)


def test_it_runs_on_what_was_written_in_the_phase_and_leaves_a_picture(tmp_path):
    workspace = passed(REAL, tmp_path / "work", "foundations")
    ran = milestone(REAL, workspace, "foundations", "--json")
    assert ran.returncode == 0, ran.stderr
    looks_like_a_poster(json.loads(ran.stdout)["picture"])


FEWER_DIGITS = """
import runpy, sys
from pathlib import Path
from course.data import digits as data

program, workspace, picture = sys.argv[1:]
sys.path.insert(0, workspace)
all_of_them = data.load("mnist10k")
data.load = lambda name: data.Digits(
    all_of_them.x[::6], all_of_them.y[::6], all_of_them.held_x[::5], all_of_them.held_y[::5]
)
runpy.run_path(program)["main"](Path(picture))
"""


@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase != "foundations"])
def test_the_others_run_too_on_a_sixth_of_the_digits(phase, tmp_path):
    program, picture = REAL.program(REAL.curriculum.phase(phase).milestone), tmp_path / "picture.png"
    command = [sys.executable, "-P", "-c", FEWER_DIGITS, str(program), str(REAL.root / "solutions"), str(picture)]
    environment = {**os.environ, "PYTHONPATH": str(REAL.root), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    looks_like_a_poster(picture)


def looks_like_a_poster(path):
    picture = matplotlib.image.imread(path)
    assert picture.shape[0] > 800 and picture.std() > 0.05


@pytest.fixture
def small(mini_course, tmp_path) -> Course:
    """The small course, to be changed."""
    return Course(shutil.copytree(mini_course.root, tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__")))


def test_what_is_left_of_the_phase_is_named(small, tmp_path):
    workspace, _ = Workspace.create(tmp_path / "work", small)
    ran = milestone(small, workspace)
    assert ran.returncode == 2 and ran.stderr.count("\n") == 1
    assert "1.1 Averages, 1.2 Spread" in ran.stderr and "`course check 1.1 1.2`" in ran.stderr


def test_earlier_phases_come_first(tmp_path):
    ran = milestone(REAL, passed(REAL, tmp_path / "work", "deep-learning"), "deep-learning")
    assert ran.returncode == 2 and "1.1 Python and NumPy" in ran.stderr


def test_an_error_in_it_is_one_line_and_costs_no_earlier_picture(small, tmp_path):
    workspace = passed(small, tmp_path / "work", "numbers")
    averages = workspace.root / "phase1_numbers" / "unit1_averages.py"
    averages.write_text(f"import sys\nprint('a remark', file=sys.stderr)\n{averages.read_text()}")
    ran = milestone(small, workspace)
    assert (ran.returncode, ran.stderr) == (0, "a remark\n")
    assert "mean 2.0" in ran.stdout and str(workspace.root) in ran.stdout
    picture = workspace.root / "phase1_numbers" / "milestone.png"
    drawn = picture.read_bytes()
    assert drawn.startswith(b"\x89PNG")

    program = small.program(small.curriculum.phase("numbers").milestone)
    program.write_text(program.read_text().replace("np.array([1.0, 3.0])", "None"))
    ran = milestone(small, workspace, "1")
    assert ran.returncode == 2 and ran.stderr.splitlines()[0] == "a remark" and ran.stderr.count("\n") == 2
    assert "phase1_numbers/unit1_averages.py, line" in ran.stderr and "in mean" in ran.stderr
    assert picture.read_bytes() == drawn and not list(picture.parent.glob("*.writing*"))


def test_the_road_says_when_it_is_ready(small, tmp_path):
    new, _ = Workspace.create(tmp_path / "new", small)
    assert (
        "★     All at once                          when all above is passed"
        in command_line(small, new, "status").stdout
    )
    done = passed(small, tmp_path / "done", "numbers")
    assert "course milestone numbers" in command_line(small, done, "status").stdout


def test_a_phase_without_one_is_refused(small, tmp_path):
    workspace, _ = Workspace.create(tmp_path / "work", small)
    assert "these have: numbers" in milestone(small, workspace, "video").stderr
    listed = small.curriculum_file.read_text(encoding="utf-8")
    before, _, after = listed.partition("[phase.milestone]")
    small.curriculum_file.write_text(before + after[after.index("[[project]]") :], encoding="utf-8")
    assert "no milestones" in milestone(small, workspace).stderr
