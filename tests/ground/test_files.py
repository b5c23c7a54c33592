"""Whole files: whoever reads sees the old one or the new one, whatever happens in between."""

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.ground.errors import CourseError
from grader.ground.files import clear_unfinished, read_json, replacing, write_bytes, write_json, write_text, writing


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_what_is_written_is_read_to_the_character(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "new" / "folder" / "ä file.txt"
    assert write_text(path, text) == path
    assert path.read_bytes() == text.encode()
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = write_text(tmp_path / "kept.txt", "old")
    with pytest.raises(ZeroDivisionError), writing(path) as file:
        file.write("half of the n")
        file.flush()
        assert path.read_text() == "old"
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["kept.txt"]


def test_the_path_to_write_to_has_the_suffix_that_savers_go_by(tmp_path):
    with replacing(tmp_path / "samples.npz", durable=True) as beside:
        assert beside.suffix == ".npz" and beside.parent == tmp_path
        beside.write_bytes(b"x")
    assert os.listdir(tmp_path) == ["samples.npz"]


def test_an_error_of_the_block_is_not_mistaken_for_one_of_the_place(tmp_path):
    with pytest.raises(FileNotFoundError, match="the learner's"), replacing(tmp_path / "picture.png"):
        raise FileNotFoundError("the learner's own")
    assert os.listdir(tmp_path) == []


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    blocked = write_text(tmp_path / "file", "") / "below" / "it"
    for write in (
        lambda: write_text(blocked, "x"),
        lambda: write_bytes(blocked, b"x"),
        lambda: write_json(blocked, {}),
    ):
        with pytest.raises(CourseError, match=r"below/it cannot be written: .+\.$") as caught:
            write()
        assert "\n" not in str(caught.value)


def test_rights_are_kept_and_new_ones_are_the_users(tmp_path):
    path = write_text(tmp_path / "script.sh", "old")
    usual = stat.S_IMODE(path.stat().st_mode)
    (tmp_path / "by hand").write_text("")
    assert usual == stat.S_IMODE((tmp_path / "by hand").stat().st_mode)
    path.chmod(0o750)
    write_text(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    with writing(tmp_path / "secret", mode=0o600) as file:
        file.write("x")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_what_a_killed_run_left_is_cleared_away(tmp_path):
    write_text(tmp_path / "deep" / "whole.txt", "whole")
    (tmp_path / "deep" / ".writing-x1y2-whole.txt").write_text("half")
    clear_unfinished(tmp_path)
    assert os.listdir(tmp_path / "deep") == ["whole.txt"]


@pytest.mark.parametrize("torn", [b"", b'{"a": ', b"\xff\xfe"])
def test_a_torn_document_is_none(tmp_path, torn):
    assert read_json(tmp_path / "missing.json") is None
    (tmp_path / "torn.json").write_bytes(torn)
    assert read_json(tmp_path / "torn.json") is None
    assert read_json(write_json(tmp_path / "whole.json", {"ä": [1, None]})) == {"ä": [1, None]}
