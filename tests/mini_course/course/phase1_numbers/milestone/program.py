"""The end of the numbers: a sample, brought to mean 0 and scale 1."""

from pathlib import Path

import numpy as np
import torch
from course.data.walks import load
from matplotlib.figure import Figure

from phase1_numbers.unit1_averages import centre, mean
from phase1_numbers.unit2_spread import Scaler


def main(picture: Path) -> None:
    print("mean", mean(np.array([1.0, 3.0])))
    x = load()[0]
    scaled = Scaler(torch.from_numpy(x))(torch.from_numpy(centre(x)))
    figure = Figure(figsize=(4, 3))
    figure.add_subplot().hist(scaled.numpy(), bins=40)
    figure.savefig(picture)
