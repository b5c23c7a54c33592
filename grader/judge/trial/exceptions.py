"""What an exception means: the ones that beginners of NumPy and PyTorch meet, by their texts, each in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from grader.judge.terms.calls import LearnerError
from grader.judge.terms.failure import Cause, Sure

PAGE = "guide/errors"
"""The page that has a section for each anchor."""

MOST = 2000
"""Characters of a text, or of a line of code, that are looked at."""


@dataclass(frozen=True)
class Known:
    """An exception that has an explanation.

    `kinds` are the names of its class, apart by blanks; `text` is to be found in what it says, and `code` in the
    learner's innermost line, which is empty where the exception went through none. What their named groups hold is
    put into `sentence`; a name that both have stands for the same. They match names and numbers only and no more than
    some sixty characters, since text and line are the learner's. `anchor` is a heading of the page.
    """

    name: str
    kinds: str
    text: str
    sentence: str
    anchor: str
    code: str = ""
    sure: Sure = Sure.CERTAIN


def explain(error: LearnerError) -> Cause | None:
    """Why the learner's code raised this, if it is known; None for what the learner's own line raised on purpose."""
    text, code = error.text[:MOST], error.frames[-1].code.strip()[:MOST] if error.frames else ""
    if re.match(r"raise\b", code):
        return None
    for known, kinds, in_text, in_code in _COMPILED:
        if error.kind not in kinds or (said := in_text.search(text)) is None:
            continue
        for line in _agreeing(said, in_code, code):
            sentence = known.sentence.format_map({name: _shown(group) for name, group in line.items() if group})
            return Cause(known.name, sentence, known.sure, f"{PAGE}#{known.anchor}")
    return None


def _agreeing(said: re.Match[str], pattern: re.Pattern[str], code: str) -> Iterator[dict[str, str]]:
    """The groups of text and code, for each place in the code that the text may speak of."""
    groups = said.groupdict()
    for place in pattern.finditer(code):
        found = place.groupdict()
        if all(groups.get(name, value) == value for name, value in found.items()):
            yield groups | found


def _shown(group: str) -> str:
    """Shapes as a learner prints them: `(2,3) (2,)` as (2, 3) and (2,)."""
    return re.sub(r",(?=\d)", ", ", group.strip()).replace(") (", ") and (")


def _only_in(one: type, other: type) -> str:
    """The public names that one class has and the other has not, as a pattern."""
    return "|".join(sorted(name for name in set(dir(one)) - set(dir(other)) if not name.startswith("_")))


_VALUE, _TYPE, _INDEX, _RUNTIME = "ValueError", "TypeError", "IndexError", "RuntimeError"
_ATTRIBUTE, _MISSING, _SYNTAX = "AttributeError", "NotImplementedError", "SyntaxError IndentationError TabError"
_ALGEBRA = "LinAlgError _LinAlgError"
_UFUNC = "TypeError UFuncTypeError _UFuncNoLoopError UFuncOutputCastingError _UFuncOutputCastingError"

_NAME = r"[A-Za-z_]\w{0,59}"
_DOTTED = r"[A-Za-z_][\w.]{0,59}"
_ARRAYS_ALONE = _only_in(np.ndarray, torch.Tensor)
_TENSORS_ALONE = _only_in(torch.Tensor, np.ndarray)
_OF_ARRAYS = "|".join(sorted(name for name in {*dir(np.ndarray), *dir(torch.Tensor)} if not name.startswith("_")))
_LAZY = r"generator|zip|map|filter|enumerate|dict_keys|dict_values|dict_items"
_NUMBER = r"int|float|bool|numpy\.(?:float|int|uint|bool)\w{0,10}"
_FUNCTION = r"function|method|builtin_function_or_method|type|numpy\._ArrayFunctionDispatcher|numpy\.ufunc"
_DTYPE = r"Float|Double|Half|BFloat16|Long|Int|Short|Char|Byte|Bool|float|double|long int|int|bool"
_NO_FRAME = r"\A\Z"
_UNPACKED = r"(?:not enough|too many) values to unpack|cannot unpack non-iterable"

_TRUTH = (
    Known(
        "loss_called_as_function",
        _RUNTIME,
        r"Boolean value of Tensor with",
        "`nn.{loss}(…)` makes a loss, and what is in its brackets was taken for options. Make it first, then "
        "call it with the tensors: `nn.{loss}()(…)`.",
        "modules",
        code=r"\bnn\.(?P<loss>[A-Z]\w{0,40}Loss)\((?!\))",
    ),
    Known(
        "truth_of_an_empty_array",
        f"{_VALUE} {_RUNTIME}",
        r"truth value of an empty array is ambiguous|Boolean value of Tensor with no values",
        "An array with no entries is neither true nor false. Ask for its length, and think of which input "
        "leaves it empty.",
        "the-truth-of-an-array",
    ),
    Known(
        "truth_of_an_array",
        f"{_VALUE} {_RUNTIME}",
        r"truth value of an array .{0,60}ambiguous|Boolean value of Tensor .{0,60}ambiguous",
        "A comparison of arrays gives an answer for every entry, and `if`, `while`, `and`, `or`, `not`, `max` "
        "or `in` want a single one. To choose entry by entry use a mask, `where` or `clip`; for one answer "
        "about all of them, `.any()` or `.all()`.",
        "the-truth-of-an-array",
    ),
)

_MAKING = (
    Known(
        "torch_dtype_for_numpy",
        _TYPE,
        r"Cannot interpret 'torch\.(?P<dtype>\w{1,20})' as a data type",
        "A NumPy function was given torch's dtype `torch.{dtype}`; NumPy's are called `np.float32`, `np.int64`, ….",
        "array-or-tensor",
    ),
    Known(
        "numpy_dtype_for_torch",
        _TYPE,
        r"argument 'dtype' .{0,30}must be torch\.dtype, not (?:type|numpy|str|dtype)",
        "A torch function was given a dtype of another library; torch's are called `torch.float32`, `torch.long`, ….",
        "array-or-tensor",
    ),
    Known(
        "numpy_view",
        _TYPE,
        r"Cannot interpret '-?\d[\d.]{0,20}' as a data type",
        "`view` changes the shape of a torch tensor, but the *dtype* of a NumPy array. Where this is an "
        "array, the word is `reshape`.",
        "array-or-tensor",
        code=r"\.view\(",
    ),
    Known(
        "shape_without_brackets",
        _TYPE,
        r"Cannot interpret '(?P<second>-?\d[\d.]{0,20})' as a data type",
        "NumPy takes a shape as *one* argument, so {second} was read as the dtype. A shape of several axes "
        "needs brackets of its own: `np.zeros((3, 4))`.",
        "making-an-array",
    ),
    Known(
        "float_for_a_count",
        _TYPE,
        r"'(?:numpy\.)?float\d{0,3}' object cannot be interpreted as an integer|integers? or a single "
        r"integer, got '-?\d+\."
        r"|must be (?:tuple of ints|int), ?(?:not|but got) float",
        "A length, a shape or a count must be a whole number, and this one is a float. A division by `/` "
        "always gives a float, even 6 / 2; `//` divides whole numbers.",
        "making-an-array",
    ),
    Known(
        "shape_must_be_a_tuple",
        _TYPE,
        r"(?P<function>\w{1,40})\(\): argument 'size' .{0,20}must be tuple of ints, not int",
        "`{function}` takes the shape as a tuple, also where there is one axis: `({function} …(3,), …)`.",
        "making-an-array",
    ),
    Known(
        "shape_given_in_one",
        _TYPE,
        r"'(?P<what>tuple|list)' object cannot be interpreted as an integer",
        "A whole number is wanted, and a {what} was given. Some functions take the lengths one by one, as in "
        "`randn(2, 3)`, others one tuple, as in `zeros((2, 3))`; `range` takes a number such as `len(x)`.",
        "making-an-array",
    ),
    Known(
        "too_large",
        "MemoryError RuntimeError",
        r"Unable to allocate|can't allocate memory|out of memory",
        "The array would be larger than the memory. Print the shapes: often an axis too many is paired with "
        "every entry of another.",
        "shapes-that-do-not-broadcast",
    ),
    Known(
        "not_an_array",
        _TYPE,
        r"expected np\.ndarray \(got (?P<what>\w{1,30})\)",
        "`from_numpy` takes a NumPy array and was given a {what}; `torch.tensor` takes numbers and lists.",
        "array-or-tensor",
    ),
)

_REVERSED = (
    "`.T` turns round *all* axes of what it stands on, the batch's too, once there are more than two. To exchange the "
    "last two alone, write `.mT` or name them."
)
_PRODUCTS = (
    Known(
        "all_axes_transposed",
        _RUNTIME,
        r"Expected size for first two dimensions of batch2|size of tensor a \(\d+\) must match",
        _REVERSED,
        "products-of-matrices",
        code=r"@[^+*/=,-]{0,80}\.T\b|\.T\s{0,3}@",
        sure=Sure.LIKELY,
    ),
    Known(
        "matmul_shapes",
        _VALUE,
        r"matmul: .{0,60}mismatch in its core dimension.{0,80}\(size (?P<second>\d{1,12}) is different from "
        r"(?P<first>\d{1,12})\)",
        "In a product `a @ b` the last axis of `a` must be as long as the last but one of `b` (as its only "
        "one, if `b` has one axis). Here `a` has {first} there and `b` has {second}: print both shapes.",
        "products-of-matrices",
    ),
    Known(
        "matmul_of_a_number",
        f"{_VALUE} {_RUNTIME}",
        r"matmul: .{0,60}not have enough dimensions|both arguments to matmul need to be at least 1D",
        "One side of `@` is a single number. A product with a number is written `*`; if there should be an "
        "array, print its shape one line earlier.",
        "products-of-matrices",
    ),
    Known(
        "matmul_of_a_number",
        _TYPE,
        rf"for @: .{{0,40}}'(?:{_NUMBER})'",
        "One side of `@` is a single number. A product with a number is written `*`; if there should be an "
        "array, print what it is one line earlier.",
        "products-of-matrices",
    ),
    Known(
        "matmul_shapes",
        _VALUE,
        r"shapes (?P<first>\([\d,]{1,30}\)) and (?P<second>\([\d,]{1,30}\)) not aligned: (?P<a>\d{1,12}) .{0,12}"
        r"!= (?P<b>\d{1,12})",
        "Arrays of shapes {first} and {second} have no product: the axis that is summed over has length {a} "
        "in the first and {b} in the second.",
        "products-of-matrices",
    ),
    Known(
        "gufunc_shapes",
        _VALUE,
        r"(?P<function>[a-z]{1,20})1?: .{0,60}mismatch in its core dimension",
        "The arrays given to `{function}` do not fit each other: an axis that both have in common differs in "
        "length. Print both shapes.",
        "products-of-matrices",
    ),
    Known(
        "matmul_shapes",
        _RUNTIME,
        r"mat1 and mat2 shapes cannot be multiplied \((?P<r1>\d{1,12})x(?P<c1>\d{1,12}) and (?P<r2>\d{1,12})x"
        r"(?P<c2>\d{1,12})\)",
        "A ({r1}, {c1}) matrix times a ({r2}, {c2}) matrix does not exist: the first must have as many "
        "columns ({c1}) as the second has rows ({r2}). A `Linear` layer is such a product too: its input's "
        "last axis must have length `in_features`.",
        "products-of-matrices",
    ),
    Known(
        "matmul_shapes",
        _RUNTIME,
        r"size mismatch, got input \(\d+\), mat \((?P<r>\d{1,12})x(?P<c>\d{1,12})\), vec \((?P<v>\d{1,12})\)",
        "A ({r}, {c}) matrix times a vector needs a vector of length {c}; this one has length {v}.",
        "products-of-matrices",
    ),
    Known(
        "dot_shapes",
        _RUNTIME,
        r"inconsistent tensor size, expected tensor \[(?P<a>\d{1,12})\] and src \[(?P<b>\d{1,12})\]",
        "The product of two vectors needs two of the same length; these have {a} and {b}.",
        "products-of-matrices",
    ),
    Known(
        "matmul_shapes",
        _RUNTIME,
        r"first two dimensions of batch2 tensor to be: \[(?P<b1>\d{1,12}), (?P<k1>\d{1,12})\] but got: "
        r"\[(?P<b2>\d{1,12}), (?P<k2>\d{1,12})\]",
        "In a product of batches `a @ b`, the last axis of `a` must be as long as the last but one of `b`, "
        "and the batches equally large. Here `b` should begin with ({b1}, {k1}) and begins with ({b2}, {k2}).",
        "products-of-matrices",
    ),
    Known(
        "product_of_other_axes",
        _RUNTIME,
        r"must be a matrix, got (?P<axes>\d{1,2})-D tensor|1D tensors expected, but got (?:\d)D",
        "`mm`, `mv` and `dot` are for matrices or vectors alone, and this tensor has another number of axes; "
        "`@` takes them all, batches too.",
        "products-of-matrices",
    ),
    Known(
        "einsum_lengths",
        _RUNTIME,
        r"einsum\(\): subscript (?P<letter>\w) has size (?P<b>\d{1,12}) .{0,60}previously seen size (?P<a>\d{1,12})",
        "In `einsum` a letter stands for one length, and `{letter}` meets both {a} and {b}. Write the letters "
        "under the shapes.",
        "products-of-matrices",
    ),
    Known(
        "einsum_axes",
        _RUNTIME,
        r"number of subscripts in the equation \((?P<letters>\d{1,3})\) does not match the number of dimensions "
        r"\((?P<axes>\d{1,3})\)",
        "`einsum` wants a letter for each axis: there are {letters} letters for a tensor with another number "
        "of axes, {axes}.",
        "products-of-matrices",
    ),
    Known(
        "not_square",
        _ALGEBRA,
        r"must be square|must be batches of square",
        "This works on square matrices, and the last two axes differ here. Print the shape.",
        "products-of-matrices",
    ),
    Known(
        "not_a_matrix",
        _ALGEBRA,
        r"(?P<axes>\d{1,2})-dimensional array given",
        "This works on matrices, and the array has too few axes ({axes}). Print the shape.",
        "products-of-matrices",
    ),
)

_BROADCASTING = (
    Known(
        "broadcast",
        _VALUE,
        r"operands could not be broadcast together with shapes (?P<shapes>\([\d,]{0,30}\)(?: \([\d,]{0,30}\)){1,4})",
        "Shapes {shapes} do not go together. They are compared from the last axis backwards, and each pair "
        "must be equal or hold a 1; `keepdims=True` keeps, `[:, None]` adds an axis of length 1.",
        "shapes-that-do-not-broadcast",
    ),
    Known(
        "broadcast",
        _VALUE,
        r"operands could not be broadcast together",
        "Two of the shapes here do not go together. They are compared from the last axis backwards, and each "
        "pair must be equal or hold a 1. Print them.",
        "shapes-that-do-not-broadcast",
    ),
    Known(
        "broadcast",
        _RUNTIME,
        r"size of tensor a \((?P<a>\d{1,12})\) must match the size of tensor b \((?P<b>\d{1,12})\) at non-singleton "
        r"dimension (?P<axis>\d{1,3})",
        "Two tensors do not go together: at axis {axis} length {a} meets length {b}. Shapes are compared from "
        "the last axis backwards, and each pair must be equal or hold a 1; `keepdim=True` keeps, `[:, None]` "
        "adds an axis of length 1.",
        "shapes-that-do-not-broadcast",
    ),
    Known(
        "grown_in_place",
        f"{_VALUE} {_RUNTIME}",
        r"(?:output operand|output) with shape (?P<have>[(\[][\d, ]{0,40}[)\]]) doesn't match the broadcast shape "
        r"(?P<get>[(\[][\d, ]{0,40}[)\]])",
        "`x += y` writes its result into `x`, so `x` must have the result's shape already; it has {have}, and "
        "the result {get}. Print the shapes, or write `x = x + y` if it is to grow.",
        "shapes-that-do-not-broadcast",
    ),
    Known(
        "assigned_shape",
        _VALUE,
        r"could not broadcast input array from shape (?P<value>\([\d,]{0,40}\)) into shape (?P<place>\([\d,]{0,40}\))",
        "The place on the left of `=` has shape {place}, and what is to be written there {value}.",
        "shapes-that-do-not-broadcast",
    ),
    Known(
        "assigned_shape",
        _RUNTIME,
        r"expanded size of the tensor .{0,120}Target sizes: (?P<place>\[[\d, -]{0,40}\])\. {1,3}Tensor sizes: "
        r"(?P<value>\[[\d, ]{0,40}\])",
        "A tensor of shape {value} cannot fill the shape {place}, be it by `expand` or in an assignment to a "
        "slice: only an axis of length 1 can be spread.",
        "shapes-that-do-not-broadcast",
    ),
    Known(
        "assigned_shape",
        _RUNTIME,
        r"number of sizes provided \((?P<place>\d{1,3})\) must be greater or equal to the number of dimensions in the "
        r"tensor \((?P<value>\d{1,3})\)",
        "The place to be filled has fewer axes ({place}) than the tensor that is to fill it ({value}), be it "
        "in an assignment or by `expand`. A single entry has none: it takes one number.",
        "shapes-that-do-not-broadcast",
    ),
    Known(
        "mask_shape",
        _INDEX,
        r"boolean index did not match .{0,60}size of axis is (?P<axis>\d{1,12}) but size of .{0,30}is "
        r"(?P<mask>\d{1,12})",
        "A mask must be as long as the axis that it picks from: its length is {mask}, the axis's {axis}.",
        "shapes-that-do-not-broadcast",
    ),
    Known(
        "mask_shape",
        _INDEX,
        r"shape of the mask (?P<mask>\[[\d, ]{0,40}\]) .{0,20}does not match the shape of the indexed tensor "
        r"(?P<axis>\[[\d, ]{0,40}\])",
        "A mask must have the shape of what it picks from: the mask has {mask} and the tensor {axis}.",
        "shapes-that-do-not-broadcast",
    ),
    Known(
        "batch_of_labels",
        _VALUE,
        r"input batch_size \((?P<a>\d{1,12})\) to match target batch_size \((?P<b>\d{1,12})\)",
        "Each row of scores needs one label, and their numbers differ: {a} rows, {b} labels.",
        "shapes-that-do-not-broadcast",
    ),
    Known(
        "loss_shapes",
        _VALUE,
        r"Target size .{0,60}must be the same as input size",
        "This loss compares entry by entry, and prediction and target differ in shape: print both, and look "
        "for an axis of length 1.",
        "shapes-that-do-not-broadcast",
    ),
)

_JOINING = (
    Known(
        "parts_not_in_a_list",
        _TYPE,
        r"only integer scalar arrays can be converted to a scalar index|takes 1 positional argument but 2 were given",
        "`{function}` takes the parts as *one* list: `[a, b]`, in brackets of their own.",
        "joining-arrays",
        code=r"\bnp\.(?P<function>concatenate|[vhd]?stack)\((?![\[(])",
    ),
    Known(
        "parts_not_in_a_list",
        _TYPE,
        r"(?P<function>\w{1,40})\(\): argument 'tensors' .{0,20}must be tuple of Tensors",
        "`{function}` takes the parts as *one* list or tuple, and was given a single tensor: `{function}([a, b])`.",
        "joining-arrays",
    ),
    Known(
        "part_is_no_tensor",
        _TYPE,
        r"expected Tensor as element (?P<place>\d{1,6}) .{0,30}but got (?P<what>[\w.]{1,40})",
        "Only tensors can be joined, and part {place} of the list is of another kind: {what}.",
        "joining-arrays",
    ),
    Known(
        "join_shapes",
        _VALUE,
        r"along dimension (?P<axis>\d{1,3}), the array at index (?P<i>\d{1,6}) has size (?P<a>\d{1,12}) "
        r"and the array at "
        r"index (?P<j>\d{1,6}) has size (?P<b>\d{1,12})",
        "Arrays are joined along one axis and must agree in all the others: along axis {axis} part {i} has "
        "length {a} and part {j} has {b}.",
        "joining-arrays",
    ),
    Known(
        "join_shapes",
        _RUNTIME,
        r"must match except in dimension (?P<axis>\d{1,3})\. Expected size (?P<a>\d{1,12}) but got size "
        r"(?P<b>\d{1,12})",
        "Tensors are joined along axis {axis} here and must agree in all the others, but length {a} meets "
        "length {b}. Is it the right axis?",
        "joining-arrays",
    ),
    Known(
        "join_axes",
        f"{_VALUE} {_RUNTIME}",
        r"must have same number of dimensions|zero-dimensional arrays cannot be concatenated|zero-dimensional tensor "
        r".{0,30}cannot be concatenated",
        "What is joined must have the same number of axes, at least one. `[None]` adds an axis, and `stack` "
        "makes a new one.",
        "joining-arrays",
    ),
    Known(
        "stack_shapes",
        f"{_VALUE} {_RUNTIME}",
        r"all input arrays must have the same shape|stack expects each tensor to be equal size",
        "`stack` puts arrays of *one* shape on top of each other along a new axis; these differ. To join "
        "along an axis that is there, the word is `concatenate` or `cat`.",
        "joining-arrays",
    ),
    Known(
        "nothing_to_join",
        f"{_VALUE} {_RUNTIME}",
        r"non-empty (?:TensorList|list of Tensors)|need at least one array to",
        "There is nothing to join: the list is empty for this input.",
        "joining-arrays",
    ),
    Known(
        "uneven_rows",
        _VALUE,
        r"inhomogeneous shape|expected sequence of length \d+ at dim \d+",
        "An array is made of rows of equal length, and these differ.",
        "joining-arrays",
    ),
    Known(
        "array_into_an_entry",
        _VALUE,
        r"setting an array element with a sequence",
        "One entry of an array holds one number, and it is given several. Either the index on the left misses "
        "an axis, or something on the right should have been summed.",
        "joining-arrays",
    ),
)

_RESHAPING = (
    Known(
        "view_of_permuted",
        _RUNTIME,
        r"view size is not compatible",
        "`view` can only rename the axes of numbers that lie in memory in this order, and after `permute`, "
        "`transpose` or `.T` they no longer do. `reshape` copies where it has to; also check that the axes "
        "stand in the order that you mean.",
        "reshape-and-view",
    ),
    Known(
        "reshape_count",
        _RUNTIME,
        r"shape '(?P<shape>\[[\d, -]{0,40}\])' is invalid for input of size (?P<size>\d{1,15})",
        "The tensor's number of entries, {size}, does not fill the shape {shape}: the lengths of the new axes "
        "must multiply to {size}.",
        "reshape-and-view",
    ),
    Known(
        "reshape_count",
        _VALUE,
        r"cannot reshape array of size (?P<size>\d{1,15}) into shape (?P<shape>\([\d, -]{0,40}\))",
        "The array's number of entries, {size}, does not fill the shape {shape}: the lengths of the new axes "
        "must multiply to {size}.",
        "reshape-and-view",
    ),
    Known(
        "two_unknown_axes",
        f"{_VALUE} {_RUNTIME}",
        r"only one dimension can be inferred|only specify one unknown dimension",
        "Only one -1 can be worked out from the number of entries; the other axes need their lengths.",
        "reshape-and-view",
    ),
    Known(
        "permute_axes",
        f"{_VALUE} {_RUNTIME}",
        r"axes don't match array|input\.dim\(\) = \d+ is not equal to len\(dims\)",
        "`permute` and NumPy's `transpose` want every axis named once, and here more or fewer are named than "
        "there are.",
        "axes",
    ),
)

_AXES = (
    Known(
        "no_such_axis",
        "AxisError",
        r"axis (?P<axis>-?\d{1,6}) is out of bounds for array of dimension (?P<axes>\d{1,3})",
        "The array has no axis {axis}: it has {axes} in all, counted from 0. An earlier step may have summed "
        "or indexed one away: print the shape.",
        "axes",
    ),
    Known(
        "no_such_axis",
        _INDEX,
        r"Dimension out of range \(expected to be in range of (?P<range>\[[\d, -]{1,20}\]), but got "
        r"(?P<axis>-?\d{1,6})\)",
        "There is no axis {axis}; for this tensor the first and the last possible numbers are {range}. An "
        "earlier step may have summed or indexed one away: print the shape.",
        "axes",
    ),
    Known(
        "too_many_indices",
        _INDEX,
        r"too many indices for array: array is (?P<axes>\d{1,3})-dimensional, but (?P<given>\d{1,3}) were indexed",
        "The array has fewer axes ({axes}) than the brackets name ({given}). An earlier step may have summed "
        "or indexed one away: print the shape.",
        "axes",
    ),
    Known(
        "too_many_indices",
        _INDEX,
        r"too many indices for tensor of dimension (?P<axes>\d{1,3})",
        "The tensor has fewer axes ({axes}) than the brackets name. An earlier step may have summed or "
        "indexed one away: print the shape.",
        "axes",
    ),
    Known(
        "number_for_array",
        f"{_INDEX} {_TYPE}",
        r"invalid index to scalar variable|invalid index of a 0-dim tensor|iteration over a 0-d|len\(\) of a 0-d|"
        r"len\(\) of unsized object",
        "This is a single number, without axes: nothing can be picked from it or counted. Look where its last "
        "axis went, through an index or a sum over everything.",
        "axes",
    ),
    Known(
        "pairs_in_a_for",
        f"{_TYPE} {_VALUE}",
        _UNPACKED,
        "The `for` names several things for each round, and what it goes through holds something else. For "
        "position and value write `enumerate(x)`, for two lists side by side `zip(x, y)`, for a dict "
        "`d.items()`.",
        "unpacking",
        code=r"\bfor\s+\(?\w{1,40}\s*,[^:]{1,100}\bin\b",
    ),
    Known(
        "number_for_array",
        _TYPE,
        rf"'(?P<what>{_NUMBER})' object (?:is not subscriptable|is not iterable|does not support item assignment)|"
        rf"object of type '(?:{_NUMBER})' has no len",
        "This is a single number: nothing can be picked from it, counted, or gone through. To go through 0, "
        "1, 2, … write `range(n)`.",
        "axes",
    ),
)

_INDICES = (
    Known(
        "class_too_large",
        _INDEX,
        r"Target (?P<index>-?\d{1,12}) is out of bounds",
        "A label says class {index}, and there is no such column of scores: with C columns the classes are 0 to C − 1.",
        "an-index-too-far",
    ),
    Known(
        "class_too_large",
        _RUNTIME,
        r"Class values must be (?:smaller than num_classes|non-negative)",
        "A label is not one of the classes: with `num_classes` = C they are 0 to C − 1.",
        "an-index-too-far",
    ),
    Known(
        "index_too_far",
        f"{_INDEX} {_RUNTIME}",
        r"index (?P<index>-?\d{1,15}) is out of bounds for (?:axis|dimension) (?P<axis>\d{1,3}) with size "
        r"(?P<size>\d{1,15})",
        "Axis {axis} has length {size}, and there is no entry {index}: they are counted from 0. A range that "
        "ends one too late, an index + 1, or two axes exchanged are the usual reasons.",
        "an-index-too-far",
    ),
    Known(
        "index_too_far",
        _INDEX,
        r"(?P<what>list|tuple|string) (?:assignment )?index out of range",
        "This {what} has no entry at that place: n entries are counted from 0 to n − 1. Assigning does not "
        "make a list longer, `append` does.",
        "an-index-too-far",
    ),
    Known(
        "index_too_far",
        _INDEX,
        r"index out of range in self",
        "An index is as large as the table that it picks a row from, or negative: n rows are counted from 0 to n − 1.",
        "an-index-too-far",
    ),
    Known(
        "pop_from_empty",
        _INDEX,
        r"pop from (?:an )?empty",
        "There is nothing left to `pop`: it is empty for this input, or the loop goes one round too many.",
        "an-index-too-far",
    ),
    Known(
        "two_indices_of_a_list",
        _TYPE,
        r"(?P<what>list|tuple) indices must be integers or slices, not tuple",
        "A {what} has no axes, so `a[i, j]` does not work on it: make it an array, or write `a[i][j]`.",
        "what-may-be-an-index",
    ),
    Known(
        "float_as_index",
        _TYPE,
        r"(?:list|tuple|string|range object) indices must be integers.{0,20}, not (?:numpy\.)?float",
        "An index must be a whole number, and this one is a float. A division by `/` always gives a float; "
        "`//` divides whole numbers.",
        "what-may-be-an-index",
    ),
    Known(
        "not_an_index",
        _TYPE,
        r"(?P<what>list|tuple|string) indices must be integers.{0,20}, not '?(?P<index>[\w.]{1,40})",
        "Entries of a {what} are picked by whole numbers, and this index is of another kind: {index}. `for v "
        "in x` gives the values themselves, `enumerate(x)` their positions too.",
        "what-may-be-an-index",
    ),
    Known(
        "float_as_index",
        _INDEX,
        r"arrays used as indices must be of integer|tensors used as indices must be long|valid indices \(got float\)|"
        r"only integers, slices .{0,160}valid indices",
        "What stands in the square brackets must be whole numbers, slices or a mask of True and False; here "
        "it is floats, or something else. Divide by `//`, or convert: `.astype(int)` in NumPy, `.long()` in "
        "torch.",
        "what-may-be-an-index",
    ),
    Known(
        "array_as_index",
        _TYPE,
        r"only integer (?:scalar arrays|tensors of a single element) can be converted to (?:a scalar|an) index",
        "A list, or `range`, takes one whole number, and was given an array of several. Arrays can be indexed "
        "by arrays, lists cannot.",
        "what-may-be-an-index",
    ),
    Known(
        "gather_axes",
        _RUNTIME,
        r"Index tensor must have the same number of dimensions as",
        "`gather` and `scatter` want an index with as many axes as the tensor itself; `[:, None]` adds one.",
        "what-may-be-an-index",
    ),
)

_NOT_ONE_NUMBER = (
    r"only (?:0-dimensional|length-1|size-1) arrays can be converted|only one element tensors can be converted|must be "
    r"real number, not (?:list|tuple|Tensor|numpy\.ndarray)"
)
_NUMBERS = (
    Known(
        "math_of_an_array",
        f"{_TYPE} {_VALUE}",
        _NOT_ONE_NUMBER,
        "`math.{function}` takes one number and was given several. For arrays take the function of NumPy or "
        "torch (`np.{function}`, `torch.{function}`), which works entry by entry.",
        "one-number-wanted",
        code=r"\bmath\.(?P<function>exp|log|sqrt|sin|cos|tan|tanh|floor|ceil|log2|log10|log1p|expm1|erf)\(",
    ),
    Known(
        "tensor_of_tensors",
        _VALUE,
        r"only one element tensors can be converted",
        "`torch.{function}` makes a tensor from plain numbers, not from a list of tensors; `torch.stack` puts "
        "tensors on top of each other.",
        "one-number-wanted",
        code=r"\btorch\.(?P<function>tensor|as_tensor|Tensor|FloatTensor)\(",
    ),
    Known(
        "one_number_wanted",
        f"{_TYPE} {_VALUE} {_RUNTIME}",
        rf"{_NOT_ONE_NUMBER}|Tensor with \d+ elements cannot be converted to Scalar|only convert an array of size 1",
        "One number is wanted here, by `float`, `int`, `.item()`, a `math` function or the like, and there "
        "are several. Was it to be summed or averaged first, or is an index missing?",
        "one-number-wanted",
    ),
    Known(
        "empty_has_no_largest",
        f"{_VALUE} {_RUNTIME} {_INDEX}",
        r"zero-size array to reduction|of an empty sequence|arg is an empty sequence|iterable argument "
        r"is empty|reduction dim to be "
        r"specified for input\.numel\(\) == 0",
        "Of no numbers there is no largest and no smallest: the array or list is empty for this input.",
        "one-number-wanted",
    ),
    Known(
        "text_for_number",
        _VALUE,
        r"could not convert string to float|invalid literal for int\(\)",
        "A number is wanted, and this is a text that does not read as one.",
        "one-number-wanted",
    ),
)

_NONE_OF = (
    r"'NoneType' object|(?:and|:) 'NoneType'|'NoneType' and|non-iterable NoneType|type '?NoneType|not '?NoneType|"
    r"dtype of NoneType|a NoneType|of 'NoneType'|for abs\(\): 'NoneType'"
)
_NONE = (
    Known(
        "gradient_is_none",
        f"{_ATTRIBUTE} {_TYPE}",
        _NONE_OF,
        "A tensor's `.grad` is None until `backward` has reached it, and stays None for one that the loss "
        "does not depend on, or that was computed from others.",
        "none",
        code=r"\.grad\b",
        sure=Sure.LIKELY,
    ),
    Known(
        "none",
        _ATTRIBUTE,
        rf"'NoneType' object has no attribute '(?P<attribute>{_NAME})'",
        "`{what}` is None here, and None has no `{attribute}`. Look where it comes from: a function without "
        "`return` gives None, and so do `append`, `sort` and others that change what they stand on.",
        "none",
        code=rf"(?P<what>{_DOTTED})\.(?P<attribute>{_NAME})",
    ),
    Known(
        "none",
        f"{_ATTRIBUTE} {_TYPE} {_RUNTIME}",
        _NONE_OF,
        "Something here is None, which is no number and no array. Look where it comes from: a function "
        "without `return` gives None, and so do `append`, `sort` and others that change what they stand on.",
        "none",
    ),
)

_UNPACKING = (
    Known(
        "shape_unpacked",
        _VALUE,
        r"not enough values to unpack \(expected (?P<names>\d{1,3}), got (?P<axes>\d{1,3})\)",
        "There are fewer axes ({axes}) than names on the left ({names}). One is missing in this input, or was "
        "lost on the way: print the shape.",
        "unpacking",
        code=r"=.{0,80}(?:\.shape|\.size\(\))\s*(?:#.{0,80})?$",
    ),
    Known(
        "shape_unpacked",
        _VALUE,
        r"too many values to unpack \(expected (?P<names>\d{1,3})",
        "There are more axes than names on the left ({names}). Print the shape.",
        "unpacking",
        code=r"=.{0,80}(?:\.shape|\.size\(\))\s*(?:#.{0,80})?$",
    ),
    Known(
        "unpacking",
        _VALUE,
        r"not enough values to unpack \(expected (?:at least )?(?P<names>\d{1,3}), got (?P<values>\d{1,9})\)",
        "There are fewer values ({values}) than names to be filled ({names}). Print the right side.",
        "unpacking",
    ),
    Known(
        "unpacking",
        _VALUE,
        r"too many values to unpack \(expected (?P<names>\d{1,3})",
        "There are more values than names to be filled ({names}). Print the right side; an array is unpacked "
        "along its first axis.",
        "unpacking",
    ),
    Known(
        "unpacking",
        _TYPE,
        r"cannot unpack non-iterable (?P<what>[\w.]{1,40}) object",
        "Several names are to be filled, and there is one single thing, of type {what}. A function that is to "
        "give two results ends in `return a, b`.",
        "unpacking",
    ),
)

_CALL = (
    r"(?P<function>[A-Za-z_<][\w.<>]{0,80})\(\) (?:takes .{1,40} positional arguments? but|missing \d+ required|got an "
    r"unexpected keyword|got multiple values)"
)
_CALLS = (
    Known(
        "numpy_function_of_tensor",
        _TYPE,
        r"got an unexpected keyword argument '(?:axis|out|keepdims|dtype)'",
        "`np.{function}` was given a tensor and passed it on to torch, whose words are `dim` and `keepdim`. "
        "Use torch's own functions on tensors.",
        "array-or-tensor",
        code=r"\bnp\.(?P<function>sum|mean|max|min|prod|var|std|argmax|argmin|any|all|cumsum)\(",
        sure=Sure.LIKELY,
    ),
    Known(
        "signature_changed",
        _TYPE,
        _CALL,
        "`{function}` was called as its stub promises, but takes other arguments now. Compare its `def` line "
        "with the stub's; a method has `self` first.",
        "arguments-of-a-call",
        code=_NO_FRAME,
        sure=Sure.LIKELY,
    ),
    Known(
        "self_counted",
        _TYPE,
        r"(?P<function>[A-Za-z_]\w{0,40}\.[A-Za-z_]\w{0,40})\(\) takes .{0,12}?(?P<most>\d{1,3}) "
        r"positional arguments? but "
        r"(?P<given>\d{1,3}) (?:was|were) given",
        "`{function}` was given more arguments ({given}) than it takes ({most}), the object itself included: "
        "it always comes first. Either `self` is missing in the `def` line, or the call names too many.",
        "arguments-of-a-call",
    ),
    Known(
        "too_many_arguments",
        _TYPE,
        r"(?P<function>[A-Za-z_<][\w.<>]{0,80})\(\) takes .{0,12}?(?P<most>\d{1,3}) positional arguments? but "
        r"(?P<given>\d{1,3}) (?:was|were) given",
        "More arguments in a row were given to `{function}` ({given}) than it takes ({most}). Options may "
        "have to be named, as in `dim=1`; several things in one list need their own brackets.",
        "arguments-of-a-call",
    ),
    Known(
        "missing_arguments",
        _TYPE,
        r"(?P<function>[A-Za-z_<][\w.<>]{0,80})\(\) missing \d+ required .{0,20}arguments?: "
        r"['\"](?P<argument>\w{1,40})",
        "`{function}` was called without its `{argument}`. A method that is called on the class and not on an "
        "object also comes up one short.",
        "arguments-of-a-call",
    ),
    Known(
        "dim_or_axis",
        _TYPE,
        r"got an unexpected keyword argument '(?P<argument>dim|keepdim|axis|keepdims|ddof|unbiased)'",
        "This function knows no `{argument}`. NumPy says `axis`, `keepdims`, `ddof`; torch says `dim`, "
        "`keepdim`, `correction`.",
        "array-or-tensor",
    ),
    Known(
        "unexpected_argument",
        _TYPE,
        rf"(?P<function>[A-Za-z_<][\w.<>]{{0,80}})\(\) got an unexpected keyword argument '(?P<argument>{_NAME})'",
        "`{function}` has no argument called `{argument}`: misspelt, or missing in the `def` line.",
        "arguments-of-a-call",
    ),
    Known(
        "argument_given_twice",
        _TYPE,
        rf"(?P<function>[A-Za-z_<][\w.<>]{{0,80}})\(\) got multiple values for argument '(?P<argument>{_NAME})'",
        "`{argument}` is given twice to `{function}`: once by its place and once by its name. In a class, a "
        "missing `self` moves all arguments on by one.",
        "arguments-of-a-call",
    ),
    Known(
        "no_init",
        _TYPE,
        rf"(?P<name>{_NAME})\(\) takes no arguments",
        "The class `{name}` has no `__init__` of its own, so it takes no arguments: is it misspelt? It has "
        "two underscores on either side.",
        "arguments-of-a-call",
    ),
    Known(
        "array_for_tensor",
        _TYPE,
        r"(?P<function>\w{1,40})\(\)(?:: argument '\w{1,40}' .{0,20}must be Tensor, not| received an "
        r"invalid combination of "
        r"arguments - got \([\w ,.=]{0,80}?)\s*numpy\.ndarray",
        "torch's `{function}` was given a NumPy array. Use NumPy's function of that kind, or make a tensor of "
        "it first: `torch.from_numpy`, `torch.as_tensor`.",
        "array-or-tensor",
    ),
    Known(
        "number_for_tensor",
        _TYPE,
        r"(?P<function>\w{1,40})\(\): argument '(?P<argument>\w{1,40})' .{0,20}must be Tensor, not "
        r"(?!NoneType)(?P<what>[\w.]{1,40})",
        "torch's `{function}` takes a tensor for `{argument}` and was given one of another kind: {what}. For "
        "a plain number there is `math`; `torch.tensor` makes a tensor of it.",
        "array-or-tensor",
    ),
    Known(
        "generator_of_another_library",
        _TYPE,
        r"generator=(?:numpy\.|int)",
        "torch draws from a `torch.Generator`, and was given something else as `generator`: NumPy's "
        "generators and plain seeds are not that.",
        "array-or-tensor",
    ),
    Known(
        "no_such_form",
        _TYPE,
        r"(?P<function>\w{1,40})\(\) received an invalid combination of arguments - got \((?P<got>[\w "
        r",.=]{1,80}?),? ?\)",
        "`{function}` cannot be called with ({got}). Check order and kind of the arguments, and whether a "
        "shape needs brackets of its own.",
        "arguments-of-a-call",
    ),
    Known(
        "argument_kind",
        _TYPE,
        r"(?P<function>\w{1,40})\(\): argument '(?P<argument>\w{1,40})' .{0,20}must be "
        r"(?P<want>[\w.]{1,30}(?: of \w{1,20})?),? "
        r"not (?!NoneType)(?P<what>[\w.]{1,40})",
        "`{function}` wants a {want} for `{argument}`, and was given: {what}.",
        "arguments-of-a-call",
    ),
    Known(
        "argument_count",
        _TYPE,
        r"(?P<function>\w{1,40})\(\) takes (?:at most|at least|exactly) .{1,30}arguments?",
        "`{function}` was given another number of arguments than it takes.",
        "arguments-of-a-call",
    ),
)

_ATTRIBUTES = (
    Known(
        "init_not_called",
        _ATTRIBUTE,
        r"before Module\.__init__\(\) call",
        "A Module has to be set up before anything is put into it: `super().__init__()` is the first line of "
        "its `__init__`.",
        "modules",
    ),
    Known(
        "init_not_called",
        _ATTRIBUTE,
        r"object has no attribute '_(?:\w{0,30}hooks\w{0,20}|parameters|modules|buffers|non_persistent_buffers_set)'",
        "This Module was never set up: `super().__init__()` is missing as the first line of its `__init__`.",
        "modules",
    ),
    Known(
        "values_and_indices",
        f"{_ATTRIBUTE} {_TYPE} {_RUNTIME}",
        r"torch\.return_types\.(?P<function>\w{1,30})",
        "With an axis, `{function}` gives two things, the values and where they stand: take `.values` or "
        "`.indices`, or unpack both.",
        "array-or-tensor",
    ),
    Known(
        "tensor_method_of_an_array",
        _ATTRIBUTE,
        rf"'numpy\.ndarray' object has no attribute '(?P<name>{_TENSORS_ALONE})'",
        "`{name}` belongs to torch's tensors, and this is a NumPy array. Use NumPy's word for it, or make a tensor.",
        "array-or-tensor",
    ),
    Known(
        "array_method_of_a_tensor",
        _ATTRIBUTE,
        rf"'(?:Tensor|Parameter)' object has no attribute '(?P<name>{_ARRAYS_ALONE})'",
        "`{name}` belongs to NumPy's arrays, and this is a torch tensor. Torch has other words, such as `.to` "
        "for `.astype` and `.clone` for `.copy`.",
        "array-or-tensor",
    ),
    Known(
        "append_to_an_array",
        _ATTRIBUTE,
        r"'(?P<what>numpy\.ndarray|Tensor)' object has no attribute 'append'",
        "An array does not grow, so it has no `append`. Collect in a list and make the array at the end, or "
        "make it in its full size first.",
        "lists-and-tuples",
    ),
    Known(
        "no_such_attribute_of_array",
        _ATTRIBUTE,
        rf"'(?P<what>numpy\.ndarray|Tensor|Parameter)' object has no attribute '(?P<name>{_NAME})'",
        "Arrays and tensors ({what} here) have no `{name}`: it is misspelt, or this is not the object that "
        "you think it is.",
        "array-or-tensor",
    ),
    Known(
        "list_for_array",
        _ATTRIBUTE,
        rf"'(?P<what>list|tuple)' object has no attribute '(?P<name>{_OF_ARRAYS})'",
        "This is a Python {what}, and `{name}` belongs to arrays. Make an array of it first, or pick the "
        "entry that you mean: a function with two results gives a tuple.",
        "lists-and-tuples",
    ),
    Known(
        "tuple_attribute",
        _ATTRIBUTE,
        rf"'tuple' object has no attribute '(?P<name>{_NAME})'",
        "This is a tuple and has no `{name}`. A function with several results gives a tuple, a comma at the "
        "end of a line makes one, and a tuple never grows.",
        "lists-and-tuples",
    ),
    Known(
        "number_attribute",
        _ATTRIBUTE,
        rf"'(?P<what>{_NUMBER})' object has no attribute '(?P<name>{_NAME})'",
        "This is a plain number ({what}) and has no `{name}`. Was it meant to stay an array or a tensor?",
        "array-or-tensor",
    ),
    Known(
        "dict_attribute",
        _ATTRIBUTE,
        rf"'dict' object has no attribute '(?P<name>{_NAME})'",
        'An entry of a dict is picked by its key in square brackets: `d["{name}"]`.',
        "keys",
    ),
    Known(
        "numpy_generator",
        _ATTRIBUTE,
        r"Generator' object has no attribute '(?P<name>rand|randn|randint|random_sample|seed)'",
        "A NumPy generator has no `{name}`; its methods are `random`, `standard_normal`, `integers`, `permutation`, ….",
        "array-or-tensor",
    ),
    Known(
        "not_called",
        f"{_ATTRIBUTE} {_TYPE}",
        rf"'(?:{_FUNCTION})' object (?:has no attribute|is not subscriptable|is not iterable)|: "
        rf"'(?:{_FUNCTION})' and '|and "
        rf"'(?:{_FUNCTION})'$",
        "A function stands where its result is wanted: it has to be called, with round brackets.",
        "brackets",
    ),
    Known(
        "lazy",
        f"{_ATTRIBUTE} {_TYPE}",
        rf"'(?P<what>{_LAZY})' object (?:is not subscriptable|has no attribute)|object of type "
        rf"'(?:{_LAZY})' has no len|: "
        rf"'(?:{_LAZY})' and|and '(?:{_LAZY})'$|np\.sum\(generator\)",
        "This gives its values one after the other and holds none: it has no length, no entries and no "
        "arithmetic. `list(…)` collects them.",
        "generators",
    ),
    Known(
        "old_numpy",
        _ATTRIBUTE,
        r"module 'numpy' has no attribute '(?P<name>float|int|bool|object|str|complex|trapz|math|product|"
        r"cumproduct|in1d|Inf|NaN)'",
        "NumPy no longer has `np.{name}`; it is from an older version. For the plain types write `float`, "
        "`int`, `bool`.",
        "names",
    ),
    Known(
        "not_in_library",
        _ATTRIBUTE,
        rf"module '(?P<module>{_DOTTED})' has no attribute '(?P<name>{_NAME})'",
        "`{module}` has no `{name}`: it is misspelt, lies in another part of the library, or belongs to another one.",
        "names",
    ),
    Known(
        "module_device",
        _ATTRIBUTE,
        rf"'(?P<what>(?!Tensor){_NAME})' object has no attribute '(?P<name>device|dtype)'",
        "A Module has no `{name}` of its own, its parameters have: `next(model.parameters()).{name}`.",
        "device",
        sure=Sure.LIKELY,
    ),
    Known(
        "not_set",
        _ATTRIBUTE,
        rf"'(?P<what>[A-Z]\w{{0,40}})' object has no attribute '(?P<name>{_NAME})'",
        "This `{what}` has nothing called `{name}`: it has to be set first, usually as `self.{name} = …` in "
        "`__init__`, and spelt the same.",
        "names",
    ),
    Known(
        "unfit_operands",
        _TYPE,
        r"unsupported operand type\(s\) for (?P<operator>[^\s:]{1,3}).{0,12}: '(?P<first>[\w.]{1,40})' and "
        r"'(?P<second>[\w.]{1,40})'",
        "`{operator}` does not know how to work on these two kinds of things: {first} and {second}. Print "
        "both; one is not what it should be.",
        "lists-and-tuples",
    ),
)

_OPERATORS = (
    Known(
        "power_operator",
        f"{_TYPE} {_UFUNC} {_MISSING}",
        r"for \^: |'?bitwise_xor'? not supported|\"bitwise_xor\w{0,20}\" not implemented",
        "`^` is no power in Python: it works on bits. A power is written `**`.",
        "dtypes",
    ),
    Known(
        "mask_of_floats",
        f"{_TYPE} {_UFUNC} {_MISSING}",
        r"'(?:invert|bitwise_and|bitwise_or)' not supported|operator\.invert\) is only|\"bitwise_(?:and|"
        r"or|not)\w{0,20}\" not "
        r"implemented|for [&|]: ",
        "`~`, `&` and `|` work on masks of True and False or on whole numbers. They also bind before `<` and "
        "`==`, so each comparison needs brackets of its own: `(x > 0) & (x < 1)`.",
        "dtypes",
    ),
    Known(
        "minus_of_masks",
        f"{_TYPE} {_MISSING}",
        r"numpy boolean (?:subtract|negative)|(?:Subtraction|Negation), the `-` operator.{0,30}bool",
        "A mask of True and False cannot be subtracted or negated. `~mask` turns it round; to calculate with "
        "it, make numbers of it first.",
        "dtypes",
    ),
    Known(
        "array_and_tensor",
        _TYPE,
        r"'(?:numpy\.ndarray|Tensor)' and '(?:numpy\.ndarray|Tensor)'|Concatenation operation is not "
        r"implemented for NumPy arrays",
        "A NumPy array and a torch tensor meet here: bring both to one of the two libraries first.",
        "array-or-tensor",
    ),
    Known(
        "text_and_number",
        _TYPE,
        r"(?:concatenate|for .{1,12}:|sequence).{0,40}\bstr\b",
        'A text and something else meet here. `f"{{x}}"` or `str(x)` makes a text of a number, `float(s)` a '
        "number of a text.",
        "lists-and-tuples",
    ),
    Known(
        "list_arithmetic",
        _TYPE,
        r"can only concatenate (?P<what>list|tuple)|can't multiply sequence by non-int|for .{1,16}: "
        r".{0,40}'(?:list|tuple)'|"
        r"unary -: '(?:list|tuple)'|between instances of .{0,40}'(?:list|tuple)'",
        "Lists and tuples do not calculate: `+` joins them, `*` repeats them. For arithmetic entry by entry "
        "make an array or a tensor first.",
        "lists-and-tuples",
    ),
    Known(
        "cannot_be_changed",
        _TYPE,
        r"'(?P<what>tuple|str|range|torch\.Size)' object does not support item assignment",
        "A {what} cannot be changed once it is made. Make a new one, or use a list.",
        "lists-and-tuples",
    ),
    Known(
        "unhashable",
        _TYPE,
        r"unhashable type: '(?P<what>[\w.]{1,40})'",
        "Keys of a dict and members of a set must be things that cannot change; this one ({what}) can. A "
        "tuple or a number will do.",
        "keys",
    ),
    Known(
        "not_a_function",
        _TYPE,
        r"'(?:tuple|torch\.Size|int)' object is not callable",
        "`shape` is not a function: without round brackets, `x.shape[0]`. (`size` is one in torch and none in NumPy.)",
        "brackets",
        code=r"\.(?:shape|size|ndim)\(",
    ),
    Known(
        "module_called",
        _TYPE,
        r"'module' object is not callable",
        "A library itself is called here; name the function in it, as in `np.array(…)`.",
        "brackets",
    ),
    Known(
        "not_a_function",
        _TYPE,
        r"'(?P<what>[A-Za-z_][\w.]{0,40})' object is not callable",
        "Round brackets call a function, and what stands before them is of type {what}. An entry is picked "
        "with square brackets, a product needs its `*`, and a variable may have taken a function's name.",
        "brackets",
    ),
)

_NAMES = (
    Known(
        "used_before_set",
        "UnboundLocalError",
        rf"local variable '(?P<name>{_NAME})' (?:where it is not associated|referenced before)",
        "`{name}` is used before the function has given it a value: set it before the loop or `if`, and in "
        "every branch. A name that a function assigns anywhere is its own, even if one outside is called the "
        "same.",
        "names",
    ),
    Known(
        "not_imported",
        "NameError",
        r"name '(?P<name>np|torch|nn|F|math|numpy|plt|random|copy|itertools|functools|os|sys|einops)' is not defined",
        "`{name}` was not imported in this file: the import stands at the top.",
        "names",
    ),
    Known(
        "self_missing",
        "NameError",
        r"name 'self' is not defined",
        "`self` is known only in a method that has it as its first parameter: look at the `def` line, and at "
        "the indentation.",
        "names",
    ),
    Known(
        "other_spelling",
        "NameError",
        r"name '(?P<name>true|false|null|none|nan|inf)' is not defined",
        "Python writes `True`, `False`, `None`, `math.nan` and `math.inf`, and does not know `{name}`.",
        "names",
    ),
    Known(
        "not_defined",
        "NameError",
        rf"(?:name|variable) '(?P<name>{_NAME})' (?:is not defined|where it is not|referenced before)",
        "Nothing is called `{name}` here: misspelt, missing an import, a `self.` or a line that sets it, or "
        "known only inside another function.",
        "names",
    ),
    Known(
        "no_such_library",
        "ModuleNotFoundError",
        rf"No module named '(?P<name>{_DOTTED})'",
        "There is no library `{name}` where this is judged: misspelt, or not among what the course uses.",
        "names",
    ),
    Known(
        "not_in_library",
        "ImportError",
        rf"cannot import name '(?P<name>{_NAME})' from '(?P<module>{_DOTTED})'",
        "`{module}` has no `{name}` to import: it is misspelt, or lies in another part of the library.",
        "names",
    ),
    Known(
        "no_such_key",
        "KeyError",
        r"\A'?(?P<key>[\w.-]{1,40})'?\Z",
        'The dict has no entry `{key}`. Was it set before, under just this key and type (1 is not "1")? `in` '
        "asks for a key, and `.get` gives None where there is none.",
        "keys",
    ),
    Known(
        "no_such_key",
        "KeyError",
        r"",
        "The dict has no entry under this key. `in` asks for a key, and `.get` gives None where there is none.",
        "keys",
    ),
    Known(
        "assert",
        "AssertionError",
        r"",
        "Your own `assert` does not hold for this input. An argument that is to be refused is refused by "
        "`raise`, with the error that the docstring names.",
        "names",
        code=r"\Aassert\b",
    ),
)

_AUTOGRAD = (
    Known(
        "changed_in_place",
        _RUNTIME,
        r"modified by an inplace operation.{0,80}output \d+ of (?P<operation>[A-Za-z]{1,40}?)(?:Backward\d*)?[, ]",
        "Something that `backward` still needs was changed in place after it was used: the result of "
        "`{operation}`. `x += 1`, `x[i] = 1` and methods that end in `_` change in place; `x = x + 1` or "
        "`where` make a new tensor.",
        "in-place-under-autograd",
    ),
    Known(
        "changed_in_place",
        _RUNTIME,
        r"modified by an inplace operation|is a view and is being modified inplace",
        "Something that `backward` still needs was changed in place after it was used. `x += 1`, `x[i] = 1` "
        "and methods that end in `_` change in place; `x = x + 1` or `where` make a new tensor.",
        "in-place-under-autograd",
    ),
    Known(
        "leaf_in_place",
        _RUNTIME,
        r"leaf Variable that requires grad is being used in an in-?place operation",
        "A tensor whose gradient is wanted must not be changed in place (`x += 1`, `x[i] = 1`, `x.zero_()`): "
        "make a new one. A step of an optimizer, which is to change it, belongs into `with torch.no_grad():`.",
        "in-place-under-autograd",
    ),
    Known(
        "expanded_in_place",
        _RUNTIME,
        r"more than one element of the written-to tensor refers to a single memory",
        "After `expand` many entries are one and the same number in memory, so they cannot be written to: "
        "`clone` it first.",
        "reshape-and-view",
    ),
    Known(
        "no_gradient",
        _RUNTIME,
        r"does not require grad and does not have a grad_fn",
        "There is nothing to differentiate: what the result was computed from requires no gradient, or the "
        "way was cut, by `.detach()`, `.data`, `.item()`, `.numpy()`, `torch.tensor(…)` or `no_grad`.",
        "gradients",
    ),
    Known(
        "not_in_the_graph",
        _RUNTIME,
        r"appears to not have been used in the graph",
        "The gradient is asked for of a tensor that the result was not computed from: another one, a copy, or "
        "the way was cut by `.detach()` or `torch.tensor(…)`.",
        "gradients",
    ),
    Known(
        "numpy_of_gradient",
        _RUNTIME,
        r"Can't call numpy\(\) on Tensor that requires grad",
        "NumPy cannot follow a tensor that requires a gradient. Where it is to be differentiated, use torch's "
        "own functions; only to show or store it, `.detach()` it first.",
        "gradients",
    ),
    Known(
        "backward_twice",
        _RUNTIME,
        r"backward through the graph a second time",
        "What `backward` needs is thrown away after the first time. Compute the loss afresh before each "
        "`backward`; a tensor carried over from the last round has to be detached.",
        "gradients",
    ),
    Known(
        "scalar_outputs",
        _RUNTIME,
        r"implicitly created only for scalar outputs",
        "`backward` starts from one number, and this tensor has several: reduce it first, by a mean or a sum.",
        "gradients",
    ),
    Known(
        "gradients_of_floats",
        _RUNTIME,
        r"nly Tensors of floating point .{0,30}can require gradients",
        "Only floats can have gradients, and this tensor holds whole numbers: write 1.0 for 1, or convert it "
        "with `.float()`.",
        "dtypes",
    ),
    Known(
        "not_a_leaf",
        _RUNTIME,
        r"only change requires_grad flags of leaf|support the deepcopy protocol",
        "This tensor was computed from others. `.detach()` gives its values alone.",
        "gradients",
    ),
    Known(
        "number_of_gradients",
        _RUNTIME,
        r"returned an incorrect number of gradients \(expected (?P<want>\d{1,3}), got (?P<got>\d{1,3})\)",
        "`backward` must return a gradient for each argument that `forward` takes after `ctx`, None where "
        "there is none: {want}, and it returned {got}.",
        "gradients",
    ),
    Known(
        "shape_of_gradient",
        _RUNTIME,
        r"returned an invalid gradient at index (?P<place>\d{1,3}) - got (?P<got>\[[\d, ]{0,40}\]) but "
        r"expected shape compatible "
        r"with (?P<want>\[[\d, ]{0,40}\])",
        "A gradient has the shape of what it belongs to: number {place}, counted from 0, has {got}, and its "
        "argument {want}.",
        "gradients",
    ),
)

_CONVERSIONS = (
    "torch does not convert by itself here. Arrays from NumPy are Double (float64) and whole numbers Long unless said "
    "otherwise; `.to(x.dtype)` makes one like `x`."
)
_DTYPES = (
    Known(
        "labels_must_be_long",
        _RUNTIME,
        rf"target dtype to be Long or Byte, but got (?P<dtype>{_DTYPE})|LongTensor|scalar types: Long, "
        rf"Int|int32/int64 for index|"
        r"tensors must be long|expected scalar type Long",
        "Labels and indices must be whole numbers (`torch.long`), and these are of another dtype: convert "
        "with `.long()`. If they are scores, two arguments are exchanged.",
        "dtypes",
    ),
    Known(
        "loss_arguments_exchanged",
        f"{_MISSING} {_RUNTIME}",
        r"\"(?:log_softmax|host_softmax)\w{0,40}\" not implemented for '(?:Long|Int)'|target with class "
        r"probabilities, got (?:Long|Int)",
        "The scores come first and the labels second, and whole numbers stand where the scores belong.",
        "dtypes",
        code=r"cross_entropy\(|CrossEntropyLoss|loss\w{0,20}\(",
        sure=Sure.LIKELY,
    ),
    Known(
        "dtypes_differ",
        _RUNTIME,
        rf"addmv .{{0,40}}same dtype, but got \w{{1,20}}, (?P<first>{_DTYPE}),? and (?P<second>{_DTYPE})",
        "One tensor is {first}, the other {second}. " + _CONVERSIONS,
        "dtypes",
    ),
    Known(
        "dtypes_differ",
        _RUNTIME,
        rf"(?:same (?:scalar )?d?type|dtypes match|expected scalar type|must have the "
        rf"same).{{0,40}}?(?P<first>\b(?:{_DTYPE}))\b"
        rf".{{0,30}}?\b(?P<second>(?:{_DTYPE}))\b",
        "One tensor is {first}, the other {second}. " + _CONVERSIONS,
        "dtypes",
    ),
    Known(
        "dtypes_differ",
        _RUNTIME,
        rf"\((?P<first>{_DTYPE})\) and \w{{1,20}} \((?P<second>{_DTYPE})\) must have the same scalar type",
        "One tensor is {first}, the other {second}. " + _CONVERSIONS,
        "dtypes",
    ),
    Known(
        "dtypes_differ",
        _RUNTIME,
        rf"expected scalar type (?P<first>{_DTYPE})",
        "A tensor of dtype {first} is wanted. " + _CONVERSIONS,
        "dtypes",
    ),
    Known(
        "floats_wanted",
        f"{_MISSING} {_RUNTIME}",
        r"\"(?P<operation>\w{1,60})\" not implemented for '(?:Long|Int|Short|Char|Byte|Bool)'",
        "This operation (`{operation}`) works on floats, and the tensor holds whole numbers or a mask: "
        "convert it with `.float()`, or with `.to` and the dtype that you need.",
        "dtypes",
    ),
    Known(
        "floats_wanted",
        f"{_MISSING} {_RUNTIME}",
        r"must be either a floating point|only support floating point|Expected a floating point|a "
        r"floating point or complex tensor",
        "This works on floats, and the tensor holds whole numbers or a mask: convert it with `.float()`, or "
        "with `.to` and the dtype that you need.",
        "dtypes",
    ),
    Known(
        "floats_into_integers",
        f"{_UFUNC} {_RUNTIME}",
        r"Cannot cast ufunc '\w{1,30}' output from .{0,30}float\d+'\) to dtype\('(?:int|uint|bool)|"
        r"result type (?:Float|Double|Half) "
        r"can't be cast to the desired output type (?:Long|Int|Byte|Char|Short|Bool)",
        "The result is floats, and it is to be written into whole numbers: `+=` and its kin keep the dtype of "
        "the left side. Make that floats first, by `.astype(float)` or `.float()`.",
        "dtypes",
    ),
    Known(
        "negative_power",
        f"{_VALUE} {_RUNTIME}",
        r"Integers to negative integer powers",
        "Whole numbers to a negative power are not whole: make the base a float, 2.0 for 2.",
        "dtypes",
    ),
    Known(
        "condition_is_no_mask",
        _RUNTIME,
        r"condition to be a boolean tensor, but got",
        "The first argument of `where` must be a mask of True and False, such as `x > 0`.",
        "dtypes",
    ),
)

_DEVICES = (
    Known(
        "devices_differ",
        _RUNTIME,
        r"on device (?P<first>[a-z]{1,8}(?::\d{1,3})?) is not on the expected device "
        r"(?P<second>[a-z]{1,8}(?::\d{1,3})?)",
        "One tensor lies on {first}, another on {second}. What a function makes itself has to be made where "
        "its input lies: `device=x.device`, or `zeros_like(x)` and its kin.",
        "device",
    ),
    Known(
        "devices_differ",
        f"{_RUNTIME} {_MISSING} {_TYPE}",
        r"to be on the same device|convert (?:cuda|meta|mps).{0,6} device type tensor to numpy|"
        r"Tensor\.item\(\) cannot be called on "
        r"meta|on meta tensors",
        "Tensors lie on different devices, or one lies where its numbers cannot be read. What a function "
        "makes itself has to be made where its input lies: `device=x.device`, or `zeros_like(x)` and its kin.",
        "device",
    ),
    Known(
        "no_such_device",
        f"{_RUNTIME} {_MISSING} AssertionError AcceleratorError",
        r"Found no NVIDIA|not compiled with CUDA|No CUDA GPUs|arguments from the '(?:CUDA|MPS)' backend|"
        r"no NVIDIA driver",
        "This machine has no such device. Make tensors where the input lies, `device=x.device`, and ask "
        "`torch.cuda.is_available()` before you name one.",
        "device",
    ),
)

_MODULES = (
    Known(
        "super_not_called",
        _TYPE,
        r"descriptor '__init__' (?:of|requires) .{0,10}'super'",
        "`super` has to be called itself, with brackets: `super().__init__()`.",
        "modules",
    ),
    Known(
        "no_forward",
        _MISSING,
        r"missing the required \"forward\" function",
        "This Module has no `forward`: it is misspelt, indented into another function, or it is a ModuleList, "
        "which only holds modules and is gone through with `for`.",
        "modules",
    ),
    Known(
        "no_backward",
        _MISSING,
        r"implement either the backward or vjp",
        "The autograd Function has no `backward`, or it is misspelt.",
        "modules",
    ),
    Known(
        "modules_in_a_list",
        _TYPE,
        r"\blist is not a Module subclass",
        "`nn.Sequential` takes the modules one by one: without the square brackets, or with a `*` before the list.",
        "modules",
    ),
    Known(
        "not_a_module",
        _TYPE,
        r"(?P<what>[A-Za-z_][\w.]{0,60}) is not a Module subclass",
        "What is put together here must be Modules that were made: `nn.ReLU()`, neither `nn.ReLU` nor a "
        "function. It was given `{what}`.",
        "modules",
    ),
    Known(
        "parameter_replaced",
        _TYPE,
        rf"cannot assign '\S{{1,60}}' (?:object )?(?:as|to) parameter '(?P<name>{_NAME})'",
        "`{name}` is a Parameter and can be replaced by another Parameter alone. Put it into "
        "`nn.Parameter(…)`, or keep the tensor under another name.",
        "modules",
    ),
    Known(
        "no_parameters",
        _VALUE,
        r"optimizer got an empty parameter list",
        "The model has no parameters: layers in a plain list are not seen (`nn.ModuleList`), tensors only as "
        "`nn.Parameter`.",
        "modules",
    ),
    Known(
        "channels",
        _RUNTIME,
        r"weight of size (?P<weight>\[[\d, ]{1,40}\]), expected input(?P<input>\[[\d, ]{1,40}\]) to have "
        r"(?P<want>\d{1,9}) channels, "
        r"but got (?P<got>\d{1,9})",
        "The convolution expects {want} channels, on axis 1 of (B, C, H, W), and the input {input} has {got}.",
        "modules",
    ),
    Known(
        "normalized_shape",
        _RUNTIME,
        r"normalized_shape=(?P<want>\[[\d, ]{1,40}\]), expected input .{0,40}got input of size "
        r"?(?P<got>\[[\d, ]{1,40}\])",
        "The layer normalises over last axes of lengths {want}, and the input's shape is {got}.",
        "modules",
    ),
    Known(
        "axes_of_a_layer",
        f"{_VALUE} {_RUNTIME}",
        r"[Ee]xpected (?:\d.{0,40})?\dD.{0,30} input.{0,30}got .{0,20}(?:\dD|size)",
        "The layer expects another number of axes, such as (B, C, H, W), than the input has. Print the shape; "
        "`[None]` adds an axis.",
        "modules",
    ),
    Known(
        "groups",
        f"{_VALUE} {_RUNTIME}",
        r"num_channels .{0,20}must be divisible by num_groups|channels in input to be divisible by num_groups",
        "The channels cannot be dealt out evenly to the groups.",
        "modules",
    ),
    Known(
        "state_dict",
        _RUNTIME,
        r"Error\(s\) in loading state_dict",
        "The saved tensors do not fit the model: names or shapes differ. The message lists them.",
        "modules",
    ),
)

_ARITHMETIC = (
    Known(
        "recursion",
        "RecursionError",
        r"",
        "A function calls itself without coming to an end, or some thousand calls deep: which input makes it "
        "stop, and is it ever reached? A long chain needs a loop.",
        "recursion",
    ),
    Known(
        "division_by_zero",
        "ZeroDivisionError",
        r"",
        "A plain number is divided by 0 (or 0 taken to a negative power). Which input makes the divisor 0, an "
        "empty list, all values equal, nothing found? The docstring says what is to come out then.",
        "zero-and-infinity",
    ),
    Known(
        "overflow",
        "OverflowError",
        r"math range error|out of range|too large",
        "The number grows beyond the largest float, about 1.8e308: `math.exp` does so from 710 on. Subtract "
        "something before the exponential, so that it is never of a large number.",
        "zero-and-infinity",
    ),
    Known(
        "nan_to_integer",
        f"{_VALUE} OverflowError",
        r"cannot convert float (?:NaN|infinity) to integer",
        "nan or inf is to become a whole number: an earlier step divided by 0, took a logarithm of 0, or overflowed.",
        "zero-and-infinity",
    ),
    Known(
        "domain",
        _VALUE,
        r"math domain error|expected a (?:positive|nonnegative) (?:input|value)",
        "A logarithm of 0 or less, or the root of a negative number, is not a number. What makes the argument "
        "so small, rounding, an empty input, a wrong sign?",
        "zero-and-infinity",
    ),
    Known(
        "singular",
        _ALGEBRA,
        r"[Ss]ingular",
        "This matrix has no inverse: a row is made of others, or is zero. What is to be added to it, or which "
        "input makes it so?",
        "zero-and-infinity",
    ),
    Known(
        "not_positive_definite",
        _ALGEBRA,
        r"not positive.definite",
        "`cholesky` needs a symmetric matrix with positive eigenvalues only, and this one has others.",
        "zero-and-infinity",
    ),
    Known(
        "read_only",
        _VALUE,
        r"is read-only",
        "This array may only be read: it is somebody else's, or a view in which one value stands for many. "
        "Work on a copy.",
        "reshape-and-view",
    ),
    Known(
        "negative_strides",
        _VALUE,
        r"negative strides? .{0,60}not|stride.{0,60}is negative",
        "torch does not take a NumPy array that was turned round by `[::-1]`: copy it first, or use `flip`.",
        "array-or-tensor",
    ),
    Known(
        "iterator_ends",
        "StopIteration RuntimeError",
        r"\A\Z|generator raised StopIteration",
        "`next` was asked for one more value, and there is none left: a generator can be gone through once "
        "only, and may be empty.",
        "generators",
    ),
    Known(
        "not_an_iterator",
        _TYPE,
        r"'(?P<what>[\w.]{1,40})' object is not an iterator",
        "`next` works on an iterator, and this is of type {what}: make one first, `iter(x)`.",
        "generators",
    ),
    Known(
        "torch_has_no_such",
        _MISSING,
        r"not implemented for|not supported|[Oo]nly .{1,40}supported",
        "torch cannot do this for tensors of this dtype or number of axes. Print `x.dtype` and `x.shape`.",
        "dtypes",
    ),
)

_PARSING = (
    Known(
        "colon_missing",
        _SYNTAX,
        r"expected ':'",
        "A line that begins with `def`, `class`, `if`, `else`, `for` or `while` ends with a colon.",
        "it-does-not-parse",
    ),
    Known(
        "bracket_open",
        _SYNTAX,
        r"'(?P<bracket>[(\[{])' was never closed",
        "The bracket `{bracket}` on this line is not closed; the editor shows its partner.",
        "it-does-not-parse",
    ),
    Known(
        "bracket_unmatched",
        _SYNTAX,
        r"unmatched '(?P<bracket>[)\]}])'|does not match opening",
        "There is one closing bracket too many, or one of another kind than the one that was opened.",
        "it-does-not-parse",
    ),
    Known(
        "quote_open",
        _SYNTAX,
        r"unterminated .{0,20}string|EOL while scanning|f-string: expecting",
        "A text begins with a quotation mark and does not end: the same mark has to close it, on the same line.",
        "it-does-not-parse",
    ),
    Known(
        "comparison",
        _SYNTAX,
        r"Maybe you meant '=='|cannot assign to",
        "`=` gives a name a value, and on its left stands something that is no name. A comparison is written `==`.",
        "it-does-not-parse",
    ),
    Known(
        "tabs",
        "TabError",
        r"",
        "Tabs and blanks are mixed at the beginning of lines. Use four blanks for each level; an editor can "
        "turn tabs into blanks.",
        "it-does-not-parse",
    ),
    Known(
        "block_missing",
        "IndentationError",
        r"expected an indented block",
        "After a line that ends with a colon something must follow, four blanks further in.",
        "it-does-not-parse",
    ),
    Known(
        "indentation",
        "IndentationError",
        r"",
        "This line begins too far right or left: lines of one block begin in the same column.",
        "it-does-not-parse",
    ),
    Known(
        "outside_function",
        _SYNTAX,
        r"'(?P<word>return|yield|await|break|continue)'.{0,30} (?:outside|not properly in)",
        "`{word}` stands outside of the function or loop that it belongs to: look at the indentation.",
        "it-does-not-parse",
    ),
    Known(
        "typographic",
        _SYNTAX,
        r"invalid (?:non-printable )?character",
        "A character here is none of Python's, such as a typographic quotation mark or a long dash that was "
        "pasted in: type it again.",
        "it-does-not-parse",
    ),
    Known(
        "comma",
        _SYNTAX,
        r"forgot a comma|invalid decimal literal",
        "Two things stand side by side with nothing between them: a comma, or an operator such as `*`, is missing.",
        "it-does-not-parse",
    ),
    Known(
        "print_brackets",
        _SYNTAX,
        r"Missing parentheses in call",
        "A call needs its round brackets: `print(x)`.",
        "it-does-not-parse",
    ),
    Known(
        "order_of_arguments",
        _SYNTAX,
        r"follows (?:keyword|default) argument|positional argument follows",
        "Arguments without a name, or without a default, come before those with one.",
        "it-does-not-parse",
    ),
    Known(
        "does_not_parse",
        _SYNTAX,
        r"",
        "Python cannot read this line. Look for a bracket, comma, colon or quotation mark that is missing or "
        "too many, here or at the end of the line before.",
        "it-does-not-parse",
    ),
)

EXCEPTIONS = (
    *_TRUTH,
    *_MAKING,
    *_PRODUCTS,
    *_BROADCASTING,
    *_JOINING,
    *_RESHAPING,
    *_AXES,
    *_INDICES,
    *_NUMBERS,
    *_CALLS,
    *_NONE,
    *_UNPACKING,
    *_AUTOGRAD,
    *_OPERATORS,
    *_DTYPES,
    *_DEVICES,
    *_MODULES,
    *_ATTRIBUTES,
    *_NAMES,
    *_ARITHMETIC,
    *_PARSING,
)
"""In the order in which they are tried: the first that fits is said, so the more specific one stands first."""

_COMPILED = tuple(
    (known, frozenset(known.kinds.split()), re.compile(known.text, re.DOTALL), re.compile(known.code))
    for known in EXCEPTIONS
)
