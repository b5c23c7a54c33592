"""A learner's scratch folder: a small file system of its own where the kernel gives one, else a folder that is watched.

A file system in memory, mounted in a namespace of the child's own, is bounded by the kernel and gone with the child.
Where user namespaces are refused (Ubuntu 24.04 for programs that it does not know, many containers) the child gets a
folder on disk; its process's parent removes it, and the trusted side looks how full it is.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SCRATCH_BYTES = 16 << 20
SCRATCH_FILES = 1024
"""What a scratch folder may hold: bytes, and files and folders."""
REMOVED_AND_MAPPED = 8
"""Files that may be removed and still be mapped; how large they are cannot be seen from outside."""

_NEW_MOUNTS, _NEW_USER = 0x20000, 0x10000000
_NO_SUID, _NO_DEVICES, _NO_EXECUTION = 2, 4, 8

_libc = ctypes.CDLL(None, use_errno=True)


def mount() -> Path:
    """Give this process, which has one thread, namespaces of its own with an empty file system. Raises OSError."""
    at = _mount_point()
    if at is None:
        raise OSError("nothing can be mounted over")
    user, group = os.geteuid(), os.getegid()
    _checked(_libc.unshare(_NEW_USER | _NEW_MOUNTS), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        Path(f"/proc/self/{name}").write_text(text)
    options = f"size={SCRATCH_BYTES},nr_inodes={SCRATCH_FILES},mode=0700"
    flags = _NO_SUID | _NO_DEVICES | _NO_EXECUTION
    _checked(_libc.mount(b"scratch", os.fsencode(at), b"tmpfs", ctypes.c_ulong(flags), options.encode()), "mount")
    return at


@cache
def can_mount() -> bool:
    """Whether this kernel gives an ordinary process such a file system: a child tries."""
    if sys.platform != "linux":
        return False
    if (pid := os.fork()) == 0:
        try:
            (mount() / "probe").mkdir()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def _mount_point() -> Path | None:
    """A folder that everybody has, and under which lies nothing that Python needs."""
    needed = [Path(path) for path in (sys.executable, *sys.path, *sysconfig.get_paths().values()) if path]
    for folder in map(Path, ("/tmp", "/var/tmp", "/mnt")):
        if folder.is_dir() and not folder.is_symlink() and not any(path.is_relative_to(folder) for path in needed):
            return folder
    return None


def make_folder() -> Path:
    """A new private folder on disk; `remove` is its end."""
    folder = Path(tempfile.mkdtemp(prefix=f"judge-scratch-{os.getpid()}-")) / "scratch"
    folder.mkdir(0o700)
    return folder


def remove(folder: Path) -> None:
    """Remove what `make_folder` made, once nobody writes there any more, however deep it is nested.

    A folder in a folder is moved up first, so that no path gets long; modes may have been chosen to be in the way.
    """
    top = folder.parent
    names = (top / str(number) for number in itertools.count())
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        os.chmod(current, 0o700)
        for entry in list(os.scandir(current)):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.path, 0o700)
                waiting.append(next(names))
                os.rename(entry.path, waiting[-1])
            else:
                os.unlink(entry.path)
        os.rmdir(current)
    os.rmdir(top)


def overfull(folder: Path, pid: int) -> bool:
    """Whether a child holds more than a scratch folder may: in the folder, or removed from it and open or mapped."""
    size = 0
    for files, status in enumerate(itertools.chain(_inside(folder), _removed_and_open(pid)), start=1):
        size += status.st_blocks * 512
        if size > SCRATCH_BYTES or files > SCRATCH_FILES:
            return True
    mapped = _removed_and_mapped(folder, pid)
    return size + sum(mapped.values()) > SCRATCH_BYTES or len(mapped) > REMOVED_AND_MAPPED


def _inside(folder: Path) -> Iterator[os.stat_result]:
    """What lies in a folder, as long as it lasts: the child goes on writing, moving and removing."""
    waiting = [os.fspath(folder)]
    while waiting:
        try:
            entries = list(itertools.islice(os.scandir(waiting.pop()), SCRATCH_FILES + 1))
        except OSError:  # gone by now, or of a mode that its owner cannot read either
            continue
        for entry in entries:
            try:
                yield entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
            except OSError:
                continue


def _removed_and_open(pid: int) -> Iterator[os.stat_result]:
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return
    for name in descriptors:
        try:
            status = os.stat(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if status.st_nlink == 0:
            yield status


def _removed_and_mapped(folder: Path, pid: int) -> dict[str, int]:
    """How far into each removed file its mappings reach, by inode (proc(5), maps)."""
    reach: dict[str, int] = {}
    try:
        lines = Path(f"/proc/{pid}/maps").read_bytes().splitlines()
    except OSError:
        return reach
    for text in lines:
        if text.endswith(b" (deleted)") and os.fsencode(folder) in text:
            span, _, offset, _, inode, *_ = text.split(maxsplit=5)
            first, last = (int(end, 16) for end in span.split(b"-"))
            key = inode.decode()
            reach[key] = max(reach.get(key, 0), int(offset, 16) + last - first)
    return reach


def _checked(result: int, what: str) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
