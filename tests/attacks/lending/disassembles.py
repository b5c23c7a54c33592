"""The lent function and all code in its constants are disassembled, and told in an exception's text."""

import dis
import io

import numpy as np


def mean(x: np.ndarray) -> float:
    raise NotImplementedError("mean")


def centre(x):
    text = io.StringIO()
    dis.dis(mean, file=text)
    dis.show_code(mean, file=text)
    raise ValueError(text.getvalue())
