"""Reading a folder of submissions: whatever lies in it, every student is there once and nothing outside is read."""

from __future__ import annotations

import json
import os
import unicodedata
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.classroom.files import student_id
from grader.classroom.submissions import list_class, read_work
from grader.curriculum import CourseError
from grader.ground.files import write_text

AVERAGES = "phase1_numbers/unit1_averages"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "class"


def put(path, text="x = 1\n"):
    return write_text(path, text)


def notebook(*cells, unit="averages"):
    metadata = {"zero_to_diffusion": {"unit": unit}} if unit else {}
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})


def read(course, folder, units=()):
    entries, _ = list_class(course, folder)
    return {entry.id: read_work(course, folder, entry, units) for entry in entries}


def test_every_form_of_submission_is_read(mini_course, folder):
    put(folder / "ada" / f"{AVERAGES}.py", "ada = 1\n")
    with zipfile.ZipFile(folder / "bo.zip", "w") as archive:
        archive.writestr(f"bo/{AVERAGES}.py", "bo = 1\n")
    put(folder / "cy.ipynb", notebook("cy = 1"))
    put(folder / "di_unit1_averages.py", "di = 1\n")
    put(folder / "ed" / "homework" / "unit1_averages.py", "ed = 1\n")
    entries = read(mini_course, folder)
    assert {name: entry.problem for name, entry in entries.items()} == dict.fromkeys(["ada", "bo", "cy", "di", "ed"])
    for name, entry in entries.items():
        assert entry.submission.sources[AVERAGES].decode().strip() == f"{name} = 1"


def test_nbgraders_submitted_tree_is_read(mini_course, folder):
    put(folder / "ada" / "averages" / "averages.ipynb", notebook("ada = 1"))
    put(folder / "ada" / "averages" / "timestamp.txt", "2026-11-22 12:00:00 UTC")
    put(folder / "ada" / "averages" / ".ipynb_checkpoints" / "averages-checkpoint.ipynb", notebook("old = 1"))
    put(folder / "ada" / "spread" / "spread.ipynb", notebook("spread = 1", unit="spread"))
    ada = read(mini_course, folder)["ada"]
    assert ada.submission.sources == {AVERAGES: b"ada = 1", "phase1_numbers/unit2_spread": b"spread = 1"}


def test_a_lone_file_belongs_to_the_only_unit_that_is_graded(mini_course, folder):
    put(folder / "ada.py", "ada = 1\n")
    assert "does not say which unit" in read(mini_course, folder)["ada"].problem
    entry = read(mini_course, folder, units=[mini_course.curriculum.unit("spread")])["ada"]
    assert entry.submission.sources == {"phase1_numbers/unit2_spread": b"ada = 1\n"}


def test_links_are_not_followed_wherever_they_lead(mini_course, folder, tmp_path):
    secret = put(tmp_path / "secret" / f"{AVERAGES}.py", "secret = 1\n")
    folder.mkdir()
    os.symlink(tmp_path / "secret", folder / "ada")
    os.symlink(secret, folder / "bo.py")
    os.symlink(secret, folder / "cy_unit1_averages.py")
    put(folder / "di" / "notes.py")
    os.symlink(tmp_path / "secret" / "phase1_numbers", folder / "di" / "phase1_numbers")
    put(folder / "ed" / "notes.py")
    (folder / "ed" / "phase1_numbers").mkdir()
    os.symlink(secret, folder / "ed" / f"{AVERAGES}.py")
    put(folder / "fi" / f"{AVERAGES}.py", "fi = 1\n")
    entries = read(mini_course, folder)
    assert len(entries) == 6
    for name in ("ada", "bo.py", "cy_unit1_averages.py"):
        assert "is a link" in entries[name].problem
    assert not any(b"secret" in text for entry in entries.values() for text in entry.submission.sources.values())
    assert any("link" in note or "ordinary" in note for note in entries["di"].submission.notes)
    assert entries["fi"].problem is None


def test_the_unreadable_get_one_line_that_does_not_tell_where_the_class_lies(mini_course, folder, tmp_path):
    put(folder / "ada.zip", "no zip")
    put(folder / "bo.ipynb", "{")
    put(folder / "cy.rar", "")
    put(folder / "di_unit1_averages.py", "#" * (1 << 20) + "\n")
    (folder / "ed").mkdir()
    put(folder / "fi" / "readme.txt")
    entries = read(mini_course, folder)
    problems = {name: entry.problem for name, entry in entries.items() if entry.problem}
    assert sorted(problems) == ["ada", "bo", "cy", "di"]
    for problem in problems.values():
        assert "\n" not in problem and str(tmp_path) not in problem
    assert entries["ed"].submission.sources == entries["fi"].submission.sources == {}


def test_two_entries_of_one_student_are_not_silently_one(mini_course, folder):
    put(folder / "ada" / f"{AVERAGES}.py")
    put(folder / "ada.ipynb", notebook("x = 1"))
    ada = read(mini_course, folder)["ada"]
    assert ada.problem == "Two or more entries are this student's (ada, ada.ipynb); keep one of them."
    assert ada.submission.sources == {}


def test_what_systems_leave_behind_is_nobodys(mini_course, folder):
    put(folder / ".DS_Store")
    put(folder / "__MACOSX" / "ada.py")
    put(folder / "out" / "grades.csv")
    put(folder / "out.names.csv")
    put(folder / "ada" / f"{AVERAGES}.py")
    entries, ignored = list_class(mini_course, folder, leave_out=folder / "out")
    assert [entry.id for entry in entries] == ["ada"]
    assert ignored == [".DS_Store", "__MACOSX"]


def test_a_missing_folder_is_one_line(mini_course, folder):
    with pytest.raises(CourseError, match="class cannot be read: No such file or directory"):
        list_class(mini_course, folder)


@given(st.text(min_size=1, max_size=120))
def test_an_id_is_safe_and_an_ordinary_name_is_its_own(name):
    safe = student_id(name)
    assert safe == safe.strip()
    assert 0 < len(safe.encode()) <= 120
    assert not any(
        unicodedata.category(one) in ("Cc", "Cs", "Cf") for one in safe.replace("\u200c", "").replace("\u200d", "")
    )


@given(st.sets(st.text(alphabet=" aA\n\tä\x1b\u202e", min_size=1, max_size=6), min_size=2, max_size=2))
def test_two_names_are_two_students(names):
    assert len({student_id(name) for name in names}) == 2


def test_ids_as_people_know_them():
    assert student_id("Ada Lovelace") == "Ada Lovelace"
    assert student_id("Zoë-Ångström_李") == "Zoë-Ångström_李"
    assert student_id("ada\nbo").startswith("ada_bo-")
