"""The exact words a learner sees, for each way of not passing: golden/<kind>.txt. UPDATE=1 writes them anew."""

import os
import textwrap
from pathlib import Path

import pytest

AVERAGES = "phase1_numbers/unit1_averages.py"

# What `mean` or `centre` does instead.
ATTEMPTS = {
    "a wrong value": ("mean", "return float(x.sum()) * 2"),
    "a known mistake": ("mean", "return float(np.sum(x))"),
    "a wrong shape": ("centre", "return (x - x.mean())[:, None]"),
    "a wrong dtype": ("centre", "return (x - x.mean()).astype(np.float32)"),
    "not a number": ("centre", "return (x - x.mean()) / 0.0"),
    "a wrong type": ("mean", "return f'{x.mean()}'"),
    "nothing returned": ("mean", "x.mean()"),
    "no plain data": ("mean", "return {x.mean()}"),
    "an exception": ("mean", "return x.sum() / size"),
    "an exception of several lines": ("mean", "raise ValueError('no\\n✓ mean  2/2\\n\\x1b[2J')"),
    "a file written": ("mean", "open('mean.txt', 'w').write('2')\nreturn float(x.mean())"),
    "a time-out": ("mean", "while True: pass"),
    "an end of the process": ("mean", "import os; os._exit(0)"),
    "something random": ("mean", "return float(x.mean() + np.random.rand())"),
    "words printed": ("mean", "print('✓ mean  2/2')\nreturn 0.0"),
    "not written yet": ("mean", "x = x + 1\nraise NotImplementedError('mean')"),
    "not attempted": ("mean", None),
}


@pytest.mark.parametrize("kind", ATTEMPTS)
def test_what_a_learner_sees(course_command, judged, kind):
    course, workspace = judged
    name, body = ATTEMPTS[kind]
    stub = course.stub(course.curriculum.unit("averages")).read_text(encoding="utf-8")
    text = stub if body is None else f"{stub}\n\ndef {name}(x):\n{textwrap.indent(body, '    ')}\n"
    (workspace.root / AVERAGES).write_text(text, encoding="utf-8")
    ran = course_command("check", f"averages/{name}")
    shown = "\n".join(line.rstrip() for line in ran.out.splitlines())
    golden = Path(__file__).parent / "golden" / f"{kind.replace(' ', '_')}.txt"
    if os.environ.get("UPDATE"):
        golden.write_text(f"{shown.strip()}\n", encoding="utf-8")
    assert (ran.code, shown.strip()) == (1, golden.read_text(encoding="utf-8").strip())
