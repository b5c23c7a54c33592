"""What `course watch` shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli import render
from grader.cli.out import Out
from grader.cli.show import show_ahead, show_hint, show_task
from grader.curriculum import Course, CourseError, Exercise, Unit
from grader.curriculum.lesson import Hint
from grader.ground.text import line
from grader.learner import Road, Workspace
from grader.learner.watch import Screen
from grader.learner.workspace import Changes

if TYPE_CHECKING:
    from grader.judge import Verdict


class Terminal(Screen):
    """The loop on a terminal: each save clears the screen, so that what is read is always what is now."""

    def __init__(self, out: Out, course: Course, workspace: Workspace):
        self.out, self.course, self.workspace = out, course, workspace

    def focus(self, exercise: Exercise | Unit, unit: Unit) -> None:
        self._fresh()
        show_task(self.out, self.course, self.workspace, Road(self.course, self.workspace), exercise)

    def checking(self, unit: Unit) -> None:
        self._fresh()
        self.out.print(render.dim(f"checking {render.number(unit)} {unit.title} …"))

    def verdict(self, unit: Unit, verdict: Verdict, focus: Exercise) -> None:
        self._fresh()
        self.out.print(render.heading(unit))
        self.out.print(render.verdict(self.course, verdict, unit.exercises, full=[focus]))
        for remark in verdict.notes:
            self.out.print(render.dim(remark))

    def passed(self, exercise: Exercise, upcoming: Exercise | Unit | None) -> None:
        self.out.print()
        self.out.print(f"{exercise.name} passed.", style="bold green", end="")
        if upcoming:
            self.out.print(f"  n goes on to {upcoming.title if isinstance(upcoming, Unit) else upcoming.name}.")
        else:
            self.out.print("  With it everything that is built is passed.")
        show_ahead(self.out, Road(self.course, self.workspace), self.course.curriculum.unit(exercise.unit_id))

    def finished(self) -> None:
        self._fresh()
        self.out.print("Everything that is built is passed. l lists the road.")

    def hint(self, exercise: Exercise, hint: Hint) -> None:
        self.out.print()
        show_hint(self.out, exercise, hint)

    def lesson(self, unit: Unit, exercise: Exercise, section: str, path: Path) -> None:
        self.out.print()
        self.out.print(render.heading(unit, "from the lesson"))
        self.out.print(render.markdown(section))
        self.out.print(render.dim(f"All of it: course serve, or {path}"), soft_wrap=True)

    def road(self, road: Road) -> None:
        self._fresh()
        self.out.print(render.road(road))

    def confirm_reset(self, exercise: Exercise) -> None:
        self.out.print(
            f"\nA fresh stub of {exercise.name}? Yours is kept aside.  y yes · any other key no",
            style="yellow",
        )

    def reset(self, exercise: Exercise, changes: Changes | None) -> None:
        if changes is None:
            self.out.print("Nothing was changed.")
        for name in changes.kept if changes else ():
            self.out.print(f"Yours is kept in {name}", soft_wrap=True)

    def trouble(self, error: CourseError) -> None:
        self.out.print(f"\n{line(str(error))}", style="yellow")

    def keys(self) -> None:
        self.out.print(render.dim("\nn next · h hint · l list · o lesson · r reset · q quit"))

    def _fresh(self) -> None:
        if self.out.console.is_terminal:
            self.out.console.clear()


class Silent(Screen):
    """The loop for a program: everything is in the document at the end."""

    def focus(self, exercise: Exercise | Unit, unit: Unit) -> None: ...
    def checking(self, unit: Unit) -> None: ...
    def verdict(self, unit: Unit, verdict: Verdict, focus: Exercise) -> None: ...
    def passed(self, exercise: Exercise, upcoming: Exercise | Unit | None) -> None: ...
    def finished(self) -> None: ...
    def hint(self, exercise: Exercise, hint: Hint) -> None: ...
    def lesson(self, unit: Unit, exercise: Exercise, section: str, path: Path) -> None: ...
    def road(self, road: Road) -> None: ...
    def confirm_reset(self, exercise: Exercise) -> None: ...
    def reset(self, exercise: Exercise, changes: Changes | None) -> None: ...
    def trouble(self, error: CourseError) -> None: ...
    def keys(self) -> None: ...
