"""Make what version 0.1 of the course leaves behind: the archives in version_0_1/, which the tests beside this open.

    python tests/heritage/make.py CLONE

CLONE is a clone of this repository at COMMIT, the last one of version 0.1. Every file is written by that version's own
commands, or by nbgrader 0.9.5, but for what a person would type: the answers, the roster, the hidden checks, and an
instructor's marks. Takes some minutes. It is kept to say how the archives came about, and is no test: made
again, they differ in times, pseudonyms and weights.

- `workspace`: of the small course in CLONE/tests/mini_course. `mean` is right and `centre` wrong, of which two hints
  were taken; `variance` had passed, was reset and is kept aside; the log's last line is torn.
- `trained`: of the course itself. Digit-vae was trained by the preset cpu and accepted, then by the preset smoke with
  2 hidden units and refused; that second run's folder is there, with its checkpoint. What is large is left out: the
  first run's folder, and of the second samples.png and reconstructions.png. Neither was logged to TensorBoard.
- `class`: eight submissions to the small course, graded with a roster, in nbgrader's database, in which an instructor
  corrected one score and commented; graded anonymously, with the table of names; graded by hidden checks, of which
  only the grades are kept; and exported for every LMS.
- `release`: both units of the small course in all four formats. Of nbgrader's the source notebook and the one that
  `nbgrader generate_assignment` made of it.
"""

from __future__ import annotations

import ast
import gzip
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

COMMIT = "cd08774"
ARCHIVES = Path(__file__).with_name("version_0_1")
NBGRADER = "from nbgrader.apps.nbgraderapp import main; main()"
COURSE = "from grader.cli import main; main()"

AVERAGES, SPREAD = "phase1_numbers/unit1_averages.py", "phase1_numbers/unit2_spread.py"
PROJECT = (
    "phase1_foundations/unit1_python.py",
    "phase1_foundations/unit2_linear_algebra.py",
    "phase1_foundations/unit3_calculus_probability.py",
    "phase2_deep_learning/unit6_autoencoders.py",
    "phase3_generative/unit3_vae.py",
    "projects/p1_digit_vae.py",
)
"""What the digit VAE is made of: its own file, its units and what those import."""

MEAN, UNDIVIDED, CRASHING = "float(np.sum(x) / len(x))", "float(np.sum(x))", 'float(x["mean"])'
CENTRE, WRONG_WAY = "x - mean(x)", "x + mean(x)"
TORN = '{"schema": 1, "time": "2026-01-09T18:30:00.000000+00:00", "kind": "verd'

ROSTER = """\
student_id,name,email,ID,SIS User ID,SIS Login ID,Section,Username,ID number,due,extension averages
ada,"Lovelace, Ada",ada@example.org,101,S101,ada,A,ada,S101,2026-01-10T12:00:00+00:00,
bob,"Bo, Bob",bob@example.org,102,S102,bob,A,bob,S102,2026-01-10T12:00:00+00:00,
cem,"Can, Cem",cem@example.org,103,S103,cem,A,cem,S103,2026-01-10T12:00:00+00:00,
dora,"Dot, Dora",dora@example.org,104,S104,dora,B,dora,S104,2026-01-10T12:00:00+00:00,1
eve,"Ek, Eve",eve@example.org,105,S105,eve,B,eve,S105,2026-01-10T12:00:00+00:00,
finn,"Fox, Finn",finn@example.org,106,S106,finn,B,finn,S106,2026-01-10T12:00:00+00:00,
gus,"Gold, Gus",gus@example.org,107,S107,gus,B,gus,S107,2026-01-10T12:00:00+00:00,
hal,"Hill, Hal",hal@example.org,108,S108,hal,B,hal,S108,2026-01-10T12:00:00+00:00,
"""

