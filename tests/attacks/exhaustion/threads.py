"""Ten thousand threads with tiny stacks are started, and none of them ends."""

import threading

threading.stack_size(64 << 10)
for_ever = threading.Event()


def mean(x):
    started = 0
    try:
        for _ in range(10_000):
            threading.Thread(target=for_ever.wait, daemon=True).start()
            started += 1
    except RuntimeError as error:
        print(error)
    print(started)
    return 0.0
