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
library, readable = Path(sys.argv[4]), [*confine.readable_paths(), Path(sys.argv[4])]
confine.readable_paths = lambda: readable
confine.landlock_abi = lambda: abi
mine = os.open(os.devnull, os.O_RDWR)
scratch = Path(sys.argv[5]) if sys.argv[5] else None
confine.confine(confine.prepare_landlock(scratch), scratch is not None)
if scratch is not None:
    os.mkdir(scratch / "folder")
    (scratch / "mine").write_text("mine")
    os.rename(scratch / "mine", scratch / "renamed")
    os.rmdir(scratch / "folder")
    assert (scratch / "renamed").read_text() == "mine"
else:
    scratch = Path("/tmp")
libc = ctypes.CDLL(None, use_errno=True)

def raw(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")

for name, harm in {
    "read": lambda: canary.read_text(),
    "list": lambda: os.listdir(canary.parent),
    "write": lambda: canary.write_text("harm"),
    "truncate": lambda: os.truncate(canary, 0),
    "empty what may be read": lambda: os.open(library, os.O_RDONLY | os.O_TRUNC),
    "the same by another call": lambda: raw(437, -100, bytes(library), (ctypes.c_uint64 * 3)(os.O_TRUNC), 24),
    "unlink": lambda: canary.unlink(),
    "rename": lambda: canary.rename(canary.with_suffix(".moved")),
    "link": lambda: os.link(canary, canary.with_suffix(".linked")),
    "mkdir": lambda: os.mkdir(canary.with_suffix(".folder")),
    "move out": lambda: os.rename(scratch / "renamed", canary.with_suffix(".out")),
    "move in": lambda: os.rename(canary, scratch / "in"),
    "link to one's own": lambda: os.symlink(canary, scratch / "link"),
    "pipe": lambda: os.mkfifo(scratch / "pipe"),
    "chmod one's own": lambda: os.chmod(scratch / "renamed", 0o777),
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
assert library.read_text() == "library"
resource.prlimit(0, resource.RLIMIT_NOFILE), os.getpid(), open("/dev/null").read()
import threading
threading.Thread(target=print, args=("done",)).start()
"""


@pytest.mark.parametrize("scratch", [False, True], ids=["nothing to write", "scratch"])
@pytest.mark.parametrize("abi", range(1, confine.landlock_abi() + 1))
def test_each_version_of_landlock_refuses_every_harm(tmp_path, abi, scratch):
    canary = tmp_path / "canary"
    canary.write_text("untouched")
    before = canary.stat()
    library = tmp_path / "library" / "file"
    library.parent.mkdir()
    library.write_text("library")
    (tmp_path / "scratch").mkdir()
    arguments = [str(abi), str(library), str(tmp_path / "scratch") if scratch else ""]
    with subprocess.Popen(["sleep", "60"]) as neighbour:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(canary), str(neighbour.pid), *arguments],
            capture_output=True,
            text=True,
        )
        assert neighbour.poll() is None
        neighbour.kill()
    assert (done.stdout, done.stderr) == ("done\n", "")
    assert canary.read_text() == "untouched" and canary.stat().st_ctime_ns == before.st_ctime_ns
    assert sorted(path.name for path in tmp_path.iterdir()) == ["canary", "library", "scratch"]
    assert [path.name for path in (tmp_path / "scratch").iterdir()] == ["renamed"] * scratch


def test_the_table_of_calls_names_each_number_once():
    numbers = syscalls.allowed()
    assert len(set(numbers.values())) == len(numbers) > 100
    harmful = {"execve", "fork", "socket", "kill", "chmod", "ptrace", "truncate", "sendmsg", "openat2"}
    assert not (harmful | {"unlink", "rename", "mkdir"}) & numbers.keys()
    with_scratch = syscalls.allowed(scratch=True)
    assert len(set(with_scratch.values())) == len(with_scratch)
    more = harmful | {"chown", "link", "symlink", "utimensat", "fchmod", "mknod", "memfd_create", "mount", "unshare"}
    assert not more & with_scratch.keys()
