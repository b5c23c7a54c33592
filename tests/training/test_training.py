"""A run from the outside: what it leaves, how it goes on after a kill, and what it says about broken code."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file

from grader.curriculum import Course
from grader.training import TrainingError, train

ROOT = Path(__file__).resolve().parents[2]
QUICK = {"device": "cpu", "log": "none"}
UNIT = "phase3_generative/unit3_vae.py"
PROJECT = "projects/p1_digit_vae.py"


@pytest.fixture
def spoilt(learner: Path, tmp_path: Path) -> Callable[[str, str, str], Path]:
    """Makes a workspace with the answers in which one text of one file is replaced."""

    def make(file: str, old: str, new: str) -> Path:
        workspace = tmp_path / "workspace"
        shutil.copytree(learner, workspace, ignore=shutil.ignore_patterns("runs", "__pycache__"))
        source = (workspace / file).read_text(encoding="utf-8")
        assert source.count(old) == 1, f"{file} no longer holds {old!r} once"
        (workspace / file).write_text(source.replace(old, new), encoding="utf-8")
        return workspace

    return make


class Forks:
    """Runs of the training process itself, without the parent that `train` is (forks.py)."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forks.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def __call__(
        self,
        workspace: Path,
        out: Path,
        *more: str,
        signal: tuple[int, signal.Signals] | None = None,
        **settings: object,
    ) -> tuple[int, list[dict]]:
        """The exit code and the events of a rehearsal; `signal` reaches the run right after it has reported a step."""
        arguments = [
            "digit-vae",
            "--events",
            "--preset",
            "smoke",
            "--workspace",
            str(workspace),
            "--out",
            str(out),
            *more,
        ]
        for name, value in {**QUICK, **settings}.items():
            arguments += ["--set", f"{name}={value}"]
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps({"arguments": arguments, "signal": signal}), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        return answer["code"], answer["events"]

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def fork() -> Iterator[Forks]:
    forks = Forks()
    yield forks
    forks.close()


def checkpoint_step(out: Path) -> int:
    with safe_open(out / "checkpoint.safetensors", framework="np") as file:
        return json.loads(file.metadata()["progress"])["step"]


# What a run leaves --------------------------------------------------------------------------------------------------


def test_a_run_leaves_weights_samples_pictures_and_figures(smoke, learner):
    run, _ = smoke
    assert run.out == learner / "runs" / "digit-vae"
    record = json.loads((run.out / "run.json").read_text())
    assert record["finished"] and record["preset"] == "smoke" and record["settings"]["seed"] == 0
    assert record["data"] == {"name": "mnist10k", "train": 9000, "held_out": 1000}
    assert len(record["data_sha256"]) == len(record["code_sha256"]) == 64
    metrics = json.loads((run.out / "metrics.json").read_text())
    assert metrics["final"] == run.metrics and [row["step"] for row in metrics["history"]] == [30, 60]
    for name in ("samples", "reconstructions", "interpolation", "tsne"):
        with Image.open(run.out / f"{name}.png") as picture:
            low, high = picture.convert("L").getextrema()
            assert picture.width >= 800 and low < 160 and high == 255, f"{name}.png holds no ink on white"
    with np.load(run.out / "samples.npz") as archive:
        assert archive["x"].shape == (500, 784) and archive["x"].dtype == np.uint8 and archive["z"].shape == (500, 20)
    assert set(load_file(run.out / "model.safetensors")) >= {"encoder.mu.weight", "decoder.out.bias"}
    assert not list(run.out.rglob(".writing.*"))


def test_each_epoch_leaves_a_sheet_of_the_same_codes(smoke):
    out = smoke[0].out
    first, last = sorted((out / "epochs").iterdir())
    assert (first.name, last.name) == ("001.png", "002.png")
    assert last.read_bytes() == (out / "samples.png").read_bytes() != first.read_bytes()


def test_the_loss_falls_and_the_bounds_are_ordered(smoke):
    run, _ = smoke
    first, last = json.loads((run.out / "metrics.json").read_text())["history"]
    assert last["elbo"] > first["elbo"] + 5
    assert run.metrics["elbo"] == pytest.approx(run.metrics["reconstruction"] - run.metrics["kl"], abs=1e-3)
    assert run.metrics["iwae_50"] > run.metrics["elbo"]


