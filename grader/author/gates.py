"""The gates: what has to hold before a unit is done. Each yields a Finding for everything that does not.

The numbers are those of the authoring guide: 1 stub, 2 stub and reference judged, 3 known mistakes, 4 mutants,
5 oracle, 6 every prefix of the road, 7 lesson, 8 speed.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from grader.author.mutants import judge_mutants
from grader.author.stubs import blocks, make_stub
from grader.curriculum import Course, CourseError, Exercise, Unit
from grader.curriculum.lesson import Fence, Lesson
from grader.judge import ExerciseVerdict, Judge, Submission
from grader.judge.door.client import JudgeUnavailable

SECTIONS = ("Why", "The idea", "The mathematics", "Build it", "What goes wrong", "Read the source", "Where this goes")
MISTAKES_PER_EXERCISE = 3
HINTS = range(2, 5)
JUDGING_SECONDS = 2.0


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it must be. `where` is a path, with a line where there is one, or an exercise's id."""

    gate: int
    unit: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"gate {self.gate}  {self.where}: {self.message}"


def check(
    judge: Judge,
    units: Sequence[Unit],
    *,
    sample: int | None = None,
    seed: int = 0,
    jobs: int = 1,
    parses: Callable[[list[str]], str | None] = lambda arguments: None,
    on_gate: Callable[[str, int], None] = lambda where, gate: None,
) -> Iterator[Finding]:
    """Every gate over these units; gate 6, which is the whole road's, once. Nothing yielded: all is as it must be.

    `sample` and `seed` choose among the mutants of a unit (None: all of them), `jobs` judge at a time; `parses` is what
    `lesson` asks about commands; `on_gate(unit id or "road", number)` is called as each gate begins.
    """
    course = judge.course
    for unit in units:
        gates = {
            1: generated_stub(course, unit),
            2: stub_and_reference(judge, unit),
            3: known_mistakes(judge, unit, jobs=jobs),
            4: mutants_rejected(judge, unit, sample=sample, seed=seed, jobs=jobs),
            5: oracle_agrees(course, unit),
            7: lesson(course, unit, parses),
            8: speed(judge, unit),
        }
        for number, findings in gates.items():
            on_gate(unit.id, number)
            yield from findings
    on_gate("road", 6)
    yield from prefixes(judge)


def generated_stub(course: Course, unit: Unit) -> Iterator[Finding]:
    """Gate 1: the stub is what the generator makes of the reference, and no line of a solution is left in it."""
    try:
        made = make_stub(course, unit)
        source = course.reference(unit).read_text(encoding="utf-8")
        solved = [
            line.strip()
            for block in blocks(source, course.reference(unit))
            for line in source.splitlines()[block.first : block.last - 1]
        ]
    except CourseError as error:
        where, _, message = str(error).partition(": ")
        yield Finding(1, unit.id, where, message)
        return
    stub = course.stub(unit)
    if not stub.is_file() or stub.read_text(encoding="utf-8") != made:
        yield Finding(1, unit.id, _named(course, stub), f"is out of date: run `course author stub {unit.id}`")
    for number, line in enumerate(made.splitlines(), start=1):
        # A short line, `return x`, may well stand elsewhere for reasons of its own.
        if line.strip() in solved and len(line.strip()) >= 20 and not line.strip().startswith(("#", "super().")):
            yield Finding(
                1, unit.id, f"{_named(course, stub)}:{number}", f"a line of the solution survives: {line.strip()}"
            )


def stub_and_reference(
    judge: Judge, unit: Unit, profiles: Sequence[str] = ("check", "grade", "author"), seeds: Sequence[int] = (0, 1)
) -> Iterator[Finding]:
    """Gate 2: the untouched stub is not attempted, the reference passes, in every profile and with every seed."""
    course = judge.course
    verdict = judge.check(_files(course.stub(unit), unit))
    for key, one in verdict.exercises.items():
        if one.verdict != "not attempted":
            yield Finding(2, unit.id, key, f"the untouched stub is judged {one.verdict!r}")
    for profile in profiles:
        for seed in seeds:
            try:
                verdict = judge.check(_files(course.reference(unit), unit), profile=profile, seed=seed)
            except JudgeUnavailable as error:
                yield Finding(2, unit.id, _named(course, course.checks(unit)), f"cannot judge ({profile}): {error}")
                continue
            for key, one in verdict.exercises.items():
                if one.verdict != "passed":
                    yield Finding(
                        2, unit.id, key, f"the reference {one.verdict} ({profile}, seed {seed}):\n{one.message}"
                    )


