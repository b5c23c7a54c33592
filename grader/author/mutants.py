"""Mutants: references with one small, deliberate fault each. Checks worth having reject every one of them.

A fault is made in the syntax tree, inside the learner's part of a function or in a default of its signature. Its id
says what was done, in words that an author can look up and list:

    softmax: `x - m` → `x + m`

Faults in what a processor alone cannot show (`device=`, `.to(x.device)`) are not made.
A mutant that computes the same as the reference belongs in `EQUIVALENT` of the unit's mistakes, with the reason.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from grader.author.sampling import WHOLE, Part
from grader.author.stubs import Block, blocks
from grader.curriculum import Course, CourseError, Unit
from grader.judge import Judge, Submission

_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip


_NAMESPACES = {"torch", "F", "nn", "init", "math", "np", "xp", "self"}
"""In `torch.exp(x)` and in `self.norm(x)` the call is applied to x, not to what stands before the dot."""


@dataclass(frozen=True, eq=False)
class Mutant:
    """A faulty reference. `id` is unique in its unit and stays while the code around the fault does."""

    id: str
    exercise: str  # the id of the exercise that has to notice
    tree: ast.Module
    node: ast.expr | ast.stmt
    replacement: ast.expr | ast.stmt

    @property
    def line(self) -> int:
        """Where in the reference the fault is."""
        return self.node.lineno

    @property
    def source(self) -> str:
        """The faulty reference's text."""
        return ast.unparse(_with(self.tree, self.node, self.replacement))


@dataclass(frozen=True)
class Report:
    """What became of the mutants of one unit: how many exist, which were judged, which survived.

    `equivalent` survived and are listed; `survivors` survived and are not. `stale` are listed ids that name no
    mutant, or one that was judged and rejected.
    """

    unit: str
    total: int
    judged: int
    survivors: tuple[Mutant, ...]
    equivalent: tuple[str, ...]
    stale: tuple[str, ...]

    @property
    def kill_rate(self) -> float:
        """The share rejected of those judged that could be."""
        wanted = self.judged - len(self.equivalent)
        return (wanted - len(self.survivors)) / wanted if wanted else 1.0


def mutants(course: Course, unit: Unit) -> list[Mutant]:
    """All mutants of a unit's reference, in the order of its text."""
    path = course.reference(unit)
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    exercise_of = {name: exercise.id for exercise in unit.exercises for name in exercise.names}
    found: list[Mutant] = []
    seen: Counter[str] = Counter()
    for owner, function, lines in _learners_parts(tree, blocks(source, path)):
        exercise = exercise_of.get(owner.split(".")[0])
        if exercise is None:
            continue  # a helper that is given
        for node, replacement, words in _faults(function, lines):
            seen[name := f"{owner}: {words}"] += 1
            unique = name if seen[name] == 1 else f"{name} ({seen[name]})"
            found.append(Mutant(unique, exercise, tree, node, replacement))
    return found


def equivalents(course: Course, unit: Unit) -> dict[str, str]:
    """`EQUIVALENT` of the unit's mistakes: ids of mutants that compute the same, with the reason. Read, not run."""
    path = course.mistakes(unit)
    if path.is_file():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            value = getattr(node, "value", None)
            if isinstance(target, ast.Name) and target.id == "EQUIVALENT" and value is not None:
                try:
                    return dict(ast.literal_eval(value))
                except ValueError:
                    raise CourseError(f"{path}:{node.lineno}: EQUIVALENT must be a dict of plain strings.") from None
    return {}


def judge_mutants(
    judge: Judge,
    unit: Unit,
    *,
    part: Part = WHOLE,
    seed: int = 0,
    jobs: int = 1,
    on_judged: Callable[[Mutant, bool], None] = lambda mutant, killed: None,
) -> Report:
    """Judge a unit's mutants, or `part` of them, in profile "mutants", each by the checks of its own exercise.

    `on_judged(mutant, killed)` is called as each is done.
    """
    everything = mutants(judge.course, unit)
    listed = equivalents(judge.course, unit)
    chosen = part.of(everything, lambda mutant: mutant.id)

    def killed(mutant: Mutant) -> bool:
        submission = Submission({unit.address: mutant.source.encode()})
        verdict = judge.check(submission, [mutant.exercise], profile="mutants", seed=seed)
        rejected = not verdict.passed
        on_judged(mutant, rejected)
        return rejected

    with ThreadPoolExecutor(jobs) as pool:
        outcome = dict(zip([mutant.id for mutant in chosen], pool.map(killed, chosen), strict=True))
    alive = [mutant for mutant in chosen if not outcome[mutant.id]]
    known = {mutant.id for mutant in everything}
    return Report(
        unit.id,
        len(everything),
        len(chosen),
        tuple(mutant for mutant in alive if mutant.id not in listed),
        tuple(mutant.id for mutant in alive if mutant.id in listed),
        tuple(name for name in listed if name not in known or outcome.get(name)),
    )


# ------------------------------------------------------------------------------------------------------ making faults


