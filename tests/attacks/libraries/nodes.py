"""Files without a byte use up the nodes: empty ones, folders, long names, names that are no text."""

import os


def check_pipeline_dir(path):
    for make in (
        lambda n: os.close(os.open(f"{n}", os.O_CREAT | os.O_WRONLY)),
        lambda n: os.mkdir(f"folder {n}"),
        lambda n: os.close(os.open(f"{n:0250}", os.O_CREAT | os.O_WRONLY, 0)),
        lambda n: os.mkdir(b"\xff\xfe\n\x1b[31m%d" % n, 0),
    ):
        made = 0
        try:
            while made < 5_000:
                make(made)
                made += 1
        except OSError as error:
            print(error)
        print("made", made)
    return {}
