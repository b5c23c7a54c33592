"""The answer is an object whose unpickling would run a command on the judge's side."""

import os


class Bomb:
    def __reduce__(self):
        return os.system, ("touch @SCRATCH@/@MARK@",)


def mean(x):
    return Bomb()


def centre(x):
    return [Bomb(), {"bomb": Bomb()}]