T = TypeVar("T", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef
Fault = tuple[ast.expr | ast.stmt, ast.expr | ast.stmt, str]
"""A node of the reference's tree, what stands there instead, and the words for it."""


def _learners_parts(tree: ast.Module, found: Iterable[Block]) -> Iterator[tuple[str, Function, set[int]]]:
    """Each function with a block: its qualified name, itself, and the lines between its markers."""
    lines: dict[str, set[int]] = {}
    for block in found:
        lines.setdefault(block.owner, set()).update(range(block.first + 1, block.last))
    for name, function in _functions(tree):
        if name in lines:
            yield name, function, lines[name]


def _functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield prefix + child.name, child
        inner = f"{prefix}{child.name}." if isinstance(child, Function | ast.ClassDef) else prefix
        yield from _functions(child, inner)


def _faults(function: Function, lines: set[int]) -> Iterator[Fault]:
    for default in filter(None, (*function.args.defaults, *function.args.kw_defaults)):
        for replacement in _of_expression(default):
            yield default, replacement, f"default {_change(default, default, replacement)}"
    for statement in function.body:
        for node, shown in _walk(statement, statement):
            if node.lineno not in lines:
                continue
            if isinstance(node, ast.stmt):
                yield from ((node, replacement, words) for replacement, words in _of_statement(node))
            else:
                yield from ((node, new, _change(shown, node, new)) for new in _of_expression(node))


def _walk(node: ast.AST, shown: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, ast.AST]]:
    """Statements and expressions that say what is computed, each with the smallest construct that makes sense of it."""
    if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr):
        return  # what an error says is not judged
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.Call | ast.Compare | ast.IfExp | ast.Subscript | ast.stmt):
        shown = node
    if isinstance(node, ast.expr | ast.stmt):
        yield node, shown
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns", "decorator_list"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _walk(child, shown)


def _change(shown: ast.AST, node: ast.AST, replacement: ast.AST) -> str:
    return f"`{_line(shown)}` → `{_line(_with(shown, node, replacement))}`"


def _line(node: ast.AST) -> str:
    """A node's code in one line: of a compound statement its header."""
    return ast.unparse(node).split("\n")[0]


def _with(tree: T, node: ast.AST, replacement: ast.AST) -> T:
    """A copy of the tree in which `replacement` stands for `node`."""
    return copy.deepcopy(tree, {id(node): replacement})


def _of_expression(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.BinOp(left, op, right):
            if type(op) in _OPERATORS:
                yield ast.BinOp(left, _OPERATORS[type(op)](), right)
            if isinstance(op, ast.MatMult):
                yield ast.BinOp(right, op, left)
            yield left
            if isinstance(op, ast.Add | ast.Mult | ast.MatMult):
                yield right
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.Compare(left, ops, comparators):
            for position, one in enumerate(ops):
                for other in _COMPARISONS[type(one)]:
                    yield ast.Compare(left, [*ops[:position], other(), *ops[position + 1 :]], comparators)
        case ast.UnaryOp(ast.Not() | ast.USub() | ast.Invert(), operand):
            yield operand
        case ast.IfExp(_, body, orelse):
            yield body
            yield orelse
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value)):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Constant(float(value)):
            yield ast.Constant(2 * value if value else 1.0)
        case ast.Call():
            yield from _of_call(node)
        case ast.Subscript(value, ast.Slice() as slice, ctx):
            yield from (ast.Subscript(value, bare, ctx) for bare in _of_slice(slice))
        case ast.Subscript(value, ast.Tuple(parts), ctx):
            for position, part in enumerate(parts):
                for bare in _of_slice(part):
                    yield ast.Subscript(value, ast.Tuple([*parts[:position], bare, *parts[position + 1 :]]), ctx)


def _of_slice(node: ast.expr) -> Iterator[ast.expr]:
    """A slice without one of its bounds."""
    if isinstance(node, ast.Slice):
        for bound in ("lower", "upper", "step"):
            if getattr(node, bound) is not None:
                yield ast.Slice(**{**dict(ast.iter_fields(node)), bound: None})


def _of_call(call: ast.Call) -> Iterator[ast.expr]:
    """Neighbouring arguments exchanged, keywords left out, and the call removed from around what it is applied to."""
    arguments, keywords = call.args, call.keywords
    for i in range(len(arguments) - 1):
        first, second = arguments[i : i + 2]
        if ast.dump(first) != ast.dump(second) and not any(isinstance(one, ast.Starred) for one in (first, second)):
            yield ast.Call(call.func, [*arguments[:i], second, first, *arguments[i + 2 :]], keywords)
    for i, keyword in enumerate(keywords):
        if keyword.arg != "device":
            yield ast.Call(call.func, arguments, [*keywords[:i], *keywords[i + 1 :]])
    yield from (one for one in _applied_to(call) if not isinstance(one, ast.Starred))


def _applied_to(call: ast.Call) -> list[ast.expr]:
    """What a call is applied to: of `x.sum(1)` x, of `torch.exp(x)` and `self.norm(x)` x. Of a class, nothing."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name) if name[0].isupper():
            return []
        case ast.Attribute(attr="to") if [ast.unparse(one)[-7:] for one in call.args] == [".device"]:
            return []
        case ast.Attribute(receiver):
            root = receiver
            while isinstance(root, ast.Attribute):
                root = root.value
            given = isinstance(root, ast.Name) and root.id in _NAMESPACES
            return call.args[:1] if given else [receiver]
        case _:
            return call.args[:1]


def _of_statement(node: ast.stmt) -> Iterator[tuple[ast.stmt, str]]:
    match node:
        case ast.AugAssign(target, op, value):
            if type(op) in _OPERATORS:
                changed = ast.AugAssign(target, _OPERATORS[type(op)](), value)
                yield changed, _change(node, node, changed)
            yield ast.Pass(), f"without `{_line(node)}`"
        case ast.Expr(value) if not isinstance(value, ast.Constant):
            yield ast.Pass(), f"without `{_line(node)}`"
        case ast.Assign([ast.Name(name)], value) if any(
            isinstance(one, ast.Name) and one.id == name for one in ast.walk(value)
        ):
            yield ast.Pass(), f"without `{_line(node)}`"
        case ast.If(test, body, orelse):
            if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp):
                changed_if = ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
                yield changed_if, _change(node, node, changed_if)
            if not orelse:
                yield ast.Pass(), f"without `{_line(node)}` …"
        case ast.With(body=body):
            yield ast.If(ast.Constant(True), body, []), f"without `{_line(node)}`"
