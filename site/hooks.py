"""MkDocs hooks: everything on the website that course/curriculum.toml already knows.

- the navigation: one entry for each built unit and project whose lesson exists;
- `<!-- exercises -->` on a lesson: what it needs, its exercises and the command that judges them, and one line of facts
  under each exercise's heading;
- `<!-- road -->` and `<!-- phases -->`: the whole map, and the five phases in short;
- a link to the lesson of a unit that is still coming leads to its place on the road;
- the address that a page had before version 0.2 leads to where it is now.

The page generators are functions from Markdown and the curriculum to Markdown; only the `on_…` functions know MkDocs.
"""

from __future__ import annotations

import json
import posixpath
import re
import textwrap
from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from grader.curriculum import Course, Curriculum, Exercise, Milestone, Phase, Unit
from grader.curriculum.lesson import Lesson
from grader.ground.text import counted

ROAD = "road.md"
GUIDE = {
    "Learning": "guide/learn.md",
    "Errors": "guide/errors.md",
    "Teaching": "guide/teach.md",
    "Writing": "guide/write.md",
    "The verdict": "guide/verdict.md",
    "What the judge promises": "guide/promises.md",
    "Inside": "guide/internals.md",
}
LESSON_LINK = re.compile(r"(\]\()(?!\w+:)([^)\s#]+\.md)(#[^)\s]*)?(?=[)\s])")


@cache
def course_at(root: Path) -> Course:
    return Course(root)


def _course(config: MkDocsConfig) -> Course:
    return course_at(Path(config.config_file_path).resolve().parent)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    config.nav = navigation(_course(config))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for of in written(_course(config).curriculum):
        if files.get_file_from_path(source(of)) is not None:
            onward = moved_page(f"{posixpath.basename(of.address)}/index.html")
            page = File.generated(config, f"{of.address}.html", content=onward, inclusion=InclusionLevel.INCLUDED)
            files.append(page)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    course = _course(config)
    site = Links(course, page.file.src_uri, files)
    unit = next((u for u in _all(course.curriculum) if source(u) == page.file.src_uri), None)
    if unit is not None:
        page.meta.setdefault("description", unit.summary)
        markdown = lesson(markdown, unit, site)
    for phase in course.curriculum.phases:
        if phase.milestone and source(phase.milestone) == page.file.src_uri:
            page.meta.setdefault("description", phase.milestone.summary)
            file = course.program(phase.milestone)
            shown = program(file.name, file.read_text(encoding="utf-8"))
            markdown = markdown.replace("<!-- program -->", shown)
    if "<!-- road -->" in markdown:
        markdown = markdown.replace("<!-- road -->", road(site))
    if "<!-- phases -->" in markdown:
        markdown = markdown.replace("<!-- phases -->", phases(site))
    return site.redirect_coming(markdown)


def source(of: Unit | Milestone) -> str:
    """The page of a unit or a milestone, from the room course/."""
    return f"{of.address}/index.md"


def _all(curriculum: Curriculum) -> tuple[Unit, ...]:
    return (*curriculum.units, *curriculum.projects)


def written(curriculum: Curriculum) -> tuple[Unit | Milestone, ...]:
    """What may have a page: built units and projects, and milestones."""
    milestones = (phase.milestone for phase in curriculum.phases)
    return (*curriculum.built, *(milestone for milestone in milestones if milestone))


def navigation(course: Course) -> list[dict[str, object]]:
    """The `nav` of mkdocs.yml: pages that exist, in the order of the road."""

    def entries(units: Iterable[Unit]) -> list[dict[str, str]]:
        return [
            {f"{_number(unit)} {unit.title}": source(unit)}
            for unit in units
            if not unit.coming and course.lesson(unit).is_file()
        ]

    def end(milestone: Milestone | None) -> list[dict[str, str]]:
        written = milestone is not None and course.lesson(milestone).is_file()
        return [{f"★ {milestone.title}": source(milestone)}] if milestone and written else []

    lessons = [
        {f"{phase.number} {phase.title}": units + end(phase.milestone)}
        for phase in course.curriculum.phases
        if (units := entries(phase.units))
    ]
    projects = entries(course.curriculum.projects)
    nav: list[dict[str, object]] = [{"Start": "index.md"}, {"The road": ROAD}]
    nav += [{"Lessons": lessons}] if lessons else []
    nav += [{"Projects": projects}] if projects else []
    pages = [{title: page} for title, page in GUIDE.items() if (course.content / page).is_file()]
    return nav + ([{"Guide": pages}] if pages else [])


