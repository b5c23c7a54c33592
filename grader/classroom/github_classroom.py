"""A repository template whose workflow judges each push and reports the points.

The workflow has the name and the job that GitHub Classroom looked for, and says the points in the notices that its
own reporter (github.com/classroom-resources/autograding-grading-reporter) wrote: `Points 3/16`, and
`{"totalPoints":3,"maxPoints":16}`. GitHub has closed Classroom itself; the template works in any repository with
Actions, and what collects points from workflows reads the notices. The job's summary is the feedback page.

Whoever can push can change the workflow too, so the points are for the student to see; marks come from
`course grade` on the cloned repositories.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.classroom.report import Graded, feedback_markdown
from grader.classroom.runner import judged
from grader.curriculum import Course, CourseError, Unit, default_course
from grader.judge import Verdict

README = """\
## Check it

Every push is checked: look under *Actions* for the points, and in the run's summary for what to mend. With the course
installed you can do the same on your own machine, without a network:

```console
$ course init .
$ course check {ids}
```

## Hand it in

Push {handed_in}. Leave `.github` as it is.
"""

WORKFLOW = """\
# Whatever reads the points knows this workflow by its name, and the job by its.
name: Autograding Tests
on: [push, workflow_dispatch]
permissions:
  contents: read
jobs:
  run-autograding-tests:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    if: github.actor != 'github-classroom[bot]'
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - name: Install the course
        env:
          COURSE: REQUIREMENT
        run: |
          pip install --quiet --index-url https://download.pytorch.org/whl/cpu torch
          pip install --quiet "$COURSE"
      - name: Check
        run: python -m grader.classroom github UNITS
"""


def workflow(units: Sequence[Unit], install: str) -> Mapping[str, str]:
    """The files that make a repository check itself. Raises CourseError without `install`."""
    if not install:
        raise CourseError(
            "Say what GitHub's machines install for the course: --install with a URL of your wheel or repository, such "
            "as git+https://github.com/you/course."
        )
    text = WORKFLOW.replace("UNITS", " ".join(unit.id for unit in units)).replace("REQUIREMENT", json.dumps(install))
    return {".github/workflows/classroom.yml": text, ".gitignore": "__pycache__/\n.course/\n"}


# ------------------------------------------------------------------------------------------------- on GitHub's machine


def report(verdict: Verdict, units: Sequence[Unit]) -> str:
    """What the step prints. Student text stands where the runner obeys no commands."""
    guard = secrets.token_hex(16)
    lines = [f"::stop-commands::{guard}"]
    for unit in units:
        for exercise in unit.exercises:
            one = verdict.exercises[exercise.id]
            lines.append(f"{exercise.id}: {one.verdict}, {one.points} of {one.max_points}")
            lines += [f"    {part.name}: {part.verdict}, {part.points} of {part.max_points}" for part in one.parts]
            lines += [f"    {line}" for line in one.message.splitlines()]
    points = json.dumps({"totalPoints": verdict.points, "maxPoints": verdict.max_points}, separators=(",", ":"))
    lines += [
        f"::{guard}::",
        f"::notice title=Autograding complete::Points {verdict.points}/{verdict.max_points}",
        f"::notice title=Autograding report::{points}",
    ]
    return "\n".join(lines)


def main(ids: Sequence[str], folder: Path, summary: str | None) -> int:
    """Judge the files of `folder`, print the points, write the summary. Returns the exit code, as `course check`."""
    course: Course = default_course()
    try:
        units = [course.curriculum.unit(unit) for unit in ids]
        # Without the wall where the machine has none: it is thrown away after this run.
        verdict = judged(course, folder, units, seed=0, profile="check", unconfined=True)
    except CourseError as error:
        print(f"course: {error}", file=sys.stderr)
        return 2
    print(report(verdict, units))
    if summary:
        with open(summary, "a", encoding="utf-8") as file:
            file.write(feedback_markdown(course, Graded(os.environ.get("GITHUB_ACTOR", "you"), verdict), units))
    return 0 if verdict.passed else 1
