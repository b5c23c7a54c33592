"""The training process: `python -m grader.training.run PROJECT --workspace . --preset cpu`.

`course train` starts it and reads its messages; `accelerate launch -m grader.training.run …` starts it on many devices
or machines, and then it shows its own progress. It ends with 0 when the run is finished, 2 when a line says why it is
not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.curriculum import Course, CourseError, default_course
from grader.ground.files import clear_unfinished, read_json, write_json
from grader.training import messages, program
from grader.training.bar import Bar
from grader.training.learner_code import LearnerModules
from grader.training.messages import Say
from grader.training.settings import Settings, choose, require_packages

if TYPE_CHECKING:
    from accelerate import Accelerator
    from filelock import FileLock

    from grader.training.task import Task


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m grader.training.run", description="Train a project of the course.")
    parser.add_argument("project")
    parser.add_argument("--course", type=Path, help="the course's folder (default: the one installed)")
    parser.add_argument("--workspace", type=Path, default=Path("."))
    parser.add_argument("--preset", default="cpu")
    parser.add_argument("--out", type=Path, help="the run's folder (default: runs/<project> in the workspace)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change one setting; may be repeated"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="train again even if this very run is there; the old one is kept aside"
    )
    parser.add_argument("--events", action="store_true", help="write messages as JSON lines instead of a progress bar")
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(words)

    def work(say: Say) -> list[str] | None:
        require_packages()
        course = Course(options.course) if options.course else default_course()
        project = course.curriculum.unit(options.project)
        modules = LearnerModules(options.workspace)
        say("stage", text="loading torch, the data and your code")
        program.put_on_path(modules.root, course)
        loaded = program.load_project(course, project)
        settings = choose(loaded.PRESETS, options.preset, dict(pair.partition("=")[::2] for pair in options.set))
        require_packages(settings.log)
        if settings.processes > 1 and "RANK" not in os.environ:
            return _on_many(settings.processes, words)
        out = (options.out or modules.root / "runs" / project.id).resolve()
        Training(project.id, loaded, settings, modules, out, say).run(options.preset, options.fresh)
        return None

    return messages.serve(
        messages.to_parent() if options.events else Bar(),
        work,
        stopped="Stopped; run it again and it goes on from its last checkpoint.",
    )


def _on_many(processes: int, words: Sequence[str]) -> list[str]:
    """The command line that runs this very one in several processes at once."""
    # torchrun, which accelerate recognises; `accelerate launch` itself starts several processes on GPUs only
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "--module"]
    return [sys.executable, "-P", "-m", *launcher, "grader.training.run", *words]


class Training:
    """One process's part in a run: what the run is, whether it was done before, and the record that it leaves."""

    def __init__(
        self,
        project: str,
        loaded: program.ProjectProgram,
        settings: Settings,
        modules: LearnerModules,
        out: Path,
        say: Say,
    ) -> None:
        self.settings, self.out, self.say = settings, out, say
        self.accelerator = _accelerator(settings, out)
        with self.accelerator.local_main_process_first():  # one download for all processes of a machine
            self.task: Task = loaded.Task(settings, modules)
        # All that decides what comes out.
        self.description = {
            "project": project,
            "settings": settings.identity(),
            "precision": self.accelerator.mixed_precision,
            "data_sha256": self.task.data_sha256,
            "code_sha256": modules.sha256(),
        }
        self.identity = hashlib.sha256(json.dumps(self.description, sort_keys=True).encode()).hexdigest()

    def run(self, preset: str, fresh: bool) -> None:
        """Train from the last checkpoint, if there is one, and leave what the acceptance reads."""
        from grader.training.fit import Fit

        done = False
        if self.accelerator.is_main_process:
            lock = _lock(self.out)  # held to the end of this call
            clear_unfinished(self.out)
            done = self._was_done(fresh)
        self.accelerator.wait_for_everyone()
        if _agreed(self.accelerator, done):
            return
        record = self._record(preset)
        if self.accelerator.is_main_process:
            write_json(self.out / "run.json", record)
        state = Fit(self.task, self.settings, self.accelerator, self.out, self.identity, self.say).run()
        if self.accelerator.is_main_process:
            metrics = self._finish()
            write_json(self.out / "metrics.json", {"schema": 1, "final": metrics, "history": state.history})
            write_json(
                self.out / "run.json", {**record, "finished": True, "seconds": state.seconds, "metrics": metrics}
            )
            self.say("done", out=str(self.out), metrics=metrics, seconds=state.seconds, again=False)
            lock.release()
        self.accelerator.end_training()

    def _was_done(self, fresh: bool) -> bool:
        """Whether this very run is finished already; if not, the folder is made ready for it. Raises CourseError."""
        before = read_json(self.out / "run.json") or {}
        if not before and self.out.is_dir() and any(self.out.iterdir()):
            raise CourseError(f"{self.out} holds other files and no run; choose another folder with --out.")
        same = before.get("identity") == self.identity
        if same and before.get("finished") and not fresh:
            self.say("done", out=str(self.out), metrics=before["metrics"], seconds=before["seconds"], again=True)
            return True
        if before and (fresh or not same):
            self.say("moved", to=str(_set_aside(self.out)))
        self.out.mkdir(exist_ok=True)
        return False

    def _record(self, preset: str) -> dict[str, Any]:
        """run.json, as it stands before the first step."""
        import accelerate
        import torch

        return {
            "schema": 1,
            "identity": self.identity,
            "finished": False,
            "preset": preset,
            **self.description,
            "circumstances": self.settings.circumstances(),
            "versions": {
                "python": platform.python_version(),
                **{package.__name__: package.__version__ for package in (torch, accelerate)},
            },
            "device": str(self.accelerator.device),
            "processes": self.accelerator.num_processes,
            "steps": self.task.steps,
            "data": self.task.describe(),
        }

    def _finish(self) -> dict[str, float]:
        """Leave the weights, then whatever the project leaves; returns the closing figures."""
        import torch

        from grader.ground.files import replacing
        from grader.training.checkpoint import pack

        self.task.model.to(self.accelerator.device).eval()
        with replacing(self.out / "model.safetensors", durable=True) as file:
            file.write_bytes(pack(self.task.model.state_dict()))
        with torch.no_grad():
            return self.task.finish(self.out, self.accelerator, self.say)