class Links:
    """Addresses on the site, as seen from one page."""

    def __init__(self, course: Course, here: str, files: Files) -> None:
        self.course, self.here, self.files = course, here, files

    def page(self, source: str) -> str | None:
        """The relative address of a page, or None while it does not exist."""
        target, here = self.files.get_file_from_path(source), self.files.get_file_from_path(self.here)
        return None if target is None or here is None else target.url_relative_to(here)

    def unit(self, unit: Unit) -> str | None:
        return None if unit.coming else self.page(source(unit))

    def anchor(self, unit: Unit) -> str:
        """Where a unit can be read about: its lesson, else its card on the road."""
        return self.unit(unit) or f"{self.page(ROAD) or ''}#{unit.id}"

    def redirect_coming(self, markdown: str) -> str:
        """Point Markdown links to lessons that do not exist yet at the road, so that authors may link ahead."""
        ahead = {
            source(unit): unit.id for unit in _all(self.course.curriculum) if self.unit(unit) is None
        }  # fmt: skip
        folder = posixpath.dirname(self.here)

        def target(match: re.Match[str]) -> str:
            unit = ahead.get(posixpath.normpath(posixpath.join(folder, match[2])))
            return match[0] if unit is None else f"{match[1]}{posixpath.relpath(ROAD, folder or '.')}#{unit}"

        return LESSON_LINK.sub(target, markdown)


def moved_page(target: str) -> str:
    """A page that sends its reader on to `target`, an address relative to it, and to the place on it that was meant."""
    href = escape(target)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Moved</title>'
        f'<link rel="canonical" href="{href}"><meta name="robots" content="noindex">'
        f"<script>location.replace({json.dumps(target)} + location.hash)</script>"
        f'<noscript><meta http-equiv="refresh" content="0; url={href}"></noscript></head>'
        f'<body><p>This page has moved <a href="{href}">here</a>.</p></body></html>\n'
    )


# ---------------------------------------------------------------------------------------------------- small pieces


def _number(unit: Unit) -> str:
    return unit.number.upper()


def duration(minutes: int) -> str:
    """90 → "1 h 30 min"."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h" if hours else "", f"{rest} min" if rest else ""]
    return " ".join(filter(None, parts))


def difficulty(level: int) -> str:
    dots = f"{'●' * level}<span>{'●' * (5 - level)}</span>"
    return f'<span class="z-difficulty" role="img" aria-label="difficulty {level} of 5">{dots}</span>'


def _named(unit: Unit, site: Links) -> str:
    coming = ' <span class="z-badge">coming</span>' if unit.coming else ""
    return f'<a href="{site.anchor(unit)}">{_number(unit)} {escape(unit.title)}</a>{coming}'


# --------------------------------------------------------------------------------------------------------- lessons


def lesson(markdown: str, unit: Unit, site: Links) -> str:
    """A lesson with its panel in place of `<!-- exercises -->` and a line of facts under each exercise's heading."""
    page, lines = Lesson(markdown), markdown.splitlines()
    own = {exercise: heading for exercise in unit.exercises if (heading := page.heading_of(exercise))}
    for exercise, heading in sorted(own.items(), key=lambda item: -item[1].line):  # from the end: line numbers stay
        styled = f"### `{exercise.name}` {{ #{heading.anchor} .z-exercise-heading }}"
        lines[heading.line - 1 : heading.line] = [styled, "", facts(exercise), ""]
    anchors = {exercise.name: heading.anchor for exercise, heading in own.items()}
    return "\n".join(lines).replace("<!-- exercises -->", f"\n{panel(unit, anchors, site)}") + "\n"


