"""A wheel built from the tree works outside of it."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A fresh environment that holds the wheel; the libraries it needs are lent by this one."""
    folder = tmp_path_factory.mktemp("elsewhere")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    install = ["install", "--quiet", "--no-deps", "--no-index", "--target", str(packages), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, capture_output=True)
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib"))

    def course(*arguments, cwd=folder):
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "COURSE_HOME")}
        call = [python, "-c", "from grader.cli import main; main()", *arguments]
        return subprocess.run(call, cwd=cwd, env=environment, capture_output=True, text=True)

    return course, packages, folder


def test_init_and_check_work_from_the_wheel(elsewhere):
    course, packages, folder = elsewhere
    made = course("init", "work")
    assert made.returncode == 0, made.stderr
    workspace = folder / "work"
    name = "phase3_generative/unit3_vae.py"  # builds on unit 1.3, which stays a stub
    stub = course("check", "vae", "--json", cwd=workspace)
    assert stub.returncode == 1, stub.stderr
    assert {one["verdict"] for one in json.loads(stub.stdout)["exercises"].values()} == {"not attempted"}
    (workspace / name).write_bytes((packages / "grader" / "home" / "solutions" / name).read_bytes())
    right = course("check", "vae", "--json", cwd=workspace)
    assert right.returncode == 0, right.stderr
    assert {one["verdict"] for one in json.loads(right.stdout)["exercises"].values()} == {"passed"}


def test_the_wheel_carries_every_room_and_nothing_twice(elsewhere):
    """Of a unit all that a clone has, but for what only the gates ask for."""
    _, packages, folder = elsewhere
    (wheel,) = folder.glob("*.whl")
    carried = zipfile.ZipFile(wheel).namelist()
    assert len(carried) == len(set(carried)) and not [name for name in carried if "__pycache__" in name]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    here = [name for name in tracked.splitlines() if (ROOT / name).is_file()]
    rooms = [name for name in here if name.startswith(("course/", "exercises/", "solutions/", "site/"))]
    wanted = {name for name in rooms if not name.endswith("/oracle.py") and "/variants/" not in name}
    home = "grader/home/"
    assert {name.removeprefix(home) for name in carried if name.startswith(home)} == wanted | {"mkdocs.yml"}
    platform = {name for name in here if name.startswith("grader/")}
    assert {name for name in carried if not name.startswith(home) and ".dist-info/" not in name} == platform
    assert (packages / home / "course" / "curriculum.toml").is_file()
