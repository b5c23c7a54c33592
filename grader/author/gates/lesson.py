"""Gate 7, the lesson: sections, exercises, hints and links are there; what it shows parses and runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from grader.author.gates.finding import Finding, named
from grader.author.gates.material import with_rooms
from grader.curriculum import Course, Exercise, Unit
from grader.curriculum.lesson import Fence, Lesson

SECTIONS = ("Why", "The idea", "The mathematics", "Build it", "What goes wrong", "Read the source", "Where this goes")
HINTS = range(2, 5)


def lesson(
    course: Course, unit: Unit, parses: Callable[[list[str]], str | None] = lambda arguments: None
) -> Iterator[Finding]:
    """Gate 7: sections, exercises, hints, links, pictures; commands parse and code runs.

    `parses` gets the words after `course` of a command that is shown, and says what is wrong with them, if anything.
    """
    path = course.lesson(unit)
    name = named(course, path)
    if not path.is_file():
        yield Finding(7, unit.id, name, "is missing")
        return
    page = Lesson.read(course, unit)
    if not re.match(rf"# {unit.number} {re.escape(unit.title)}\n\n?<!-- exercises -->\n", page.text, re.I):
        yield Finding(
            7, unit.id, f"{name}:1", f"does not begin with `# {unit.number} {unit.title}`, `<!-- exercises -->`"
        )
    sections = [heading.title for heading in page.headings if heading.level == 2 and heading.title in SECTIONS]
    if unit.kind == "unit" and sections != list(SECTIONS):
        yield Finding(7, unit.id, name, f"the sections are not, in this order: {', '.join(SECTIONS)}")
    for exercise in unit.exercises:
        yield from _hints(name, page, unit, exercise)
    for number, problem in _links(course, path, page.prose):
        yield Finding(7, unit.id, f"{name}:{number}", problem)
    shown = "\n".join(fence.code for fence in page.fences if fence.language == "console")
    for command in re.findall(r"^\$ course +(.*?)(?: +#.*)?$", shown, re.M):
        if wrong := parses(command.split()):
            yield Finding(7, unit.id, name, f"`course {command}` does not parse: {wrong}")
    if wrong := _run(course, path, [fence for fence in page.fences if fence.language == "python"]):
        yield Finding(7, unit.id, name, f"its code does not run: {wrong}")


def _hints(name: str, page: Lesson, unit: Unit, exercise: Exercise) -> Iterator[Finding]:
    own = page.heading_of(exercise)
    if own is None:
        yield Finding(7, unit.id, name, f"there is no heading `### {exercise.name}`")
        return
    numbers = [hint.label for hint in page.ladder(exercise)]
    if len(numbers) not in HINTS or numbers != list(range(1, len(numbers) + 1)):
        yield Finding(
            7, unit.id, name, f"{exercise.name} has the hints {numbers}; two to four are wanted, counted from 1"
        )


def _links(course: Course, path: Path, prose: str) -> Iterator[tuple[int, str]]:
    """Links inside the course that lead nowhere, and pictures without words. A page still to come may be linked."""
    coming = {course.lesson(one) for one in (*course.curriculum.units, *course.curriculum.projects) if one.coming}
    for match in re.finditer(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]*)\)", prose):
        number = prose.count("\n", 0, match.start()) + 1
        place, _, anchor = match["target"].partition("#")
        target = Path(os.path.normpath(path.parent / place)) if place else path
        if re.match(r"\w+:", match["target"]) or target in coming:
            continue
        if not target.is_file():
            yield number, f"{match['target']} does not exist"
        elif anchor and Lesson(target.read_text(encoding="utf-8")).titled(anchor) is None:
            yield number, f"{match['target']}: there is no such heading"
        if match["picture"] and not match["text"].strip():
            yield number, f"the picture {place} has no text for those who cannot see it"
        if match["picture"] and not re.match(r"\s*\n\n\*[^*]", prose[match.end() :]):
            yield number, f"the picture {place} has no caption below it that says what to notice"


def _run(course: Course, path: Path, parts: Sequence[Fence]) -> str | None:
    """Run a page's code in one namespace; the last line of what went wrong. Tracebacks name the page's own lines."""
    script = "import sys; sys.argv[1:] = []; known = {'__name__': 'lesson'}\n" + "\n".join(
        f"exec(compile('\\n' * {part.line - 1} + {part.code!r}, {str(path)!r}, 'exec'), known)" for part in parts
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=course.root, env=with_rooms(course), capture_output=True, text=True
    )
    return None if done.returncode == 0 else f"{_where(path, done.stderr)}{done.stderr.strip().splitlines()[-1]}"


def _where(path: Path, traceback: str) -> str:
    lines = re.findall(rf'File "{re.escape(str(path))}", line (\d+)', traceback)
    return f"line {lines[0]}: " if lines else ""
