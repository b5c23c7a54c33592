"""The exceptions that end generators, loops and programs are raised where an answer is due."""

CASES = iter([SystemExit(0), KeyboardInterrupt(), GeneratorExit(), StopIteration(0.0), StopAsyncIteration()])


def mean(x):
    raise next(CASES)


def centre(x):
    raise StopIteration(x - x.mean())
