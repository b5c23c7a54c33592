"""The only language spoken back across the wall: MessagePack that cannot carry code.

A value is None, a bool, a number, a string, bytes, a Tensor, an ndarray, or a list, tuple or dict of these. `encode`
runs beside the learner's code and explains what it cannot send; `decode` runs on the trusted side and believes nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import msgpack
import numpy as np
import torch

MAX_BYTES = 64 << 20
"""Largest reply, in bytes."""
OUTPUT_BYTES = 64 << 10
"""How much of what the learner prints is kept; it goes through a file, not through a reply."""
MAX_DEPTH = 16
MAX_ITEMS = 100_000
"""Of one list or dict, and the number of lists and dicts in a reply."""

_TENSOR, _ARRAY, _TUPLE, _INT = 1, 2, 3, 4
_TORCH_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128),
        *(torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool),
    )
}
_NUMPY_DTYPES = {np.dtype(code).str for code in "efdFD?bhilBHIL"}


class Unsendable(TypeError):
    """A result that is not plain data; the text names what it is instead."""


class Malformed(ValueError):
    """Bytes that no honest encoder wrote."""


def encode(value: Any) -> bytes:
    """Plain data as bytes; a named tuple is a tuple, an ordered dict a dict. Raises Unsendable for anything else."""
    return _packed(_packable(value, 0))


def decode(data: bytes | bytearray) -> Any:
    """Bytes as plain data: fresh tensors and arrays, contiguous, of known dtypes. Raises Malformed."""
    if len(data) > MAX_BYTES:
        raise Malformed(f"a reply of {len(data)} bytes; {MAX_BYTES} are allowed")
    try:
        value = _unpack(data, 0, itertools.count())
        _bounded(value)
        return value
    except Malformed:
        raise
    except Exception as error:  # whatever the bytes provoke, they were not ours
        raise Malformed(f"a reply that does not decode: {type(error).__name__}") from None


def _bounded(value: Any) -> None:
    """Raise Malformed for what is nested deeper than `encode` would nest it: whoever walks through it may recurse."""
    level, depth = [value], 0
    while level := [container for container in level if isinstance(container, list | tuple | dict)]:
        depth += 1
        if depth > MAX_DEPTH + 2:  # the reply around the value
            raise Malformed("a reply nested too deeply")
        contents = (container.values() if isinstance(container, dict) else container for container in level)
        level = [inner for content in contents for inner in content]


def _packable(value: Any, depth: int) -> Any:
    kind = type(value)
    if depth > MAX_DEPTH:
        raise Unsendable(f"a structure nested deeper than {MAX_DEPTH}")
    if value is None or kind in (bool, float, str, bytes):
        return value
    if kind is int:
        return value if -(1 << 63) <= value < 1 << 63 else msgpack.ExtType(_INT, str(value)[:1000].encode())
    if kind in (torch.Tensor, torch.nn.Parameter):
        return msgpack.ExtType(_TENSOR, _tensor_bytes(value))
    if kind is np.ndarray:
        return msgpack.ExtType(_ARRAY, _array_bytes(value))
    if isinstance(value, np.generic):
        return _packable(value.item(), depth)
    if isinstance(value, list | tuple):
        items = [_packable(inner, depth + 1) for inner in value]
        return items if isinstance(value, list) else msgpack.ExtType(_TUPLE, _packed(items))
    if isinstance(value, dict):
        if not all(type(key) in (str, int, bool) for key in value):
            raise Unsendable("a dict whose keys are not strings or integers")
        return {key: _packable(inner, depth + 1) for key, inner in value.items()}
    raise Unsendable(f"a `{kind.__name__}`")


def _packed(value: Any) -> bytes:
    data: bytes = msgpack.packb(value)
    return data


def _tensor_bytes(value: torch.Tensor) -> bytes:
    if value.layout != torch.strided or value.is_quantized or value.is_meta:
        raise Unsendable(f"a {'meta' if value.is_meta else str(value.layout).removeprefix('torch.')} Tensor")
    name = str(value.dtype).removeprefix("torch.")
    if name not in _TORCH_DTYPES:
        raise Unsendable(f"a Tensor of dtype {name}")
    # Conjugate and negative bits, history and strides stay behind: the numbers are what is judged.
    flat = value.detach().cpu().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format).flatten()
    return _packed([name, list(value.shape), flat.view(torch.uint8).numpy().tobytes()])


def _array_bytes(value: np.ndarray) -> bytes:
    dtype = value.dtype.newbyteorder("=")
    if dtype.str not in _NUMPY_DTYPES:
        raise Unsendable(f"an ndarray of dtype {value.dtype}")
    return _packed([dtype.str, list(value.shape), np.ascontiguousarray(value, dtype).tobytes()])


def _unpack(data: bytes | bytearray | memoryview, depth: int, containers: Iterator[int]) -> Any:
    if depth > MAX_DEPTH:
        raise Malformed("a reply nested too deeply")

    def items(found: list[Any]) -> list[Any]:
        if next(containers) >= MAX_ITEMS:
            raise Malformed(f"more than {MAX_ITEMS} lists and dicts")
        return found

    def pairs(found: list[tuple[Any, Any]]) -> dict[Any, Any]:
        # Large integers may all have one hash.
        if not all(type(key) is str or (isinstance(key, int) and -(1 << 63) <= key < 1 << 63) for key, _ in found):
            raise Malformed("a dict whose keys are not strings or integers")
        return dict(items(found))

    def extension(code: int, payload: bytes) -> Any:
        if code == _TENSOR:
            name, shape, raw = _header(payload)
            dtype = _TORCH_DTYPES[name]
            flat = _sized(raw, shape, dtype.itemsize)
            if not flat:
                return torch.empty(shape, dtype=dtype)
            if dtype is torch.bool:
                return torch.frombuffer(bytearray(flat), dtype=torch.uint8).reshape(shape) != 0
            return torch.frombuffer(bytearray(flat), dtype=dtype).reshape(shape)
        if code == _ARRAY:
            name, shape, raw = _header(payload)
            if name not in _NUMPY_DTYPES:
                raise Malformed(f"dtype {name!r}")
            flat = _sized(raw, shape, np.dtype(name).itemsize)
            if name == "|b1":
                return np.frombuffer(flat, dtype=np.uint8).reshape(shape) != 0
            return np.frombuffer(flat, dtype=name).reshape(shape).copy()
        if code == _TUPLE:
            inside = _unpack(payload, depth + 1, containers)
            if type(inside) is not list:
                raise Malformed("a tuple that is none")
            return tuple(inside)
        if code == _INT:
            return int(payload.decode("ascii"))
        raise Malformed(f"extension {code}")

    return msgpack.unpackb(
        data,
        ext_hook=extension,
        list_hook=items,
        object_pairs_hook=pairs,
        timestamp=1,  # as a number: msgpack's own class is no plain data
        strict_map_key=False,
        raw=False,
        max_array_len=MAX_ITEMS,
        max_map_len=MAX_ITEMS,
    )


def _header(payload: bytes) -> tuple[str, list[int], bytes]:
    name, shape, raw = msgpack.unpackb(payload, timestamp=1, max_array_len=64)
    if type(name) is not str or type(raw) is not bytes or type(shape) is not list:
        raise Malformed("a tensor without header")
    if not all(type(size) is int and size >= 0 for size in shape):
        raise Malformed("a negative size")
    return name, shape, raw


def _sized(raw: bytes, shape: list[int], itemsize: int) -> bytes:
    if math.prod(shape) * itemsize != len(raw):
        raise Malformed(f"{len(raw)} bytes for shape {shape}")
    return raw
