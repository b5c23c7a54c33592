"""What is accepted, and that nothing else is."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from course.data.digits import load
from course.projects.p1_digit_vae.program import CONTROLS, GATES
from grader.curriculum import default_course
from grader.training import accept, gate_table, train
from grader.training.acceptance import measure
from grader.training.bar import asked, measured
from grader.training.gates import Acceptance, Gate

COURSE = default_course()
CALIBRATION = json.loads(COURSE.calibration(COURSE.curriculum.unit("digit-vae")).read_text(encoding="utf-8"))
NAMES = {key: asked.name for key, asked in GATES.items()}


def passes(row: dict, key: str) -> bool:
    return GATES[key].gate(row["gates"][NAMES[key]]).passed


def digit_vae(run: Path) -> Acceptance:
    return measure(COURSE, COURSE.curriculum.unit("digit-vae"), run)


def failed(acceptance: Acceptance) -> set[str]:
    return {gate.name for gate in acceptance.gates if not gate.passed}


# The thresholds -----------------------------------------------------------------------------------------------------


def test_thresholds_let_every_measured_run_of_the_reference_through():
    rows = [row for row in CALIBRATION["rows"] if row["control"] is None]
    assert len(rows) >= 5
    for row in rows:
        assert all(passes(row, key) for key in NAMES), row


def test_thresholds_stop_every_negative_control_by_the_elbo_alone():
    rows = [row for row in CALIBRATION["rows"] if row["control"] is not None]
    assert {row["control"] for row in rows} == set(CONTROLS)
    for row in rows:
        assert "error" in row or not passes(row, "elbo"), row


def test_the_elbo_threshold_lies_well_between():
    elbo = {row["control"]: [] for row in CALIBRATION["rows"]}
    for row in CALIBRATION["rows"]:
        elbo[row["control"]].append(row["gates"][NAMES["elbo"]])
    low, high = max(value for name, values in elbo.items() if name is not None for value in values), min(elbo[None])
    spread = max(elbo[None]) - min(elbo[None])
    threshold = GATES["elbo"].low
    assert threshold is not None and low + 4 * spread < threshold < high - 4 * spread


# Runs ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def trained(course, project, learner, tmp_path_factory) -> Path:
    """The reference, trained by the preset that the acceptance is stated for."""
    out = tmp_path_factory.mktemp("trained") / "run"
    run = train(course, project, learner, "cpu", out, {"device": "cpu", "log": "none"})
    assert run.acceptance.accepted, failed(run.acceptance)
    return out


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


def change_weights(run: Path, change: Callable[[dict[str, np.ndarray]], None]) -> None:
    weights = load_file(run / "model.safetensors")
    change(weights)
    save_file(weights, run / "model.safetensors")


def test_the_cpu_preset_is_accepted(trained):
    acceptance = digit_vae(trained)
    assert acceptance.accepted and failed(acceptance) == set()
    kept = json.loads((trained / "acceptance.json").read_text())
    assert kept == acceptance.to_dict() and Acceptance.from_dict(kept) == acceptance


def test_what_a_run_says_of_itself_counts_for_nothing(copy):
    before = digit_vae(copy)
    record = json.loads((copy / "run.json").read_text())
    (copy / "run.json").write_text(json.dumps({**record, "metrics": {"elbo": -1.0}}))
    (copy / "acceptance.json").write_text(json.dumps({"accepted": True}))
    assert digit_vae(copy) == before


def test_a_rehearsal_is_not_accepted(smoke):
    run, _ = smoke
    assert not run.acceptance.accepted and NAMES["elbo"] in failed(run.acceptance)


def test_the_average_image_is_not_accepted(copy):
    mean = load("mnist10k").x.mean(0, dtype=np.float64) / 255

    def average(weights: dict[str, np.ndarray]) -> None:
        for value in weights.values():
            value[:] = 0
        p = mean.clip(1e-3, 1 - 1e-3)
        weights["decoder.out.bias"][:] = np.log(p / (1 - p))

    change_weights(copy, average)
    elbo = next(gate for gate in digit_vae(copy).gates if gate.name == NAMES["elbo"])
    assert elbo.measured == pytest.approx(-205, abs=2) and not elbo.passed
    assert {NAMES["kl"], NAMES["active"], NAMES["knn"]} <= failed(digit_vae(copy))


def test_copies_of_training_images_are_no_samples(copy):
    with np.load(copy / "samples.npz") as archive:
        z = archive["z"]
    np.savez(copy / "samples.npz", z=z, x=load("mnist10k").x[:500])
    assert failed(digit_vae(copy)) == {"samples that your decoder makes of their codes", NAMES["novel"]}


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 torn"])
def test_missing_or_torn_samples_are_no_samples(copy, content):
    (copy / "samples.npz").unlink() if content is None else (copy / "samples.npz").write_bytes(content)
    acceptance = digit_vae(copy)
    assert "samples that your decoder makes of their codes" in failed(acceptance)
    json.dumps(acceptance.to_dict(), allow_nan=False)


def test_a_missing_picture_is_noticed(copy):
    (copy / "tsne.png").write_bytes(b"not a picture")
    assert failed(digit_vae(copy)) == {"pictures"}


def test_weights_that_are_not_numbers_fail_and_do_not_break(copy):
    change_weights(copy, lambda weights: weights["encoder.fc.weight"].fill(np.nan))
    acceptance = digit_vae(copy)
    assert NAMES["elbo"] in failed(acceptance)
    assert measured(next(gate for gate in acceptance.gates if gate.name == NAMES["elbo"])) == "not a number"
    json.dumps(acceptance.to_dict(), allow_nan=False)


def test_other_networks_are_refused_in_a_line(copy):
    change_weights(copy, lambda weights: weights.update({"encoder.mu.weight": np.zeros((20, 7), np.float32)}))
    acceptance = digit_vae(copy)
    assert not acceptance.accepted and "are not those of the statement" in acceptance.problem


def test_torn_weights_are_refused_in_a_line(copy, course, project):
    (copy / "model.safetensors").write_bytes(b"torn")
    acceptance = accept(course, project, copy)
    assert not acceptance.accepted and "cannot be read" in acceptance.problem and not acceptance.gates


def test_an_unfinished_run_is_refused_in_a_line(tmp_path):
    acceptance = digit_vae(tmp_path)
    assert not acceptance.accepted and "There is no finished run" in acceptance.problem


# What people see ----------------------------------------------------------------------------------------------------


def test_gates_read_as_conditions():
    assert asked(Gate("", "nats", 0, -114.0, None, "")) == "≥ −114 nats"
    assert asked(Gate("", "nats", 0, 20.0, 32.0, "")) == "20 … 32 nats"
    assert asked(Gate("", "", 0, None, 0.5, "")) == "≤ 0.5"
    assert measured(Gate("", "nats", -109.28, None, None, "")) == "−109.3 nats"
    assert measured(Gate("", "nats", -4.78e25, None, None, "")) == "−4.78e+25 nats"


def test_the_table_shows_every_gate_with_its_origin(smoke):
    from rich.console import Console

    console = Console(width=160, record=True, file=io.StringIO())
    console.print(gate_table(smoke[0].acceptance))
    text = console.export_text()
    assert "not accepted" in text
    for gate in smoke[0].acceptance.gates:
        assert gate.name in text and gate.origin[:20] in text


@pytest.mark.parametrize(("value", "accepted"), [(0.9, False), (1.0, True), (2.0, True), (2.1, False), (None, False)])
def test_both_ends_of_a_gate_hold_and_belong_to_it(value, accepted):
    gate = Gate("", "", value, 1.0, 2.0, "")
    assert gate.passed is accepted
    assert Acceptance("p", (gate,)).accepted is accepted


def test_no_gates_accept_nothing():
    assert not Acceptance("p", ()).accepted
