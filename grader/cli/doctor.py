"""`course doctor`: what this machine can do, what is missing, and how to get it."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from grader.cli.out import Answer, Out
from grader.curriculum import CourseError, default_course

PYTHON, TORCH = (3, 11), (2, 11)

# Extra -> what it is for, and a module each of its parts is known by.
EXTRAS = {
    "projects": (
        "course train",
        ("accelerate", "matplotlib", "safetensors", "sklearn", "tensorboard", "torchvision"),
    ),
    "site": ("course serve", ("material", "starlette", "uvicorn")),
    "class": ("course grade and course release", ("nbclient", "nbconvert", "nbformat", "nbgrader")),
}


@dataclass(frozen=True)
class Finding:
    """`state`: "ok"; "missing" is what a part of the course needs; "broken" is what everything needs."""

    what: str
    state: Literal["ok", "missing", "broken"]
    detail: str


def doctor(out: Out) -> Answer:
    findings = [*_machine(), *_extras(), *_wall(), *_workspace()]
    broken = [finding for finding in findings if finding.state == "broken"]
    if not out.as_json:
        _show(out, findings)
        missing = any(finding.state == "missing" for finding in findings)
        verdict = "This machine is not ready." if broken else "This machine is ready."
        out.print(f"\n{verdict}{' What is marked ! works less, or not yet.' if missing else ''}")
    return {
        "schema": 1,
        "ready": not broken,
        "findings": [asdict(finding) for finding in findings],
    }, 2 if broken else 0


def _machine() -> Iterator[Finding]:
    version = platform.python_version()
    wanted = ".".join(map(str, PYTHON))
    if sys.version_info[:2] >= PYTHON:
        yield Finding("Python", "ok", version)
    else:
        yield Finding("Python", "broken", f"{version}; {wanted} or newer is needed")
    yield _torch()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Finding("cores", "ok", f"{cores} for this process")


def _torch() -> Finding:
    wanted = ".".join(map(str, TORCH))
    remedy = f"pip install 'torch>={wanted}'"
    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return Finding("torch", "broken", f"missing: {remedy}")
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < TORCH:
        return Finding("torch", "broken", f"{version}; {wanted} or newer is needed: {remedy}")
    try:
        import torch
    except (ImportError, OSError) as error:
        return Finding("torch", "broken", f"{version} does not load ({error}): pip install --force-reinstall torch")
    if torch.cuda.is_available():
        return Finding(
            "torch", "ok", f"{version}, with {torch.cuda.get_device_name(0)}: course train --preset gpu works"
        )
    return Finding("torch", "ok", f"{version}, on the CPU; every project has a preset for that")


def _extras() -> Iterator[Finding]:
    for extra, (purpose, modules) in EXTRAS.items():
        absent = [module for module in modules if importlib.util.find_spec(module) is None]
        if absent:
            remedy = f"pip install 'zero-to-diffusion[{extra}]'"
            yield Finding(f"extra {extra}", "missing", f"{purpose} lacks {', '.join(absent)}: {remedy}")
        else:
            yield Finding(f"extra {extra}", "ok", purpose)


def _wall() -> Iterator[Finding]:
    from grader.judge import wall_report

    for what, enforced, detail in wall_report():
        yield Finding(f"wall: {what}", "ok" if enforced else "missing", detail)


def _workspace() -> Iterator[Finding]:
    from grader.learner import Road, Workspace

    try:
        course = default_course()
        yield Finding("course", "ok", f"{course.curriculum.version} at {course.root}")
    except CourseError as error:
        yield Finding("course", "broken", str(error))
        return
    try:
        workspace = Workspace.find(Path.cwd())
    except CourseError:
        yield Finding("workspace", "missing", "not in one: course init DIR makes one")
        return
    try:
        remark = workspace.opens(course)
        unreadable = Road(course, workspace).unreadable
    except CourseError as error:
        yield Finding("workspace", "missing", str(error))
        return
    yield Finding("workspace", "missing" if remark else "ok", remark or str(workspace.root))
    if unreadable:
        yield Finding("progress log", "missing", f"{unreadable} of its lines cannot be read and are passed over")


def _show(out: Out, findings: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    from grader.ground.text import clean

    marks = {"ok": Text("✓", "green"), "missing": Text("!", "bold yellow"), "broken": Text("✗", "bold red")}
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row(marks[finding.state], Text(clean(finding.what)), Text(clean(finding.detail), "bright_black"))
    out.print(table)