def known_mistakes(judge: Judge, unit: Unit, *, jobs: int = 1) -> Iterator[Finding]:
    """Gate 3: three or more for each exercise, each rejected, diagnosed as itself, and explained in the lesson."""
    course, path = judge.course, judge.course.mistakes(unit)
    try:
        bank = list(mistakes(course, unit))
        anchors = {heading.anchor for heading in Lesson.read(course, unit).headings}
    except (OSError, SyntaxError, CourseError) as error:
        yield Finding(3, unit.id, _named(course, path), f"cannot be read: {error}")
        return

    def where(one: WrittenMistake) -> str:
        return f"{_named(course, path)}:{one.line}"

    for exercise in unit.exercises:
        if (count := sum(one.exercise == exercise.name for one in bank)) < MISTAKES_PER_EXERCISE:
            yield Finding(
                3, unit.id, exercise.id, f"has {count} known mistakes; {MISTAKES_PER_EXERCISE} or more are wanted"
            )
    exercises = {exercise.name for exercise in unit.exercises}
    for one in bank:
        if one.exercise not in exercises:
            yield Finding(3, unit.id, where(one), f"{one.name} belongs to {one.exercise!r}, no exercise of the unit")
        if one.see not in anchors:
            yield Finding(3, unit.id, where(one), f"{one.name} points to #{one.see}, which is no heading of the lesson")

    def judged(one: WrittenMistake, source: str) -> ExerciseVerdict:
        key = f"{unit.id}/{one.exercise}"
        return judge.check(Submission({unit.address: source.encode()}), [key]).exercises[key]

    bank = [one for one in bank if one.exercise in exercises]
    sources = [mistaken(course, unit, one) for one in bank]  # not in the threads: 3.11's ast.parse is unsafe in them
    with ThreadPoolExecutor(jobs) as pool:
        for one, verdict in zip(bank, pool.map(judged, bank, sources), strict=True):
            if verdict.verdict == "passed":
                yield Finding(3, unit.id, where(one), f"{one.name} passes the checks of {one.exercise}")
            elif verdict.diagnosis != one.name:
                yield Finding(
                    3, unit.id, where(one), f"{one.name} is diagnosed as {verdict.diagnosis or 'nothing known'}"
                )


def mutants_rejected(
    judge: Judge, unit: Unit, *, sample: int | None = None, seed: int = 0, jobs: int = 1
) -> Iterator[Finding]:
    """Gate 4: every mutant of the reference, or a sample of them, is rejected or listed as equivalent."""
    course = judge.course
    report = judge_mutants(judge, unit, sample=sample, seed=seed, jobs=jobs)
    for mutant in report.survivors:
        where = f"{_named(course, course.reference(unit))}:{mutant.line}"
        yield Finding(4, unit.id, where, f"no check of {mutant.exercise} notices  {mutant.id}")
    for name in report.stale:
        yield Finding(
            4, unit.id, _named(course, course.mistakes(unit)), f"EQUIVALENT lists what is rejected or gone: {name}"
        )


def oracle_agrees(course: Course, unit: Unit) -> Iterator[Finding]:
    """Gate 5: the tests of the reference against independent libraries exist and pass."""
    path = course.oracle(unit)
    if not path.is_file():
        yield Finding(5, unit.id, _named(course, path), "is missing: the reference has no independent oracle")
        return
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", str(path)]
    done = subprocess.run(command, cwd=course.root, env=_with_solutions(course), capture_output=True, text=True)
    if done.returncode:
        yield Finding(5, unit.id, _named(course, path), f"does not pass:\n{done.stdout[-2000:].strip()}")


def prefixes(judge: Judge) -> Iterator[Finding]:
    """Gate 6: for every k, with units 1 … k solved and the rest untouched, the k-th passes, later ones wait.

    The earlier ones were the k-th before; what they import may only lie before them.
    """
    course, built = judge.course, judge.course.curriculum.built
    for k, unit in enumerate(built, start=1):
        files = {one.address: course.reference(one).read_bytes() for one in built[:k]}
        files |= {one.address: course.stub(one).read_bytes() for one in built[k:]}
        try:
            verdict = judge.check(Submission(files), [one.id for one in built[k - 1 :]])
        except JudgeUnavailable as error:
            yield Finding(6, unit.id, unit.number, f"cannot be judged with the road solved up to here: {error}")
            continue
        for key, one in verdict.exercises.items():
            wanted = "passed" if key.startswith(f"{unit.id}/") else "not attempted"
            if one.verdict != wanted:
                yield Finding(
                    6, unit.id, key, f"is {one.verdict!r} with the road solved up to {unit.number}; not {wanted!r}"
                )


