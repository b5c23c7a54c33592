"""What an exception means: each one that is known is really raised here, and what is said of it is what it is."""

from __future__ import annotations

import string
import time
import traceback
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.curriculum import Course
from grader.curriculum.lesson import Lesson, href, place
from grader.judge.terms.calls import LearnerError
from grader.judge.terms.failure import Cause, Frame, Sure
from grader.judge.trial.exceptions import EXCEPTIONS, PAGE, explain

COURSE = Course(Path(__file__).resolve().parents[2])
GUIDE = Lesson(COURSE.guide("errors").read_text(encoding="utf-8"))

IMPORTS = """
import math
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import Function
"""
ARRAYS = """
a, m = np.ones(3), np.ones((2, 3))
t, s = torch.ones(3), torch.ones(2, 3)
leaf = torch.ones(3, requires_grad=True)
"""
WITHOUT_INIT = "class Net(nn.Module):\n  def __init__(self): self.{}\n"


def raised(code: str, prelude: str = IMPORTS + ARRAYS) -> LearnerError:
    """What running the code raises, as the wall tells it: with the innermost line of the code itself."""
    lines = code.splitlines()
    names: dict[str, object] = {}
    exec(prelude, names)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(code, "learner.py", "exec"), names)
    except Exception as error:
        own = [at for at in traceback.extract_tb(error.__traceback__) if at.filename == "learner.py"]
        at = (error.lineno or 1) if isinstance(error, SyntaxError) else (own[-1].lineno or 1)
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        frame = Frame("learner.py", at, "", lines[at - 1] if at <= len(lines) else "")
        return LearnerError(type(error).__name__, text[:2000], (frame,))
    raise AssertionError(f"nothing was raised: {code}")


def told(kind: str, text: str, code: str | None = "y = f(x)") -> LearnerError:
    return LearnerError(kind, text, () if code is None else (Frame("learner.py", 1, "f", code),))


def means(error: LearnerError) -> Cause:
    cause = explain(error)
    assert cause is not None, str(error)
    return cause


