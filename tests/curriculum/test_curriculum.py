"""One list; road, gates and ids are derived from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.curriculum import Course, CourseError, Exercise, Unit, UnknownId, default_course

curriculum = default_course().curriculum


def test_the_whole_road_is_there():
    assert [len(phase.units) for phase in curriculum.phases] == [4, 6, 5, 8, 5]
    assert [unit.number for unit in curriculum.units][:5] == ["1.1", "1.2", "1.3", "1.4", "2.1"]
    assert [project.number for project in curriculum.projects] == [f"p{n}" for n in range(1, 9)]


def test_every_address_says_its_number():
    for unit in curriculum.units:
        phase, position = unit.number.split(".")
        assert unit.address.startswith(f"phase{phase}_") and f"/unit{position}_" in unit.address
        assert unit.id == unit.address.split(f"/unit{position}_")[1].replace("_", "-")


@pytest.mark.parametrize(
    "key", ["attention", "2.4", "phase2_deep_learning/unit4_attention", "phase2_deep_learning/unit4_attention.py"]
)
def test_a_unit_is_found_by_id_number_and_address(key):
    assert curriculum.find(key) is curriculum.unit("attention")


@pytest.mark.parametrize("key", ["attention/ViT", "2.4/ViT", "2.4.6", "ViT"])
def test_an_exercise_is_found_by_id_number_and_unique_name(key):
    found = curriculum.find(key)
    assert isinstance(found, Exercise) and found.id == "attention/ViT"


def test_an_unknown_id_names_its_neighbours():
    with pytest.raises(UnknownId, match="did you mean attention") as error:
        curriculum.find("atention")
    assert "attention" in error.value.suggestions
    with pytest.raises(UnknownId, match="course status"):
        curriculum.find("qqqqqqqq")


@given(st.text())
def test_any_text_is_found_or_refused_in_one_line(text):
    try:
        assert isinstance(curriculum.find(text), Unit | Exercise)
    except UnknownId as error:
        assert len(str(error).splitlines()) == 1


MINIMAL = """
title = "t"
version = "1"
[[phase]]
id = "p"
title = "P"
weeks = "1"
[[phase.unit]]
id = "a"
address = "phase1_p/unit1_a"
title = "A"
summary = "s"
minutes = 1
needs = []
"""


def test_coming_units_hand_down_what_they_need_but_projects_ask_for_their_own(tmp_path):
    """a ← b (coming) ← c, and a project that needs b and c."""
    done = "exercises = [{ name = 'x', title = 'X', points = 1, difficulty = 1, minutes = 1 }]\n"

    def unit(key, number, needs, rest):
        return f"""
            [[phase.unit]]
            id = "{key}"
            address = "phase1_p/unit{number}_{key}"
            title = "T"
            summary = "s"
            minutes = 1
            needs = {needs}
            {rest}
            """

    text = MINIMAL[: MINIMAL.index("[[phase.unit]]")]
    text += unit("a", 1, [], done) + unit("b", 2, ["a"], "") + unit("c", 3, ["b"], done)
    text += unit("p", 1, ["b", "c"], done).replace("phase.unit", "project").replace("phase1_p/unit1_p", "projects/p1_p")
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "curriculum.toml").write_text(text)
    found = Course(tmp_path).curriculum

    def needed(key):
        return [unit.id for unit in found.prerequisites(found.unit(key))]

    assert found.unit("b").coming
    assert (needed("a"), needed("c"), needed("p")) == ([], ["a"], ["c"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = ", "not valid TOML"),
        ("title = 't'", "lacks 'phase'"),
        (MINIMAL.replace("needs = []", "needs = ['b']"), "a needs 'b', which is not an earlier unit"),
        (MINIMAL.replace("needs = []", "needs = ['a']"), "not an earlier unit"),
        (MINIMAL + MINIMAL[MINIMAL.index("[[phase.unit]]") :], "share an id"),
        (MINIMAL + "surprise = 1\n", "surprise"),
        (MINIMAL + "exercises = [{ name = 'x', title = 'X' }]\n", "points"),
        (MINIMAL + "imports = 'diffusers'\n", "a: imports is 'diffusers', and has to be a list of import names"),
        (MINIMAL + "imports = ['a b']\n", "imports is"),
        (MINIMAL + "imports = ['a.b']\n", "imports is"),
        (MINIMAL + "imports = ['a', 'a']\n", "each once"),
        (MINIMAL + "imports = [1]\n", "imports is"),
        (MINIMAL + "scratch = 1\n", "scratch is 1, and has to be true or false"),
        (MINIMAL + "seconds = 0\n", "seconds is 0, and has to be seconds of one call, at most 60"),
        (MINIMAL + "seconds = true\n", "seconds is True"),
        (MINIMAL + "seconds = nan\n", "seconds is nan"),
        (MINIMAL + "memory = 1.5\n", "memory is 1.5, and has to be MiB"),
        (MINIMAL + "memory = 1\n", "memory is 1"),
    ],
)
def test_a_wrong_list_is_one_line_that_names_the_entry(tmp_path, text, words):
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "curriculum.toml").write_text(text)
    with pytest.raises(CourseError, match=words) as error:
        _ = Course(tmp_path).curriculum
    assert "curriculum.toml" in str(error.value)


def test_a_unit_says_what_it_needs_behind_the_wall(tmp_path):
    (tmp_path / "course").mkdir()
    said = "imports = ['transformers', 'diffusers']\nscratch = true\nseconds = 10\nmemory = 2048\n"
    (tmp_path / "course" / "curriculum.toml").write_text(MINIMAL + said)
    unit = Course(tmp_path).curriculum.unit("a")
    assert (unit.imports, unit.scratch) == (("diffusers", "transformers"), True)
    assert (unit.seconds, unit.memory) == (10, 2048)
    plain = curriculum.unit("attention")
    assert (plain.imports, plain.scratch, plain.seconds, plain.memory) == ((), False, None, None)


def test_no_course_is_one_line(tmp_path):
    with pytest.raises(CourseError, match="There is no course at"):
        _ = Course(tmp_path).curriculum
