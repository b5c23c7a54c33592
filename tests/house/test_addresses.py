"""One address, three rooms, one naming rule: whoever knows where a unit lies knows where all of it lies."""

import subprocess
from pathlib import Path, PurePosixPath

import pytest

from grader.curriculum import Course

ROOT = Path(__file__).resolve().parents[2]
CURRICULUM = Course(ROOT).curriculum

FILES = {
    "index.md": "the lesson, hints included",
    "checks.py": "the checks",
    "mistakes.py": "known wrong answers, each with the sentence to say",
    "oracle.py": "tests of the reference against independent libraries",
    "figures.py": "makes a unit's pictures, and every number that a caption quotes",
    "pictures.py": "the same of a project or a milestone, from what its program leaves behind",
    "program.py": "what a project or a milestone runs on the learner's code",
    "calibration.json": "what the thresholds of a project's gates rest on",
    "picture.png": "what a milestone's program draws",
}
"""What a folder may hold, and why: a name that is not here is known to no reader of the folder."""

FOLDERS = {
    "figures": (".svg", ".png"),  # the pictures themselves
    "variants": (".py",),  # correct solutions in other people's manner
}
"""The folders within, and what lies in them."""

NEEDED = {
    "unit": {"index.md", "checks.py", "mistakes.py", "oracle.py", "figures.py", "figures", "variants"},
    "project": {"index.md", "checks.py", "mistakes.py", "oracle.py", "program.py", "variants"},
}
MILESTONE = {"index.md", "program.py"}

COMMON = {"data", "figures", "guide", "papers", "tools"}
"""Folders of the course that belong to no unit."""

HERITAGE = "tests/heritage/"
"""What earlier versions left with learners and instructors, kept as it was made."""


def tracked() -> list[PurePosixPath]:
    """The repository's files, and those that are about to be: without what git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [PurePosixPath(name) for name in listed if not name.startswith(HERITAGE) and (ROOT / name).is_file()]


FILES_OF_ALL = tracked()
BUILT = {unit.address: unit.kind for unit in CURRICULUM.built}
MILESTONES = [phase.milestone.address for phase in CURRICULUM.phases if phase.milestone]


def within(address: str) -> list[PurePosixPath]:
    """What lies in the folder of this address, seen from there."""
    folder = PurePosixPath("course") / address
    return [path.relative_to(folder) for path in FILES_OF_ALL if path.is_relative_to(folder)]


@pytest.mark.parametrize("address", BUILT)
def test_a_unit_lies_at_its_address_and_nowhere_else(address):
    name = PurePosixPath(address).name
    rooms = {PurePosixPath(f"{room}/{address}.py") for room in ("exercises", "solutions")}
    mine = {path for path in FILES_OF_ALL if any(name in part for part in path.parts)}
    assert rooms <= mine
    strays = {path for path in mine - rooms if not path.is_relative_to(f"course/{address}")}
    assert not strays, f"belong into course/{address}: {sorted(map(str, strays))}"


@pytest.mark.parametrize("address", [*BUILT, *MILESTONES])
def test_a_folder_holds_what_is_known(address):
    """Cached and generated files apart, of which git says that they are."""
    unknown = [
        str(path)
        for path in within(address)
        if str(path) not in FILES and not (len(path.parts) == 2 and path.suffix in FOLDERS.get(path.parts[0], ()))
    ]
    assert not unknown, f"course/{address} holds what nobody reads: {unknown}"


@pytest.mark.parametrize("address", [*BUILT, *MILESTONES])
def test_a_folder_is_whole(address):
    needed = NEEDED[BUILT[address]] if address in BUILT else MILESTONE
    assert needed <= {path.parts[0] for path in within(address)}


@pytest.mark.parametrize("room", ["exercises", "solutions"])
def test_stubs_and_references_are_those_of_the_curriculum(room):
    found = {str(path) for path in FILES_OF_ALL if path.is_relative_to(room)}
    assert found == {f"{room}/{address}.py" for address in BUILT}


def test_every_folder_of_the_course_is_in_the_curriculum():
    deep = [path.parts for path in FILES_OF_ALL if path.parts[0] == "course" and len(path.parts) > 3]
    assert {f"{phase}/{name}" for _, phase, name, *_ in deep if phase not in COMMON} == {*BUILT, *MILESTONES}
