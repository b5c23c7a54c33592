"""What an instructor hands out, in the form that the class uses.

- `files`: a zip of stubs and lessons, for editors and terminals.
- `nbgrader`: source notebooks, for `nbgrader generate_assignment` (grader/classroom/source_notebook.py).
- `gradescope`: an autograder zip (grader/classroom/gradescope.py).
- `github-classroom`: a repository template whose workflow reports points (grader/classroom/github_classroom.py).

The same course, units, seed and requirement give the same bytes, on every machine; an autograder names the versions of
the libraries it was made beside, too.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.classroom import github_classroom, gradescope
from grader.classroom.archive import as_bytes, packed
from grader.classroom.files import readable
from grader.classroom.portable import portable
from grader.classroom.source_notebook import notebook
from grader.curriculum import Course, CourseError, Unit
from grader.curriculum.lesson import Lesson
from grader.ground.files import write_bytes

FORMATS = ("nbgrader", "files", "gradescope", "github-classroom")

CONFIG = """\
c = get_config()

# A test cell asks the judge, which has its own time limits; together they can come to more than nbgrader's 30 seconds.
c.Execute.timeout = 300
"""


def released_units(course: Course, key: str) -> tuple[str, tuple[Unit, ...]]:
    """The name of a hand-out and its units: of one unit or project, or of a phase's units that are built.

    `key` is anything that names a unit, or a phase's id, number or folder. Raises UnknownId, and CourseError when there
    is nothing to release yet, or when `key` is an exercise.
    """
    if phase := course.curriculum.phase(key):
        if units := tuple(unit for unit in phase.units if not unit.coming):
            return phase.id, units
        raise CourseError(f"Phase {phase.number}, {phase.title}, is still coming; there is nothing to release yet.")
    unit = course.curriculum.find(key)
    if not isinstance(unit, Unit):
        raise CourseError(f"{key!r} is an exercise; what is released is its unit: `course release {unit.unit_id}`.")
    if unit.coming:
        raise CourseError(f"{unit.number} {unit.title} is still coming; there is nothing to release yet.")
    return unit.id, (unit,)


def release(
    course: Course,
    name: str,
    units: Sequence[Unit],
    out: Path,
    format: str = "nbgrader",
    *,
    install: str = "",
    seed: int | None = None,
    unconfined: bool = False,
) -> list[Path]:
    """Write what students of `units` get under `out`, and return the files written.

    - `files`: `<name>.zip`.
    - `nbgrader`: `source/<unit id>/<unit id>.ipynb`, so that `out` can be nbgrader's course folder, and an
      `nbgrader_config.py` if there is none; what follows is `nbgrader generate_assignment <unit id>`.
    - `gradescope`: `<name>-gradescope.zip`.
    - `github-classroom`: the folder `<name>-template`.

    Args:
        install: what pip installs where the platform has no course: an index's name for it, a URL, a wheel.
        seed: what hidden tests draw their inputs from; by default the one kept in `out/seed.txt`, else a fresh one,
            which is kept there. Only `nbgrader` and `gradescope` have one.
        unconfined: let the Gradescope autograder run where its kernel cannot confine what students wrote.

    Nothing is written before everything is made. Raises CourseError for another format, a requirement that cannot be
    one, a unit whose files cannot be read or cut into cells, and a place that cannot be written.
    """
    if format not in FORMATS:
        raise CourseError(f"There is no release format {format!r}; choose one of {', '.join(FORMATS)}.")
    if re.search(r"[\x00-\x1f\x7f\"'`$\\{}!]", install):
        raise CourseError(
            f"pip cannot install {install!r}; give a name, a URL or a path without quotes, braces, $ and !."
        )
    files: dict[str, str | bytes]
    if format == "files":
        files = {f"{name}.zip": packed(plain(course, units))}
    elif format == "github-classroom":
        template = {**plain(course, units, github_classroom.README), **github_classroom.workflow(units, install)}
        files = {f"{name}-template/{path}": text for path, text in template.items()}
    else:
        seed = _seed(out) if seed is None else seed
        if format == "gradescope":
            files = {f"{name}-gradescope.zip": gradescope.autograder(course, units, seed, unconfined)}
        else:
            files = {f"source/{unit.id}/{unit.id}.ipynb": notebook(course, unit, seed, install) for unit in units}
            if not (out / "nbgrader_config.py").exists():
                files["nbgrader_config.py"] = CONFIG
        files["seed.txt"] = f"{seed}\n"
    return [write_bytes(out / path, as_bytes(content)) for path, content in files.items()]


README = """\
## Check it

The course has to be installed on your machine, once. From then on nothing here needs a network. In this folder:

```console
$ course init .
$ course check {ids}
```

`course init` adds what a workspace has besides, and changes no file of yours. `course watch` checks on every save. The
checks and the answers are not in this folder: they come with the course.

## Hand it in

Hand in {handed_in}, or this whole folder as a zip.
"""


def plain(course: Course, units: Sequence[Unit], how: str = README) -> Mapping[str, str]:
    """Stubs at their addresses, lessons beside them, and a README.md that ends with `how`."""
    files = {"README.md": _readme(units, how)}
    for unit in units:
        files[f"{unit.address}.py"] = readable(course.stub(unit))
        files[f"{unit.address}.md"] = portable(Lesson.read(course, unit).text) + "\n"
    return files


def _readme(units: Sequence[Unit], how: str) -> str:
    parts = []
    for unit in units:
        rows = "\n".join(f"| {one.title} | `{one.name}` | {one.points} | {one.minutes} |" for one in unit.exercises)
        parts.append(
            f"# {unit.number} {unit.title}\n\n{unit.summary}\n\n"
            f"Read [the lesson]({unit.address}.md), and write your code in `{unit.address}.py`.\n\n"
            f"| exercise | name | points | minutes |\n| --- | --- | ---: | ---: |\n{rows}\n"
        )
    ids = " ".join(unit.id for unit in units)
    handed_in = " and ".join(f"`{unit.address}.py`" for unit in units)
    return "\n".join([*parts, how.format(ids=ids, handed_in=handed_in)])


def _seed(out: Path) -> int:
    try:
        return int((out / "seed.txt").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return secrets.randbelow(2**31)