def _accelerator(settings: Settings, out: Path) -> Accelerator:
    """Raises CourseError if this device cannot do what is asked."""
    import accelerate

    # The log's folder is made by the trackers, which start only when the first step is about to be taken.
    try:
        return accelerate.Accelerator(
            cpu=settings.device == "cpu",
            mixed_precision=None if settings.precision == "auto" else settings.precision,
            log_with=None if settings.log == "none" else settings.log,
            project_config=accelerate.utils.ProjectConfiguration(project_dir=str(out), logging_dir=str(out)),
        )
    except ValueError as error:  # a precision that this device cannot do
        raise CourseError(f"accelerate cannot start: {error}") from None


def _lock(out: Path) -> FileLock:
    """Hold the run's folder against other runs. Raises CourseError."""
    from filelock import FileLock, Timeout

    lock = FileLock(out.parent / f".{out.name}.lock", timeout=0)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise CourseError(
            f"Another run is writing to {out}; wait for it, or choose another folder with --out."
        ) from None
    except OSError as error:
        raise CourseError(f"The run's folder {out} cannot be made: {error.strerror}.") from None
    return lock


def _agreed(accelerator: Accelerator, value: bool) -> bool:
    """What the main process found, in every process; the others say False."""
    import torch

    return bool(accelerator.reduce(torch.tensor(float(value), device=accelerator.device), reduction="sum") > 0)


def _set_aside(out: Path) -> Path:
    """Rename an older run's folder to the first free `<name>.1`, `<name>.2`, …; nothing is ever deleted."""
    number = 1
    while (target := out.with_name(f"{out.name}.{number}")).exists():
        number += 1
    return out.rename(target)


if __name__ == "__main__":
    sys.exit(main())
