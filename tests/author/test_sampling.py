"""What the suite tries of a unit: all of what changed, and of the rest a part that only the unit's own files choose."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.author import sampling
from grader.author.sampling import WHOLE, Part, Proofs
from grader.curriculum import Course, Unit

ITEMS = [f"mistake_{number}" for number in range(40)]


def chosen(part: Part) -> list[str]:
    return part.of(ITEMS, str)


@pytest.fixture
def averages(tmp_course: Course) -> Unit:
    return tmp_course.curriculum.unit("averages")


@pytest.fixture
def proofs(tmp_course: Course, tmp_path: Path) -> Proofs:
    """Every gate held for the small course as it is."""
    proofs = Proofs(tmp_path / "proofs.json")
    for unit in tmp_course.curriculum.built:
        proofs.keep(tmp_course, unit)
    return proofs


def change(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")


@given(key=st.text(max_size=5), one_in=st.integers(1, 50))
def test_a_part_is_the_same_each_time_in_order_and_of_the_size_that_was_asked_for(key: str, one_in: int):
    part = Part(one_in, key=key)
    assert chosen(part) == chosen(part) == [item for item in ITEMS if item in chosen(part)]
    assert len(chosen(part)) == -(-len(ITEMS) // one_in)
    assert set(chosen(part)) <= set(chosen(Part(max(1, one_in // 2), key=key)))
    assert part.of([], str) == []


def test_the_whole_is_everything_and_most_is_a_limit():
    assert chosen(WHOLE) == ITEMS
    assert len(chosen(Part(most=3))) == 3 and chosen(Part(most=100)) == ITEMS


def test_over_many_hashes_every_item_is_tried_and_a_single_thing_as_often_as_it_should():
    keys = [f"{number:x}" for number in range(200)]
    assert {item for key in keys for item in chosen(Part(8, key=key))} == set(ITEMS)
    assert 5 < sum(Part(10, key=key).takes("pictures") for key in keys) < 40


def test_it_is_told_how_many_were_chosen_of_how_many():
    told = []
    chosen(Part(8, tell=lambda count, of: told.append((count, of))))
    assert told == [(5, 40)]


def test_a_unit_that_nobody_proved_is_tried_whole(tmp_course: Course, averages: Unit, tmp_path: Path):
    proofs = Proofs(tmp_path / "none.json")
    assert proofs.part(tmp_course, averages, 8) == WHOLE and proofs.pictures(tmp_course, averages, 8)
    assert not proofs.hold(tmp_course, averages)


@pytest.mark.parametrize("what", ["reference", "stub", "checks", "mistakes"])
def test_a_unit_of_which_anything_judged_changed_is_tried_whole_and_no_other_is(proofs, tmp_course, averages, what):
    spread = tmp_course.curriculum.unit("spread")
    before = proofs.part(tmp_course, spread, 8)
    assert proofs.part(tmp_course, averages, 8).one_in == 8 and proofs.hold(tmp_course, averages)
    change(getattr(tmp_course, what)(averages))
    assert proofs.part(tmp_course, averages, 8) == WHOLE and not proofs.hold(tmp_course, averages)
    assert proofs.part(tmp_course, spread, 8) == before


def test_a_new_variant_is_a_change(proofs, tmp_course, averages):
    folder = tmp_course.folder(averages) / "variants"
    folder.mkdir()
    (folder / "loops.py").write_text("", encoding="utf-8")
    assert proofs.part(tmp_course, averages, 8) == WHOLE


def test_a_word_in_the_lesson_is_no_reason_to_judge_everything_again(proofs, tmp_course, averages):
    before = proofs.part(tmp_course, averages, 8)
    change(tmp_course.lesson(averages))
    assert proofs.part(tmp_course, averages, 8) == before


def test_another_platform_asks_for_more_of_the_same(proofs, tmp_course, averages, monkeypatch):
    before = proofs.part(tmp_course, averages, 8).of(ITEMS, str)
    monkeypatch.setattr(sampling, "platform", lambda: "another")
    after = proofs.part(tmp_course, averages, 8).of(ITEMS, str)
    assert len(after) == 2 * len(before) and set(before) < set(after)


def test_pictures_are_drawn_again_when_their_script_or_one_of_them_changed(proofs, tmp_course, averages, monkeypatch):
    monkeypatch.setattr(Part, "takes", lambda part, name: False)
    assert not proofs.pictures(tmp_course, averages, 8)
    tmp_course.figures(averages).write_text("", encoding="utf-8")
    assert proofs.pictures(tmp_course, averages, 8)
    proofs.keep(tmp_course, averages)
    assert not proofs.pictures(tmp_course, averages, 8)
    picture = tmp_course.figures(averages).with_suffix("") / "line.svg"
    picture.parent.mkdir()
    picture.write_text("<svg/>", encoding="utf-8")
    assert proofs.pictures(tmp_course, averages, 8)
