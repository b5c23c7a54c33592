"""The one reader of lessons: what it finds is what the website makes of the page."""

import re
from pathlib import Path

import markdown
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from grader.curriculum import Course, Exercise, default_course
from grader.curriculum.lesson import Fence, Lesson, place

COURSE = default_course()
PAGES = [*COURSE.curriculum.built, *(phase.milestone for phase in COURSE.curriculum.phases if phase.milestone)]
EXERCISE = Exercise("unit", "solve", "Solve it", 1, 1, 5)


@pytest.fixture(scope="module")
def site() -> markdown.Markdown:
    """Python-Markdown as mkdocs.yml sets it up."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("tag:yaml.org,2002:python", lambda loader, suffix, node: None)
    listed = yaml.load((COURSE.root / "mkdocs.yml").read_text("utf-8"), Loader)["markdown_extensions"]
    named: dict[str, dict] = {}
    for entry in listed:
        named |= entry if isinstance(entry, dict) else {entry: {}}
    named["toc"].pop("toc_depth")  # which says what the page's contents list, not what has an anchor
    return markdown.Markdown(extensions=list(named), extension_configs=named)


def rendered(site: markdown.Markdown, text: str) -> list[tuple[int, str, str]]:
    def flat(tokens):
        for token in tokens:
            yield token["level"], token["id"], token["name"]
            yield from flat(token["children"])

    site.reset().convert(text)
    return list(flat(site.toc_tokens))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.address)
def test_headings_and_anchors_are_those_of_the_site(site, page):
    lesson = Lesson.read(COURSE, page)
    assert [(found.level, found.anchor, found.title) for found in lesson.headings] == rendered(site, lesson.text)


WORDS = ["A", "a", "B, c & d", "naïve β", "the *right* one", "`code_x` first", "-", "x  y", "1.2"]
TITLES = st.lists(st.sampled_from(WORDS), max_size=6)


@given(TITLES, st.lists(st.integers(1, 4), min_size=6, max_size=6))
def test_any_headings_get_the_anchors_that_the_site_gives_them(site, titles, levels):
    text = "\n\n".join(f"{'#' * level} {title}\n\ntext" for title, level in zip(titles, levels, strict=False))
    assert [(found.level, found.anchor) for found in Lesson(text).headings] == [one[:2] for one in rendered(site, text)]


def test_code_is_no_prose_and_keeps_its_place():
    shown = "```python\n# no heading\nx = 1\n```\n\n    ~~~console\n    $ course next\n    ~~~\n"
    lesson = Lesson(f"# Title\n\n{shown}\n## Next\n")
    assert lesson.fences == (Fence(4, "python", "# no heading\nx = 1\n"), Fence(9, "console", "$ course next\n"))
    assert [(found.title, found.line) for found in lesson.headings] == [("Title", 1), ("Next", 12)]
    assert len(lesson.prose.splitlines()) == len(lesson.text.splitlines())
    assert "heading" not in lesson.prose and "course" not in lesson.prose


def test_a_section_ends_at_the_next_heading_of_its_level():
    lesson = Lesson("### other\nno\n### `solve`\nyes\n#### deeper\nyes\n```\n### no heading\n```\n## Above\nno\n")
    assert lesson.section(EXERCISE) == "yes\n#### deeper\nyes\n```\n### no heading\n```"
    assert Lesson("## solve\nno section of its own\n").section(EXERCISE) == ""


@given(st.text(alphabet='#`~?! \n"{}ab:1', max_size=200))
def test_no_text_is_too_odd_to_be_read(text):
    lesson = Lesson(text)
    assert len(lesson.prose.split("\n")) >= len(lesson.prose.splitlines())
    lesson.headings, lesson.fences, lesson.statement(EXERCISE), lesson.ladder(EXERCISE)


# The small course's ---------------------------------------------------------------------------------------------------


@pytest.fixture
def course() -> Course:
    return Course(Path(__file__).parents[1] / "learner" / "mini")


@pytest.fixture
def total(course: Course) -> Exercise:
    found = course.curriculum.find("sums/total")
    assert isinstance(found, Exercise)
    return found


@pytest.fixture
def lesson(course: Course) -> Lesson:
    return Lesson.read(course, course.curriculum.unit("sums"))


def test_the_ladder_is_the_exercises_own(course, lesson, total):
    first, second = lesson.ladder(total)
    assert (first.number, first.of, first.title) == (1, 2, "one at a time")
    assert first.body == "Keep a running result.\n\nWhere does it start?"
    assert second.body == "```python\n### not a heading\nresult += value\n```"
    assert [one.title for one in lesson.ladder(course.curriculum.find("sums/mean"))] == ["what is given"]


def test_the_section_is_what_stands_before_the_hints(course, lesson, total):
    assert lesson.statement(total) == "Add up `values`. An empty list has the total 0."


def test_a_place_in_the_lesson(course):
    address = "phase1_numbers/unit1_sums"
    assert place(course, f"{address}#the-last-one") == "lesson 1.1, “The last one counts too”"
    assert place(course, f"{address}#what-goes-wrong") == "lesson 1.1, “What goes wrong”"
    assert place(course, f"{address}#nowhere") is None
    assert place(course, "phase9/unit9#x") is None


def test_every_mistake_points_to_a_section_by_the_name_it_has_everywhere():
    from grader.author.bank import mistakes

    for unit in COURSE.curriculum.built:
        for mistake in mistakes(COURSE, unit):
            said = place(COURSE, f"{unit.address}#{mistake.see}")
            assert said is not None, f"{unit.id}: {mistake.name} points to #{mistake.see}"
            assert re.fullmatch(rf"lesson {re.escape(unit.number)}, “[^”`*]+”", said), said