RAISED = [
    ("if a > 1: pass", "truth_of_an_array", "an answer for every entry"),
    ("if t > 1: pass", "truth_of_an_array", "`.any()` or `.all()`"),
    ("max(a, 0 * a)", "truth_of_an_array", "mask"),
    ("if np.array([]): pass", "truth_of_an_empty_array", "no entries"),
    ("if torch.ones(0): pass", "truth_of_an_empty_array", "no entries"),
    ("nn.MSELoss(t, t)", "loss_called_as_function", "`nn.MSELoss()(…)`"),
    ("np.zeros(3, 4)", "shape_without_brackets", "so 4 was read as the dtype"),
    ("m.view(6)", "numpy_view", "`reshape`"),
    ("np.zeros(3, dtype=torch.float32)", "torch_dtype_for_numpy", "`torch.float32`"),
    ("torch.zeros(3, dtype=np.float32)", "numpy_dtype_for_torch", "`torch.float32`"),
    ("range(len(a) / 2)", "float_for_a_count", "`//`"),
    ("np.zeros(3.0)", "float_for_a_count", "`//`"),
    ("torch.zeros(2, 1.5)", "float_for_a_count", "`//`"),
    ("torch.full(2, 1.0)", "shape_must_be_a_tuple", "tuple"),
    ("np.random.randn((2, 3))", "shape_given_in_one", "one by one"),
    ("np.ones((10**6, 10**6, 10))", "too_large", "memory"),
    ("torch.from_numpy([1.0])", "not_an_array", "a list"),
    ("m @ m", "matmul_shapes", "`a` has 3 there and `b` has 2"),
    ("np.dot(m, m)", "matmul_shapes", "(2, 3) and (2, 3)"),
    ("s @ s", "matmul_shapes", "A (2, 3) matrix times a (2, 3) matrix"),
    ("nn.Linear(3, 2)(torch.ones(2, 4))", "matmul_shapes", "`in_features`"),
    ("s @ torch.ones(2)", "matmul_shapes", "needs a vector of length 3; this one has length 2"),
    ("torch.ones(4, 2, 3) @ torch.ones(4, 2, 3)", "matmul_shapes", "begin with (4, 3) and begins with (4, 2)"),
    ("q = torch.ones(2, 5, 3, 4)\nq @ q.T", "all_axes_transposed", "`.mT`"),
    ("t @ torch.ones(4)", "dot_shapes", "3 and 4"),
    ("a @ 2.0", "matmul_of_a_number", "`*`"),
    ("s @ 2.0", "matmul_of_a_number", "`*`"),
    ("np.linalg.solve(np.eye(2), np.ones(3))", "gufunc_shapes", "`solve`"),
    ("torch.mm(t, s)", "product_of_other_axes", "`@`"),
    ("torch.einsum('ij,jk->ik', s, s)", "einsum_lengths", "`j` meets both 3 and 2"),
    ("torch.einsum('ijk,jk->ik', s, s)", "einsum_axes", "3 letters"),
    ("np.linalg.inv(m)", "not_square", "square"),
    ("np.linalg.inv(a)", "not_a_matrix", "(1)"),
    ("m + np.ones(2)", "broadcast", "Shapes (2, 3) and (2,) do not go together"),
    ("np.broadcast_to(a, (2, 4))", "broadcast", "last axis"),
    ("s + torch.ones(2)", "broadcast", "at axis 1 length 3 meets length 2"),
    ("m += np.ones((4, 2, 3))", "grown_in_place", "(2, 3)"),
    ("t += s", "grown_in_place", "it has [3], and the result [2, 3]"),
    ("m[0] = np.ones(4)", "assigned_shape", "shape (3,), and what is to be written there (4,)"),
    ("s[0] = torch.ones(4)", "assigned_shape", "[4] cannot fill the shape [3]"),
    ("t[0] = t", "assigned_shape", "one number"),
    ("a[np.ones(4) > 0]", "mask_shape", "its length is 4, the axis's 3"),
    ("t[torch.ones(4) > 0]", "mask_shape", "[4] and the tensor [3]"),
    ("F.cross_entropy(s, torch.tensor([0, 1, 2]))", "batch_of_labels", "2 rows, 3 labels"),
    ("F.binary_cross_entropy_with_logits(t, t[None])", "loss_shapes", "entry by entry"),
    ("np.concatenate(a, a)", "parts_not_in_a_list", "`concatenate`"),
    ("torch.cat(t, t)", "parts_not_in_a_list", "`cat([a, b])`"),
    ("torch.stack([1, 2])", "part_is_no_tensor", "int"),
    ("np.concatenate([m, np.ones((2, 4))])", "join_shapes", "along axis 1 part 0 has length 3 and part 1 has 4"),
    ("torch.cat([s, torch.ones(2, 4)])", "join_shapes", "length 3 meets length 4"),
    ("torch.cat([s, t])", "join_axes", "same number of axes"),
    ("np.stack([a, m])", "stack_shapes", "`concatenate` or `cat`"),
    ("torch.stack([])", "nothing_to_join", "empty"),
    ("np.array([[1, 2], [3]])", "uneven_rows", "equal length"),
    ("torch.tensor([[1, 2], [3]])", "uneven_rows", "equal length"),
    ("a[0] = [1, 2]", "array_into_an_entry", "one number"),
    ("torch.ones(2, 3, 4).permute(0, 2, 1).view(2, 12)", "view_of_permuted", "`reshape` copies"),
    ("s.view(4)", "reshape_count", "6, does not fill the shape [4]"),
    ("m.reshape(-1, 4)", "reshape_count", "multiply to 6"),
    ("s.view(-1, -1)", "two_unknown_axes", "-1"),
    ("s.permute(0, 2, 1)", "permute_axes", "every axis named once"),
    ("m.transpose(0, 1, 2)", "permute_axes", "every axis named once"),
    ("m.sum(2)", "no_such_axis", "has no axis 2"),
    ("s.sum(2)", "no_such_axis", "[-2, 1]"),
    ("a[0, 1]", "too_many_indices", "(1) than the brackets name (2)"),
    ("t[0, 1]", "too_many_indices", "(1)"),
    ("a[0][0]", "number_for_array", "single number"),
    ("t[0][0]", "number_for_array", "single number"),
    ("len(t[0])", "number_for_array", "single number"),
    ("for i in 3: pass", "number_for_array", "`range(n)`"),
    ("for i, v in [1, 2]: pass", "pairs_in_a_for", "`enumerate(x)`"),
    ("F.cross_entropy(s, torch.tensor([0, 5]))", "class_too_large", "class 5"),
    ("F.one_hot(torch.tensor([5]), 3)", "class_too_large", "0 to C − 1"),
    ("a[3]", "index_too_far", "Axis 0 has length 3, and there is no entry 3"),
    ("s[0, 5]", "index_too_far", "Axis 1 has length 3, and there is no entry 5"),
    ("[1, 2][2]", "index_too_far", "This list"),
    ("nn.Embedding(3, 2)(torch.tensor([3]))", "index_too_far", "n − 1"),
    ("[].pop()", "pop_from_empty", "nothing left"),
    ("[[1]][0, 0]", "two_indices_of_a_list", "`a[i][j]`"),
    ("[1, 2][2 / 2]", "float_as_index", "`//`"),
    ("a[2 / 2]", "float_as_index", "`//`"),
    ("t[2 / 2]", "float_as_index", "`.long()`"),
    ("t[torch.tensor([1.0])]", "float_as_index", "`.long()`"),
    ("[1, 2]['a']", "not_an_index", "str"),
    ("[1, 2][np.array([0, 1])]", "array_as_index", "lists cannot"),
    ("s.gather(1, torch.tensor([0, 1]))", "gather_axes", "`[:, None]`"),
    ("math.log(a)", "math_of_an_array", "`np.log`"),
    ("math.sqrt(t)", "math_of_an_array", "`torch.sqrt`"),
    ("torch.tensor([t, t])", "tensor_of_tensors", "`torch.stack`"),
    ("float(a)", "one_number_wanted", "summed or averaged"),
    ("t.item()", "one_number_wanted", "summed or averaged"),
    ("np.max(np.array([]))", "empty_has_no_largest", "no largest"),
    ("float('x')", "text_for_number", "text"),
    ("y = None\ny.shape", "none", "`y` is None here, and None has no `shape`"),
    ("def f(x): 2 * x\nf(3) + 1", "none", "without `return`"),
    ("t * None", "none", "None"),
    ("for x in [1].sort(): pass", "none", "`sort`"),
    ("torch.sqrt(None)", "none", "None"),
    ("t.grad.zero_()", "gradient_is_none", "until `backward`"),
    ("b, c, h, w = s.shape", "shape_unpacked", "fewer axes (2) than names on the left (4)"),
    ("b, c = torch.ones(2, 3, 4).shape", "shape_unpacked", "more axes"),
    ("p, q, r = 1, 2", "unpacking", "fewer values (2) than names to be filled (3)"),
    ("p, q = a", "unpacking", "more values"),
    ("p, q = 3", "unpacking", "`return a, b`"),
    ("np.mean(leaf)", "numpy_function_of_tensor", "`np.mean`"),
    ("class A:\n  def f(x): pass\nA().f(1)", "self_counted", "`A.f` was given more arguments (2) than it takes (1)"),
    ("def f(x): pass\nf(1, 2)", "too_many_arguments", "(2) than it takes (1)"),
    ("def f(x, y): pass\nf(1)", "missing_arguments", "without its `y`"),
    ("m.sum(dim=1)", "dim_or_axis", "`axis`"),
    ("def f(x): pass\nf(1, c=2)", "unexpected_argument", "no argument called `c`"),
    ("def f(x): pass\nf(1, x=2)", "argument_given_twice", "`x` is given twice"),
    ("class A: pass\nA(1)", "no_init", "`A`"),
    ("torch.exp(a)", "array_for_tensor", "`exp`"),
    ("torch.clip(a, 0, 1)", "array_for_tensor", "`clip`"),
    ("torch.exp(2.0)", "number_for_tensor", "float"),
    ("torch.randn(3, generator=np.random.default_rng(0))", "generator_of_another_library", "`torch.Generator`"),
    ("torch.randint(0, 5, 3)", "no_such_form", "(int, int, int)"),
    ("torch.randperm(None or 'x')", "argument_kind", "str"),
    ("np.random.default_rng(0).normal(2, 3, 4, 5)", "argument_count", "another number"),
    (WITHOUT_INIT.format("fc = nn.Linear(2, 2)") + "Net()", "init_not_called", "`super().__init__()`"),
    (WITHOUT_INIT.format("w = nn.Parameter(torch.ones(2))") + "Net()", "init_not_called", "`super().__init__()`"),
    (WITHOUT_INIT.format("n = 3") + "Net()(1)", "init_not_called", "never set up"),
    ("s.max(1).shape", "values_and_indices", "`.values`"),
    ("s.max(1) - 1", "values_and_indices", "`max`"),
    ("a.unsqueeze(0)", "tensor_method_of_an_array", "`unsqueeze` belongs to torch"),
    ("t.astype(float)", "array_method_of_a_tensor", "`astype` belongs to NumPy"),
    ("a.append(2)", "append_to_an_array", "list"),
    ("t.foo", "no_such_attribute_of_array", "no `foo`"),
    ("[1].shape", "list_for_array", "Python list"),
    ("(1, 2).append(3)", "tuple_attribute", "tuple"),
    ("(3.0).sqrt()", "number_attribute", "plain number"),
    ("{}.m", "dict_attribute", '`d["m"]`'),
    ("np.random.default_rng(0).randn(3)", "numpy_generator", "`standard_normal`"),
    ("np.zeros[3]", "not_called", "round brackets"),
    ("def f(): pass\nf + 1", "not_called", "round brackets"),
    ("zip([1], [2])[0]", "lazy", "`list(…)`"),
    ("len(x for x in [1])", "lazy", "`list(…)`"),
    ("np.float", "old_numpy", "`np.float`"),
    ("torch.foo", "not_in_library", "`torch` has no `foo`"),
    ("nn.Linear(2, 2).device", "module_device", "`next(model.parameters()).device`"),
    ("class A: pass\nA().w", "not_set", "`self.w = …`"),
    ("2 ^ 3.0", "power_operator", "`**`"),
    ("a ^ a", "power_operator", "`**`"),
    ("t ^ 2", "power_operator", "`**`"),
    ("~a", "mask_of_floats", "masks"),
    ("a > 0 & a < 1", "mask_of_floats", "brackets of its own"),
    ("-(a > 0)", "minus_of_masks", "`~mask`"),
    ("1 - (t > 0)", "minus_of_masks", "`~mask`"),
    ("a @ t", "array_and_tensor", "NumPy array and a torch tensor"),
    ("'a' + 1", "text_and_number", "text"),
    ("[1, 2] * 1.5", "list_arithmetic", "do not calculate"),
    ("[1, 2] - [1]", "list_arithmetic", "do not calculate"),
    ("p = (1, 2)\np[0] = 3", "cannot_be_changed", "A tuple"),
    ("{[1]: 2}", "unhashable", "list"),
    ("m.shape(0)", "not_a_function", "`x.shape[0]`"),
    ("sum = 3\nsum([1])", "not_a_function", "int"),
    ("np(3)", "module_called", "library"),
    ("{} + 1", "unfit_operands", "dict and int"),
    ("def f():\n  n = n + 1\nf()", "used_before_set", "`n` is used before"),
    ("foo(3)", "not_defined", "`foo`"),
    ("self.x = 3", "self_missing", "first parameter"),
    ("x = true", "other_spelling", "`True`"),
    ("import no_such", "no_such_library", "`no_such`"),
    ("from torch import foo", "not_in_library", "`torch` has no `foo`"),
    ("{}['m']", "no_such_key", "no entry `m`"),
    ("{}[(1, 2)]", "no_such_key", "under this key"),
    ("assert 1 == 2", "assert", "`raise`"),
    ("y = torch.exp(leaf)\ny += 1\ny.sum().backward()", "changed_in_place", "the result of `Exp`"),
    ("p, q, r = (leaf * 2).unbind()\np += 1", "changed_in_place", "in place"),
    ("leaf += 1", "leaf_in_place", "`with torch.no_grad():`"),
    ("leaf[0] = 1", "leaf_in_place", "make a new one"),
    ("y = torch.ones(1, 3).expand(2, 3)\ny += 1", "expanded_in_place", "`clone`"),
    ("t.sum().backward()", "no_gradient", "requires no gradient"),
    ("torch.autograd.grad((leaf * 2).sum(), t.requires_grad_())", "not_in_the_graph", "another one"),
    ("np.exp(leaf)", "numpy_of_gradient", "torch's own functions"),
    ("y = (leaf * leaf).sum()\ny.backward()\ny.backward()", "backward_twice", "afresh"),
    ("(leaf * leaf).backward()", "scalar_outputs", "one number"),
    ("torch.tensor([1, 2], requires_grad=True)", "gradients_of_floats", "1.0 for 1"),
    ("(leaf * 2).requires_grad = False", "not_a_leaf", "`.detach()`"),
    (
        "class Twice(Function):\n  @staticmethod\n  def forward(ctx, x): return 2 * x\n  @staticmethod\n"
        "  def backward(ctx, g): return g, g\nTwice.apply(leaf).sum().backward()",
        "number_of_gradients",
        "1, and it returned 2",
    ),
    (
        "class Twice(Function):\n  @staticmethod\n  def forward(ctx, x): return 2 * x\n  @staticmethod\n"
        "  def backward(ctx, g): return torch.ones(4)\nTwice.apply(leaf).sum().backward()",
        "shape_of_gradient",
        "has [4], and its argument [3]",
    ),
    (
        "class Twice(Function):\n  @staticmethod\n  def forward(ctx, x): return 2 * x\n"
        "Twice.apply(leaf).sum().backward()",
        "no_backward",
        "`backward`",
    ),
    ("F.cross_entropy(s, torch.tensor([0.0, 1.0]))", "labels_must_be_long", "`.long()`"),
    ("nn.Embedding(3, 2)(t)", "labels_must_be_long", "`.long()`"),
    ("t.gather(0, t)", "labels_must_be_long", "`.long()`"),
    ("F.cross_entropy(torch.tensor([0, 1]), s)", "loss_arguments_exchanged", "scores come first"),
    ("s @ s.T.double()", "dtypes_differ", "One tensor is float, the other double"),
    ("t @ t.double()", "dtypes_differ", "One tensor is Float, the other Double"),
    ("s @ t.double()", "dtypes_differ", "One tensor is Float, the other Double"),
    ("nn.Linear(3, 2)(torch.ones(2, 3).long())", "dtypes_differ", "One tensor is Long, the other Float"),
    ("t[torch.tensor([0])] = t[:1].double()", "dtypes_differ", "Double"),
    ("t.index_add_(0, torch.tensor([0]), t[:1].double())", "dtypes_differ", "Double"),
    ("torch.arange(3).mean()", "floats_wanted", "`.float()`"),
    ("torch.arange(3).softmax(0)", "floats_wanted", "softmax"),
    ("n = np.arange(3)\nn += 0.5", "floats_into_integers", "`+=`"),
    ("n = torch.arange(3)\nn /= 2", "floats_into_integers", "`+=`"),
    ("np.arange(3) ** -1", "negative_power", "2.0 for 2"),
    ("torch.where(t, t, t)", "condition_is_no_mask", "`x > 0`"),
    ("t + torch.ones(3, device='meta')", "devices_differ", "lies on meta, another on cpu"),
    ("torch.ones(3, device='meta').numpy()", "devices_differ", "`device=x.device`"),
    ("class Net(nn.Module):\n  def __init__(self): super.__init__()\nNet()", "super_not_called", "brackets"),
    ("nn.ModuleList([nn.ReLU()])(t)", "no_forward", "ModuleList"),
    ("nn.Sequential([nn.ReLU()])", "modules_in_a_list", "one by one"),
    ("nn.Sequential(nn.ReLU)", "not_a_module", "`nn.ReLU()`"),
    ("n = nn.Linear(2, 2)\nn.weight = torch.ones(2, 2)", "parameter_replaced", "`weight`"),
    ("torch.optim.SGD(nn.ReLU().parameters(), 0.1)", "no_parameters", "`nn.ModuleList`"),
    ("nn.Conv2d(3, 4, 3)(torch.ones(2, 1, 8, 8))", "channels", "expects 3 channels"),
    ("nn.LayerNorm(3)(torch.ones(2, 4))", "normalized_shape", "[2, 4]"),
    ("nn.Conv2d(3, 4, 3)(torch.ones(8, 8))", "axes_of_a_layer", "(B, C, H, W)"),
    ("nn.BatchNorm2d(3)(s)", "axes_of_a_layer", "(B, C, H, W)"),
    ("nn.GroupNorm(3, 4)", "groups", "evenly"),
    ("nn.Linear(2, 2).load_state_dict({})", "state_dict", "names or shapes"),
    ("F.pad(s, (1, 1, 1, 1), mode='reflect')", "torch_has_no_such", "`x.shape`"),
    ("def f(n): return f(n + 1)\nf(0)", "recursion", "which input makes it stop"),
    ("1 / 0", "division_by_zero", "divided by 0"),
    ("math.exp(1000)", "overflow", "710"),
    ("10.0 ** 400", "overflow", "largest float"),
    ("int(float('nan'))", "nan_to_integer", "nan or inf"),
    ("math.log(0)", "domain", "logarithm"),
    ("np.linalg.inv(np.ones((2, 2)))", "singular", "no inverse"),
    ("torch.linalg.inv(torch.zeros(2, 2))", "singular", "no inverse"),
    ("np.linalg.cholesky(-np.eye(2))", "not_positive_definite", "eigenvalues"),
    ("np.broadcast_to(a, (2, 3))[0] = 1", "read_only", "copy"),
    ("a.flags.writeable = False\na += 1", "read_only", "copy"),
    ("torch.from_numpy(a[::-1])", "negative_strides", "copy"),
    ("next(iter([]))", "iterator_ends", "none left"),
    ("next([1])", "not_an_iterator", "list"),
    ("def f(x)\n  return x", "colon_missing", "colon"),
    ("x = (1, 2\ny = 3", "bracket_open", "`(`"),
    ("x = 1, 2)", "bracket_unmatched", "too many"),
    ("x = 'abc", "quote_open", "quotation mark"),
    ("if x = 3: pass", "comparison", "`==`"),
    ("def f():\n    x = 1\n\ty = 2", "tabs", "Tabs"),
    ("def f():\nreturn 1", "block_missing", "four blanks"),
    ("x = 1\n  y = 2", "indentation", "same column"),
    ("return 3", "outside_function", "`return`"),
    ("x = “abc”", "typographic", "typographic"),
    ("x = (1 2)", "comma", "comma"),
    ("print 3", "print_brackets", "`print(x)`"),
    ("f(a=1, 2)", "order_of_arguments", "come before"),
    ("x = 3 +", "does_not_parse", "cannot read"),
]


