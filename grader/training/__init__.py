"""Running training projects, and accepting what they made; running a phase's milestone.

May import `grader.judge` and `grader.curriculum`, and nothing else of the platform. Importing this package costs no
torch: torch, accelerate and the learner's code load in a child process (`python -m grader.training.run`). So does the
acceptance (`python -m grader.training.acceptance`), which never sees the learner's code, only the files that it left.

    with Bar(console) as report:
        run = train(course, project, workspace, preset="cpu", report=report)
    console.print(gate_table(run.acceptance))

Another project is a module with its `Task` (see `digit_vae`), an entry in `run.TASKS` and `settings.PROJECTS`, and a
function in `acceptance.GATES`.
"""

from grader.training.launch import Run, TrainingError, accept, picture_of, run_milestone, train
from grader.training.progress import Bar, gate_table
from grader.training.settings import Preset, Settings, presets

__all__ = [
    "Bar",
    "Preset",
    "Run",
    "Settings",
    "TrainingError",
    "accept",
    "gate_table",
    "picture_of",
    "presets",
    "run_milestone",
    "train",
]
