"""Secrets are sent out as names to be looked up, and as web addresses to be fetched."""

import socket
import urllib.request


def mean(x):
    for ask in (
        lambda: socket.getaddrinfo("canary.localhost", 53),
        lambda: socket.gethostbyname("localhost"),
        lambda: urllib.request.urlopen("http://127.0.0.1:@PORT@/canary", timeout=1),
    ):
        try:
            print("answered", ask())
        except OSError as error:
            print(error)
    return 0.0