@pytest.mark.parametrize(("code", "name", "words"), RAISED, ids=[f"{name}: {code[-40:]}" for code, name, _ in RAISED])
def test_an_exception_is_told_in_plain_words(code, name, words):
    cause = means(raised(code))
    assert (cause.name, words in cause.sentence) == (name, True), cause.sentence


TOLD = [  # what this machine cannot raise, and the wordings of other versions
    (told("NameError", "name 'np' is not defined"), "not_imported", "`np` was not imported"),
    (told("AssertionError", "Torch not compiled with CUDA enabled"), "no_such_device", "no such device"),
    (
        told("RuntimeError", "Expected all tensors to be on the same device, but found cuda:0 and cpu!"),
        "devices_differ",
        "`device=x.device`",
    ),
    (told("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (4x3 and 4x2)"), "matmul_shapes", "(4, 3)"),
    (
        told("RuntimeError", "mat1 and mat2 must have the same dtype, but got Float and Double"),
        "dtypes_differ",
        "Double",
    ),
    (told("RuntimeError", "expected scalar type Long but found Float"), "labels_must_be_long", "`.long()`"),
    (told("RuntimeError", "expected scalar type Half"), "dtypes_differ", "Half"),
    (
        told(
            "RuntimeError",
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            "[torch.FloatTensor [3]], which is output 0 of ExpBackward0, is at version 1",
        ),
        "changed_in_place",
        "`Exp`",
    ),
    (
        told("TypeError", "only length-1 arrays can be converted to Python scalars", "y = float(x)"),
        "one_number_wanted",
        "",
    ),
    (told("UnboundLocalError", "local variable 'n' referenced before assignment"), "used_before_set", "`n`"),
    (told("ValueError", "too many values to unpack (expected 2, got 3)"), "unpacking", "(2)"),
    (told("ValueError", "cannot reshape array of size 6 into shape (4,)"), "reshape_count", "(4,)"),
    (told("TypeError", "f() takes 2 positional arguments but 3 were given", None), "signature_changed", "stub"),
    (told("TypeError", "f() missing 1 required positional argument: 'y'", None), "signature_changed", "`f`"),
]


