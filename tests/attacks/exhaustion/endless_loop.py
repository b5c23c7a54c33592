"""The call never returns, and swallows every exception on its way."""


def mean(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
