"""Timing two things side by side, and a row of the table for what came of it."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    what: str
    ours: Sequence[float]
    beside: str = ""
    theirs: Sequence[float] = ()

    @property
    def cells(self) -> tuple[str, str, str, str]:
        ratio = f"{statistics.median(self.theirs) / statistics.median(self.ours):.0f}×" if self.theirs else ""
        beside = f"{self.beside} {spread(self.theirs)}" if self.theirs else self.beside
        return self.what, spread(self.ours), beside, ratio


def samples(repeats: int, *works: Callable[[], object]) -> list[list[float]]:
    """Seconds of each work, one after the other in every round: what disturbs one disturbs all."""
    took: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, row in zip(works, took, strict=True):
            began = time.perf_counter()
            work()
            row.append(time.perf_counter() - began)
    return took


def spread(took: Sequence[float]) -> str:
    """The median, and between which values half of them lie."""
    if len(took) < 2:
        return f"{took[0]:.3f} s"
    low, middle, high = statistics.quantiles(took, n=4)
    return f"{middle:.3f} s [{low:.3f}–{high:.3f}]"


def quiet(command: list[str], *, cwd: Path | None = None, wrong: bool = False) -> None:
    """Run a command that ends with 0, or with 1 where the work is wrong."""
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if ran.returncode != int(wrong):
        raise SystemExit(f"{' '.join(command)} ended with {ran.returncode}: {ran.stderr or ran.stdout}")
