"""The process of a phase's milestone: a program of the course runs the learner's own code and leaves a picture.

`launch.run_milestone` starts it. It ends with 0, or with 2 and one line that says where it stopped.
"""

from __future__ import annotations

import sys
from pathlib import Path

from grader.curriculum import Course
from grader.ground.files import replacing
from grader.training import messages, program
from grader.training.learner_code import LearnerModules
from grader.training.messages import Say


def main() -> int:
    root, workspace, address, picture = sys.argv[1:]
    course = Course(Path(root))
    ends = (phase.milestone for phase in course.curriculum.phases)
    milestone = next(end for end in ends if end is not None and end.address == address)

    def work(say: Say) -> None:
        modules = LearnerModules(Path(workspace))
        program.put_on_path(modules.root, course)
        with modules.guard(), replacing(Path(picture)) as file:
            program.load(course, milestone).main(file)
        say("done")

    return messages.serve(messages.to_parent(), work, stopped="Stopped.")


if __name__ == "__main__":
    sys.exit(main())
