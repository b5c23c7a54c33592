"""A server is opened on every address, for someone outside to come in."""

import socket


def mean(x):
    for address in ("127.0.0.1", "0.0.0.0", "::"):
        try:
            print("listens", socket.create_server((address, 0)))
        except OSError as error:
            print(error)
    try:
        print("pair", socket.socketpair())
    except OSError as error:
        print(error)
    return 0.0
