"""The process of a phase's milestone: a program of the course runs the learner's own code and leaves a picture.

`launch.run_milestone` starts it. It ends with 0, or with 2 and one line that says where it stopped.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from grader.curriculum import CourseError
from grader.ground.files import replacing
from grader.training.learner_code import Workspace


def main() -> int:
    program, root, picture = map(Path, sys.argv[1:])
    try:
        with Workspace(root).guard(), replacing(picture) as file:
            runpy.run_path(str(program))["main"](file)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