def test_progress_is_reported(smoke):
    _, events = smoke
    kinds = [event["event"] for event in events]
    assert [event["step"] for event in events if event["event"] == "step"] == [10, 20, 30, 40, 50, 60]
    assert kinds.count("epoch") == 2 and kinds.count("done") == 1 and kinds.index("start") < kinds.index("step")


def test_tensorboard_has_the_curves(smoke):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = EventAccumulator(str(smoke[0].out / "tensorboard"))
    log.Reload()
    assert [point.step for point in log.Scalars("held-out/elbo")] == [30, 60]
    assert len(log.Scalars("train/elbo")) == 6
    assert log.Tags()["images"]


def test_the_command_line_side_needs_no_torch():
    code = "import sys, grader.training; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}).returncode == 0


# Stopping and going on ----------------------------------------------------------------------------------------------


def test_a_killed_run_ends_like_one_that_was_left_alone(fork, learner, tmp_path):
    through, killed = tmp_path / "through", tmp_path / "killed"
    assert fork(learner, through)[0] == 0

    code, events = fork(learner, killed, signal=(10, signal.SIGINT))
    assert code == 2 and events[-1]["event"] == "error" and "Stopped at step 10 of 60" in events[-1]["message"]
    assert checkpoint_step(killed) == 10

    code, events = fork(learner, killed, signal=(50, signal.SIGKILL))
    assert code == -signal.SIGKILL and [event["step"] for event in events if event["event"] == "start"] == [10]
    assert checkpoint_step(killed) == 40 and not (killed / "model.safetensors").exists()

    code, events = fork(learner, killed)
    assert code == 0 and [event["step"] for event in events if event["event"] == "start"] == [40]
    for name in ("model.safetensors", "samples.npz", "epochs/001.png", "epochs/002.png"):
        assert (killed / name).read_bytes() == (through / name).read_bytes(), f"{name} is not the uninterrupted run's"
    assert (killed / "metrics.json").read_text() == (through / "metrics.json").read_text()


def test_a_finished_run_is_not_trained_again(smoke, course, project, learner):
    run, _ = smoke
    weights = (run.out / "model.safetensors").stat().st_mtime_ns
    events: list[dict] = []
    again = train(course, project, learner, "smoke", overrides={"device": "cpu"}, report=events.append)
    assert again.again and again.metrics == run.metrics and "step" not in {event["event"] for event in events}
    assert (run.out / "model.safetensors").stat().st_mtime_ns == weights


def test_another_run_sets_the_old_one_aside(fork, learner, spoilt, tmp_path):
    out = tmp_path / "run"
    short = {"epochs": 1, "batch": 1000}
    workspace = spoilt(UNIT, '"""Unit 3.3,', '"""My unit 3.3,')
    for arguments in ((learner, out), (learner, out, "--fresh"), (workspace, out)):
        assert fork(*arguments, **short)[0] == 0
    assert fork(workspace, out, **short, seed=1)[0] == 0
    records = [json.loads((folder / "run.json").read_text()) for folder in (*sorted(tmp_path.glob("run.*")), out)]
    assert [record["settings"]["seed"] for record in records] == [0, 0, 0, 1]
    code = [record["code_sha256"] for record in records]
    assert code[0] == code[1] != code[2] == code[3]


def test_two_runs_never_write_to_one_folder(fork, learner, tmp_path):
    with FileLock(tmp_path / ".run.lock"):
        code, events = fork(learner, tmp_path / "run")
    assert code == 2 and "Another run is writing to" in events[-1]["message"]


def test_a_folder_with_other_files_is_left_alone(fork, learner, tmp_path):
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter1.tex").write_text("mine")
    code, events = fork(learner, out)
    assert code == 2 and "holds other files" in events[-1]["message"]
    assert [path.name for path in out.iterdir()] == ["chapter1.tex"]


def test_two_processes_share_the_batch(smoke, course, project, learner, tmp_path):
    run = train(course, project, learner, "smoke", tmp_path / "two", {**QUICK, "processes": 2})
    assert json.loads((run.out / "run.json").read_text())["processes"] == 2
    # Same batches, same noise: only the order in which gradients are summed differs from one process.
    assert run.metrics["elbo"] == pytest.approx(smoke[0].metrics["elbo"], abs=0.5)


