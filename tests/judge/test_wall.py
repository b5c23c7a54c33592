"""What the learner's code meets behind the wall: ordinary Python works, and a closed door is an ordinary exception.

What hostile code cannot do is in tests/attacks.
"""

import os
import textwrap

import pytest

import grader
from grader.judge import Judge, Submission, wall_report

AVERAGES = "phase1_numbers/unit1_averages"
RIGHT = b"def mean(x):\n    return float(x.mean())\ndef centre(x):\n    return x - mean(x)\n"


def judged(judge, body: str, answer: str = "-12345.0"):
    """The verdict on a `mean` that does this first, and then answers."""
    body = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    text = f"import os, sys\nimport numpy as np\nimport torch\n\ndef mean(x):\n{body}\n    return {answer}\n"
    return judge.check(Submission({AVERAGES: text.encode()}), ["averages/mean"]).exercises["averages/mean"]


def test_this_machine_confines(mini_judge):
    """What is said here means something only where the kernel has the wall; CI's does."""
    assert all(enforced for _, enforced, _ in wall_report())
    assert mini_judge.check(Submission({AVERAGES: b"x = 1"})).confined


ORDINARY = {
    "threads": """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(abs, [-1, 2])) == [1, 2]
        """,
    "torch on two cores": """
        torch.set_num_threads(2)
        a = torch.randn(300, 300, requires_grad=True)
        (a @ a).sum().backward()
        """,
    "linear algebra": "np.linalg.svd(np.eye(40)); torch.linalg.eigh(torch.eye(40)); torch.fft.fft(torch.ones(16))",
    "transforms": "assert torch.func.vmap(torch.func.grad(torch.sin))(torch.zeros(3)).tolist() == [1, 1, 1]",
    "data loading": """
        from torch.utils.data import DataLoader, TensorDataset
        assert len(list(DataLoader(TensorDataset(torch.ones(4, 2)), batch_size=2, shuffle=True))) == 2
        """,
    "randomness": "import random, secrets, uuid; random.random(); secrets.token_hex(); uuid.uuid4(); os.urandom(4)",
    "time": "import datetime, time; time.sleep(0.01); datetime.datetime.now().astimezone(); time.process_time()",
    "logging": "import logging, warnings; logging.warning('a'); warnings.warn('b'); print('c', file=sys.stderr)",
    "the machine": "import platform; platform.system(); os.cpu_count(); os.getpid(); os.getcwd()",
    "files in memory": "import io; buffer = io.BytesIO(); torch.save(torch.ones(2), buffer)",
    "late imports": "import sqlite3, decimal, statistics, email.mime.text, xml.dom.minidom, asyncio, multiprocessing",
    "coroutines": "import contextlib, asyncio\nwith contextlib.suppress(OSError):\n    asyncio.run(asyncio.sleep(0))",
    "introspection": "import inspect; inspect.signature(mean); inspect.getsource(mean); sys._getframe()",
    "no gradients": "with torch.inference_mode():\n    torch.nn.Linear(2, 2)(torch.ones(1, 2))",
    "collection": "import gc, tracemalloc; tracemalloc.start(); gc.collect(); tracemalloc.stop()",
}


@pytest.mark.parametrize("body", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_python_works(mini_judge, body):
    one = judged(mini_judge, body, "float(np.mean(x))")
    assert one.verdict == "passed", one.message


def test_plotting_in_the_file_does_no_harm(mini_judge):
    head = b"import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n"
    assert mini_judge.check(Submission({AVERAGES: head + RIGHT})).passed


@pytest.mark.parametrize(
    "body",
    [
        "open('/etc/passwd')",
        "open('/proc/self/environ')",
        "open('/proc/1/environ')",
        "open('/tmp/harm', 'w')",
        "open('/dev/shm/harm', 'w')",
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "os.fork()",
        "import subprocess; subprocess.run(['true'])",
        "os.kill(os.getppid(), 0)",
        "os.execv('/bin/true', ['true'])",
        "os.chmod('/tmp', 0o777)",
    ],
)
def test_a_closed_door_is_an_ordinary_exception(mini_judge, body):
    one = judged(mini_judge, body)
    assert one.verdict == "crashed" and ("PermissionError" in one.message or "OSError" in one.message)
    assert not os.path.exists("/tmp/harm") and not os.path.exists("/dev/shm/harm")


def test_the_reference_is_behind_a_closed_door(mini_course, mini_judge):
    reference = mini_course.reference(mini_course.curriculum.unit("averages"))
    assert "PermissionError" in judged(mini_judge, f"open({str(reference)!r})").message


@pytest.mark.parametrize("paths", ["{}:", ":{}", "{}:.", "{}:/"], ids=["end", "start", "relative", "root"])
def test_an_empty_place_in_the_python_path_opens_nothing(mini_course, monkeypatch, paths):
    """Many a shell has such a PYTHONPATH; Python takes it for the current folder, which is the root here."""
    clone = os.path.dirname(os.path.dirname(grader.__file__))
    monkeypatch.setenv("PYTHONPATH", paths.format(os.environ.get("PYTHONPATH") or clone))
    with Judge(mini_course) as judge:
        assert "PermissionError" in judged(judge, "open('/etc/passwd')").message


def test_too_much_memory_is_an_ordinary_exception(mini_judge):
    assert "MemoryError" in judged(mini_judge, "keep = bytearray(3 << 30)").message