def program(name: str, text: str) -> str:
    """A whole program, folded."""
    return f'??? example "All of {name}"\n' + textwrap.indent(f"```python\n{text}```", "    ")


def facts(exercise: Exercise) -> str:
    return (
        f'<p class="z-exercise" data-exercise="{escape(exercise.id)}">{escape(exercise.title)} · '
        f"{counted(exercise.points, 'point')} · {difficulty(exercise.difficulty)} · {duration(exercise.minutes)}</p>"
    )


def panel(unit: Unit, headings: dict[str, str], site: Links) -> str:
    """What a unit needs, its exercises, and how to have them judged. `headings`: exercise name → anchor on the page."""
    curriculum = site.course.curriculum
    needs = [_named(curriculum.unit(needed), site) for needed in unit.needs]
    opens = [_named(other, site) for other in _all(curriculum) if unit.id in other.needs]
    kind = f"{unit.level.capitalize()} project" if unit.kind == "project" else "Unit"
    about = [
        f"{kind} {_number(unit)}", f"about {duration(unit.minutes)}",
        counted(len(unit.exercises), "exercise"), counted(unit.points, "point"),
    ]  # fmt: skip
    rows = []
    for exercise in unit.exercises:
        names = ", ".join(f"<code>{escape(name)}</code>" for name in exercise.names)
        if anchor := headings.get(exercise.name):
            names = f'<a href="#{anchor}">{names}</a>'
        rows.append(
            f'<tr data-exercise="{escape(exercise.id)}">'
            f'<td class="z-name">{names}<br><small>{escape(exercise.title)}</small></td>'
            f"<td>{exercise.points}</td><td>{difficulty(exercise.difficulty)}</td>"
            f"<td>{exercise.minutes}</td></tr>"
        )
    head = "".join(f'<th scope="col">{title}</th>' for title in ("Exercise", "Points", "Difficulty", "Minutes"))
    html = [
        f'<div class="z-panel z-{_phase_of(unit, curriculum)}" data-unit="{unit.id}">',
        f'<p class="z-panel__about">{" · ".join(about)}</p>',
        f'<p class="z-panel__links"><b>Needs</b> {", ".join(needs)}</p>' if needs else "",
        f'<p class="z-panel__links"><b>Opens</b> {", ".join(opens)}</p>' if opens else "",
        f'<table class="z-exercises"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>',
    ]
    commands = [f"$ course check {unit.id}"]
    if unit.kind == "project":
        commands.append(f"$ course train {unit.id} --preset cpu")
    return "".join(html) + "\n\n```console\n" + "\n".join(commands) + "\n```\n"


# -------------------------------------------------------------------------------------------------------- the road


def _phase_of(unit: Unit, curriculum: Curriculum) -> str:
    """The phase a unit is shown in; a project stands at the end of the phase of the last unit that it needs."""
    units = [unit] if unit.kind == "unit" else [curriculum.unit(needed) for needed in unit.needs]
    order = [phase.id for phase in curriculum.phases]
    return f"phase{1 + max((order.index(needed.phase) for needed in units if needed.phase in order), default=0)}"


def road(site: Links) -> str:
    """The map: a stretch a phase, a card a unit, the phase's projects at its end."""
    curriculum = site.course.curriculum
    stretches = []
    for phase in curriculum.phases:
        css = f"phase{phase.number}"
        projects = [project for project in curriculum.projects if _phase_of(project, curriculum) == css]
        weeks = f"{phase.weeks} weeks" if phase.weeks[:1].isdigit() else phase.weeks
        cards = "".join(card(unit, site) for unit in (*phase.units, *projects))
        if phase.milestone:
            cards += milestone_card(phase, phase.milestone, site)
        stretches.append(
            f'<section class="z-stretch z-{css}" id="{phase.id}" aria-labelledby="{phase.id}-title">'
            f'<header><p class="z-stretch__number">Phase {phase.number}</p>'
            f'<h2 id="{phase.id}-title">{escape(phase.title)}</h2>'
            f'<p class="z-stretch__weeks">{escape(weeks)}</p></header>'
            f'<ol class="z-cards">{cards}</ol></section>'
        )
    return f'<div class="z-road"><style>{_hover_rules(curriculum)}</style>{"".join(stretches)}</div>'


