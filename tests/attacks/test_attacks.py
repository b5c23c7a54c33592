"""Every file of this folder is handed in; none may pass, do harm, tell a secret or leave anything behind."""

import importlib.util
from pathlib import Path

import pytest

from grader.judge import Submission, SubmissionError, wall_report

AVERAGES = "phase1_numbers/unit1_averages"
EVERY = sorted(Path(__file__).parent.glob("*/*.py"))
FILES = [path for path in EVERY if path.parent.name != "libraries"]  # which need a unit of their own


def test_this_machine_confines():
    """What is shown here means something only where the kernel has the wall; CI's does."""
    assert all(enforced for _, enforced, _ in wall_report())


def test_there_are_attacks_of_every_family_and_each_says_what_it_tries(load):
    attacks = [load(path) for path in EVERY]
    assert len(attacks) >= 60 and len({attack.family for attack in attacks}) == 11
    for attack in attacks:
        first = attack.text.splitlines()[0]
        assert first.startswith('"""') and first.endswith('."""') and len(first) <= 116, attack.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_attack_does_not_pass_and_does_no_harm(arena, load, path, tmp_path):
    attack = load(path)
    if attack.refused:
        with pytest.raises(SubmissionError) as error:
            arena.submission(attack, tmp_path)
        assert len(str(error.value).splitlines()) == 1 and str(error.value).isprintable()
        assert arena.changes() == []
        return
    verdict = arena.check(arena.submission(attack, tmp_path))
    arena.words[path] = outcomes = [one.verdict for one in verdict.exercises.values()]
    assert outcomes == ["passed", "passed"] if attack.passes else "passed" not in outcomes
    assert arena.harm(verdict) == []
    after = arena.check(arena.RIGHT)
    assert after.passed and after.points == 3


def test_the_attacks_on_the_protocol_do_reach_it(arena, load):
    """Were the conversation's descriptor not found, a whole family would miss without anybody noticing."""
    text = load(Path(__file__).parent / "protocol/two_answers.py").text
    verdict = arena.check(Submission({AVERAGES: text.replace('"ok": -1.0', '"ok": -987.0').encode()}))
    assert any("returned -987" in check.message for check in verdict.exercises["averages/mean"].checks)


def test_the_instructors_page_lists_every_attack():
    spec = importlib.util.spec_from_file_location("page", Path(__file__).parent / "page.py")
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "stale: python tests/attacks/page.py"
