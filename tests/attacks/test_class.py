"""The attacks as a class: a folder of hostile students, honest ones between them, graded in one run."""

from __future__ import annotations

import csv
import os
import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from grader.classroom import ClassRun, grade
from grader.classroom.gradebook import record
from grader.judge import Verdict

FILES = sorted(
    path for path in Path(__file__).parent.glob("*/*.py") if path.parent.name not in ("exhaustion", "libraries")
)
ADDRESS = "phase1_numbers/unit1_averages.py"

LIVE = "<x-live onclick='alert(1)'>"
NAMES = (
    "=cmd|' C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    LIVE,
    "]]><x-live>",
    "\u202etxt.exe",
    "\x1b[2J\x1b[32m✓ passed",
    "a\n✓ passed,3,3",
    'a","3","3',
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "..\\..\\up",
    "x" * 200,
)
MARKUP = f'''"""{LIVE}
=1+1
"""
print("{LIVE}\\x1b[2J\\u202e\\n=cmd|' /C calc'!A0\\n</pre></code>```\\n# ✓ passed")


class E(Exception):
    pass


E.__name__ = "{LIVE}"


def mean(x):
    raise E("{LIVE} </code></pre> ``` \\n=1+1\\n✓ passed [x](javascript:alert(1))")


def centre(x):
    """{LIVE}"""
    return "{LIVE}"
'''


@pytest.fixture(scope="module")
def graded(arena, load, tmp_path_factory):
    """The run: its report, what it wrote, and who is honest."""
    folder = tmp_path_factory.mktemp("class") / "submissions"
    honest = {f"{number:03}-honest" for number in range(0, len(FILES), 20)}
    for student in honest:
        place = folder / student / ADDRESS
        place.parent.mkdir(parents=True)
        place.write_bytes(arena.RIGHT.sources[ADDRESS.removesuffix(".py")])
    for number, path in enumerate(FILES):
        attack, student = load(path), f"{number:03}-{path.parent.name}-{path.stem}"
        if attack.build is None:
            place = folder / student / ADDRESS
            place.parent.mkdir(parents=True)
            place.write_text(arena.aimed(attack.text))
        else:
            built = attack.build(tmp_path_factory.mktemp("built"))
            # What is one file is named after its unit, so it lies in the student's folder.
            lone = built.suffix in (".py", ".ipynb")
            place = folder / student / built.name if lone else folder / f"{student}{built.suffix}"
            place.parent.mkdir(exist_ok=True)
            os.rename(built, place)
            if attack.passes:
                honest.add(student)
    for name in NAMES:
        place = folder / name / ADDRESS
        place.parent.mkdir(parents=True)
        place.write_text(MARKUP)
    empty = tmp_path_factory.mktemp("book") / "gradebook.db"
    url = f"sqlite:///{empty}"
    record(url, [], [])
    out = tmp_path_factory.mktemp("graded") / "out"
    run = ClassRun(folder, out, jobs=2, seed=1, gradebook=url)
    report = grade(arena.judge.course, run, judge=arena.judge)
    yield report, out, honest
    shutil.rmtree(folder, ignore_errors=True)


def test_every_student_has_one_verdict_and_only_the_honest_pass(graded):
    report, _, honest = graded
    passed = {student.id for student in report.students if student.verdict.exercises["averages/mean"].points}
    assert len(report.students) == len({student.id for student in report.students})
    assert len(report.students) >= len(FILES) + len(NAMES)
    assert passed == honest
    assert all(isinstance(student.verdict, Verdict) for student in report.students)
    assert not [line for line in report.problems.values() if "judge" in line.lower()], (
        "a judge that fails is no verdict"
    )


def test_the_class_did_no_harm(arena, graded):
    assert arena.changes() == []
    assert arena.check(arena.RIGHT).passed


def test_no_cell_is_a_formula_and_no_line_is_of_ones_own_making(graded):
    report, out, _ = graded
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows) == len(report.students) + 1
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r")]
    assert not [
        cell for row in rows for cell in row if re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", cell)
    ]


def test_nothing_that_is_written_acts(arena, graded):
    _, out, honest = graded
    (plain,) = {_tags(out / "feedback" / one / "feedback.html") for one in honest if one.endswith("-honest")}
    for path in out.rglob("*"):
        assert path.is_dir() or (path.is_file() and not path.is_symlink())
        if path.suffix not in (".html", ".md", ".csv", ".txt", ".json"):
            continue
        text = path.read_text("utf-8")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069]", text), path
        assert not [secret for secret in arena.secrets if secret in text], path
        if path.suffix == ".html":
            page = BeautifulSoup(text, "html.parser")
            assert not page.find_all(["x-live", "img", "iframe", "object", "embed", "form", "svg"]), path
            assert {tag.name for tag in page.find_all(["script", "link", "base", "meta"])} <= plain, path
            for tag in page.find_all(True):
                assert not [name for name in tag.attrs if name.startswith("on")], (path, tag)
                assert not str(tag.get("href", "")).lower().startswith(("javascript:", "data:")), (path, tag)


def _tags(path: Path) -> frozenset[str]:
    page = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    return frozenset(tag.name for tag in page.find_all(["script", "link", "base", "meta"]))
