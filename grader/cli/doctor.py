"""`course doctor`: what this machine can do, what is missing, and how to get it."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from grader.cli.command import Commands
from grader.cli.out import Answer, Out
from grader.curriculum import CourseError, default_course

commands = Commands()

PYTHON, TORCH = (3, 11), (2, 11)

# Extra -> what it is for, and a module each of its parts is known by.
EXTRAS = {
    "projects": (
        "course train",
        ("accelerate", "matplotlib", "safetensors", "sklearn", "tensorboard", "torchvision"),
    ),
    "hub": ("units on other people's pipelines", ("diffusers", "transformers")),
    "site": ("course serve", ("material", "starlette", "uvicorn")),
    "class": ("course grade and course release", ("nbclient", "nbconvert", "nbformat", "nbgrader")),
}


@dataclass(frozen=True)
class Checkup:
    """`state`: "ok"; "missing" is what a part of the course needs; "broken" is what everything needs."""

    what: str
    state: Literal["ok", "missing", "broken"]
    detail: str


@commands.command()
def doctor(out: Out) -> Answer:
    """Say what this machine can do, what is missing, and how to get it."""
    checkups = [*_machine(), *_extras(), *_libraries(), *_wall(), *_workspace()]
    broken = any(checkup.state == "broken" for checkup in checkups)
    if not out.as_json:
        _show(out, checkups)
        missing = any(checkup.state == "missing" for checkup in checkups)
        ready = "This machine is not ready." if broken else "This machine is ready."
        out.print(f"\n{ready}{' What is marked ! works less, or not yet.' if missing else ''}")
    findings = [asdict(checkup) for checkup in checkups]
    return {"schema": 1, "ready": not broken, "findings": findings}, 2 if broken else 0


def _machine() -> Iterator[Checkup]:
    version = platform.python_version()
    wanted = ".".join(map(str, PYTHON))
    if sys.version_info[:2] >= PYTHON:
        yield Checkup("Python", "ok", version)
    else:
        yield Checkup("Python", "broken", f"{version}; {wanted} or newer is needed")
    yield _torch()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Checkup("cores", "ok", f"{cores} for this process")


def _torch() -> Checkup:
    from importlib import metadata

    wanted = ".".join(map(str, TORCH))
    remedy = f"pip install 'torch>={wanted}'"
    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return Checkup("torch", "broken", f"missing: {remedy}")
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < TORCH:
        return Checkup("torch", "broken", f"{version}; {wanted} or newer is needed: {remedy}")
    try:
        import torch
    except (ImportError, OSError) as error:
        return Checkup("torch", "broken", f"{version} does not load ({error}): pip install --force-reinstall torch")
    if torch.cuda.is_available():
        return Checkup(
            "torch", "ok", f"{version}, with {torch.cuda.get_device_name(0)}: course train --preset gpu works"
        )
    return Checkup("torch", "ok", f"{version}, on the CPU; every project has a preset for that")


def _extras() -> Iterator[Checkup]:
    for extra, (purpose, modules) in EXTRAS.items():
        absent = [module for module in modules if importlib.util.find_spec(module) is None]
        if absent:
            remedy = f"pip install 'zero-to-diffusion[{extra}]'"
            yield Checkup(f"extra {extra}", "missing", f"{purpose} lacks {', '.join(absent)}: {remedy}")
        else:
            yield Checkup(f"extra {extra}", "ok", purpose)


def _libraries() -> Iterator[Checkup]:
    """Whether what units ask for is here; without it their exercises are not attempted."""
    from grader.judge.terms import libraries
    from grader.judge.terms.version import installed

    try:
        units = default_course().curriculum.built
    except CourseError:  # which is said elsewhere
        return
    for name in default_course().curriculum.imports:
        asking = f"for {', '.join(unit.number.upper() for unit in units if name in unit.imports)}"
        if libraries.missing([name]):
            yield Checkup(f"library {name}", "missing", f"{asking}: {libraries.remedy([name])}")
        else:
            yield Checkup(f"library {name}", "ok", f"{installed(name)}, {asking}")


def _wall() -> Iterator[Checkup]:
    from grader.judge import wall_report

    for what, enforced, detail in wall_report():
        yield Checkup(f"wall: {what}", "ok" if enforced else "missing", detail)


def _workspace() -> Iterator[Checkup]:
    from grader.learner import Road, Workspace

    try:
        course = default_course()
        yield Checkup("course", "ok", f"{course.curriculum.version} at {course.root}")
    except CourseError as error:
        yield Checkup("course", "broken", str(error))
        return
    try:
        workspace = Workspace.find(Path.cwd())
    except CourseError:
        yield Checkup("workspace", "missing", "not in one: course init DIR makes one")
        return
    try:
        remark = workspace.opens(course)
        unreadable = Road(course, workspace).unreadable
    except CourseError as error:
        yield Checkup("workspace", "missing", str(error))
        return
    yield Checkup("workspace", "missing" if remark else "ok", remark or str(workspace.root))
    if unreadable:
        yield Checkup("progress log", "missing", f"{unreadable} of its lines cannot be read and are passed over")


def _show(out: Out, checkups: list[Checkup]) -> None:
    from rich.table import Table
    from rich.text import Text

    from grader.ground.text import clean

    marks = {"ok": Text("✓", "green"), "missing": Text("!", "bold yellow"), "broken": Text("✗", "bold red")}
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for checkup in checkups:
        table.add_row(marks[checkup.state], Text(clean(checkup.what)), Text(clean(checkup.detail), "bright_black"))
    out.print(table)
