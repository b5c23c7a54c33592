"""What the learner's code cannot do from where it runs. A canary stands for every secret and every harm."""

import os
import textwrap
import time
from pathlib import Path

import pytest

from grader.judge import Submission, wall_report

AVERAGES = "phase1_numbers/unit1_averages"


RIGHT = b"def mean(x):\n    return float(x.mean())\ndef centre(x):\n    return x - mean(x)\n"


def judged(judge, attack: str):
    """`mean` runs the attack, then answers wrongly on purpose: nothing it does may turn that into a pass."""
    body = textwrap.indent(textwrap.dedent(attack).strip(), "    ")
    text = f"import os, sys\n\ndef mean(x):\n{body}\n    return -12345.0\n"
    verdict = judge.check(Submission({AVERAGES: text.encode()}), ["averages/mean"])
    assert judge.check(Submission({AVERAGES: RIGHT})).passed, "the next submission is judged as ever"
    return verdict.exercises["averages/mean"]


FORGERIES = {
    "patched comparison": """
        import torch, numpy
        torch.allclose = numpy.allclose = lambda *_, **__: True
        """,
    "patched wire": """
        from grader.judge import wire
        wire.encode = lambda value: b"\\x81\\xa2ok\\xca\\x00\\x00\\x00\\x00"
        """,
    "raw bytes on every descriptor": """
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b"\\xff" * 4096)
            except OSError:
                pass
        """,
    "exit handlers": """
        import atexit
        atexit.register(lambda: os._exit(0))
        sys.exit(0)
        """,
    "walk for the reference": """
        import gc
        for one in gc.get_objects():
            if isinstance(one, dict) and "solutions" in str(one.get("__file__", "")):
                return one["mean"](x)
        """,
    "a pickle in the answer": """
        class Bomb:
            def __reduce__(self):
                return os.system, ("true",)
        return Bomb()
        """,
    "an answer too large": "return x.repeat(20_000_000)",
    "an answer too deep": """
        deep = []
        for _ in range(10_000):
            deep = [deep]
        return deep
        """,
}


@pytest.mark.parametrize("attack", FORGERIES.values(), ids=FORGERIES)
def test_a_wrong_answer_stays_wrong(mini_judge, attack):
    assert judged(mini_judge, attack).verdict != "passed"


def test_this_machine_confines(mini_judge):
    """The tests below mean something only where the kernel has the wall; CI's does."""
    assert all(enforced for _, enforced, _ in wall_report())
    assert mini_judge.check(Submission({AVERAGES: b"x = 1"})).confined


def test_references_checks_and_home_cannot_be_read(mini_course, mini_judge, tmp_path):
    secret = tmp_path / "canary"
    secret.write_text("canary")
    reference = mini_course.reference(mini_course.curriculum.unit("averages"))
    for path in (secret, reference, "/etc/passwd", f"/proc/{os.getpid()}/environ", "/proc/self/environ"):
        one = judged(mini_judge, f"print(open({str(path)!r}).read())")
        assert "PermissionError" in one.message and "canary" not in one.output


def test_nothing_is_written(mini_judge, tmp_path):
    for folder in (tmp_path, "/tmp", "/dev/shm"):
        one = judged(mini_judge, f"open('{folder}/harm', 'w').write('harm')")
        assert "PermissionError" in one.message
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    "attack",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.socket(socket.AF_UNIX).connect('\\0judge')",
        "os.fork()",
        "import subprocess; subprocess.run(['true'])",
        "os.kill(os.getppid(), 9)",
        "os.kill(1, 0)",
        "os.execv('/bin/true', ['true'])",
    ],
)
def test_no_network_processes_or_signals(mini_judge, attack):
    one = judged(mini_judge, attack)
    assert one.verdict == "crashed" and ("PermissionError" in one.message or "OSError" in one.message)


def test_plotting_in_the_file_does_no_harm(mini_judge):
    head = b"import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n"
    assert mini_judge.check(Submission({AVERAGES: head + RIGHT})).passed


def test_memory_is_bounded(mini_judge):
    assert "MemoryError" in judged(mini_judge, "keep = bytearray(3 << 30)").message


def test_the_environment_is_empty_of_secrets(mini_judge, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "canary")
    assert "canary" not in judged(mini_judge, "print(dict(os.environ))").output


def test_a_file_beside_the_submission_shadows_nothing(mini_judge):
    shadow = b"allclose = lambda *a, **k: True\nraise RuntimeError('shadowed')\n"
    right = b"import numpy as np\ndef mean(x):\n    return float(np.mean(x))\n"
    files = {AVERAGES: right, "numpy": shadow, "torch": shadow, "conftest": shadow, "sitecustomize": shadow}
    assert mini_judge.check(Submission(files), ["averages/mean"]).passed


def descendants(pid: int) -> set[int]:
    """The processes below `pid`, as the kernel lists them."""
    children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return set().union(*({child} | descendants(child) for child in children))


def test_nothing_is_left_running(mini_judge):
    attacks = [
        "import threading; threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()",
        "import signal; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]",
        "while True: pass",
    ]
    judged(mini_judge, "pass")
    resting = wait_for_rest()
    for attack in attacks:
        judged(mini_judge, attack)
        assert wait_for_rest() == resting


def wait_for_rest() -> set[int]:
    """The processes of this test run's judges once their number no longer changes."""
    before, now = set[int](), descendants(os.getpid())
    while before != now:
        time.sleep(1.5)
        before, now = now, descendants(os.getpid())
    return now
