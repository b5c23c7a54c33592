"""Processes are made by fork, vfork, clone, spawn, a shell, a pool, a terminal and a subinterpreter's script."""

import multiprocessing
import os
import pty
import subprocess

WAYS = (
    lambda: os.fork(),
    lambda: os.forkpty(),
    lambda: pty.fork(),
    lambda: os.posix_spawn("/bin/true", ["true"], {}),
    lambda: os.posix_spawnp("sh", ["sh", "-c", "true"], {}),
    lambda: os.system("touch @SCRATCH@/@MARK@"),
    lambda: os.popen("id").read(),
    lambda: subprocess.run(["true"], check=True),
    lambda: multiprocessing.get_context("spawn").Process(target=print).start(),
    lambda: multiprocessing.get_context("fork").Process(target=print).start(),
)


def mean(x):
    for way in WAYS:
        try:
            print("done", way())
        except (OSError, EOFError) as error:
            print(type(error).__name__, error)
    return 0.0
