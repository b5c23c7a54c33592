"""The training process: `python -m grader.training.run digit-vae --workspace . --preset cpu`.

`course train` starts it and reads its events; `accelerate launch -m grader.training.run …` starts it on many devices or
machines, and then it shows its own progress. It ends with 0 when the run is finished, 2 when a line says why it is not.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from grader.curriculum import CourseError
from grader.ground.files import read_json, write_json
from grader.training.progress import Bar
from grader.training.settings import choose, require_packages

# project id -> the module and class of its Task
TASKS = {"digit-vae": ("course.projects.p1_digit_vae.program", "DigitVae")}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m grader.training.run", description="Train a project of the course.")
    parser.add_argument("project", choices=sorted(TASKS))
    parser.add_argument("--workspace", type=Path, default=Path("."))
    parser.add_argument("--preset", default="cpu")
    parser.add_argument("--out", type=Path, help="the run's folder (default: runs/<project> in the workspace)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change one setting; may be repeated"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="train again even if this very run is there; the old one is kept aside"
    )
    parser.add_argument("--events", action="store_true", help="write events as JSON lines instead of a progress bar")
    options = parser.parse_args(arguments)

    with nullcontext(_json_lines()) if options.events else Bar() as send:

        def emit(event: str, **fields: Any) -> None:
            if os.environ.get("RANK", "0") == "0":  # set by torchrun and accelerate launch
                send({"event": event, **fields})

        try:
            _train(options, emit)
        except CourseError as error:
            emit("error", message=str(error))
            return 2
        except KeyboardInterrupt:
            emit("error", message="Stopped; run it again and it goes on from its last checkpoint.")
            return 2
    return 0


def _train(options: argparse.Namespace, emit: Any) -> None:
    settings = choose(options.project, options.preset, dict(pair.partition("=")[::2] for pair in options.set))
    workspace_path = options.workspace.resolve()
    out = (options.out or workspace_path / "runs" / options.project).resolve()
    require_packages(settings.log)
    emit("stage", text="loading torch, the data and your code")

    import accelerate
    import torch
    from filelock import FileLock, Timeout

    from grader.training.fit import fit
    from grader.training.learner_code import Workspace

    # The log's folder is made by the trackers, which start only when the first step is about to be taken.
    try:
        accelerator = accelerate.Accelerator(
            cpu=settings.device == "cpu",
            mixed_precision=None if settings.precision == "auto" else settings.precision,
            log_with=None if settings.log == "none" else settings.log,
            project_config=accelerate.utils.ProjectConfiguration(project_dir=str(out), logging_dir=str(out)),
        )
    except ValueError as error:  # a precision that this device cannot do
        raise CourseError(f"accelerate cannot start: {error}") from None
    workspace = Workspace(workspace_path)
    module, name = TASKS[options.project]
    with accelerator.local_main_process_first():  # one download for all processes of a machine
        task = getattr(importlib.import_module(module), name)(settings, workspace)
    description = {
        "project": options.project,
        "settings": settings.identity(),
        "precision": accelerator.mixed_precision,
        "data_sha256": task.digits.sha256,
        "code_sha256": workspace.sha256(),
    }
    identity = hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()

    lock = FileLock(out.parent / f".{out.name}.lock", timeout=0)
    if accelerator.is_main_process:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise CourseError(
                f"Another run is writing to {out}; wait for it, or choose another folder with --out."
            ) from None
        except OSError as error:
            raise CourseError(f"The run's folder {out} cannot be made: {error.strerror}.") from None
        before = read_json(out / "run.json") or {}
        if not before and out.is_dir() and any(out.iterdir()):
            raise CourseError(f"{out} holds other files and no run; choose another folder with --out.")
        if before.get("identity") == identity and before.get("finished") and not options.fresh:
            emit("done", out=str(out), metrics=before["metrics"], seconds=before["seconds"], again=True)
            already = True
        else:
            already = False
            if before and (options.fresh or before.get("identity") != identity):
                emit("moved", to=str(_set_aside(out)))
            out.mkdir(exist_ok=True)
    accelerator.wait_for_everyone()
    if _agreed(accelerator, already if accelerator.is_main_process else False):
        return
    record = {
        "schema": 1,
        "identity": identity,
        "finished": False,
        "preset": options.preset,
        **description,
        "circumstances": {key: value for key, value in asdict(settings).items() if key not in settings.identity()},
        "versions": {
            "python": platform.python_version(),
            **{package.__name__: package.__version__ for package in (torch, accelerate)},
        },
        "device": str(accelerator.device),
        "processes": accelerator.num_processes,
        "steps": task.steps,
        "data": {"name": settings.data, "train": len(task.digits.x), "held_out": len(task.digits.held_x)},
    }
    if accelerator.is_main_process:
        write_json(out / "run.json", record)
    progress = fit(task, settings, accelerator, out / "checkpoint.safetensors", identity, emit)
    if accelerator.is_main_process:
        metrics = task.finish(out, accelerator, emit)
        write_json(out / "metrics.json", {"schema": 1, "final": metrics, "history": progress.history})
        write_json(out / "run.json", {**record, "finished": True, "seconds": progress.seconds, "metrics": metrics})
        emit("done", out=str(out), metrics=metrics, seconds=progress.seconds, again=False)
    accelerator.end_training()


def _agreed(accelerator: Any, value: bool) -> bool:
    """What the main process found, in every process."""
    import torch

    return bool(accelerator.reduce(torch.tensor(float(value), device=accelerator.device), reduction="sum") > 0)


def _set_aside(out: Path) -> Path:
    """Rename an older run's folder to the first free `<name>.1`, `<name>.2`, …; nothing is ever deleted."""
    number = 1
    while (target := out.with_name(f"{out.name}.{number}")).exists():
        number += 1
    return out.rename(target)


def _json_lines() -> Callable[[dict[str, Any]], None]:
    """Events go to what was standard output; what the learner's code prints goes to standard error from here on."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    return lambda event: print(json.dumps(event), file=channel)


if __name__ == "__main__":
    sys.exit(main())
