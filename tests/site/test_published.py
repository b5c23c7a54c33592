"""The published website: complete, whole, readable by everyone, and without any other host."""

import json
import posixpath
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from grader.curriculum import Course, Curriculum, Milestone, Unit

Pages = dict[str, BeautifulSoup]


def everything(curriculum: Curriculum) -> tuple[Unit, ...]:
    return (*curriculum.units, *curriculum.projects)


def page_of(unit: Unit | Milestone) -> str:
    return f"{unit.address}/index.html"


def with_a_page(curriculum: Curriculum) -> list[Unit | Milestone]:
    return [*curriculum.built, *(phase.milestone for phase in curriculum.phases if phase.milestone)]


def lessons(pages: Pages, curriculum: Curriculum) -> list[tuple[Unit, BeautifulSoup]]:
    found = [(unit, pages[page_of(unit)]) for unit in curriculum.built]
    assert found
    return found


def text(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())


# ----------------------------------------------------------------------------------------- from the curriculum


def test_the_navigation_lists_every_built_unit_once_in_the_order_of_the_road(
    pages: Pages, curriculum: Curriculum
) -> None:
    nav = pages["index.html"].select_one("nav.md-nav--primary")
    assert nav is not None
    addresses = {page_of(unit): unit for unit in everything(curriculum)}
    linked = [str(a["href"]) for a in nav.find_all("a", href=True) if a.find_parent(class_="md-nav--secondary") is None]
    listed = [addresses[href].id for href in dict.fromkeys(linked) if href in addresses]
    assert listed == [unit.id for unit in curriculum.built]
    titles = [text(a) for a in nav.find_all("a", href=True)]
    for unit in curriculum.built:
        assert f"{unit.number.upper()} {unit.title}" in titles


def test_only_what_is_written_has_a_page(pages: Pages, curriculum: Curriculum) -> None:
    assert {page_of(u) for u in everything(curriculum) if page_of(u) in pages} == {page_of(u) for u in curriculum.built}


def test_each_lesson_shows_its_exercises_as_the_curriculum_has_them(pages: Pages, curriculum: Curriculum) -> None:
    for unit, page in lessons(pages, curriculum):
        panels = page.select(f'.z-panel[data-unit="{unit.id}"]')
        assert len(panels) == 1, f"{unit.id}: the line <!-- exercises --> must stand in the lesson once"
        rows = panels[0].select("tbody tr")
        assert [row["data-exercise"] for row in rows] == [exercise.id for exercise in unit.exercises]
        for row, exercise in zip(rows, unit.exercises, strict=True):
            name, points, level, minutes = row.find_all("td")
            assert text(name) == f"{' , '.join(exercise.names)} {exercise.title}"
            assert (text(points), text(minutes)) == (str(exercise.points), str(exercise.minutes))
            stars = level.select_one("[role=img]")
            assert stars is not None
            assert stars["aria-label"] == f"difficulty {exercise.difficulty} of 5"
        about = text(panels[0].select_one(".z-panel__about") or panels[0])
        assert f"{unit.points} point" in about
        assert f"$ course check {unit.id}" in page.get_text()


def test_each_lesson_says_what_it_needs(pages: Pages, curriculum: Curriculum) -> None:
    for unit, page in lessons(pages, curriculum):
        panel = text(page.select_one(".z-panel") or page)
        for needed in map(curriculum.unit, unit.needs):
            assert f"{needed.number.upper()} {needed.title}{' coming' if needed.coming else ''}" in panel, unit.id


def test_each_exercise_has_its_heading_with_a_line_of_facts(pages: Pages, curriculum: Curriculum) -> None:
    for unit, page in lessons(pages, curriculum):
        for exercise in unit.exercises:
            lines = page.select(f'p.z-exercise[data-exercise="{exercise.id}"]')
            assert len(lines) == 1, f"{exercise.id}: its heading must be `### {exercise.name}`, once"
            heading = lines[0].find_previous("h3")
            assert heading is not None and heading.find("code").get_text() == exercise.name
            link = page.select_one(f'tr[data-exercise="{exercise.id}"] a')
            assert link is not None and link["href"] == f"#{heading['id']}"


