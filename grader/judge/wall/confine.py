"""The kernel's wall around one process: Landlock for files, seccomp for system calls, limits for resources.

Everything here is irreversible for the calling process and needs no privilege. Landlock: kernel ≥ 5.13
(docs.kernel.org/userspace-api/landlock.html). What a kernel lacks, `wall_report` says.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from grader.judge.wall import syscalls

LEARNER_MEMORY_BYTES = 1 << 30
"""Address space beyond what the warm process already maps."""
LEARNER_CPU_SECONDS = 60
FILE_BYTES = 1 << 20
OPEN_FILES = 64

_libc = ctypes.CDLL(None, use_errno=True)

# Landlock's system calls, and what it can be told to refuse: rights on files, of which later ABIs add bits from 13
# upwards; on TCP ports, from ABI 4; on what lies in other processes, from ABI 6.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _TRUNCATE = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 14
_SCRATCH = _READ_FILE | _READ_DIR | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_ABSTRACT_SOCKETS, _SIGNALS = 1 << 0, 1 << 1
_NO_NEW_PRIVS, _SET_SECCOMP, _PDEATHSIG = 38, 22, 1


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


@cache
def landlock_abi() -> int:
    """Landlock's version on this kernel; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    version: int = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    return max(version, 0)


def can_confine() -> bool:
    """Whether this kernel can put up the whole wall."""
    return landlock_abi() > 0 and syscalls.known_machine()


def readable_paths() -> Iterator[Path]:
    """What the learner's process may read: the interpreter and installed packages, but nothing of this course."""
    for folder in {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}:
        yield from _children(folder, without=("site-packages", "dist-packages"))
    for folder in map(Path, filter(None, sys.path)):
        if folder == folder.parent:  # the root: nobody's packages lie there
            continue
        if folder.name in ("site-packages", "dist-packages") or not (folder / "grader").exists():
            yield from _children(folder, without=("grader", "zero_to_diffusion", "site-packages", "dist-packages"))
    triplet = sysconfig.get_config_var("MULTIARCH") or f"{platform.machine()}-linux-gnu"
    for name in (f"/usr/lib/{triplet}", f"/lib/{triplet}", "/lib64", "/usr/lib64", "/usr/share/zoneinfo"):
        yield Path(name)
    for name in ("/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/zero", "/dev/urandom"):
        yield Path(name)


def _children(folder: Path, without: tuple[str, ...]) -> Iterator[Path]:
    if folder.is_dir():
        yield from (child for child in folder.iterdir() if not child.name.startswith(without))


def prepare_landlock(scratch: Path | None = None) -> int:
    """A ruleset (a file descriptor) that allows reading `readable_paths` and nothing else; children enter it.

    A child with a scratch folder has its own one: below it files and folders may be made, written and removed, but no
    links, pipes, sockets or devices, and nothing is run, or moved from one folder to another.
    """
    abi = landlock_abi()
    handled = [(1 << _FILE_RIGHTS.get(abi, 16)) - 1]
    if abi >= 4:
        handled.append(_BIND_TCP | _CONNECT_TCP)
    if abi >= 6:
        handled.append(_ABSTRACT_SOCKETS | _SIGNALS)
    attributes = struct.pack(f"{len(handled)}Q", *handled)
    size = ctypes.c_size_t(len(attributes))
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, ctypes.c_char_p(attributes), size, 0), "landlock")
    for path in readable_paths():
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:  # not on this machine
            continue
        _allow(ruleset, handle, _READ_FILE | _EXECUTE | (_READ_DIR if path.is_dir() else 0))
    if scratch is not None:
        _allow(ruleset, os.open(scratch, os.O_PATH | os.O_CLOEXEC), _SCRATCH & handled[0])
    return ruleset


def _allow(ruleset: int, handle: int, rights: int) -> None:
    rule = ctypes.c_char_p(struct.pack("=Qi", rights, handle))
    _checked(_libc.syscall(_ADD_RULE, ruleset, 1, rule, 0), "landlock rule")
    os.close(handle)


def limit_resources(memory_bytes: int, cpu_seconds: int, file_bytes: int = FILE_BYTES) -> None:
    """Bound memory, processor time, file size, open files; no core dumps; die with the parent."""
    limit_memory_and_time(memory_bytes, cpu_seconds)
    for what, most in (
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    if sys.platform == "linux":
        _checked(_libc.prctl(_PDEATHSIG, 9, 0, 0, 0), "prctl")


def limit_memory_and_time(memory_bytes: int, cpu_seconds: int) -> None:
    """Bound this process: address space beyond what it maps already, and processor time from its start."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    if sys.platform == "linux":
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")
        resource.setrlimit(resource.RLIMIT_AS, (mapped + memory_bytes, mapped + memory_bytes))


def confine(ruleset: int, scratch: bool = False) -> None:
    """Enter the wall. From here on: no change to any file, no processes, sockets, signals to others, or privileges.

    With `scratch`, the calls are allowed that make and remove files; where, the ruleset says. Landlock decides what can
    be opened. What it leaves alone (chmod, truncate before 6.2, other processes' limits …) is not among the calls that
    seccomp allows.
    """
    _checked(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _drop_capabilities()
    _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
    os.close(ruleset)
    _enter_seccomp(scratch)


def _drop_capabilities() -> None:
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
    nothing = ctypes.create_string_buffer(bytes(24))
    _checked(_libc.capset(header, nothing), "capset")


def _enter_seccomp(scratch: bool) -> None:
    program = syscalls.filter_program(os.getpid(), scratch)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    _checked(_libc.prctl(_SET_SECCOMP, 2, header, 0, 0), "seccomp")


def wall_report() -> list[tuple[str, bool, str]]:
    """(what, enforced here, detail) for `course doctor`."""
    abi, walled = landlock_abi(), can_confine()
    detail = f"Landlock ABI {abi}"
    if not abi:
        detail = "no Landlock here (Linux ≥ 5.13, switched on); course grade wants --unconfined"
    calls = "seccomp" if walled else f"not on {sys.platform}/{platform.machine()}"
    return [
        ("own process for your code", True, "results cross as plain data"),
        ("limits on time, memory, files and output", True, "rlimits and deadlines"),
        ("references, checks and your home are unreadable", abi > 0, detail),
        ("no writes outside the process", abi > 0, detail),
        ("no network, no new processes, no signals to others", walled, calls),
    ]
