"""An exception with the stub's own words asks to be seen as not attempted."""


def mean(x):
    raise NotImplementedError("mean")


def centre(x):
    raise NotImplementedError("centre")


passed = True
