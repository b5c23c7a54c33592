"""What other platforms run: `python -m grader.classroom gradescope DIR`, `python -m grader.classroom github UNIT…`."""

import os
import sys
from pathlib import Path

from grader.classroom import github_classroom, gradescope

if sys.argv[1] == "gradescope":
    sys.exit(gradescope.main(Path(sys.argv[2])))
sys.exit(github_classroom.main(sys.argv[2:], Path.cwd(), os.environ.get("GITHUB_STEP_SUMMARY")))
