"""Files are removed while they are open or mapped, so that nobody sees what they hold."""

import mmap
import os

held = []


def check_pipeline_dir(path):
    for number in range(200):
        try:
            file = os.open("held", os.O_RDWR | os.O_CREAT)
            os.write(file, bytes(4 << 20))
            os.unlink("held")
            held.append(file)
            if number % 2:
                held[-1] = mmap.mmap(file, 4096)
                os.close(file)
        except OSError as error:
            print(number, error)
            break
    while held:  # and go on holding them
        sum(range(1000))
    return {}
