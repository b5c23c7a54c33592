"""How results read, and that nothing a student wrote acts on whoever reads it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.author.bank import mistakes
from grader.classroom import Graded
from grader.classroom.report import (
    GradeReport,
    Row,
    Tally,
    feedback_html,
    feedback_markdown,
    summary_markdown,
    write_grades,
)
from grader.curriculum.lesson import place
from grader.judge import Cause, CheckResult, ExerciseVerdict, Failure, Outcome, PartVerdict, Verdict
from grader.judge.terms.failure import Frame

AVERAGES = "phase1_numbers/unit1_averages"
NASTY = '<script>alert(1)</script> & "quotes" ``` </pre> {{ 7*7 }} ![x](http://evil) | # head'


class Text(HTMLParser):
    """The tags of a page, and what it shows."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[tuple[str, tuple]] = []
        self.shown = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, tuple(attributes)))

    def handle_data(self, data):
        self.shown += data


@pytest.fixture(scope="module")
def one(mini_course):
    """A student's result with `text` in every place that student code can reach."""

    def make(text: str, student: str = "ada") -> Graded:
        checks = (CheckResult("matches the reference", False, text), CheckResult(text, True))
        cause = Cause("undivided", text, section=f"{AVERAGES}#the-wrong-divisor", known=True)
        failure = Failure(
            text, text, {text: text}, text, text, None, text, (Frame(text, 1, text, text),), (text,), (cause,)
        )
        part = PartVerdict(text, Outcome.FAILED, 0, 1, text, failure, text, checks)
        exercises = {
            exercise.id: ExerciseVerdict(
                Outcome.FAILED, 0, exercise.points, text, failure, text, checks, text, (part, part)
            )
            for exercise in mini_course.curriculum.exercises[:3]
        }
        return Graded(student, Verdict(exercises, "f" * 64, "v1", 7, "grade", True, (text,)), problem=text)

    return make


def scores(student: Graded) -> dict[str, float]:
    return {key: float(value.points) for key, value in student.verdict.exercises.items()}


def report(course, tmp_path, *students, **fields):
    units = course.curriculum.built[:2]
    tally = Tally(units)
    for student in students:
        tally.add(student)
    rows = tuple(Row.of(student, units, scores(student)) for student in students)
    return GradeReport(students, units, tmp_path, "sqlite:///gradebook.db", 7, tally, rows, **fields)


SHOWN = st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cn", "Co", "Zl", "Zp"])
"""What a verdict may hold: the judge lets nothing else through."""


@given(text=st.one_of(st.just(NASTY), st.text(SHOWN, min_size=1)))
def test_feedback_shows_what_was_written_and_runs_none_of_it(mini_course, one, text):
    plain = Text(feedback_html(mini_course, one("nothing special"), mini_course.curriculum.built[:2]))
    page = Text(feedback_html(mini_course, one(text), mini_course.curriculum.built[:2]))
    assert page.tags == plain.tags
    assert page.shown.count(text) >= plain.shown.count("nothing special")


def test_feedback_names_verdict_points_and_section_and_the_seed_to_the_instructor(mini_course, one):
    text = "mean — matches the reference\n  The sum is not divided at all."
    for page in (
        Text(feedback_html(mini_course, one(text), mini_course.curriculum.built[:2])).shown,
        feedback_markdown(mini_course, one(text), mini_course.curriculum.built[:2]),
    ):
        assert "0 of 6 points" in page and text in page
        assert "lesson 1.1, “The wrong divisor”" in page
        assert "seed" not in page and "f" * 64 in page
    for page in feedback_html, feedback_markdown:
        assert "seed 7" in page(mini_course, one(text), mini_course.curriculum.built[:2], "instructor")


