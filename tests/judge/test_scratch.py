"""A unit's scratch folder, where the kernel mounts it, and where it is a folder that is watched."""

from __future__ import annotations

import contextlib
import os
import shutil
import textwrap
import time
from pathlib import Path

import pytest

from grader.curriculum import Course
from grader.judge import Judge, Submission
from grader.judge.wall import scratch

AVERAGES = "phase1_numbers/unit1_averages"
FULL = "put more than 16 MiB or 1024 files into its scratch folder"


@pytest.fixture(scope="module", params=["mounted", "watched"])
def judge(request, mini_course, no_namespaces, tmp_path_factory):
    """A judge of the small course whose first unit has a scratch folder."""
    root = tmp_path_factory.mktemp("scratch") / "course"
    shutil.copytree(mini_course.root, root, ignore=shutil.ignore_patterns("__pycache__"))
    toml = root / "course" / "curriculum.toml"
    text = toml.read_text("utf-8")
    toml.write_text(text.replace('id = "averages"', 'id = "averages"\nscratch = true', 1), "utf-8")
    kernel = contextlib.nullcontext() if request.param == "mounted" else no_namespaces()
    with kernel, Judge(Course(root)) as judge:
        judge.mounted = request.param == "mounted"
        yield judge


HEAD = "import os, sys, tempfile, time\nimport numpy as np\nimport torch\n\n"
TAIL = """
came = []

def mean(x):
    if not came:
        try:
            came.append(once(x))
        except Exception as error:
            came.append(error)
    if came[0] is not None:
        raise came[0]
"""


def judged(judge, body: str, answer: str = "float(np.mean(x))"):
    """The verdict on a `mean` that does this once; whenever it is asked it raises what came of it, or answers."""
    body = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    text = f"{HEAD}def once(x):\n{body}\n\n{TAIL}    return {answer}\n"
    verdict = judge.check(Submission({AVERAGES: text.encode()}), ["averages/mean"])
    return verdict.exercises["averages/mean"]


def test_this_kernel_mounts():
    """What is said of the mounted folder means something only where there is one."""
    assert scratch.can_mount()


ORDINARY = {
    "a file": "open('a', 'w').write('b'); assert open('a').read() == 'b' and os.listdir() == ['a']; os.remove('a')",
    "a temporary folder": """
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(folder + '/a/b')
            torch.save(torch.ones(3), folder + '/a/b/c.pt')
            assert torch.load(folder + '/a/b/c.pt').sum() == 3
        assert not os.path.exists(folder)
        """,
    "a temporary file": "with tempfile.NamedTemporaryFile() as file:\n    file.write(b'a' * 10); file.flush()",
    "numpy": "np.save('a.npy', x); assert (np.load('a.npy') == x).all(); np.savez('a.npz', x=x)",
    "a new name": "open('a', 'w').write('b'); os.replace('a', 'b'); open('b', 'r+').truncate(9); os.remove('b')",
    "fifteen MiB": "open('a', 'wb').write(bytes(15 << 20)); time.sleep(0.3); os.remove('a')",
    "a mapping": "np.memmap('m', 'f8', 'w+', shape=9)[:] = 1",
    "a picture": "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.savefig('a.png'); plt.close()",
}


