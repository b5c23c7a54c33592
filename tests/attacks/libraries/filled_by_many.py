"""The scratch folder is filled by ten thousand small files, and by folders nested a thousand deep."""

import os


def check_pipeline_dir(path):
    try:
        for number in range(10_000):
            with open(f"file {number}", "wb") as file:
                file.write(bytes(4096))
    except OSError as error:
        print(error, len(os.listdir(".")))
    try:
        for _ in range(2_000):
            os.mkdir("deeper")
            os.chdir("deeper")
    except OSError as error:
        print(error)
    return {}