@pytest.mark.parametrize(("error", "name", "words"), TOLD, ids=[str(error)[:60] for error, _, _ in TOLD])
def test_an_exception_of_another_machine_or_version(error, name, words):
    cause = means(error)
    assert (cause.name, words in cause.sentence) == (name, True), cause.sentence


def test_each_entry_of_the_table_is_met_here():
    assert {known.name for known in EXCEPTIONS} == {name for _, name, _ in RAISED + TOLD}


def test_what_the_learner_raises_on_purpose_is_not_explained():
    assert explain(told("IndexError", "list index out of range", 'raise IndexError("list index out of range")')) is None
    assert explain(told("NotImplementedError", "", "raise NotImplementedError")) is None
    assert explain(told("ValueError", "groups must divide the channels")) is None


def test_a_guess_says_that_it_is_one():
    assert means(raised("t.grad.zero_()")).sure is Sure.LIKELY
    assert means(raised("a[3]")).sure is Sure.CERTAIN


def test_an_attribute_is_named_only_of_the_name_that_it_was_asked_of():
    assert means(
        told("AttributeError", "'NoneType' object has no attribute 'sum'", "y = h.mean() + z.w.sum()")
    ).sentence.startswith("`z.w` is None here")
    assert (
        "Something here" in means(told("AttributeError", "'NoneType' object has no attribute 'sum'", "f(x)")).sentence
    )


