"""Whatever is handed in is read once, into memory, or refused in one line."""

import io
import json
import os
import stat
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import Submission, SubmissionError
from grader.judge.terms.submission import MAX_FILE_BYTES

ADDRESS = "phase1_numbers/unit1_averages"
CODE = b"def mean(x):\n    return 1.0\n"


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "Ada Lovelace – Übung"
    (path / "phase1_numbers").mkdir(parents=True)
    (path / f"{ADDRESS}.py").write_bytes(CODE)
    return path


def zipped(path, entries):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def notebook(cells, **metadata):
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


def cell(source, **roles):
    return {"cell_type": "code", "source": source, "metadata": {"nbgrader": roles} if roles else {}}


def test_a_folder_is_read_by_address(folder, mini_course):
    (folder / "helpers.py").write_bytes(b"two = 2\n")
    (folder / "notes.txt").write_text("not code")
    (folder / ".course").mkdir()
    (folder / ".course" / "old.py").write_text("x = 1")
    submission = Submission.read(folder, mini_course)
    assert submission.sources == {ADDRESS: CODE, "helpers": b"two = 2\n"} and submission.notes == ()


def test_a_single_file_knows_its_unit_by_name(folder, tmp_path, mini_course):
    assert Submission.read(folder / f"{ADDRESS}.py", mini_course).sources == {ADDRESS: CODE}
    (tmp_path / "unit1_averages.py").write_bytes(CODE)
    assert Submission.read(tmp_path / "unit1_averages.py", mini_course).sources == {ADDRESS: CODE}
    (tmp_path / "homework.py").write_bytes(CODE)
    with pytest.raises(SubmissionError, match=r"homework\.py is not named after a unit"):
        Submission.read(tmp_path / "homework.py", mini_course)


@pytest.mark.parametrize("top", ["", "ada/", "Ada Lovelace (1)/"])
def test_a_zip_may_hold_the_folder_or_what_is_in_it(tmp_path, mini_course, top):
    path = zipped(tmp_path / "ada.zip", {f"{top}{ADDRESS}.py": CODE, f"{top}README.md": b"hello"})
    assert Submission.read(path, mini_course).sources == {ADDRESS: CODE}


def test_names_that_climb_and_links_in_a_zip_are_left_aside(tmp_path, mini_course):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{ADDRESS}.py", CODE)
        archive.writestr("../../evil.py", b"x = 1")
        archive.writestr("/etc/evil.py", b"x = 1")
        link = zipfile.ZipInfo("phase1_numbers/link.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    submission = Submission.read(path, mini_course)
    assert submission.sources == {ADDRESS: CODE} and len(submission.notes) == 3


def test_links_and_odd_files_in_a_folder_are_left_aside(folder, tmp_path, mini_course):
    secret = tmp_path / "secret.py"
    secret.write_text("token = 1")
    (folder / "link.py").symlink_to(secret)
    (folder / "phase9").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.py")
    (folder / "huge.py").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    submission = Submission.read(folder, mini_course)
    assert submission.sources == {ADDRESS: CODE} and len(submission.notes) == 4
    (tmp_path / "whole").symlink_to(folder)
    with pytest.raises(SubmissionError, match="is a link"):
        Submission.read(tmp_path / "whole", mini_course)


def test_a_notebook_is_its_code_without_the_grading_cells(tmp_path, mini_course):
    path = tmp_path / "whatever.ipynb"
    cells = [
        cell("%matplotlib inline\n!pip install x\n"),
        {"cell_type": "markdown", "source": "words", "metadata": {}},
        cell(["def mean(x):\n", "    return 1.0\n"], solution=True, grade=False),
        cell("assert mean([1.0]) == 1.0", solution=False, grade=True),
        cell("%%bash\nrm -rf /"),
    ]
    path.write_bytes(notebook(cells, zero_to_diffusion={"unit": "averages"}))
    text = Submission.read(path, mini_course).sources[ADDRESS].decode()
    names: dict = {}
    exec(compile(text, "notebook", "exec"), names)
    assert names["mean"]([2.0]) == 1.0 and "assert" not in text


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"cells": 3}', notebook([cell("x = 1")], zero_to_diffusion={"unit": "x"})]
)
def test_a_broken_notebook_is_one_line(tmp_path, mini_course, data):
    path = tmp_path / "nothing.ipynb"
    path.write_bytes(data)
    with pytest.raises(SubmissionError) as error:
        Submission.read(path, mini_course)
    assert "\n" not in str(error.value) and "nothing.ipynb" in str(error.value)


@given(data=st.binary(max_size=300))
def test_a_broken_zip_is_one_line(tmp_path_factory, mini_course, data):
    path = tmp_path_factory.mktemp("zips") / "broken.zip"
    whole = io.BytesIO()
    zipped(whole, {f"{ADDRESS}.py": CODE})
    path.write_bytes(whole.getvalue()[: len(data)] + data)
    try:
        Submission.read(path, mini_course)
    except SubmissionError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["missing", "submission.tar", "device.py"])
def test_what_is_no_submission_is_one_line(tmp_path, mini_course, name):
    if name == "submission.tar":
        (tmp_path / name).write_bytes(b"")
    if name == "device.py":
        os.mkfifo(tmp_path / name)
    with pytest.raises(SubmissionError) as error:
        Submission.read(tmp_path / name, mini_course)
    assert "\n" not in str(error.value)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.binary(max_size=20), max_size=4))
def test_the_hash_names_exactly_these_files(sources):
    same = Submission(dict(reversed(sources.items())))
    assert Submission(sources).sha256 == same.sha256
    for address in sources:
        assert Submission({**sources, address: sources[address] + b"#"}).sha256 != same.sha256


@pytest.mark.parametrize("name", ["unit1_averages", "averages", "1.1"])
def test_a_notebook_may_be_named_after_its_unit(mini_course, tmp_path, name):
    code = "%matplotlib inline\ntext = 'one\u2028%two'"
    (tmp_path / f"{name}.ipynb").write_bytes(notebook([cell(code)]))
    submission = Submission.read(tmp_path / f"{name}.ipynb", mini_course)
    assert submission.sources == {ADDRESS: f"# {code}".encode()}