def test_the_road_shows_every_unit_and_project_in_its_phase(pages: Pages, curriculum: Curriculum) -> None:
    road = pages["road.html"]
    stretches = road.select("section.z-stretch")
    assert [s["id"] for s in stretches] == [phase.id for phase in curriculum.phases]
    shown = [str(card["data-unit"]) for card in road.select("li[data-unit]")]
    assert Counter(shown) == Counter(unit.id for unit in everything(curriculum))
    for stretch, phase in zip(stretches, curriculum.phases, strict=True):
        cards = [curriculum.unit(str(card["data-unit"])) for card in stretch.select("li[data-unit]")]
        units = [unit for unit in cards if unit.kind == "unit"]
        assert units == list(phase.units)
        # A project stands at the end of the phase in which the last unit that it needs is.
        for project in cards[len(units) :]:
            assert project.kind == "project"
            needed = {curriculum.unit(unit) for unit in project.needs}
            assert max(p.number for p in curriculum.phases if needed & set(p.units)) == phase.number


def test_on_the_road_only_built_units_are_links_and_the_others_are_coming(pages: Pages, curriculum: Curriculum) -> None:
    for card in pages["road.html"].select("li[data-unit]"):
        unit = curriculum.unit(str(card["data-unit"]))
        assert unit.title in text(card)
        assert [a["href"] for a in card.find_all("a")] == ([] if unit.coming else [page_of(unit)])
        assert bool(card.select(".z-badge")) == unit.coming == ("z-card--coming" in card["class"])


def test_a_phase_with_a_milestone_ends_with_it(pages: Pages, curriculum: Curriculum) -> None:
    for stretch, phase in zip(pages["road.html"].select("section.z-stretch"), curriculum.phases, strict=True):
        cards = stretch.select("li:not([data-unit])")
        milestones = [phase.milestone] if phase.milestone else []
        assert [a["href"] for card in cards for a in card.find_all("a")] == [
            page_of(milestone) for milestone in milestones
        ]
        assert [card["data-milestone"] for card in cards] == [phase.id for _ in milestones]
        for milestone in milestones:
            assert "def main(" in pages[page_of(milestone)].get_text()


def test_the_home_page_counts_what_there_is(pages: Pages, curriculum: Curriculum) -> None:
    numbers = pages["index.html"].select_one(".z-numbers")
    assert numbers is not None
    built = sum(not unit.coming for unit in curriculum.units)
    counts = [len(curriculum.units), built, len(curriculum.projects), len(curriculum.exercises)]
    assert [int(b.get_text()) for b in numbers.find_all("b")][:4] == counts


# ------------------------------------------------------------------------------------- whole and self-contained


def test_the_site_holds_of_the_course_its_pages_and_their_pictures_alone(
    site: Path, course: Course, documents: Pages, moved: Pages
) -> None:
    ours = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    ours = {name for name in ours if not name.startswith("assets/")}
    pictures = {name for name in ours if name.endswith((".svg", ".png"))}
    assert ours - pictures - set(documents) == {"search/search_index.json", "sitemap.xml", "sitemap.xml.gz"}
    assert all((course.content / name).is_file() for name in pictures)
    top = {"404.html", "index.html", "road.html"}
    guide = {name for name in documents if name.startswith("guide/")}
    written = {page_of(of) for of in with_a_page(course.curriculum)}
    assert set(documents) - set(moved) - top - guide == written


ADDRESSES_OF_VERSION_0_1 = {
    "phase1_foundations": [
        "unit1_python", "unit2_linear_algebra", "unit3_calculus_probability", "unit4_classic_ml", "milestone",
    ],
    "phase2_deep_learning": [
        "unit1_neural_networks", "unit2_cnn", "unit3_pytorch", "unit4_attention", "unit5_training",
        "unit6_autoencoders", "milestone",
    ],
    "phase3_generative": ["unit3_vae"],
    "phase4_diffusion": ["unit1_ddpm", "unit4_guidance"],
    "phase5_research": ["unit2_dit"],
    "projects": ["p1_digit_vae"],
}  # fmt: skip


def test_every_old_address_leads_to_its_page_and_keeps_the_anchor(moved: Pages, pages: Pages, course: Course) -> None:
    assert set(moved) == {f"{of.address}.html" for of in with_a_page(course.curriculum)}
    old = {f"{folder}/{name}.html" for folder, names in ADDRESSES_OF_VERSION_0_1.items() for name in names}
    assert len(old) == 17 and old <= set(moved)
    for name, page in moved.items():
        target = f"{posixpath.basename(name).removesuffix('.html')}/index.html"
        assert posixpath.join(posixpath.dirname(name), target) in pages
        assert [tag["href"] for tag in page.find_all(["link", "a"])] == [target, target]
        assert page.find("script").string == f'location.replace("{target}" + location.hash)'
        assert page.select_one("noscript meta[http-equiv=refresh]")["content"] == f"0; url={target}"