# --------------------------------------------------------------------------------------------------- the page


def test_every_section_of_the_table_is_on_the_page_and_has_words_everywhere():
    anchors = {heading.anchor for heading in GUIDE.headings if heading.level == 2}
    assert {known.anchor for known in EXCEPTIONS} == anchors
    for anchor in anchors:
        assert place(COURSE, f"{PAGE}#{anchor}") == f"errors, “{GUIDE.titled(anchor)}”"
    assert place(COURSE, f"{PAGE}#nowhere") is None
    assert place(COURSE, "guide/nowhere#axes") is None
    assert place(COURSE, "guide/../guide/errors#axes") is None


def test_the_address_is_that_of_the_built_page():
    assert href(f"{PAGE}#axes") == "/guide/errors.html#axes"
    assert href("phase1/unit1#axes") == "/phase1/unit1/#axes"


def test_every_example_of_the_page_raises_what_it_shows_and_is_explained_by_its_own_section():
    sections = [heading for heading in GUIDE.headings if heading.level == 2]
    examples = [fence for fence in GUIDE.fences if fence.language == "python"]
    shown = [fence for fence in GUIDE.fences if fence.language == "text"]
    assert len(sections) == len(examples) == len(shown)
    for section, example, output in zip(sections, examples, shown, strict=True):
        error = raised(example.code.rstrip("\n"), prelude="")
        assert output.code.startswith(f"{error.kind}: "), section.title
        assert means(error).section == f"{PAGE}#{section.anchor}"


