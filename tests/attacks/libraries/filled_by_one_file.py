"""The scratch folder is filled by one file: written, stretched, sparse, and past every end."""

import os


def check_pipeline_dir(path):
    for size in (1 << 24, 1 << 30, 1 << 40, (1 << 63) - 1):
        try:
            with open("one", "wb") as file:
                file.truncate(size)
                print("stretched", size)
                file.seek(size - 1)
                file.write(b"x")
        except (OSError, OverflowError) as error:
            print(error)
    try:
        with open("two", "wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))
    except OSError as error:
        print(error, os.stat("two").st_size)
    return {}
