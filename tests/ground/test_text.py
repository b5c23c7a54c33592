"""Other people's text, made harmless."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from grader.ground.text import clean, counted, line, printable, quoted

ANY = st.text(max_size=80)


@given(ANY)
def test_clean_text_cannot_act(text):
    safe = clean(text)
    assert clean(safe) == safe
    assert all(one == "\n" or one in "\u200c\u200d" or unicodedata.category(one)[0] not in "C" for one in safe)
    assert not {"\u2028", "\u2029", "\x1b"} & set(safe)


@given(ANY)
def test_a_line_is_one(text):
    assert len(line(text).splitlines()) <= 1


@given(ANY)
def test_quoted_text_never_begins_a_line_of_ours(text):
    assert all(one.startswith("│ ") and "\n" not in one for one in quoted(text))


@given(ANY)
def test_a_printable_name_is_in_composed_form_and_as_long(text):
    name = printable(text)
    assert len(name) == len(unicodedata.normalize("NFC", text))
    assert not any(unicodedata.category(one)[0] == "C" and one not in "\u200c\u200d" for one in name)


def test_things_are_counted():
    assert [counted(number, "exercise") for number in (0, 1, 2)] == ["0 exercises", "1 exercise", "2 exercises"]