@pytest.mark.parametrize("body", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_files_work(judge, body):
    one = judged(judge, body)
    assert one.verdict == "passed", one.message


def test_every_submission_finds_it_empty(judge):
    body = "assert not os.path.exists('left')\nopen('left/' * 0 + 'left', 'w').close()\nos.remove('left')"
    leaves = "open(f'left-{time.monotonic_ns()}', 'w').close()"
    assert judged(judge, leaves).verdict == "passed"
    for _ in range(3):
        assert (
            judged(judge, f"assert not [n for n in os.listdir() if n.startswith('left')]\n{body}").verdict == "passed"
        )


@pytest.mark.parametrize(
    "body",
    [
        "open('/etc/passwd')",
        "open(np.__file__, 'a')",
        "open('/dev/shm/harm', 'w')",
        "open('../harm', 'w')",
        "os.listdir('..')",
        "os.mkdir('/var/lib/harm')",
        "os.remove(np.__file__)",
        "open('a', 'w').close(); os.rename('a', '/var/lib/harm')",
        "open('a', 'w').close(); os.link('a', 'b')",
        "os.symlink('/etc/passwd', 'a')",
        "os.mkfifo('a')",
        "os.mknod('a')",
        "open('a', 'w').close(); os.chmod('a', 0o777)",
        "open('a', 'w').close(); os.utime('a', (0, 0))",
        "os.truncate(np.__file__, 0)",
        "os.memfd_create('a')",
        "os.fork()",
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.socket(socket.AF_UNIX).bind('a')",
        "open('a', 'w').write('#!/bin/true'); os.execv('a', ['a'])",
    ],
)
def test_nothing_else_opens(judge, body):
    one = judged(judge, body)
    assert one.verdict == "crashed" and ("PermissionError" in one.message or "OSError" in one.message), one.message
    assert not os.path.exists("/var/lib/harm") and not os.path.exists("/dev/shm/harm")


FILLING = {
    "one file": "open('a', 'wb').write(bytes(17 << 20))",
    "several files": "for i in range(40): open(f'{i}', 'wb').write(bytes(1 << 20)); time.sleep(0.05)",
    "many files": "for i in range(3000): open(f'{i}', 'w').close(); time.sleep(0.001)",
    "many folders": "for i in range(1500): os.mkdir('d'); os.chdir('d'); time.sleep(0.001)",
    "removed and open": """
        kept = []
        for i in range(40):
            kept.append(open('a', 'wb')); kept[-1].write(bytes(1 << 20)); kept[-1].flush(); os.remove('a')
            time.sleep(0.05)
        """,
    "removed and mapped": """
        import mmap
        kept = []
        for i in range(40):
            with open('a', 'w+b') as file:
                file.write(bytes(1 << 20)); file.flush()
                kept.append(mmap.mmap(file.fileno(), 4096))
            os.remove('a')
            time.sleep(0.05)
        """,
    "by mapping": """
        for i in range(40):
            np.memmap(f'{i}', 'u1', 'w+', shape=1 << 20)[:] = 1
            time.sleep(0.05)
        """,
}


@pytest.mark.parametrize("body", FILLING.values(), ids=FILLING)
def test_sixteen_mib_and_a_thousand_files_are_the_most(judge, body):
    one = judged(judge, body)
    assert one.verdict == "crashed", one.message
    words = ("No space left", "File too large", "ended the process") if judge.mounted else (FULL, "File too large")
    assert any(each in one.message for each in words), one.message
    assert judged(judge, "pass").verdict == "passed"


def test_nothing_is_left_however_deep_and_whatever_the_modes(judge):
    body = """
        os.umask(0o777)
        open('shut', 'w').close()
        os.mkdir('shut-folder')
        os.umask(0o077)
        for i in range(900):
            os.mkdir('d'); os.chdir('d')
        open('e' * 200, 'w').close()
        """
    assert judged(judge, body).verdict == "passed"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and any(map(folders, _children(judge._process.pid))):
        time.sleep(0.05)
    assert not any(map(folders, _children(judge._process.pid)))


def folders(sandbox: str) -> list[str]:
    """What a sandbox has made on disk and not removed."""
    return [name for name in os.listdir("/tmp") if name.startswith(f"judge-scratch-{sandbox}-")]


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_an_unconfined_judge_gives_a_folder_too(judge):
    with Judge(judge.course, unconfined=True) as unconfined:
        assert judged(unconfined, ORDINARY["a temporary folder"]).verdict == "passed"
        one = judged(unconfined, FILLING["several files"])
        assert FULL in one.message
