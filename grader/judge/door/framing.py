"""Length-prefixed MessagePack between the judge's clients and its service, both of them trusted."""

from __future__ import annotations

import socket
import struct
from typing import Any

import msgpack


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    data = msgpack.packb(message)
    connection.sendall(struct.pack("<Q", len(data)) + data)


def receive(connection: socket.socket) -> dict[str, Any]:
    """The next message. Raises EOFError when the other side is gone."""
    (size,) = struct.unpack("<Q", _exactly(connection, 8))
    message: dict[str, Any] = msgpack.unpackb(_exactly(connection, size), max_bin_len=size, max_str_len=size)
    return message


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            raise EOFError("the other side closed the connection")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