def card(unit: Unit, site: Links) -> str:
    href = site.unit(unit)
    title = escape(unit.title) if href is None else f'<a href="{href}">{escape(unit.title)}</a>'
    needs = ", ".join(_number(site.course.curriculum.unit(needed)) for needed in unit.needs)
    meta = [unit.level] if unit.kind == "project" else []
    meta.append(duration(unit.minutes))
    if not unit.coming:
        meta += [counted(len(unit.exercises), "exercise"), counted(unit.points, "point")]
    badge = '<span class="z-badge">coming</span> ' if unit.coming else ""
    classes = ["z-card"]
    if unit.coming:
        classes.append("z-card--coming")
    if unit.kind == "project":
        classes.append("z-card--project")
    return (
        f'<li class="{" ".join(classes)}" id="{unit.id}" data-unit="{unit.id}">'
        f'<p class="z-card__title"><span class="z-number">{_number(unit)}</span> {title}</p>'
        f'<p class="z-card__summary">{escape(unit.summary)}</p>'
        f'<p class="z-card__meta">{badge}{" · ".join(meta)}{f" · <span>after {needs}</span>" if needs else ""}</p></li>'
    )


def milestone_card(phase: Phase, milestone: Milestone, site: Links) -> str:
    href = site.page(source(milestone))
    title = escape(milestone.title) if href is None else f'<a href="{href}">{escape(milestone.title)}</a>'
    return (
        f'<li class="z-card z-card--project" data-milestone="{phase.id}">'
        f'<p class="z-card__title"><span class="z-number">★</span> {title}</p>'
        f'<p class="z-card__summary">{escape(milestone.summary)}</p>'
        '<p class="z-card__meta">the phase\'s milestone</p></li>'
    )


def _hover_rules(curriculum: Curriculum) -> str:
    """Pointing at a card shows what it needs and what it opens."""
    rules = []
    for unit in _all(curriculum):
        pointed = f".z-road:has(#{unit.id}:is(:hover,:focus-within))"
        if unit.needs:
            rules.append(f"{pointed} :is({','.join(f'#{needed}' for needed in unit.needs)}){{--z-link:solid}}")
        if opens := [f"#{other.id}" for other in _all(curriculum) if unit.id in other.needs]:
            rules.append(f"{pointed} :is({','.join(opens)}){{--z-link:dashed}}")
    return "".join(rules)


def phases(site: Links) -> str:
    """The five phases in short, each linking to its stretch of the road."""
    curriculum, road_page = site.course.curriculum, site.page(ROAD)
    items = "".join(
        f'<li class="z-phase{phase.number}"><a href="{road_page}#{phase.id}">'
        f"<b>{phase.number}</b> {escape(phase.title)}</a>"
        f"<span>{', '.join(escape(unit.title) for unit in phase.units)}</span></li>"
        for phase in curriculum.phases
    )
    built = [unit for unit in curriculum.units if not unit.coming]
    hours = sum(unit.minutes for unit in _all(curriculum)) // 60
    return (
        f'<p class="z-numbers"><b>{len(curriculum.units)}</b> units '
        f"(<b>{len(built)}</b> open today, the others coming) · "
        f"<b>{len(curriculum.projects)}</b> projects · <b>{len(curriculum.exercises)}</b> graded exercises · "
        f'about <b>{hours}</b> hours in all</p><ol class="z-phases">{items}</ol>'
    )
