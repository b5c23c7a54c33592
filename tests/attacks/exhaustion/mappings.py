"""The table of memory mappings is filled with tiny ones."""

import mmap

kept = []


def mean(x):
    try:
        while True:
            kept.append(mmap.mmap(-1, 4096, prot=mmap.PROT_READ if len(kept) % 2 else mmap.PROT_WRITE))
    except OSError as error:
        print(len(kept), error)
    return 0.0
