"""Is a run good enough? Measured by the course's own code, in a process that never loads the learner's.

It reads what the run left: weights as safetensors, samples as an npz without pickles, pictures. The weights go into the
reference's networks, which are measured on the held-out images; what the run says of itself counts for nothing.
`python -m grader.training.acceptance digit-vae RUN --solutions DIR` prints the result as JSON and keeps it in the run's
folder as acceptance.json.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from course.data.digits import Digits, load
from grader.curriculum import CourseError
from grader.ground.files import read_json, write_json
from grader.training.gates import Acceptance, Gate

if TYPE_CHECKING:
    from torch import Tensor


# Thresholds of the digit VAE: (low, high, origin), nats per image of 784 pixels. What they rest on is measured in
# tests/projects/digit_vae_calibration.json: five seeds of the reference with the cpu preset, three of each control.
THRESHOLDS: dict[str, tuple[float | None, float | None, str]] = {
    "elbo": (-114.0, None, "reference −109.3 to −108.4 over 5 seeds; exp(logvar) as std −121; average image −205"),
    "kl": (20.0, 32.0, "reference 23.6 to 24.5; exp(logvar) as std 17; collapse 0"),
    "active": (15, None, "reference 20 of 20; collapse 0"),
    "knn": (0.90, None, "reference 0.95; collapse 0.28; KL sign flipped 0.19"),
    "decoded": (500, None, "all 500 that a run keeps"),
    "novel": (0.10, None, "reference 0.18; held-out digits 0.17; copies 0"),
    "pictures": (3, None, "samples, interpolation and t-SNE"),
}


def digit_vae(run: Path) -> Acceptance:
    """The gates of project P1."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from grader.judge.terms.scenarios import load_weights

    record = read_json(run / "run.json")
    if not record or not record.get("finished"):
        return Acceptance("digit-vae", (), f"There is no finished run in {run}; train it to the end first.")
    vae = import_module("phase3_generative.unit3_vae")
    reference = import_module("projects.p1_digit_vae")
    try:
        state = load_file(run / "model.safetensors")
    except (OSError, SafetensorError) as error:
        return Acceptance("digit-vae", (), f"The weights of {run} cannot be read: {error}")
    latent, hidden = record["settings"]["latent"], record["settings"]["hidden"]
    encoder, decoder = reference.Encoder(784, hidden, latent), reference.Decoder(latent, hidden, 784)
    try:
        for network, name in ((encoder, "encoder."), (decoder, "decoder.")):
            load_weights(network, {key.removeprefix(name): state[key].float() for key in state if key.startswith(name)})
    except ValueError as error:
        return Acceptance("digit-vae", (), f"The networks of {run} are not those of the statement: {error}")
    digits = load(record["data"]["name"], record["circumstances"].get("data_dir", ""))

    with torch.no_grad():
        x = torch.from_numpy(digits.held_binary)
        mu, logvar = encoder(x)
        rng = torch.Generator().manual_seed(0)
        draws = [vae.elbo(x, encoder, decoder, torch.randn(mu.shape, generator=rng)).double().mean() for _ in range(10)]
        measured = {
            "elbo": float(torch.stack(draws).mean()),
            "kl": float(vae.kl_diag_gaussian(mu, logvar).double().mean()),
            # Burda et al. 2016, section 5.2: a unit is active if the variance of its mean over the data exceeds 0.01
            "active": float((mu.var(0) > 0.01).sum()),
            "knn": _knn(encoder(torch.from_numpy(digits.x > 127).float())[0], digits.y, mu, digits.held_y),
            **_samples(run, decoder, digits),
            "pictures": float(sum(_is_png(run / f"{name}.png") for name in ("samples", "interpolation", "tsne"))),
        }
    gates = (
        Gate(name, unit, measured[key] if math.isfinite(measured[key]) else None, *THRESHOLDS[key])
        for key, name, unit in (
            ("elbo", "held-out ELBO", "nats"),
            ("kl", "KL of the codes to the prior", "nats"),
            ("active", "latent dimensions in use", ""),
            ("knn", "digits told apart by 5 nearest codes", ""),
            ("decoded", "samples that your decoder makes of their codes", ""),
            ("novel", "distance of samples to the nearest training image", ""),
            ("pictures", "pictures", ""),
        )
    )
    return Acceptance("digit-vae", tuple(gates))


GATES = {"digit-vae": digit_vae}


def _knn(train: Tensor, labels: np.ndarray, held: Tensor, truth: np.ndarray, k: int = 5) -> float:
    """Share of held-out codes whose k nearest training codes name the right digit by majority."""
    import torch

    votes = torch.from_numpy(labels)[torch.cdist(held, train).topk(k, largest=False).indices]
    return float((torch.nn.functional.one_hot(votes, 10).sum(1).argmax(1) == torch.from_numpy(truth)).double().mean())


def _samples(run: Path, decoder: Any, digits: Digits) -> dict[str, float]:
    """How many samples are what the decoder makes of their codes, and how far off the nearest training image is."""
    import torch

    try:
        with np.load(run / "samples.npz", allow_pickle=False) as archive:
            z, x = torch.from_numpy(archive["z"]).float(), torch.from_numpy(archive["x"]).float() / 255
        # a brightness is kept to 1/255; half precision on a GPU costs a few of these more
        decoded = float(((torch.sigmoid(decoder(z)) - x).abs().amax(1) < 0.04).sum())
        nearest = torch.cdist(x, torch.from_numpy(digits.x).float() / 255).amin(1) / math.sqrt(x.shape[1])
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, IndexError, EOFError, BadZipFile):
        return {"decoded": 0.0, "novel": math.nan}  # whatever stands in that file, it is not samples
    return {"decoded": decoded, "novel": float(nearest.median())}


def _is_png(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(8) == b"\x89PNG\r\n\x1a\n"
    except OSError:
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m grader.training.acceptance")
    parser.add_argument("project", choices=sorted(GATES))
    parser.add_argument("run", type=Path)
    parser.add_argument("--solutions", type=Path, required=True)
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(options.solutions))
    try:
        acceptance = GATES[options.project](options.run)
        write_json(options.run / "acceptance.json", acceptance.to_dict())
    except (CourseError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(acceptance.to_dict()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
