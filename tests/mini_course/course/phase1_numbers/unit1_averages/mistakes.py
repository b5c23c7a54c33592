"""Known mistakes of unit 1.1, averages."""

import numpy as np

from grader.judge import mistake


@mistake("mean", "The sum is divided by one too few, so the mean comes out too large.", see="the-wrong-divisor")
def one_too_few(x):
    return float(np.sum(x) / max(len(x) - 1, 1))


@mistake("mean", "The sum is not divided at all.", see="the-wrong-divisor")
def undivided(x):
    return float(np.sum(x))


@mistake("centre", "The mean is added where it should be taken away.", see="the-wrong-divisor")
def moved_the_wrong_way(x):
    return x + np.mean(x)
