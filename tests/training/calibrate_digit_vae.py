"""Measure what the thresholds of the digit VAE rest on: the reference over seeds, and every negative control.

    python tests/projects/calibrate_digit_vae.py [--seeds 5] [--controls 3]

Writes digit_vae_calibration.json beside itself, about half a minute a run on two quiet cores; `test_acceptance.py`
holds the thresholds against that file. Run it again whenever the preset, the networks or the data change.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from grader.curriculum import Course, CourseError
from grader.training import train

ROOT = Path(__file__).resolve().parents[2]
RESULT = Path(__file__).with_name("digit_vae_calibration.json")
UNIT = "phase3_generative/unit3_vae.py"

# name -> (what is wrong, text of unit 3.3's reference, what it becomes)
CONTROLS: dict[str, tuple[str, str, str]] = {
    "mean over pixels": (
        "the likelihood is averaged over pixels, so the KL term outweighs it",
        "(x * log_p_one + (1 - x) * log_p_zero).flatten(1).sum(1)",
        "(x * log_p_one + (1 - x) * log_p_zero).flatten(1).mean(1)",
    ),
    "KL sign flipped": ("the KL term is added", "- beta * kl_diag_gaussian", "+ beta * kl_diag_gaussian"),
    "exp(logvar) as std": (
        "the variance is taken for the standard deviation",
        "torch.exp(0.5 * logvar)",
        "torch.exp(logvar)",
    ),
}


def workspace(folder: Path, control: str | None = None) -> Path:
    """A workspace with the reference's answers, or with one of them spoilt."""
    shutil.copytree(ROOT / "solutions", folder, ignore=shutil.ignore_patterns("__pycache__"))
    if control is not None:
        _, right, wrong = CONTROLS[control]
        source = (folder / UNIT).read_text(encoding="utf-8")
        if source.count(right) != 1:
            raise SystemExit(f"{control}: the reference of unit 3.3 no longer holds the line {right!r} once")
        (folder / UNIT).write_text(source.replace(right, wrong), encoding="utf-8")
    return folder


def measure(control: str | None, seed: int) -> dict[str, object]:
    course = Course(ROOT)
    project = course.curriculum.unit("digit-vae")
    with tempfile.TemporaryDirectory() as scratch:
        learner = workspace(Path(scratch) / "workspace", control)
        try:
            run = train(course, project, learner, overrides={"seed": seed, "device": "cpu", "log": "none"})
        except CourseError as error:
            return {"control": control, "seed": seed, "error": str(error)}
        gates = {gate.name: gate.measured for gate in run.acceptance.gates}
        return {
            "control": control,
            "seed": seed,
            "seconds": run.seconds,
            "iwae_50": run.metrics["iwae_50"],
            "gates": gates,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--controls", type=int, default=3)
    options = parser.parse_args()
    jobs: list[tuple[str | None, int]] = [(None, seed) for seed in range(options.seeds)]
    jobs += [(control, seed) for control in CONTROLS for seed in range(options.controls)]
    rows = []
    for control, seed in jobs:
        rows.append(measure(control, seed))
        print(json.dumps(rows[-1]), flush=True)
    RESULT.write_text(
        json.dumps({"preset": "cpu", "rows": rows}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
