"""The family that has a library and a scratch folder at hand: no more comes of it than of any other."""

from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parent / "libraries").glob("*.py"))


def test_there_are_attacks():
    assert len(FILES) >= 15


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_attack_does_not_pass_and_does_no_harm(library_arena, load, path, tmp_path):
    verdict = library_arena.check(library_arena.submission(load(path), tmp_path))
    assert [one.verdict for one in verdict.exercises.values()] != ["passed"]
    assert verdict.confined
    assert library_arena.harm(verdict) == []
    after = library_arena.check(library_arena.RIGHT)
    assert after.passed and after.points == library_arena.POINTS
