"""The wall on older kernels: each version of Landlock that is about, and what it leaves to seccomp."""

import subprocess
import sys

import pytest

from grader.judge.wall import confine, syscalls

PROGRAM = """
import ctypes, fcntl, os, resource, socket, sys
from pathlib import Path
from grader.judge.wall import confine

canary, neighbour, abi = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
confine.landlock_abi = lambda: abi
mine = os.open(os.devnull, os.O_RDWR)
confine.confine(confine.prepare_landlock())
libc = ctypes.CDLL(None, use_errno=True)

def raw(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")

for name, harm in {
    "read": lambda: canary.read_text(),
    "list": lambda: os.listdir(canary.parent),
    "write": lambda: canary.write_text("harm"),
    "truncate": lambda: os.truncate(canary, 0),
    "unlink": lambda: canary.unlink(),
    "rename": lambda: canary.rename(canary.with_suffix(".moved")),
    "link": lambda: os.link(canary, canary.with_suffix(".linked")),
    "mkdir": lambda: os.mkdir(canary.with_suffix(".folder")),
    "chmod": lambda: canary.chmod(0),
    "chown": lambda: os.chown(canary, os.getuid(), os.getgid()),
    "utime": lambda: os.utime(canary, (0, 0)),
    "setxattr": lambda: os.setxattr(canary, "user.harm", b"1"),
    "socket": lambda: socket.socket(),
    "fork": lambda: os.fork() or os._exit(0),
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "kill": lambda: os.kill(neighbour, 0),
    "signal by a descriptor": lambda: fcntl.fcntl(mine, fcntl.F_SETOWN, neighbour),
    "which signal": lambda: fcntl.fcntl(mine, 10, 9),
    "limits of another": lambda: resource.prlimit(neighbour, resource.RLIMIT_NOFILE),
    "processors of another": lambda: os.sched_setaffinity(neighbour, {0}),
    "priority of another": lambda: os.setpriority(os.PRIO_PROCESS, neighbour, 19),
    "leaving the parent": lambda: confine._checked(libc.prctl(1, 0, 0, 0, 0), "prctl"),
    "ring": lambda: raw(425, 1, 0),
    "a call of the future": lambda: raw(1000),
}.items():
    try:
        harm()
    except OSError:
        continue
    print("not refused:", name)
resource.prlimit(0, resource.RLIMIT_NOFILE), os.getpid(), open("/dev/null").read()
import threading
threading.Thread(target=print, args=("done",)).start()
"""


@pytest.mark.parametrize("abi", range(1, confine.landlock_abi() + 1))
def test_each_version_of_landlock_refuses_every_harm(tmp_path, abi):
    canary = tmp_path / "canary"
    canary.write_text("untouched")
    before = canary.stat()
    with subprocess.Popen(["sleep", "60"]) as neighbour:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(canary), str(neighbour.pid), str(abi)], capture_output=True, text=True
        )
        assert neighbour.poll() is None
        neighbour.kill()
    assert (done.stdout, done.stderr) == ("done\n", "")
    assert canary.read_text() == "untouched" and canary.stat().st_ctime_ns == before.st_ctime_ns
    assert [path.name for path in tmp_path.iterdir()] == ["canary"]


def test_the_table_of_calls_names_each_number_once():
    numbers = syscalls.allowed()
    assert len(set(numbers.values())) == len(numbers) > 100
    for harmful in ("execve", "fork", "socket", "kill", "chmod", "ptrace", "truncate", "unlink", "sendmsg"):
        assert harmful not in numbers
