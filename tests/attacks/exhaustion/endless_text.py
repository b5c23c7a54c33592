"""The text of the exception never ends."""


class Endless(Exception):
    def __str__(self):
        while True:
            pass


def mean(x):
    raise Endless
