"""A generated class, some of it hostile: as many verdicts as students, and each what the work deserves."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from grader.classroom import ClassRun, grade


def test_a_class_with_hostile_students_ends_with_a_verdict_for_each(mini_course, mini_judge, tmp_path, url):
    spec = importlib.util.spec_from_file_location("klass", Path(__file__).parents[2] / "bench" / "klass.py")
    klass = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(klass)
    unit = mini_course.curriculum.unit("averages")
    kinds = klass.make_class(mini_course, unit, tmp_path / "class", 40, hostile=0.05)
    report = grade(mini_course, ClassRun(tmp_path / "class", tmp_path / "out", jobs=2, gradebook=url), judge=mini_judge)
    assert len(report.students) == len(kinds) == 40
    assert klass.misjudged(kinds, report.students) == []
    assert {"right", "stub", "hostile", "undivided", "one_too_few", "moved_the_wrong_way"} == set(kinds.values())
    assert sum(mistake.students for mistake in report.mistakes) >= 3
