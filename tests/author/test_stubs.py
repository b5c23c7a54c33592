"""The stub generator: everything outside the markers stays, nothing inside them does."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.author.stubs import make_stub, stub, write_stub
from grader.curriculum import CourseError

# References as hypothesis makes them: functions and classes of methods, with text around and within the blocks. ------

names = st.sampled_from(["alpha", "beta", "gamma", "delta"])
remarks = st.sampled_from(["", "# kept", "x = 1", 'y = """### BEGIN SOLUTION\n### END SOLUTION"""', "s = '\f\u2028'"])
answers = st.sampled_from(
    ["return ANSWER", "if ANSWER:\n    return 1\nreturn 2", "def inner():\n    return ANSWER\nreturn inner()"]
)


def indented(text: str, depth: int) -> str:
    return "\n".join("    " * depth + line if line else line for line in text.split("\n"))


@st.composite
def functions(draw, name: str, depth: int = 0) -> str:
    """A function whose last statements are a block; before it, perhaps a docstring and statements that are given."""
    arguments = draw(st.sampled_from(["", "x: int", "x=0, *rest, key: str = 'k'"]))
    given_part = draw(st.lists(remarks.filter(lambda text: "\n" not in text), max_size=2))
    body = [draw(st.sampled_from(['"""What it does."""', ""])), *given_part]
    body += ["### BEGIN SOLUTION", draw(answers), "### END SOLUTION"]
    text = f"{draw(st.sampled_from(['', '@decorate']))}\ndef {name}({arguments}):\n"
    return indented(text, depth) + indented("\n".join(line for line in body if line), depth + 1)


@st.composite
def references(draw) -> str:
    parts = ['"""A module."""', draw(remarks)]
    for name in draw(st.lists(names, min_size=1, max_size=3, unique=True)):
        if draw(st.booleans()):
            parts.append(draw(functions(name)))
        else:
            methods = draw(st.lists(st.sampled_from(["forward", "reset"]), min_size=1, max_size=2, unique=True))
            parts.append(f"class {name}:\n" + "\n".join(draw(functions(method, 1)) for method in methods))
        parts.append(draw(remarks))
    return draw(st.sampled_from(["\n", "\r\n"])).join("\n".join(parts).split("\n"))


def bodiless(source: str) -> list[tuple[str, str, str | None]]:
    """Every definition but those inside functions: its header, decorators included, and its docstring."""
    found = []

    def visit(node):
        for one in ast.iter_child_nodes(node):
            if isinstance(one, ast.FunctionDef):
                decorators = [ast.unparse(each) for each in one.decorator_list]
                found.append((one.name, f"{decorators} {ast.unparse(one.args)}", ast.get_docstring(one)))
            elif isinstance(one, ast.ClassDef):
                found.append((one.name, "class", ast.get_docstring(one)))
                visit(one)

    visit(ast.parse(source))
    return found


def last_statements(source: str) -> list[tuple[str, str]]:
    """The qualified name of every function and the code that it ends with."""
    found = []
    for one in ast.parse(source).body:
        for method in one.body if isinstance(one, ast.ClassDef) else [one]:
            if isinstance(method, ast.FunctionDef):
                name = f"{one.name}.{method.name}" if method is not one else one.name
                found.append((name, ast.unparse(method.body[-1])))
    return found


@given(source=references())
def test_signatures_and_docstrings_stay_and_solutions_go(source):
    made = stub(source, "unit.py")
    assert bodiless(made) == bodiless(source)
    assert "ANSWER" not in made
    for name, last in last_statements(made):
        assert last == f"raise NotImplementedError('{name}')"


@given(source=references())
def test_every_line_outside_the_blocks_stays_to_the_byte(source):
    kept, inside = [], False
    for line in source.replace('"""### BEGIN SOLUTION', '"""BEGIN').split("\n"):
        if line.strip() == "### BEGIN SOLUTION":
            inside = True
        if not inside:
            kept.append(line)
        if line.strip() == "### END SOLUTION":
            inside = False
    made = stub(source, "unit.py").replace('"""### BEGIN SOLUTION', '"""BEGIN')
    assert [line for line in made.split("\n") if "NotImplementedError" not in line] == kept


