"""The library's own threads stay: progress bars' monitors, pools, data loaders, hundreds of them, none a daemon."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import torch
import tqdm


def check_pipeline_dir(path):
    tqdm.tqdm.monitor_interval = 0.01
    for _ in tqdm.tqdm(range(3), disable=False):
        time.sleep(0.001)
    pool = ThreadPoolExecutor(500)
    for _ in range(500):
        try:
            pool.submit(time.sleep, 1000)
        except RuntimeError as error:
            print(error)
            break
    torch.set_num_threads(64)
    torch.ones(2000, 2000) @ torch.ones(2000, 2000)
    for _ in range(500):
        threading.Thread(target=time.sleep, args=(1000,), daemon=False).start()
    return {}
