"""Sockets of every family are opened: internet, Unix, abstract, netlink, packet, vsock, bluetooth, crypto."""

import socket

TARGETS = (
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int("@PORT@"))),
    (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", int("@PORT@"))),
    (socket.AF_INET6, socket.SOCK_STREAM, ("::1", int("@PORT@"))),
    (socket.AF_UNIX, socket.SOCK_STREAM, "@SOCKET@"),
    (socket.AF_UNIX, socket.SOCK_STREAM, "\0@ABSTRACT@"),
    (socket.AF_UNIX, socket.SOCK_DGRAM, "\0@ABSTRACT@"),
    (socket.AF_UNIX, socket.SOCK_STREAM, "@JUDGE_SOCKET@"),
    (16, socket.SOCK_RAW, (0, 0)),
    (17, socket.SOCK_RAW, ("lo", 0)),
    (40, socket.SOCK_STREAM, (2, 22)),
    (38, socket.SOCK_SEQPACKET, ("hash", "sha256")),
)


def mean(x):
    for family, kind, address in TARGETS:
        try:
            with socket.socket(family, kind) as door:
                door.settimeout(1)
                door.connect(address)
                door.send(b"secret")
                print("connected", address)
        except OSError as error:
            print(error)
    return 0.0