def test_each_block_raises_with_the_name_of_its_function():
    source = (
        "class Net:\n    def forward(self, x):\n        if x:\n            ### BEGIN SOLUTION\n            return x\n"
        "            ### END SOLUTION\n        ### BEGIN SOLUTION\n        return 0\n        ### END SOLUTION\n"
    )
    made = stub(source, "unit.py", ["Net"])
    assert made == (
        "class Net:\n    def forward(self, x):\n        if x:\n"
        '            raise NotImplementedError("Net.forward")\n        raise NotImplementedError("Net.forward")\n'
    )


BEGIN, END = "    ### BEGIN SOLUTION\n", "    ### END SOLUTION\n"


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        (f"def f():\n{BEGIN}    return 1\n", 2, "without an"),
        (f"def f():\n    return 1\n{END}", 3, "without a"),
        (f"def f():\n{BEGIN}{BEGIN}    return 1\n{END}", 3, "again"),
        (f"def f():\n{BEGIN}    return 1\n  ### END SOLUTION\n", 4, "not indented like"),
        (f"def f():\n{BEGIN}    return 1\n\ndef g():\n    return 2\n{END}", 2, "one function's body"),
        (
            f"def f(a):\n    if a:\n    {BEGIN}        return 1\n    else:\n        return 2\n    {END}",
            3,
            "one function's",
        ),
        (f"class A:\n{BEGIN}    x = 1\n{END}", 2, "one function's body"),
        (f"def f():\n{BEGIN}{END}    return 1\n", 2, "one function's body"),
        ("def f():\n    return 1 ### BEGIN SOLUTION\n", 2, "a line of its own"),
        ("def f(:\n", 1, "valid Python"),
        ("def f():\n    return 1\n", 1, "f has no"),
        ("\n\nclass f:\n    x = 1\n", 3, "f has no"),
    ],
)
def test_markers_that_do_not_hold_a_body_are_named_with_their_line(source, line, words):
    with pytest.raises(CourseError) as caught:
        stub(source, "solutions/unit.py", ["f"])
    assert f"solutions/unit.py:{line}: " in str(caught.value) and words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_block_that_cuts_a_statement_in_two_is_refused():
    with pytest.raises(CourseError, match="whole statements"):
        stub(f"def f():\n    x = [1,\n{BEGIN}    2]\n    y = 2\n{END}", "unit.py")


def test_a_promised_name_that_is_not_there_is_an_error():
    with pytest.raises(CourseError, match="no function or class g"):
        stub(f"def f():\n{BEGIN}    return 1\n{END}", "unit.py", ["f", "g"])


def test_the_stubs_of_a_course_are_made_from_its_references(mini_course):
    for unit in mini_course.curriculum.built:
        assert make_stub(mini_course, unit) == mini_course.stub(unit).read_text(encoding="utf-8")


def test_a_stub_is_written_only_when_it_changes(mini_course, tmp_course):
    unit = tmp_course.curriculum.unit("averages")
    assert not write_stub(tmp_course, unit)
    tmp_course.stub(unit).unlink()
    assert write_stub(tmp_course, unit)
    assert tmp_course.stub(unit).read_bytes() == mini_course.stub(unit).read_bytes()
    tmp_course.reference(unit).write_text("def mean():\n    return 1\n", encoding="utf-8")
    with pytest.raises(CourseError):
        write_stub(tmp_course, unit)
    assert tmp_course.stub(unit).read_bytes() == mini_course.stub(unit).read_bytes()


def test_a_unit_without_a_reference_is_one_clear_line(mini_course):
    with pytest.raises(CourseError, match=r"solutions/phase1_numbers/unit3_quantiles\.py: cannot be read"):
        make_stub(mini_course, mini_course.curriculum.unit("quantiles"))
