"""The hooks by themselves: what a lesson's author may rely on."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from mkdocs.config.base import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files, get_files
from mkdocs.structure.pages import Page

from grader.curriculum import Course


@pytest.fixture(scope="session")
def hooks(course: Course) -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_hooks", course.root / "site" / "hooks.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def small(mini_course: Course, tmp_path: Path) -> Course:
    shutil.copytree(mini_course.root / "course", tmp_path / "course")
    (tmp_path / "course" / "index.md").write_text("# Numbers\n")
    (tmp_path / "course" / "road.md").write_text("# The road\n\n<!-- road -->\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: Numbers\ndocs_dir: course\nuse_directory_urls: false\n")
    return Course(tmp_path)


def on_page(hooks: ModuleType, course: Course, source: str, markdown: str) -> str:
    config: MkDocsConfig = load_config(str(course.root / "mkdocs.yml"))
    files: Files = get_files(config)
    file = files.get_file_from_path(source)
    assert file is not None
    return str(hooks.on_page_markdown(markdown, page=Page(None, file, config), config=config, files=files))


def test_a_lesson_that_is_missing_is_missing_from_the_navigation_only(hooks: ModuleType, small: Course) -> None:
    def listed() -> str:
        return str(hooks.navigation(small))

    assert "1.1 Averages" in listed() and "1.2 Spread" in listed() and "Quantiles" not in listed()
    small.lesson(small.curriculum.unit("spread")).unlink()
    assert "1.1 Averages" in listed() and "1.2 Spread" not in listed()
    road = BeautifulSoup(on_page(hooks, small, "road.md", "<!-- road -->"), "html.parser")
    cards = {str(card["data-unit"]): [a["href"] for a in card.find_all("a")] for card in road.select("li[data-unit]")}
    assert cards["averages"] == ["phase1_numbers/unit1_averages/index.html"]
    assert cards["spread"] == cards["quantiles"] == []


@pytest.mark.parametrize(
    ("link", "becomes"),
    [
        ("[q](../unit3_quantiles/index.md)", "[q](../../road.md#quantiles)"),
        ("[q](../unit3_quantiles/index.md#median)", "[q](../../road.md#quantiles)"),
        ("[q](../../phase1_numbers/unit3_quantiles/index.md 'Q')", "[q](../../road.md#quantiles 'Q')"),
        ("[s](../unit2_spread/index.md#why)", "[s](../unit2_spread/index.md#why)"),
        ("[x](https://example.org/unit3_quantiles/index.md)", "[x](https://example.org/unit3_quantiles/index.md)"),
        ("[wrong](../unit9_nothing/index.md)", "[wrong](../unit9_nothing/index.md)"),
    ],
)
def test_a_link_ahead_leads_to_the_road(hooks: ModuleType, small: Course, link: str, becomes: str) -> None:
    assert on_page(hooks, small, "phase1_numbers/unit1_averages/index.md", f"See {link}.") == f"See {becomes}.\n"


def test_only_the_exercises_own_heading_gets_the_facts(hooks: ModuleType, small: Course) -> None:
    lesson = "```text\n### mean\n```\n\n### Mean values\n\n### mean\n\n### centre { #centred }\n\n#### mean\n"
    shown = on_page(hooks, small, "phase1_numbers/unit1_averages/index.md", f"<!-- exercises -->\n\n{lesson}")
    page = BeautifulSoup(shown, "html.parser")
    assert [p["data-exercise"] for p in page.select("p.z-exercise")] == ["averages/mean", "averages/centre"]
    assert "### `centre` { #centred .z-exercise-heading }" in shown
    assert [a["href"] for a in page.select("tbody a")] == ["#mean", "#centred"]
    assert "```text\n### mean\n```" in shown and "\n#### mean\n" in shown


def test_a_lesson_without_its_headings_still_has_its_table(hooks: ModuleType, small: Course) -> None:
    page = BeautifulSoup(
        on_page(hooks, small, "phase1_numbers/unit2_spread/index.md", "<!-- exercises -->"), "html.parser"
    )
    assert page.select_one("tbody code") is not None and not page.select("tbody a")
    assert [code.get_text() for code in page.select("tbody code")] == ["variance", "Scaler"]


@given(minutes=st.integers(1, 6000))
def test_durations_say_the_same_in_hours_and_minutes(hooks: ModuleType, minutes: int) -> None:
    words = hooks.duration(minutes).split()
    assert sum(int(n) * {"h": 60, "min": 1}[unit] for n, unit in zip(words[::2], words[1::2], strict=True)) == minutes
    assert "0" not in words