# --------------------------------------------------------------------------------------------------- hostile text

KINDS = sorted({kind for known in EXCEPTIONS for kind in known.kinds.split()})
PIECES = [
    "'NoneType' object has no attribute 'x",
    "' and 'list'",
    "operands could not be broadcast together with shapes ",
    "(1,1) ",
    "(" * 50,
    "got (int, int",
    "mismatch in its core dimension",
    "argument 'input' (position 1) must be Tensor, not ",
    "torch.return_types.",
    "takes 1 positional arguments but ",
    "() missing 2 required ",
    "a.b.c.d.e.f" * 9,
    "x_" * 40,
    "9" * 60,
    ", " * 40,
    "\n",
    "\u202e",
    "{x}",
    "{0.__class__}",
    ".grad",
    "np.sum(",
    "for a, b in ",
    "@ .T @",
    "= x.shape",
]
hostile = st.one_of(st.text(max_size=2000), st.lists(st.sampled_from(PIECES), max_size=60).map("".join))


@given(kind=st.sampled_from(KINDS), text=hostile, code=hostile)
def test_whatever_a_text_says_it_is_answered_shortly_and_at_once(kind, text, code):
    began = time.process_time()
    cause = explain(told(kind, text, code))
    assert time.process_time() - began < 0.5
    if cause is not None:
        assert len(cause.sentence) < 700
        assert cause.sentence.isprintable()


@pytest.mark.parametrize("piece", [*PIECES, *string.punctuation, " ", "a", "1", "é"])
def test_a_text_of_one_piece_over_and_over_is_read_at_once(piece):
    text = (piece * 2000)[:100_000]
    began = time.process_time()
    for kind in KINDS:
        explain(told(kind, text, text))
    assert time.process_time() - began < 5


@pytest.mark.parametrize("known", EXCEPTIONS, ids=lambda known: known.name)
def test_sentences_are_short_and_plain(known):
    assert known.sentence[0].isupper() or known.sentence[0] == "`" or known.sentence.startswith(("nan", "torch"))
    assert known.sentence.endswith((".", "?", ".)")) and len(known.sentence) < 330
