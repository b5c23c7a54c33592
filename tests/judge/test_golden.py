"""Ten ways of being wrong, and what is said of each on the terminal, on the page, in a notebook, in feedback, as data.

The texts lie in golden/. Who rewords a message runs `UPDATE=1 pytest tests/judge/test_golden.py` and reads the diff.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from grader.classroom import Graded
from grader.classroom.notebook import show
from grader.classroom.report import feedback_markdown
from grader.cli import render
from grader.curriculum import Course, Exercise, default_course
from grader.curriculum.course import BEGIN, END
from grader.judge import Judge, Submission, Verdict
from grader.learner import Road, Workspace
from grader.learner import told as page

GOLDEN = Path(__file__).parent / "golden"

WRONG = {
    "changed argument": ("python/brighten", {"brighten": "image += amount\n    return np.clip(image, 0, 1)"}),
    "raised": ("python/standardize", {"standardize": "if x > 0:\n        return x\n    return -x"}),
    "another dtype": ("python/one_hot", {"one_hot": "return np.eye(num_classes)[y]"}),
    "timed out": ("python/brighten", {"brighten": "while True:\n        pass"}),
    "ended the process": ("python/brighten", {"brighten": "import os\n    os._exit(0)"}),
    "known mistake": (
        "attention/scaled_dot_product_attention",
        {
            "scaled_dot_product_attention": "scores = q @ k.transpose(-2, -1)\n"
            "    if mask is not None:\n        scores = scores.masked_fill(~mask, -torch.inf)\n"
            "    return torch.softmax(scores, -1) @ v"
        },
    ),
    "two results exchanged": (
        "neural-networks/linear_backward",
        {"linear_backward": "return dout.T @ x, dout @ w, dout.sum(0)"},
    ),
    "a result in a result": (
        "neural-networks/adam_step",
        {
            "adam_step": "m, v, t = state\n    b1, b2 = betas\n    m = (1 - b1) * g\n"
            "    v = b2 * v + (1 - b2) * g * g\n"
            "    return p - lr * m, (m, v, t + 1)"
        },
    ),
    "half of it": ("python/to_uint8", {"from_uint8": 'raise NotImplementedError("from_uint8")'}),
    "no such name": ("python/brighten", {}),
}


def handed_in(course: Course, exercise: Exercise, bodies: dict[str, str]) -> Submission:
    """The reference with other bodies; without any, the exercise goes by another name."""
    unit = course.curriculum.unit(exercise.unit_id)
    text = course.reference(unit).read_text("utf-8")
    for name, body in bodies.items():
        head, rest = text.split(f"def {name}(", 1)
        before, _, after = rest.partition(BEGIN)
        text = f"{head}def {name}({before}{body}{after.partition(END)[2]}"
    if not bodies:
        text = text.replace(f"def {exercise.name}(", f"def {exercise.name}_image(")
    return Submission({unit.address: text.encode()})


def on_the_terminal(course: Course, verdict: Verdict, exercise: Exercise) -> str:
    file = io.StringIO()
    Console(file=file, width=80, highlight=False, markup=False).print(render.verdict(course, verdict, [exercise]))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def on_the_page(course: Course, verdict: Verdict, exercise: Exercise, folder: Path) -> str:
    workspace, _ = Workspace.create(folder / "work", course)
    page.keep(workspace, verdict.exercises)
    road = Road(course, workspace)
    road.verdicts[exercise.id] = verdict.exercises[exercise.id].verdict
    return json.dumps(page.told(course, workspace, road)[exercise.id], indent=1, ensure_ascii=False)


def in_a_notebook(verdict: Verdict, exercise: Exercise) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        show(exercise, verdict.exercises[exercise.id])
    return printed.getvalue().rstrip()


def in_feedback(course: Course, verdict: Verdict, exercise: Exercise) -> str:
    unit = course.curriculum.unit(exercise.unit_id)
    text = feedback_markdown(course, Graded("ada", verdict, frozenset({unit.id})), [_of_one(unit, exercise)])
    return text.partition("### ")[2].partition("\n---\n")[0].rstrip()


def _of_one(unit, exercise):
    from dataclasses import replace

    return replace(unit, exercises=(exercise,))


@pytest.mark.parametrize("name", WRONG)
def test_what_is_said_of_a_failure(course_judge: Judge, name: str, tmp_path: Path) -> None:
    course = default_course()
    key, bodies = WRONG[name]
    exercise = course.curriculum.find(key)
    assert isinstance(exercise, Exercise)
    verdict = course_judge.check(handed_in(course, exercise, bodies), [key])
    data = {field: value for field, value in verdict.to_dict()["exercises"][key].items() if field != "repro"}
    said = {
        "terminal": on_the_terminal(course, verdict, exercise),
        "page": on_the_page(course, verdict, exercise, tmp_path),
        "notebook": in_a_notebook(verdict, exercise),
        "feedback": in_feedback(course, verdict, exercise),
        "JSON": json.dumps(data, indent=1, ensure_ascii=False),
    }
    text = "".join(f"======== {where}\n{what}\n" for where, what in said.items())
    golden = GOLDEN / f"{name.replace(' ', '_')}.txt"
    if os.environ.get("UPDATE"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert Verdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict
