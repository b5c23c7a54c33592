"""Which hand-ins read alike: found by the command, and said so that nobody is accused."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from grader.classroom.similar import MAX_CHARACTERS, similar
from grader.curriculum import default_course
from grader.ground.files import write_text

AVERAGES = "phase1_numbers/unit1_averages.py"

ONE = '''
import numpy as np

def total_of(values):
    """Add them up, carefully."""
    running, lost = 0.0, 0.0
    for value in values:  # Kahan's summation
        corrected = value - lost
        larger = running + corrected
        lost = (larger - running) - corrected
        running = larger
    return running

def mean(x):
    if len(x) == 0:
        raise ValueError("nothing to average")
    return total_of(x) / max(1, len(x))

def centre(x):
    shifted = np.empty_like(x)
    for place in range(len(x)):
        shifted[place] = x[place] - mean(x)
    return shifted
'''
OTHER = """
import numpy as np

def mean(x):
    weights = np.full(x.shape, 1 / x.size)
    return float(weights @ x)

def centre(x):
    identity = np.eye(x.size)
    projector = identity - np.ones((x.size, x.size)) / x.size
    return np.einsum("ij,j->i", projector, x)
"""


def renamed(text: str) -> str:
    """Other names, other comments, other blanks, other order."""
    head, total, mean, centre = re.split(r"\n(?=def )", text)
    text = "\n\n\n".join([head, centre, mean, total]).replace("# Kahan's summation", "# keeps what rounding drops")
    for old, new in {"running": "s", "lost": "c", "value": "v", "larger": "t", "shifted": "out", "place": "i"}.items():
        text = re.sub(rf"\b{old}\b", new, text)
    return text.replace("Add them up, carefully.", "The sum.")


@pytest.fixture
def hand_in(tmp_path, mini_course, answers):
    """A class's folder: two who wrote for themselves, and those named."""

    def write(**more: str) -> Path:
        stub = mini_course.stub(mini_course.curriculum.unit("averages")).read_text("utf-8")
        files = {"ada": ONE, "bo": OTHER, "stub1": stub, "stub2": stub, "ref1": answers["averages"], **more}
        files["ref2"] = answers["averages"].replace("return float", "return 1.0 * float")
        for student, text in files.items():
            write_text(tmp_path / "class" / student / AVERAGES, text)
        return tmp_path / "class"

    return write


class Page(HTMLParser):
    def __init__(self, path: Path):
        super().__init__()
        self.tags: set[str] = set()
        self.shown, self.marked, self._mark = "", "", False
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self._mark |= tag == "mark"

    def handle_endtag(self, tag):
        self._mark &= tag != "mark"

    def handle_data(self, data):
        self.shown += data
        self.marked += data * self._mark


def test_a_copy_under_other_names_is_found_and_own_work_stub_and_reference_are_not(hand_in, command, tmp_path):
    hand_in(cy=renamed(ONE))
    code, said, _ = command("similar", "class", "--json")
    assert code == 0
    [pair] = json.loads(said)["pairs"]
    assert (pair["unit"], pair["students"]) == ("averages", ["ada", "cy"]) and min(pair["shares"]) > 0.8
    page = Page(tmp_path / "similar.html")
    assert "total_of(x) / max(1, len(x))" in page.marked and "return out" in page.marked
    assert "einsum" not in page.shown


def test_a_notebook_is_compared_like_a_file(hand_in, command, tmp_path):
    folder = hand_in()
    book = nbformat.v4.new_notebook(metadata={"zero_to_diffusion": {"unit": "averages"}})
    parts = re.split(r"\n(?=def )", renamed(ONE))
    book.cells = [nbformat.v4.new_code_cell("%load_ext x"), *map(nbformat.v4.new_code_cell, parts)]
    nbformat.write(book, folder / "dora.ipynb")
    code, said, _ = command("similar", "class", "--unit", "averages", "--json")
    assert code == 0 and [one["students"] for one in json.loads(said)["pairs"]] == [["ada", "dora"]]


def test_the_page_accuses_nobody(hand_in, command, tmp_path):
    hand_in(cy=renamed(ONE))
    code, said, _ = command("similar", "class")
    assert code == 0
    words = (said + Page(tmp_path / "similar.html").shown).lower()
    assert "a likeness is no finding" in words
    assert not re.search(r"plagiar|cheat|copied|copying|guilt|suspect|offen[cs]e|dishonest|caught", words)


