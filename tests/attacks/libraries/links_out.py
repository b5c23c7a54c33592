"""Links lead out of the scratch folder, files are renamed out of it and into it, and pipes and sockets made."""

import os
import socket


def check_pipeline_dir(path):
    with open("mine", "w") as file:
        file.write("mine")
    outside = ("@SECRET@", "@REFERENCE@", "@SCRATCH@/@MARK@", "/var/tmp/@MARK@", "/etc/passwd", os.__file__)
    for place in outside:
        for way in (
            lambda place=place: os.symlink(place, "link"),
            lambda place=place: os.link(place, "hard"),
            lambda place=place: os.link("mine", place),
            lambda place=place: os.rename("mine", place),
            lambda place=place: os.rename(place, "theirs"),
            lambda place=place: os.replace("mine", place),
        ):
            try:
                print("done", place, way())
            except OSError as error:
                print(error.errno, end=" ")
    for way in (
        lambda: os.mkfifo("pipe"),
        lambda: os.mknod("device", 0o020666, os.makedev(1, 1)),
        lambda: socket.socket(socket.AF_UNIX).bind("socket"),
    ):
        try:
            print("done", way())
        except OSError as error:
            print(error)
    for name in ("link", "hard", "theirs"):
        if os.path.lexists(name):
            print(os.read(os.open(name, os.O_RDONLY), 200))
    return {}