HIDDEN_CHECKS = {
    "phase1_numbers/test_unit1_averages.py": '''\
"""An instructor's own checks of unit 1.1, as they were written for version 0.1."""

import numpy as np
from hypothesis import given

from grader.judge import exercise, expect, expect_untouched
from grader.judge.compare import largest
from grader.judge.scenarios import arguments_afterwards, refusal
from grader.judge.strategies import arrays, dims

vectors = dims(6).flatmap(lambda n: arrays(n, kinds=("integers", "unit")))


@exercise("mean")
class TestMean:
    @given(x=vectors)
    def test_of_a_mirrored_vector(self, both, x):
        "The mean does not depend on the order."
        both.agree("mean", x[::-1].copy(), atol=1e-12)

    @given(x=vectors)
    def test_takes_every_value(self, learner, x):
        "Ordinary values are no error."
        expect(learner.run(refusal, "mean", x), "no error")


@exercise("centre")
class TestCentre:
    @given(x=vectors)
    def test_leaves_its_input_alone(self, learner, x):
        "The input is not written to."
        expect(learner.run(arguments_afterwards, "centre", x), [x])
        expect_untouched(learner, "centre", x)

    @given(x=vectors)
    def test_of_centred_values(self, learner, x):
        "Centring twice changes nothing."
        once = x - np.mean(x)
        expect(learner.centre(once), once, atol=1e-9 * (1 + largest(once)))
''',
    "phase1_numbers/test_unit2_spread.py": '''\
"""An instructor's own checks of unit 1.2, as they were written for version 0.1."""

import torch
from hypothesis import given

from grader.judge import exercise
from grader.judge.strategies import dims, generator, numbers, seeds, tensors


def shifted(impl, x):
    return impl.variance(x + 1)


@exercise("variance")
class TestVariance:
    @given(x=dims(6).flatmap(lambda n: tensors(n + 1, kinds=("integers", "unit"))))
    def test_of_shifted_values(self, both, x):
        "A shift does not spread."
        both.agree(shifted, x)

    @given(seed=seeds())
    def test_of_many_values(self, both, seed):
        "A hundred values at once."
        both.agree("variance", torch.randn(100, generator=generator(seed)))
        both.agree("variance", *numbers(seed, (7,), kinds=("integers", "unit")))
''',
}


@dataclass(frozen=True)
class Old:
    """Version 0.1 at work in a folder of ours. `meeting` is where its resident judge listens."""

    clone: Path
    meeting: Path
    folder: Path
    home: Path

    def course(self, *words: str, code: int = 0, at: Path | None = None) -> None:
        """Run `course`, which has to end with this code."""
        self._run(COURSE, words, code, at or self.folder)

    def nbgrader(self, *words: str, at: Path) -> None:
        self._run(NBGRADER, words, 0, at)

    def _run(self, program: str, words: tuple[str, ...], code: int, at: Path) -> None:
        ours = {"PYTHONPATH": self.clone, "COURSE_HOME": self.home, "XDG_RUNTIME_DIR": self.meeting}
        # nbgrader starts alembic by its name.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, **{name: str(value) for name, value in ours.items()}, "PATH": path, "TZ": "UTC"}
        done = subprocess.run([sys.executable, "-c", program, *words], cwd=at, env=environment)
        if done.returncode != code:
            raise SystemExit(f"{' '.join(words)} ended with {done.returncode}, not {code}")


def make_workspace(old: Old) -> Path:
    work = old.folder / "workspace"
    old.course("init", str(work))
    answers = _answers(old)
    _write(work / AVERAGES, answers[AVERAGES].replace(CENTRE, WRONG_WAY))
    _write(work / SPREAD, answers[SPREAD])
    old.course("check", "averages", code=1, at=work)
    old.course("hint", "averages/mean", at=work)
    old.course("hint", "averages/mean", at=work)
    old.course("hint", "averages/centre", at=work)
    _write(work / AVERAGES, answers[AVERAGES])
    old.course("check", "spread", at=work)
    old.course("reset", "spread", at=work)
    _write(work / AVERAGES, answers[AVERAGES].replace(CENTRE, WRONG_WAY))
    old.course("check", "averages", code=1, at=work)
    with (work / ".course" / "progress.jsonl").open("a", encoding="utf-8") as log:
        log.write(TORN)
    _without_interpreter(work)
    return work


