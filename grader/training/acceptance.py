"""Is a run good enough? Measured by the course's own code, in a process that never loads the learner's.

It reads what the run left: weights as safetensors, samples as an npz without pickles, pictures. The project's program
says what of that is measured (`measure`) and what is asked of it (`GATES`); what the run says of itself counts for
nothing. `python -m grader.training.acceptance COURSE PROJECT RUN` says the result and keeps it in the run's folder as
acceptance.json.
"""

from __future__ import annotations

import sys
from pathlib import Path

from grader.curriculum import Course, CourseError, Unit
from grader.ground.files import read_json, write_json
from grader.training import messages, program
from grader.training.gates import Acceptance, Unmeasurable
from grader.training.messages import Say
from grader.training.settings import require_packages


def measure(course: Course, project: Unit, run: Path) -> Acceptance:
    """The gates of a project, measured on a finished run."""
    loaded = program.load_project(course, project)
    try:
        record = read_json(run / "run.json")
        if not record or not record.get("finished"):
            raise Unmeasurable(f"There is no finished run in {run}; train it to the end first.")
        measured = loaded.measure(run, record)
    except Unmeasurable as error:
        return Acceptance(project.id, (), str(error))
    return Acceptance(project.id, tuple(asked.gate(measured[name]) for name, asked in loaded.GATES.items()))


def main() -> int:
    root, key, run = sys.argv[1:]

    def work(say: Say) -> None:
        require_packages()
        course = Course(Path(root))
        program.put_on_path(course.solutions, course)
        try:
            acceptance = measure(course, course.curriculum.unit(key), Path(run)).to_dict()
            write_json(Path(run) / "acceptance.json", acceptance)
        except OSError as error:
            raise CourseError(str(error)) from None
        say("done", acceptance=acceptance)

    return messages.serve(messages.to_parent(), work, stopped="The acceptance was stopped.")


if __name__ == "__main__":
    sys.exit(main())