def lesson(
    course: Course, unit: Unit, parses: Callable[[list[str]], str | None] = lambda arguments: None
) -> Iterator[Finding]:
    """Gate 7: sections, exercises, hints, links, pictures; commands parse and code runs.

    `parses` gets the words after `course` of a command that is shown, and says what is wrong with them, if anything.
    """
    path = course.lesson(unit)
    name = _named(course, path)
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


def speed(judge: Judge, unit: Unit) -> Iterator[Finding]:
    """Gate 8: the unit is judged within two seconds, once warm. The only gate that looks at a clock."""
    submission = _files(judge.course.reference(unit), unit)
    judge.check(submission)
    began = time.perf_counter()
    judge.check(submission)
    if (took := time.perf_counter() - began) > JUDGING_SECONDS:
        yield Finding(8, unit.id, unit.id, f"judging took {took:.1f} s; {JUDGING_SECONDS:g} s is the limit")


# -------------------------------------------------------------------------------------------------- mistakes, as files


@dataclass(frozen=True)
class WrittenMistake:
    """A known mistake as it stands in the file: the arguments of its decorator."""

    name: str
    exercise: str
    replaces: str
    see: str
    line: int


def mistakes(course: Course, unit: Unit) -> Iterator[WrittenMistake]:
    """The known mistakes of a unit, read and not run."""
    path = course.mistakes(unit)
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or not node.decorator_list:
            continue  # a helper of the mistakes
        match node.decorator_list:
            case [ast.Call(ast.Name("mistake"), [ast.Constant(str(exercise)), *_], keywords)]:
                options = {one.arg: one.value for one in keywords}
                see, replaces = (getattr(options.get(name), "value", None) for name in ("see", "replaces"))
                yield WrittenMistake(node.name, exercise, replaces or exercise, see or "", node.lineno)
            case _:
                raise CourseError(f"{path}:{node.lineno}: {node.name} wants one @mistake, of plain strings.")


def mistaken(course: Course, unit: Unit, wrong: WrittenMistake) -> str:
    """A learner's file with this mistake: the reference, and at its end the mistake in place of what it replaces."""
    package, _, name = unit.module.rpartition(".")
    tree = ast.parse(course.mistakes(unit).read_text(encoding="utf-8"))
    alias = name
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "grader":
            continue  # @mistake itself; the judge is not at hand on the learner's side
        if isinstance(node, ast.ImportFrom) and node.module == package and node.names[0].name == name:
            alias = node.names[0].asname or name
            continue
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.decorator_list = []  # @mistake, and no other
        body.append(node)
    reference = course.reference(unit).read_text(encoding="utf-8")
    return f"""{reference}

def _module(name, text, **known):
    import sys, types
    module = sys.modules[name] = types.ModuleType(name)
    vars(module).update(known)
    exec(text, vars(module))
    return module

_pristine = _module("pristine", {reference!r})
{wrong.replaces} = _module("bank", {ast.unparse(ast.Module(body, []))!r}, {alias}=_pristine).{wrong.name}
"""


# ------------------------------------------------------------------------------------------------- lessons, as Markdown


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
        [sys.executable, "-c", script], cwd=course.root, env=_with_solutions(course), capture_output=True, text=True
    )
    return None if done.returncode == 0 else f"{_where(path, done.stderr)}{done.stderr.strip().splitlines()[-1]}"


def _where(path: Path, traceback: str) -> str:
    lines = re.findall(rf'File "{re.escape(str(path))}", line (\d+)', traceback)
    return f"line {lines[0]}: " if lines else ""


# -------------------------------------------------------------------------------------------------------------- helpers


def _files(path: Path, unit: Unit) -> Submission:
    return Submission({unit.address: path.read_bytes()})


def _named(course: Course, path: Path) -> str:
    return path.relative_to(course.root).as_posix()


def _with_solutions(course: Course) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(course.solutions), "OMP_NUM_THREADS": "1"}