def make_trained(old: Old) -> Path:
    work = old.folder / "trained"
    old.course("init", str(work))
    for path in PROJECT:
        _write(work / path, _without_markers(old.home / "solutions" / path))
    old.course("check", "autoencoders", "vae", "digit-vae", at=work)
    settings = "--device", "cpu", "--log", "none"
    old.course("train", "digit-vae", *settings, at=work)
    shutil.rmtree(work / "runs")
    old.course("train", "digit-vae", "--preset", "smoke", "--hidden", "2", *settings, code=1, at=work)
    for name in ("samples.png", "reconstructions.png"):
        (work / "runs" / "digit-vae" / name).unlink()
    _without_interpreter(work)
    return work


def make_release(old: Old) -> Path:
    out = old.folder / "release"
    for form in ("files", "nbgrader", "gradescope", "github-classroom"):
        extra = ["--install", "zero-to-diffusion"] if form == "github-classroom" else []
        extra += ["--seed", "11"] if form in ("nbgrader", "gradescope") else []
        old.course("release", "numbers", "--format", form, "--out", str(out / form), *extra)
    for unit in ("averages", "spread"):
        old.nbgrader("generate_assignment", unit, "--create", at=out / "nbgrader")
    return out


def make_class(old: Old, release: Path) -> Path:
    room = old.folder / "class"
    _write(room / "roster.csv", ROSTER)
    for path, text in HIDDEN_CHECKS.items():
        _write(room / "checks" / path, text)
    _hand_in(old, room / "submissions", release)
    out = room / "graded"
    out.mkdir()
    # The gradebook is begun as a class that uses nbgrader begins it.
    shutil.copy(release / "nbgrader" / "gradebook.db", out / "gradebook.db")
    grade = "grade", "submissions", "--roster", "roster.csv", "--late", "10", "--unit", "averages", "--unit", "spread"
    old.course(*grade, "--out", "graded", "--seed", "7", at=room)
    _later(old, room / "submissions")
    old.course(*grade, "--out", "graded", at=room)
    _mark(out / "gradebook.db")
    old.course(*grade, "--out", "graded", at=room)
    old.course(*grade, "--out", "anonymous", "--seed", "7", "--anonymous", at=room)
    old.course(*grade, "--out", "hidden", "--seed", "7", "--checks", "checks", at=room)
    for form in ("csv", "canvas", "moodle"):
        old.course("export", "graded", "--format", form, "--roster", "roster.csv", at=room)
        old.course("export", "anonymous", "--format", form, "--roster", "roster.csv", at=room)
    for path in (room / "hidden").iterdir():
        if path.name != "grades.csv":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return room


def _hand_in(old: Old, submissions: Path, release: Path) -> None:
    """One right, one wrong, one crashing, one right for now, one unreadable, a notebook, and the zip of the release."""
    answers = _answers(old)
    averages = answers[AVERAGES]
    for who, text in {
        "ada": averages,
        "bob": averages.replace(MEAN, UNDIVIDED),
        "cem": averages.replace(MEAN, CRASHING),
        "dora": averages,
    }.items():
        _write(submissions / who / AVERAGES, text)
        _write(submissions / who / SPREAD, answers[SPREAD])
    _write(submissions / "eve.ipynb", '{"nbformat": 4, "cells": [')
    for unit, path in {"averages": AVERAGES, "spread": SPREAD}.items():
        book = json.loads((release / "nbgrader" / "release" / unit / f"{unit}.ipynb").read_text("utf-8"))
        _write(submissions / "gus" / unit / f"{unit}.ipynb", json.dumps(_filled_in(book, answers[path]), indent=1))
    with zipfile.ZipFile(release / "files" / "numbers.zip") as archive:
        archive.extractall(submissions / "hal")
    _write(submissions / "hal" / AVERAGES, averages)
    for path in submissions.rglob("*"):
        _date(path, "2026-01-09T18:00:00+00:00")


