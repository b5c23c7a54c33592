"""`course demo`: the whole loop once, live. Each step says what it does before it does it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from grader.cli import instructor, student
from grader.cli.command import Commands
from grader.cli.out import Answer, Out
from grader.curriculum import Course, Unit, default_course
from grader.learner import Workspace, source

commands = Commands()

EXERCISE = "attention/scaled_dot_product_attention"
PROJECT = "digit-vae"

WRONG = """\
def scaled_dot_product_attention(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(dim=-1) @ v
"""
RIGHT = WRONG.replace("k.transpose(-2, -1)", "k.transpose(-2, -1) / q.shape[-1] ** 0.5")
WRONG_AXIS = RIGHT.replace("softmax(dim=-1)", "softmax(dim=-2)")
LOOPS = "def scaled_dot_product_attention(q, k, v, mask=None):\n    while True:\n        pass\n"
RENAMED = RIGHT.replace("def scaled_dot_product_attention", "def attention")


@commands.command()
def demo(out: Out) -> Answer:
    """Show everything once, live, in a scratch workspace: about two minutes."""
    began = time.monotonic()
    course = default_course()
    folder = Path(tempfile.mkdtemp(prefix="zero-to-diffusion-demo-"))
    home = Path.cwd()
    tour = _Tour(out, course, folder)
    try:
        document = tour.run()
    finally:
        os.chdir(home)
    out.print(f"\nAll this took {time.monotonic() - began:.0f} s, and is kept in {folder}", soft_wrap=True)
    return document, 0


class _Tour:
    """The steps, in `folder`: `workspace/` for the learner, `class/` for the instructor."""

    def __init__(self, out: Out, course: Course, folder: Path):
        self.out, self.course, self.folder = out, course, folder
        self.workspace = Workspace(folder / "workspace")
        self.attention = course.curriculum.unit(EXERCISE)
        self.project = course.curriculum.unit(PROJECT)
        self.number = 0

    def run(self) -> dict[str, object]:
        self.begin()
        self.attempt()
        document = {"schema": 1, "folder": str(self.folder), **self.train(), **self.teach()}
        self.farewell()
        return document

    def begin(self) -> None:
        self.step("A workspace for a learner, in a scratch folder", f"course init {self.workspace.root}")
        student.init(self.out, self.workspace.root)
        os.chdir(self.workspace.root)

        self.step("The road, from Python to research: what is open, locked, and still coming", "course status")
        student.status(self.out)

    def attempt(self) -> None:
        self.step("An untouched stub is not attempted, which is not the same as wrong", f"course check {EXERCISE}")
        self.check(EXERCISE)

        self.step("A wrong attempt: the judge finds the smallest input and names the mistake")
        self.write(WRONG)
        self.check(EXERCISE)

        self.step("The right one")
        self.write(RIGHT)
        self.check(EXERCISE)

    def train(self) -> dict[str, object]:
        self.step(f"A project is locked until what it uses passes: {self.project.title}", f"course train {PROJECT}")
        refusal = self.refusal()

        units = self.needed()
        self.step(
            "So these units are passed, with the course's references for once, and judged like anyone's code",
            "course check " + " ".join(unit.number for unit in units),
        )
        for unit in units:
            shutil.copyfile(self.course.reference(unit), self.workspace.file(unit))
        self.check(*(unit.number for unit in units))

        self.step(
            "Now it trains, on real digits, with the ELBO of the workspace; the course measures the result",
            f"course train {PROJECT} --preset cpu",
        )
        run, _ = student.train(self.out, PROJECT, preset="cpu")
        return {"refusal": refusal, "train": run}

    def teach(self) -> dict[str, object]:
        from grader.classroom import ClassRun
        from grader.judge.wall import confine

        students, graded = self.folder / "class", self.folder / "graded"
        unconfined = not confine.can_confine()  # these students are ours
        self.step(
            "A class hands in: right, wrong, crashing, looping for ever, renamed, empty",
            f"course grade {students} --out {graded} --unit {self.attention.number} --profile check"
            + (" --unconfined" if unconfined else ""),
        )
        make_class(self.course, self.attention, students)
        units = [self.attention]
        run = ClassRun(students, graded, units=units, profile="check", seed=0, unconfined=unconfined)
        report = instructor.grade_class(self.out, self.course, run)
        if not self.out.as_json:
            instructor.show_class(self.out, report)
        return {"grade": report.to_dict()}

    def step(self, what: str, command: str | None = None) -> None:
        from grader.cli import render

        self.number += 1
        self.out.print()
        if not self.out.as_json:
            self.out.print(render.rule(str(self.number)))
        self.out.print(what, style="bold")
        if command:
            self.say(command)

    def say(self, command: str) -> None:
        self.out.print(f"$ {command}\n", style="cyan", soft_wrap=True)

    def check(self, *ids: str) -> None:
        student.check(self.out, ids, profile="check", seed=0)

    def write(self, text: str) -> None:
        """Type an attempt into the learner's file, shown as it is typed."""
        from grader.cli import render

        path = self.workspace.file(self.attention)
        if not self.out.as_json:
            self.out.print(render.dim(f"{self.attention.address}.py"))
            self.out.print(render.code(text, self.out.console.is_terminal))
        name = EXERCISE.partition("/")[2]
        path.write_text(source.replace(path.read_text(encoding="utf-8"), name, text), encoding="utf-8")
        self.say(f"course check {EXERCISE}")

    def refusal(self) -> str:
        from grader.curriculum import CourseError
        from grader.learner import desk

        try:
            desk.admit(self.course, self.workspace, self.project)
        except CourseError as locked:
            self.out.print(f"course: {locked}")
            return str(locked)
        raise AssertionError("a fresh workspace opened a project")

    def needed(self) -> list[Unit]:
        """The units that the project needs, those that they need, and the project's own code."""
        found = {self.project.id}
        todo = [self.project]
        while todo:
            for unit in self.course.curriculum.prerequisites(todo.pop()):
                if unit.id not in found:
                    found.add(unit.id)
                    todo.append(unit)
        return [unit for unit in self.course.curriculum.built if unit.id in found]

    def farewell(self) -> None:
        self.step("Where to go next")
        for who, command, what in (
            ("learning", "course init ~/diffusion", "your own workspace, then course watch"),
            ("reading", "course serve", "the lessons, with your progress live"),
            ("teaching", f"course release {self.attention.number}", "an assignment for nbgrader"),
            ("writing", "course author --help", "a unit of your own (CONTRIBUTING.md)"),
        ):
            self.out.print(f"  {who:<10}{command:<26}{what}")


def make_class(course: Course, unit: Unit, folder: Path) -> None:
    """A dozen submissions of a unit: three right, the others wrong in as many ways."""
    right = course.reference(unit).read_text(encoding="utf-8")
    stub = course.stub(unit).read_text(encoding="utf-8")
    name = EXERCISE.partition("/")[2]

    def instead(attempt: str) -> str:
        return source.replace(right, name, attempt)

    handed_in: dict[str, str | None] = {
        "Ada": right,
        "Grace Hopper": instead(RIGHT),
        "Zoë": right,
        "Linus": instead(WRONG),
        "Alan": instead(WRONG_AXIS),
        "Emmy": source.replace(stub, name, RIGHT),
        "Katherine": stub,
        "Barbara": "raise RuntimeError('left over from an experiment')\n" + right,
        "Dennis": instead(LOOPS),
        "Margaret": right.replace("import", "imprt", 1),
        "Donald": instead(RENAMED),
        "Ken": None,
    }
    for who, text in handed_in.items():
        path = folder / who / f"{unit.address}.py"
        path.parent.mkdir(parents=True)
        if text is not None:
            path.write_text(text, encoding="utf-8")
