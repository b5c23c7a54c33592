"""Fingerprints, and rewriting one definition at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.learner import source

CODE = '''\
"""A module."""
import math
from os import path

SCALE = 2.0


def helper(x):
    """Given."""
    return math.sqrt(x) * SCALE


# What follows is the exercise.
@staticmethod
def exercise(x):
    return helper(x) + 1


class Other:
    """Unrelated."""

    size = 3
'''


def test_fingerprint_is_of_the_code_alone():
    dressed = CODE.replace("    return helper(x) + 1", '    """Mine."""\n\n    return (helper( x )  +  1)  # done')
    assert source.fingerprint(dressed, ["exercise"]) == source.fingerprint(CODE, ["exercise"]) is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("helper(x) + 1", "helper(x) - 1"),
        ("math.sqrt(x)", "math.cbrt(x)"),
        ("SCALE = 2.0", "SCALE = 3.0"),
        ("import math", "import cmath as math"),
        ("@staticmethod\n", ""),
        ("def exercise(x):", "def exercise(x, y=1):"),
    ],
)
def test_fingerprint_sees_what_the_exercise_uses(old, new):
    assert source.fingerprint(CODE.replace(old, new), ["exercise"]) != source.fingerprint(CODE, ["exercise"])


@pytest.mark.parametrize(("old", "new"), [("size = 3", "size = 4"), ("from os import path", "from os import sep")])
def test_fingerprint_does_not_see_the_rest(old, new):
    assert source.fingerprint(CODE.replace(old, new), ["exercise"]) == source.fingerprint(CODE, ["exercise"])


def test_fingerprint_of_a_file_as_windows_saves_it():
    assert source.fingerprint("\ufeff" + CODE.replace("\n", "\r\n"), ["exercise"]) == source.fingerprint(
        CODE, ["exercise"]
    )


def test_fingerprint_covers_further_names_and_branches():
    branched = "if True:\n    def exercise(): return 1\nelse:\n    def exercise(): return 2\n"
    assert source.fingerprint(branched, ["exercise"]) != source.fingerprint(branched.replace("2", "3"), ["exercise"])
    both = source.fingerprint(CODE, ["exercise", "Other"])
    assert both != source.fingerprint(CODE.replace("size = 3", "size = 4"), ["exercise", "Other"])


@given(st.text(max_size=200) | st.binary(max_size=50).map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_fingerprint_takes_any_text(text):
    found = source.fingerprint(text, ["exercise"])
    assert found is None or len(found) == 16


def test_fingerprint_of_what_is_not_there():
    assert source.fingerprint("x = 1", ["exercise"]) is None
    assert source.fingerprint("def exercise(:", ["exercise"]) is None
    assert source.fingerprint("(" * 5000, ["exercise"]) is None


def test_replace_leaves_the_rest_to_the_byte():
    made = source.replace(CODE, "exercise", "def exercise(x):\n    return 0")
    before, after = CODE.split("@staticmethod")[0], CODE.split("+ 1\n")[1]
    assert made == f"{before}def exercise(x):\n    return 0\n{after}"
    assert source.line(made, "exercise") == 14
    assert source.replace("x = 1\n", "f", "def f(): ...") == "x = 1\n\n\ndef f(): ...\n"


def test_replace_names_the_line_of_a_syntax_error():
    with pytest.raises(source.DoesNotParse, match=r"^mine\.py has a syntax error on line 2: "):
        source.replace("x = 1\ndef f(:\n", "f", "", "mine.py")


BASE = '''\
import math


def a():
    """A."""
    raise NotImplementedError("a")


def b():
    raise NotImplementedError("b")
'''


def test_merge_brings_the_new_and_keeps_what_is_mine():
    mine = BASE.replace('raise NotImplementedError("b")', "return 2").replace("import math", "import math\nimport re")
    new = BASE.replace('"""A."""', '"""A, said better."""').replace("import math", "import math\nimport torch")
    new += '\n\ndef c():\n    raise NotImplementedError("c")\n'
    merged = source.merge(BASE, mine, new, "mine.py")
    assert source.definitions(merged)["a"] == source.definitions(new)["a"]
    assert "return 2" in source.definitions(merged)["b"]
    assert "c" in source.definitions(merged)
    assert merged.startswith("import math\nimport re\nimport torch\n")


def test_merge_gives_back_nothing_that_was_thrown_away():
    mine = "def b():\n    return 2\n"
    assert source.merge(BASE, mine, BASE, "mine.py") == mine


@given(st.sets(st.sampled_from("ab")))
def test_merge_with_the_same_stub_changes_nothing(solved):
    mine = BASE
    for name in solved:
        mine = mine.replace(f'raise NotImplementedError("{name}")', "return 1")
    assert source.merge(BASE, mine, BASE, "mine.py") == mine