def _later(old: Old, submissions: Path) -> None:
    """Dora hands in once more, two days late, and worse."""
    path = submissions / "dora" / AVERAGES
    _write(path, _answers(old)[AVERAGES].replace(CENTRE, WRONG_WAY))
    _date(path, "2026-01-12T18:00:00+00:00")


def _filled_in(book: dict[str, Any], answers: str) -> dict[str, Any]:
    """The notebook with the answers' definitions where it asks for them."""
    lines = answers.splitlines()
    found = {
        one.name: "\n".join(lines[one.lineno - 1 : one.end_lineno])
        for one in ast.parse(answers).body
        if isinstance(one, ast.FunctionDef | ast.ClassDef)
    }
    for cell in book["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if grade_id.startswith("answer-"):
            cell["source"] = found[grade_id.removeprefix("answer-")]
    return book


def _mark(database: Path) -> None:
    """What the instructor enters in formgrader: one of bob's scores, extra credit, and comments for him and ada."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{database}") as book:
        grade = book.find_grade("mean", "averages", "averages", "bob")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 1.5, 0.25, False
        book.find_comment("answer-mean", "averages", "averages", "bob").manual_comment = "The idea is right."
        book.find_comment("answer-centre", "averages", "averages", "ada").manual_comment = "Well done."
        book.db.commit()


def _answers(old: Old) -> dict[str, str]:
    return {path: _without_markers(old.home / "solutions" / path) for path in (AVERAGES, SPREAD)}


def _without_markers(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if line.strip() not in ("### BEGIN SOLUTION", "### END SOLUTION"))


def _without_interpreter(work: Path) -> None:
    """The editor's settings name the interpreter that made them; that is this machine's."""
    path = work / ".vscode" / "settings.json"
    _write(path, path.read_text("utf-8").replace(sys.executable, "/usr/bin/python3"))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _date(path: Path, moment: str) -> None:
    seconds = datetime.fromisoformat(moment).timestamp()
    os.utime(path, (seconds, seconds))


def pack(folder: Path, foreign: Mapping[str, Path]) -> None:
    """Write the folder as an archive. Stops where a file of it names a path of `foreign`."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            if path.name in ("__pycache__", ".lock") or "__pycache__" in path.parts or path.suffix == ".lock":
                continue
            for what, where in foreign.items():
                if path.is_file() and str(where).encode() in path.read_bytes():
                    raise SystemExit(f"{path} names {what}")
            archive.add(path, path.relative_to(folder), recursive=False, filter=_anybodys)
    ARCHIVES.mkdir(exist_ok=True)
    (ARCHIVES / f"{folder.name}.tar.gz").write_bytes(gzip.compress(raw.getvalue(), mtime=0))


def _anybodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _vacuum(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("VACUUM")


def main() -> None:
    clone = Path(sys.argv[1]).resolve()
    head = subprocess.run(["git", "-C", clone, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    if not head.startswith(COMMIT):
        raise SystemExit(f"{clone} is at {head.strip()}, not at {COMMIT}")
    with tempfile.TemporaryDirectory() as meeting, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        small = Old(clone, Path(meeting), folder, clone / "tests" / "mini_course")
        whole = Old(clone, Path(meeting), folder, clone)
        try:
            release = make_release(small)
            folders = [make_workspace(small), make_trained(whole), make_class(small, release), release]
        finally:
            for process in psutil.process_iter(["environ", "cmdline"]):
                if (process.info["environ"] or {}).get("XDG_RUNTIME_DIR") == meeting:
                    process.terminate()
        for database in folder.rglob("gradebook.db"):
            _vacuum(database)
        foreign = {"the clone": clone, "the interpreter": Path(sys.prefix), "home": Path.home()}
        for made in folders:
            pack(made, foreign)


if __name__ == "__main__":
    main()
