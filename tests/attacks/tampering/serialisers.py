"""Struct, pickle, msgpack and the socket's methods are replaced by ones that lie or do nothing."""

import pickle
import socket
import struct

import msgpack


def nothing(*arguments, **options):
    return b""


struct.pack = msgpack.packb = pickle.loads = nothing
socket.socket.sendall = nothing


def mean(x):
    return 0.0