# Broken code --------------------------------------------------------------------------------------------------------

BROKEN = {
    "elbo averages over the batch": (
        UNIT,
        "return bernoulli_log_likelihood(decoder(z), x) - beta * kl_diag_gaussian(mu, logvar)",
        "return (bernoulli_log_likelihood(decoder(z), x) - beta * kl_diag_gaussian(mu, logvar)).mean()",
        r"elbo returned a tensor of shape \(\); shape \(3,\) is needed",
    ),
    "a function is missing": (UNIT, "def iwae_bound(", "def iwae(", r"unit3_vae\.py has no iwae_bound"),
    "a stub is untouched": (
        PROJECT,
        "return self.out(relu(self.fc(z)))",
        'raise NotImplementedError("Decoder.forward")',
        r"Decoder\.forward is not written yet \(projects/p1_digit_vae\.py, line \d+",
    ),
    "a syntax error": (
        PROJECT,
        "class Decoder(nn.Module):",
        "class Decoder(nn.Module)",
        r"p1_digit_vae\.py, line \d+: ",
    ),
    "an exception": (
        PROJECT,
        "nn.Linear(hidden, latent)\n        self.logvar",
        "nn.Linear(latent, hidden)\n        self.logvar",
        r"projects/p1_digit_vae\.py, line \d+, in forward: RuntimeError: .*mat1 and mat2",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_code_is_one_line_and_leaves_nothing(fork, spoilt, tmp_path, name):
    file, old, new, message = BROKEN[name]
    code, events = fork(spoilt(file, old, new), tmp_path / "run")
    assert code == 2 and events[-1]["event"] == "error"
    assert re.search(message, events[-1]["message"]) and "\n" not in events[-1]["message"]
    assert not (tmp_path / "run").exists()


def test_an_empty_workspace_is_one_line(fork, tmp_path):
    (tmp_path / "empty").mkdir()
    code, events = fork(tmp_path / "empty", tmp_path / "run")
    assert code == 2 and re.search(r"no projects/p1_digit_vae\.py in .*`course init`", events[-1]["message"])


def test_a_loss_that_turns_nan_stops_at_the_last_good_checkpoint(course, project, spoilt, tmp_path):
    workspace = spoilt(
        UNIT,
        "return bernoulli_log_likelihood(decoder(z), x) - beta * kl_diag_gaussian(mu, logvar)",
        "elbo.calls = getattr(elbo, 'calls', 0) + 1\n"
        "    print('call', elbo.calls)\n"
        "    bound = bernoulli_log_likelihood(decoder(z), x) - kl_diag_gaussian(mu, logvar)\n"
        "    return bound if elbo.calls < 28 else bound * math.nan",
    )
    events: list[dict] = []
    with pytest.raises(TrainingError, match=r"The loss is nan at step 30") as caught:
        train(course, project, workspace, "smoke", tmp_path / "run", QUICK, report=events.append)
    assert "\n" not in str(caught.value)
    assert checkpoint_step(tmp_path / "run") == 20
    assert not (tmp_path / "run" / "model.safetensors").exists()
    assert {"event": "line", "text": "call 5"} in events


def test_a_process_that_vanishes_is_one_line(course, project, spoilt, tmp_path):
    workspace = spoilt(UNIT, "import math\n", "import math\nimport os\n\nos._exit(7)\n")
    with pytest.raises(TrainingError, match=r"ended with code 7; run it again"):
        train(course, project, workspace, "smoke", tmp_path / "run", QUICK)


def test_a_fault_of_the_program_itself_is_told_and_not_taken_for_a_signal(mini_course, tmp_path):
    """Its output ends before it does; it must not be ended then, or its last words are lost."""
    root = shutil.copytree(mini_course.root, tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__"))
    broken = Course(root)
    program = broken.program(broken.curriculum.unit("walk"))
    program.write_text(program.read_text() + "\nimport no_such_module\n")
    with pytest.raises(
        TrainingError, match=r"ended with code 1 \(ModuleNotFoundError: No module named 'no_such_module'\)"
    ):
        train(broken, broken.curriculum.unit("walk"), broken.solutions, "smoke", tmp_path / "run", {"log": "none"})
