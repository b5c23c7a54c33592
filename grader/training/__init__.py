"""The engine for training projects and milestones: it runs the course's programs on the learner's code.

May import `grader.judge` and `grader.curriculum`, and nothing else of the platform. Importing this package costs no
torch: torch, accelerate and the learner's code load in a child process (`python -m grader.training.run`). So does the
acceptance (`python -m grader.training.acceptance`), which never sees the learner's code, only the files that it left.

    with Bar(console) as report:
        run = train(course, project, workspace, preset="cpu", report=report)
    console.print(gate_table(run.acceptance))

It knows no project by name. Another project or milestone is a `program.py` in its folder of the course: see `program`.
"""

from grader.training.bar import Bar, gate_table
from grader.training.launch import Run, TrainingError, accept, run_milestone, train

__all__ = ["Bar", "Run", "TrainingError", "accept", "gate_table", "run_milestone", "train"]
