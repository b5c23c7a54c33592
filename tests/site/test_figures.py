"""The pictures: made by their scripts, small enough, and the runner that says when they are not."""

import ast
import importlib.util
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.curriculum import Course

DRAW = '''
"""Pictures."""
import matplotlib.pyplot as plt
from style import BLUE

def line():
    figure, ax = plt.subplots()
    ax.plot([0, 1, {last}], color=BLUE)
    return figure

def _helper():
    raise RuntimeError("not a picture")

def shaped(width):
    raise RuntimeError("not a picture either")
'''


@pytest.fixture(scope="session")
def runner(course: Course) -> ModuleType:
    folder = course.root / "site" / "figures"
    spec = importlib.util.spec_from_file_location("figures_runner", folder / "__main__.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def small(mini_course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    shutil.copytree(mini_course.root / "course", tmp_path / "course")
    small = Course(tmp_path)
    script_of(small).write_text(DRAW.format(last=4))
    return small


def script_of(course: Course) -> Path:
    return course.figures(course.curriculum.unit("averages"))


def test_drawn_again_a_picture_is_the_same(runner: ModuleType, small: Course) -> None:
    picture = script_of(small).parent / "figures" / "line.svg"
    assert runner.main(["--check"], small) == 1
    assert runner.main([], small) == 0
    first = picture.read_bytes()
    picture.unlink()
    assert runner.main(["averages"], small) == 0
    assert picture.read_bytes() == first
    assert b"<dc:date>" not in first
    assert runner.main(["--check"], small) == 0
    assert [path.name for path in picture.parent.iterdir()] == ["line.svg"]


def test_check_tells_the_stale_the_missing_and_the_orphaned(
    runner: ModuleType, small: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    runner.main([], small)
    script = script_of(small)
    folder = script.with_suffix("")
    (folder / "old.svg").write_text("<svg/>")
    script.write_text(DRAW.format(last=5) + "\n\ndef second():\n    return line()\n")
    capsys.readouterr()
    assert runner.main(["--check"], small) == 1
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert sorted(told) == [
        ["missing", "averages/second.svg"],
        ["orphaned", "averages/old.svg"],
        ["stale", "averages/line.svg"],
    ]


def test_an_unknown_picture_script_is_named(
    runner: ModuleType, small: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        runner.main(["spread"], small)
    assert "no figure script for spread; there is one for averages" in capsys.readouterr().err


@given(
    x=st.integers(-99999, 99999),
    noise=st.floats(-4e-6, 4e-6),
    name=st.from_regex(r"[a-z][0-9a-f]{10}", fullmatch=True),
    other=st.from_regex(r"[a-z][0-9a-f]{10}", fullmatch=True),
)
def test_last_digits_and_hashed_ids_do_not_show(
    runner: ModuleType, x: int, noise: float, name: str, other: str
) -> None:
    def svg(shift: float, ident: str) -> str:
        at = f"{x / 100 + 0.002 + shift:.6f}"  # well away from where two decimals round differently
        return (
            f'<path id="{ident}" d="M {at} 1.25"/>'
            f'<use xlink:href="#{ident}" x="{at}" transform="translate({at} 3) scale(0.015625)"/>'
        )

    clean = runner.canonical(svg(0, name))
    assert clean == runner.canonical(svg(noise, other))
    assert 'id="e0"' in clean and 'href="#e0"' in clean
    assert "scale(0.015625)" in clean
    assert runner.canonical(clean) == clean
    assert clean != runner.canonical(svg(0.01, name))


@given(
    x=st.integers(-99999, 99999),
    jitter=st.floats(-0.09, 0.09),
    move=st.floats(0.12, 50),
)
def test_invisible_differences_are_none(runner: ModuleType, x: int, jitter: float, move: float) -> None:
    def svg(at: float, colour: str = "#0072b2") -> str:
        return (
            f'<path d="M {at:.2f} 1.25\nL 3 4" style="fill: {colour}"/><image xlink:href="data:image/png;base64,Ab1="/>'
        )

    drawn = svg(x / 100)
    assert runner.same(drawn, svg(x / 100 + jitter))
    assert not runner.same(drawn, svg(x / 100 + move))
    assert not runner.same(drawn, svg(x / 100, "#0072b3"))
    assert not runner.same(drawn, drawn.replace("Ab1=", "Ab2="))
    assert not runner.same(drawn, drawn.replace("L 3 4", "L 3 4\nL 5 6"))


def test_every_picture_has_its_script_its_place_and_a_bearable_size(course: Course, runner: ModuleType) -> None:
    drawn = {
        script.parent / "figures" / f"{node.name}.svg"
        for script in runner.scripts(course).values()
        for node in ast.parse(script.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if isinstance(node.returns, ast.Name) and node.returns.id == "Figure"
    }
    assert set(course.content.rglob("*.svg")) == drawn
    shown = {
        (page.parent / match).resolve()
        for page in course.content.rglob("*.md")
        for match in re.findall(r"\]\(((?:\.\./)*figures/[^)\s]+)", page.read_text(encoding="utf-8"))
    }
    assert drawn <= shown, "drawn, and on no page"
    heavy = [f"{path.name}: {path.stat().st_size}" for path in drawn if path.stat().st_size > 150_000]
    assert not heavy