def test_nothing_that_students_wrote_acts_on_the_page(hand_in, tmp_path, mini_course):
    nasty = '</pre><script>alert("x")</script><img src=x onerror=y>'
    folder = hand_in(cy=f"{ONE}\n# {nasty}\n", **{"<b>dora&": renamed(ONE) + f"\nz = '''{nasty}'''\n"})
    result = similar(mini_course, folder, tmp_path / "page.html")
    assert len(result.pairs) == 3
    page = Page(tmp_path / "page.html")
    assert not page.tags & {"script", "img", "b", "a", "link", "iframe"}
    assert "<b>dora&" in page.shown and nasty in page.shown
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "default-src 'none'" in text and "http://" not in text and "https://" not in text


def test_the_page_is_the_same_in_every_process(hand_in, shell, tmp_path):
    hand_in(cy=renamed(ONE))
    pages = []
    for seed in ("1", "2"):
        assert shell("course", "similar", "class", "--to", f"{seed}.html", PYTHONHASHSEED=seed).returncode == 0
        pages.append((tmp_path / f"{seed}.html").read_bytes())
    assert pages[0] == pages[1] and b"<mark>" in pages[0]


@pytest.mark.parametrize("text", ["\r\n\r\n" + ONE.replace("\n", "\r\n"), "\ufeff\n\n" + ONE, ONE.strip(), "\t" + ONE])
def test_what_is_marked_is_what_is_shared_however_the_lines_end(hand_in, tmp_path, mini_course, text):
    folder = hand_in(cy=text)
    result = similar(mini_course, folder, tmp_path / "page.html")
    [pair] = result.pairs
    for page in pair.pages:
        [first, *_] = re.findall("<mark>(.*?)</mark>", str(page), re.DOTALL)
        assert first.startswith(("def total_of", "total_of", "numpy", "import numpy"))
    assert pair.shares == (1.0, 1.0)


def test_who_cannot_be_compared_and_what_is_not_shown_is_said(hand_in, command, tmp_path):
    folder = hand_in(cy=renamed(ONE), dora=ONE, eve=ONE + "#" * MAX_CHARACTERS)
    write_text(folder / "fi.zip", "no zip")
    code, said, complained = command("similar", "class", "--most", "1")
    assert code == 0 and said.splitlines()[-1].startswith("3 pairs of 8 students")
    assert "Not compared: eve: phase1_numbers/unit1_averages.py is longer than 64 Ki characters." in complained
    assert "Not compared: fi: fi.zip is not a readable zip file" in complained
    shown = Page(tmp_path / "similar.html").shown
    assert "2 more pairs" in shown and "fi.zip is not a readable zip" in shown and "is longer than 64 Ki" in shown


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nowhere"], "cannot be read"),
        (["class", "--unit", "nothing"], "There is no unit"),
        (["class", "--unit", "spread"], "Fewer than two students in class handed in spread"),
        (["alone"], "Fewer than two students in alone handed in any unit"),
        (["class", "--to", "file/page.html"], "cannot be written"),
        (["class", "--alike", "2"], "--alike"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(hand_in, command, tmp_path, words, why):
    hand_in()
    shutil.copytree(tmp_path / "class" / "ada", tmp_path / "alone" / "ada")
    (tmp_path / "file").write_text("")
    code, said, complained = command("similar", *words)
    assert (code, said) == (2, "") and why in complained and complained.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone", "class", "file"]


UNITS = [unit for unit in default_course().curriculum.built if default_course().variants(unit)]
assert UNITS


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.id)
def test_people_who_solved_a_unit_for_themselves_are_not_shown(unit, tmp_path):
    """The course's own variants: right answers in many people's manners. Only a copy of one of them is found."""
    variants = default_course().variants(unit)
    for path in variants:
        write_text(tmp_path / "class" / path.stem / f"{unit.address}.py", path.read_text("utf-8"))
    copy = "# Mine.\n" + variants[0].read_text("utf-8").replace("    ", "  ").replace("torch", "t")
    write_text(tmp_path / "class" / "a copy" / f"{unit.address}.py", copy)
    found = similar(default_course(), tmp_path / "class", tmp_path / "page.html")
    assert [pair.students for pair in found.pairs] == [("a copy", variants[0].stem)]
