"""Draw the course's pictures with the course's own code.

    python site/figures                   draw everything
    python site/figures attention ddpm    only these units, or `home`, the course's own first page
    python site/figures --check           draw nothing; name what is stale, missing or orphaned; exit 1 if any

Each public function without arguments in a unit's figures.py returns a matplotlib Figure and becomes
figures/<function>.svg beside it. The scripts import the references, so a picture shows what the course's code
produces. Output is reproducible: fixed seeds, one thread, no dates, element ids numbered in order, coordinates in
hundredths of a point. A picture that differs by less than can be seen, as between processors, is left as it is.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

import style
from grader.curriculum import Course

COORDINATE = re.compile(r'(?<=[\s"(,])-?\d+(?:\.\d+)?(?=[\s"),])')
INVISIBLE = 0.1  # of a point, which is 1/72 inch
HERE = Path(__file__).resolve().parent


def canonical(svg: str) -> str:
    """The same drawing whatever the last bits of its coordinates: ids numbered in order, numbers to two decimals."""
    names: dict[str, str] = {}
    for found in re.findall(r'\bid="([a-zA-Z]+[0-9a-f]{10})"', svg):
        names.setdefault(found, f"e{len(names)}")
    svg = re.sub(r"\b[a-zA-Z]+[0-9a-f]{10}\b", lambda match: names.get(match[0], match[0]), svg)

    def rounded(match: re.Match[str]) -> str:
        return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", match[0])

    # Not scale(…), whose factors are small.
    svg = re.sub(r'\b(?:d|points|x|y|width|height)="[^"]*"|\btranslate\([^)]*\)', rounded, svg)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def same(one: str, other: str) -> bool:
    """Whether two canonical drawings are the same but for invisible differences of coordinates."""
    if COORDINATE.sub("", one) != COORDINATE.sub("", other):
        return False
    pairs = zip(COORDINATE.findall(one), COORDINATE.findall(other), strict=True)
    return all(abs(float(a) - float(b)) < INVISIBLE for a, b in pairs)


def render(draw: Callable[[], Figure]) -> str:
    """Call `draw` under the course's style and return its figure as canonical SVG."""
    import numpy
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    numpy.random.seed(0)
    with matplotlib.rc_context(style.rc()):
        figure = draw()
        try:
            text = io.StringIO()
            # Metadata would name the date and the matplotlib version, which make a new file of the same picture.
            figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        finally:
            plt.close("all")
    return canonical(text.getvalue())


def load(script: Path) -> ModuleType:
    """Import a script under a name of its own: they are all called figures."""
    spec = importlib.util.spec_from_file_location(f"figures_of_{script.parent.name}", script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pictures(module: ModuleType) -> dict[str, Callable[[], Figure]]:
    """The module's own public functions that can be called without arguments, by name."""
    return {
        name: function
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and not name.startswith("_")
        and function.__module__ == module.__name__
        and not any(p.default is p.empty for p in inspect.signature(function).parameters.values())
    }


def scripts(course: Course) -> dict[str, Path]:
    """The scripts that there are, by unit id; that of the first page is `home`."""
    units = (*course.curriculum.units, *course.curriculum.projects)
    known = {"home": course.content / "figures.py"} | {unit.id: course.figures(unit) for unit in units}
    return {name: script for name, script in known.items() if script.is_file()}


def main(arguments: list[str] | None = None, course: Course | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python site/figures", description="Draw the course's pictures.")
    parser.add_argument("ids", nargs="*", help="units to draw (default: all)")
    parser.add_argument("--check", action="store_true", help="draw nothing; tell what is not what the code draws")
    options = parser.parse_args(arguments)
    course = course or Course(HERE.parents[1])
    sys.path[:0] = [str(course.solutions), str(course.root)]
    known = scripts(course)
    if unknown := sorted(set(options.ids) - set(known)):
        parser.error(f"no figure script for {', '.join(unknown)}; there is one for {', '.join(known) or 'none yet'}")
    wrong: list[str] = []
    for unit, script in known.items():
        if options.ids and unit not in options.ids:
            continue
        folder = script.with_suffix("")
        drawn: set[Path] = set()
        for name, draw in pictures(load(script)).items():
            target, svg = folder / f"{name}.svg", render(draw)
            drawn.add(target)
            fresh = target.is_file() and same(target.read_text(encoding="utf-8"), svg)
            if options.check and not fresh:
                wrong.append(f"{'stale  ' if target.is_file() else 'missing'}   {unit}/{name}.svg")
            elif not fresh:
                folder.mkdir(parents=True, exist_ok=True)
                target.write_text(svg, encoding="utf-8")
                print(f"{unit}/{name}.svg  {len(svg) / 1000:.0f} kB", flush=True)
        wrong += [f"orphaned  {unit}/{path.name}" for path in sorted(folder.glob("*.svg")) if path not in drawn]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