def test_every_link_inside_the_site_leads_somewhere(site: Path, documents: Pages) -> None:
    broken = []
    for name, page in documents.items():
        if name == "404.html":  # its addresses begin at the root, wherever the site lies
            continue
        for tag in page.find_all(["a", "link", "script", "img"]):
            address = tag.get("href") or tag.get("src")
            if not address or urlsplit(str(address)).scheme or str(address).startswith("//"):
                continue
            path, fragment = urlsplit(str(address)).path, unquote(urlsplit(str(address)).fragment)
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(path))) if path else name
            file = site / target
            exists = file.is_file() or (file / "index.html").is_file()
            if target in documents and fragment and not fragment.startswith("__"):
                exists = documents[target].find(id=fragment) is not None
            if not exists:
                broken.append(f"{name} → {address}")
    assert not broken


def test_nothing_is_loaded_from_another_host(site: Path, documents: Pages) -> None:
    foreign = [
        f"{name}: {address}"
        for name, page in documents.items()
        for tag in page.find_all(["script", "link", "img", "iframe", "source", "object", "embed", "video", "audio"])
        for address in [str(tag.get("src") or tag.get("href") or tag.get("data") or "")]
        if "//" in address
    ]
    for sheet in site.rglob("*.css"):
        for address in re.findall(r"url\(([^)]*)\)|@import\s+([^;]+)", sheet.read_text(encoding="utf-8")):
            reference = "".join(address).strip("\"' ")
            if reference.startswith(("data:", "#")):
                continue
            if "//" in reference or not (sheet.parent / reference).is_file():
                foreign.append(f"{sheet.relative_to(site)}: {reference}")
    assert not foreign


def test_mathematics_is_left_for_the_vendored_katex(site: Path, pages: Pages, curriculum: Curriculum) -> None:
    formulas = 0
    for unit, page in lessons(pages, curriculum):
        scripts = [str(script.get("src")) for script in page.find_all("script", src=True)]
        assert any(src.endswith("assets/katex/katex.min.js") for src in scripts)
        assert any(src.endswith("assets/math.js") for src in scripts)
        for formula in page.select(".arithmatex"):
            source = formula.get_text().strip()
            assert (source[:2], source[-2:]) in {("\\(", "\\)"), ("\\[", "\\]")}, source
            assert source.count("{") - source.count("\\{") == source.count("}") - source.count("\\}"), source
            formulas += 1
        article = page.select_one("article")
        assert article is not None
        for tag in article.select("pre, code, .arithmatex, script"):
            tag.extract()
        left = re.search(r"\$[^$]*[\\^_][^$]*\$", article.get_text())
        assert left is None, f"{unit.id}: a formula is not set: {left and left[0]}"
    assert formulas
    katex = site / "assets" / "katex"
    assert "MIT" in (katex / "LICENSE").read_text(encoding="utf-8")
    assert len(list((katex / "fonts").glob("*.woff2"))) == 20


def test_the_search_finds_every_lesson(site: Path, pages: Pages, curriculum: Curriculum) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {entry["location"] for entry in index["docs"]}
    for unit, _ in lessons(pages, curriculum):
        assert page_of(unit) in found
        for exercise in unit.exercises:
            assert f"{page_of(unit)}#{exercise.name.lower()}" in found


# ------------------------------------------------------------------------------------------------------- for everyone


def test_every_picture_says_what_it_shows(pages: Pages) -> None:
    pictures = [(name, image) for name, page in pages.items() for image in page.select("article img")]
    assert pictures
    assert not [f"{name}: {image['src']}" for name, image in pictures if len(str(image.get("alt", "")).strip()) < 20]


def test_every_page_has_one_title_and_no_id_twice(pages: Pages) -> None:
    for name, page in pages.items():
        assert len(page.find_all("h1")) == 1, name
        ids = Counter(str(tag["id"]) for tag in page.find_all(id=True))
        assert not [i for i, times in ids.items() if times > 1], name
        assert page.find("meta", attrs={"name": "viewport"}) is not None
        assert page.html is not None and page.html["lang"] == "en"


def test_no_marker_of_ours_is_left(pages: Pages) -> None:
    for name, page in pages.items():
        assert not re.search(r"<!-- (exercises|road|phases|program) -->", str(page)), name


def test_both_colour_schemes_and_a_way_between_them(pages: Pages) -> None:
    inputs = pages["index.html"].select('form[data-md-component="palette"] input')
    assert [i["data-md-color-scheme"] for i in inputs] == ["default", "slate"]
    assert all(i.get("aria-label") for i in inputs)


def test_a_published_site_asks_for_no_progress(site: Path, pages: Pages) -> None:
    assert (site / "assets" / "progress.js").is_file()
    assert not [name for name, page in pages.items() if page.select('script[src*="progress.js"]')]
