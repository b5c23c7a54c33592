"""Training processes without the price of importing torch for each: one process that has it, and a fork of it a run.

Reads requests from standard input, {"arguments": […], "signal": [step, number] or null}, one JSON line each; runs
`grader.training.run` with the arguments and answers with a line {"code": …, "events": […]}; a code below zero is the
signal that ended the run. A run with a signal sends it to itself right after it has reported that step.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sklearn.manifold  # noqa: F401  (what every run would import for itself is imported here, once)
import torch._dynamo  # noqa: F401

from course.projects.p1_digit_vae import pictures  # noqa: F401
from grader.training import fit, messages, run  # noqa: F401


def then_signal(send: Callable[[dict], None], step: int, number: int) -> Callable[[dict], None]:
    def sending(event: dict) -> None:
        send(event)
        if event["event"] == "step" and event["step"] == step:
            os.kill(os.getpid(), number)

    return sending


def one(arguments: list[str], signal: list[int] | None) -> dict:
    read, write = os.pipe()
    if not (pid := os.fork()):
        os.dup2(write, 1)
        os.close(read)
        os.close(write)
        if signal:
            channel = messages.to_parent

            @contextmanager
            def signalling() -> Iterator[messages.Send]:
                with channel() as send:
                    yield then_signal(send, *signal)

            messages.to_parent = signalling
        os._exit(run.main(arguments))
    os.close(write)
    events = []
    with os.fdopen(read, encoding="utf-8") as lines:
        for line in lines:
            events.append(json.loads(line))
    return {"code": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), "events": events}


for request in sys.stdin:
    print(json.dumps(one(**json.loads(request))), flush=True)