def test_markdown_keeps_student_text_inside_its_fence(mini_course, one):
    hostile = one(f"{NASTY}\n```\n# not a heading\n````\n")
    page = feedback_markdown(mini_course, hostile, mini_course.curriculum.built[:2])
    outside = re.sub(r"^(`{3,})\w*\n.*?^\1$", "", page, flags=re.DOTALL | re.MULTILINE)
    assert "# not a heading\n" not in outside
    assert not re.search(r"(?<!\\)(<script|!\[)", outside)


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A0", "+1", "-1", "@SUM(A1)", "  =1", "＝1"])
def test_no_cell_is_a_formula_and_commas_stay_in_their_cell(mini_course, graded, name):
    student, text = graded(name, "mean", problem=f'{name}, "quoted"'), io.StringIO()
    units = mini_course.curriculum.built[:2]
    write_grades(text, units, [Row.of(student, units, scores(student))])
    header, row = list(csv.reader(io.StringIO(text.getvalue())))
    assert len(header) == len(row)
    assert dict(zip(header, row, strict=True)) == {
        "student": f"'{name}",
        "points": "2",
        "max_points": "6",
        "averages": "2",
        "spread": "0",
        "averages/mean": "2",
        "averages/centre": "0",
        "spread/variance": "0",
        "note": f'\'{name}, "quoted"',
    }


def test_summary_counts_verdicts_mistakes_and_problems(mini_course, tmp_path, graded):
    cy = graded("cy", problem="cy.zip is not a readable zip file.")
    students = [graded("ada", "mean", "variance"), graded("bo", "mean"), cy, graded("di"), graded("ed")]
    wrong = "mean — matches the reference\n  called with x\n  The sum is not divided at all."
    for student in (students[0], *students[-2:]):
        exercises = student.verdict.exercises
        mean = exercises["averages/mean"]
        passed = mean.verdict == "passed"
        checks = CheckResult("matches the reference", passed), CheckResult("is finite", True)
        failure = Failure(
            "matches the reference", causes=(Cause("undivided", "The sum is not divided at all.", known=True),)
        )
        said = {} if passed else {"failure": failure, "message": wrong}
        exercises["averages/mean"] = replace(mean, checks=checks, **said)
    run = report(mini_course, tmp_path, *students, ignored=("__MACOSX",))
    text = summary_markdown(run)
    assert "| `averages/mean` | 2 | 3 | 0 | 0 | 0 | 0.80 / 2 |" in text
    assert "| `spread/variance` | 1 | 4 | 0 | 0 | 0 | 0.60 / 3 |" in text
    counts = [int(line.split("%")[1].split()[0]) for line in text.splitlines() if " %  " in line]
    assert counts == [3, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    assert "| `averages/mean` | matches the reference | 2 of 3 (67%) |" in text and "is finite" not in text
    assert "- 2 students, `averages/mean`: The sum is not divided at all." in text
    assert "- cy: cy.zip is not a readable zip file." in text
    assert r"\_\_MACOSX" in text


def test_the_summary_does_not_depend_on_who_was_judged_first(mini_course, tmp_path, graded):
    students = [graded("ada", "mean"), graded("bo"), graded("cy", problem="cy.zip is not a readable zip file.")]
    names = (("is finite", "matches the reference"), ("matches the reference", "is finite"), ("hears of nothing",))
    for student, checks in zip(students, names, strict=True):
        exercises = student.verdict.exercises
        failed = tuple(CheckResult(name, False) for name in checks)
        exercises["averages/centre"] = replace(exercises["averages/centre"], checks=failed)
    tallies = Tally(mini_course.curriculum.built[:2]), Tally(mini_course.curriculum.built[:2])
    for tally, order in zip(tallies, (students, reversed(students)), strict=True):
        for student in order:
            tally.add(student)
    first, second = (replace(report(mini_course, tmp_path, *students), tally=tally) for tally in tallies)
    assert summary_markdown(first) == summary_markdown(second)
    assert [check for (_, check), _ in first.tally.failing] == [
        "is finite",
        "matches the reference",
        "hears of nothing",
    ]


def test_feedback_calls_a_section_what_the_terminal_calls_it(mini_course, graded):
    units = mini_course.curriculum.built[:2]
    found = [(unit, mistake) for unit in units for mistake in mistakes(mini_course, unit)]
    assert len(found) == 6
    for unit, mistake in found:
        see, exercise = f"{unit.address}#{mistake.see}", f"{unit.id}/{mistake.exercise}"
        words = place(mini_course, see)  # what the terminal says
        assert words
        student = graded("ada")
        failed = student.verdict.exercises[exercise]
        student.verdict.exercises[exercise] = replace(
            failed, failure=Failure("is right", causes=(Cause(mistake.name, "Wrong.", section=see),))
        )
        assert f"Read again: {words}" in Text(feedback_html(mini_course, student, units)).shown
        assert f"Read again: {words}" in feedback_markdown(mini_course, student, units)
