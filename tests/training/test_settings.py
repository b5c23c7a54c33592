"""Presets and overrides, and the data that both presets read."""

import struct
from importlib.machinery import ModuleSpec

import numpy as np
import pytest

from course.data import digits as data
from course.projects.p1_digit_vae.program import PRESETS, Settings
from grader.curriculum import CourseError
from grader.training import program, settings
from grader.training.settings import choose


def test_cpu_is_the_default_preset_and_needs_no_download():
    first, *others = PRESETS
    assert first.name == "cpu" and first.settings == Settings() and first.settings.data == "mnist10k"
    assert [preset.name for preset in others] == ["gpu", "smoke"]
    assert choose(PRESETS, "gpu", {}).data == "mnist"


def test_overrides_are_read_as_the_setting_is():
    chosen = choose(PRESETS, "cpu", {"epochs": "3", "lr": 0.01, "checkpoint-every": 7})
    assert (chosen.epochs, chosen.lr, chosen.checkpoint_every) == (3, 0.01, 7)


@pytest.mark.parametrize(
    ("preset", "overrides", "message"),
    [
        ("cpu", {"epoch": 3}, "no setting 'epoch'; did you mean 'epochs'"),
        ("cpu", {"zzz": 3}, "no setting 'zzz'; there are data, epochs"),
        ("cpu", {"epochs": "many"}, "epochs is a whole number, not 'many'"),
        ("cpu", {"epochs": 1.5}, "epochs is a whole number, not 1.5"),
        ("cpu", {"lr": "fast"}, "lr is a number, not 'fast'"),
        ("cpu", {"lr": float("nan")}, "lr lies between 0 and 1"),
        ("cpu", {"beta": float("nan")}, "beta is a number"),
        ("cpu", {"latent": 0}, "latent is at least 1"),
        ("cpu", {"seed": -1}, "seed is a whole number from 0"),
        ("cpu", {"processes": 3}, "cannot be shared out evenly"),
        ("cpu", {"data": "cifar"}, "data is one of mnist10k, mnist"),
        ("tpu", {}, "no preset 'tpu'; choose one of cpu, gpu, smoke"),
    ],
)
def test_a_wrong_setting_is_one_line(preset, overrides, message):
    with pytest.raises(CourseError, match=message) as caught:
        choose(PRESETS, preset, overrides)
    assert "\n" not in str(caught.value)


def test_a_project_without_training_is_one_line(course):
    with pytest.raises(CourseError, match="'attention' has nothing to train; digit-vae has"):
        program.load_project(course, course.curriculum.unit("attention"))


def test_circumstances_do_not_change_what_a_run_is():
    changed = Settings().with_overrides({"device": "cpu", "log": "none", "checkpoint_every": 5, "data_dir": "x"})
    assert changed.identity() == Settings().identity()
    assert Settings().with_overrides({"seed": 1}).identity() != Settings().identity()


@pytest.mark.parametrize(
    ("log", "package"), [("wandb", "wandb"), ("tensorboard", "tensorboard"), ("none", "accelerate")]
)
def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch, log, package):
    spec = ModuleSpec("present", None)
    monkeypatch.setattr(settings, "find_spec", lambda name: None if name == package else spec)
    with pytest.raises(CourseError, match=f"needs {package}.*pip install"):
        settings.require_packages(log)


def test_the_embedded_digits():
    digits = data.load("mnist10k")
    assert digits.x.shape == (9000, 784) and digits.held_x.shape == (1000, 784)
    assert np.bincount(digits.held_y).tolist() == [100, 112, 99, 104, 98, 86, 101, 107, 95, 98]
    # These two pin what every threshold was measured on: the images, and the held-out pixels in black and white.
    assert digits.sha256.startswith("8492824e7571a703")
    assert int(digits.held_binary.sum()) == 102046
    assert set(np.unique(digits.held_binary)) == {0.0, 1.0}


def test_no_held_out_image_is_trained_on():
    digits = data.load("mnist10k")
    trained = {row.tobytes() for row in digits.x}
    assert not [row for row in digits.held_x if row.tobytes() in trained]


def test_the_full_data_set_is_read_from_its_own_four_files(tmp_path):
    rng = np.random.default_rng(0)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    expected = []
    for name, count in (("train", 7), ("t10k", 3)):
        images, labels = rng.integers(0, 256, (count, 28, 28), np.uint8), rng.integers(0, 10, count, np.uint8)
        (raw / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, 28, 28) + images.tobytes())
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + labels.tobytes())
        expected += [images.reshape(count, 784), labels]
    digits = data.load("mnist", str(tmp_path))
    for got, want in zip((digits.x, digits.y, digits.held_x, digits.held_y), expected, strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_download_that_fails_says_what_to_do(tmp_path, monkeypatch):
    from torchvision.datasets import MNIST

    def offline(self: MNIST) -> None:
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz:\nno route to host")

    monkeypatch.setattr(MNIST, "download", offline)
    with pytest.raises(CourseError, match=r"no route to host.*MNIST.raw.*cpu preset") as caught:
        data.load("mnist", str(tmp_path))
    assert "\n" not in str(caught.value)
