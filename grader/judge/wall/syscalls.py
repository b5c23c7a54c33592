"""The system calls that computing needs, with their numbers on x86_64 and aarch64; -1 where there is none.

From the kernel's tables (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h). What is not here
is refused: above all new processes, sockets, signals to others, and whatever changes a file or another process.
"""

from __future__ import annotations

import platform

_MACHINES = {"x86_64": 0, "aarch64": 1}
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_FILES = """
read 0 63, write 1 64, readv 19 65, writev 20 66, pread64 17 67, pwrite64 18 68, preadv 295 69, pwritev 296 70, lseek
8 62, close 3 57, close_range 436 436, dup 32 23, dup2 33 -1, dup3 292 24, stat 4 -1, fstat 5 80, lstat 6 -1,
newfstatat 262 79, statx 332 291, access 21 -1, faccessat 269 48, faccessat2 439 439, getdents 78 -1, getdents64 217
61, readlink 89 -1, readlinkat 267 78, getcwd 79 17, chdir 80 49, fchdir 81 50, statfs 137 43, fstatfs 138 44,
fadvise64 221 223, readahead 187 213, umask 95 166, pipe 22 -1, pipe2 293 59, poll 7 -1, ppoll 271 73, select 23 -1,
pselect6 270 72, epoll_create 213 -1, epoll_create1 291 20, epoll_ctl 233 21, epoll_wait 232 -1, epoll_pwait 281 22,
eventfd2 290 19
"""
_MEMORY = """
mmap 9 222, munmap 11 215, mremap 25 216, mprotect 10 226, madvise 28 233, brk 12 214, msync 26 227, mincore 27 232,
membarrier 324 283, get_mempolicy 239 236, memfd_create 319 279
"""
_TIME_AND_SIGNALS_TO_ONESELF = """
rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, rt_sigpending 127 136, rt_sigtimedwait 128 137,
rt_sigsuspend 130 133, sigaltstack 131 132, restart_syscall 219 128, pause 34 -1, alarm 37 -1, getitimer 36 102,
setitimer 38 103, clock_gettime 228 113, clock_getres 229 114, clock_nanosleep 230 115, nanosleep 35 101,
gettimeofday 96 169, time 201 -1, times 100 153
"""
_THREADS = """
futex 202 98, futex_waitv 449 449, futex_wake 454 454, futex_wait 455 455, futex_requeue 456 456,
set_robust_list 273 99, get_robust_list 274 100, set_tid_address 218 96, gettid 186 178, rseq 334 293,
sched_yield 24 124, sched_getaffinity 204 123, sched_getparam 143 121, sched_getscheduler 145 120,
sched_get_priority_max 146 125, sched_get_priority_min 147 126, sched_rr_get_interval 148 127, getcpu 309 168,
arch_prctl 158 -1, exit 60 93, exit_group 231 94, wait4 61 260, waitid 247 95
"""
_QUESTIONS = """
getpid 39 172, getppid 110 173, getuid 102 174, geteuid 107 175, getgid 104 176, getegid 108 177, getgroups 115 158,
getpgrp 111 -1, getpgid 121 155, getsid 124 156, getresuid 118 148, getresgid 120 150, capget 125 90, uname 63 160,
sysinfo 99 179, getrusage 98 165, getrlimit 97 163, setrlimit 160 164, getpriority 140 141, getrandom 318 278
"""
_THE_CONVERSATION = "sendto 44 206, recvfrom 45 207, getsockname 51 204, getsockopt 55 209"

_SCRATCH = """
mkdir 83 -1, mkdirat 258 34, unlink 87 -1, unlinkat 263 35, rmdir 84 -1, rename 82 -1, renameat 264 38,
renameat2 316 276, ftruncate 77 46, fsync 74 82, fdatasync 75 83
"""
"""What writing files needs besides, all of which Landlock keeps inside the scratch folder (what ftruncate is given was
opened for writing, so there). Not chmod, chown, utime, links, truncate by path: those it does not know, or not always.
"""
_NOT_WITH_SCRATCH = ("memfd_create",)
"""What would be files of the same size that nobody counts."""

_FCNTL, _IOCTL, _PRCTL, _PRLIMIT, _CLONE, _TGKILL = (72, 25), (16, 29), (157, 167), (302, 261), (56, 220), (234, 131)
_FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030)  # duplicate, flags; not F_SETOWN and F_SETSIG, which signal others
_IOCTL_COMMANDS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # is it a terminal, how much is there, flags
_PRCTL_COMMANDS = (15, 16, 0x53564D41)  # names of threads and of memory; not PR_SET_PDEATHSIG
_CLONE_THREAD = 0x10000
_OPEN, _OPENAT = (2, -1), (257, 56)
_ACCESS_MODE, _EMPTIED = 0o3, 0o1000

_FIRST_OF_THE_NEW = 424
"""From here on calls have one number everywhere. libc tries a new one first, and falls back when there is none."""

Step = tuple[int, int, int, int]
"""One instruction of the kernel's packet filter: code, jump if true, jump if false, operand."""

_LOAD, _EQUAL, _AT_LEAST, _BITS, _AND, _GIVE = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL, _REFUSE, _MISSING = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
_NUMBER, _ARCHITECTURE = 0, 4


def known_machine() -> bool:
    """Whether this processor's numbers are in the table."""
    return platform.machine() in _MACHINES


def allowed(scratch: bool = False) -> dict[str, int]:
    """The calls that are allowed whatever their arguments, with their numbers here."""
    column = _MACHINES[platform.machine()]
    lists = [_FILES, _MEMORY, _TIME_AND_SIGNALS_TO_ONESELF, _THREADS, _QUESTIONS, _THE_CONVERSATION]
    entries = (entry.split() for entry in ",".join([*lists, _SCRATCH] if scratch else lists).split(","))
    numbered = {name: int(numbers[column]) for name, *numbers in entries}
    without = _NOT_WITH_SCRATCH if scratch else ()
    return {name: number for name, number in numbered.items() if number >= 0 and name not in without}


def filter_program(pid: int, scratch: bool = False) -> list[Step]:
    """The filter for a process of this id: allow the list, refuse the rest with EPERM, and new calls with ENOSYS."""
    column = _MACHINES[platform.machine()]
    program = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, _AUDIT[platform.machine()]), (_GIVE, 0, 0, _KILL)]
    program += [(_LOAD, 0, 0, _NUMBER)]
    if column == 0:  # the x32 variants of the same calls
        program += [(_BITS, 0, 1, 0x40000000), (_GIVE, 0, 0, _KILL)]
    for number in allowed(scratch).values():
        program += [(_EQUAL, 0, 1, number), (_GIVE, 0, 0, _ALLOW)]
    # To open a file for reading and empty it would ask Landlock before version 3 for no right but to read. The flags
    # of openat2 cannot be seen from here; without it libc takes openat.
    for numbers, argument in ((_OPEN, 1), (_OPENAT, 2)):
        body = [(_LOAD, 0, 0, _low_half_of(argument)), (_BITS, 1, 0, _EMPTIED), (_GIVE, 0, 0, _ALLOW)]
        body += [(_AND, 0, 0, _ACCESS_MODE), (_EQUAL, 0, 1, 0), (_GIVE, 0, 0, _REFUSE), (_GIVE, 0, 0, _ALLOW)]
        program += [(_EQUAL, 0, len(body), numbers[column]), *body] if numbers[column] >= 0 else []
    for numbers, argument, values in (
        (_FCNTL, 1, _FCNTL_COMMANDS),
        (_IOCTL, 1, _IOCTL_COMMANDS),
        (_PRCTL, 0, _PRCTL_COMMANDS),
        (_PRLIMIT, 0, (0, pid)),
        (_TGKILL, 0, (pid,)),
    ):
        body = [(_LOAD, 0, 0, _low_half_of(argument))]
        for value in values:
            body += [(_EQUAL, 0, 1, value), (_GIVE, 0, 0, _ALLOW)]
        body += [(_GIVE, 0, 0, _REFUSE)]
        program += [(_EQUAL, 0, len(body), numbers[column]), *body]
    program += [(_EQUAL, 0, 4, _CLONE[column]), (_LOAD, 0, 0, _low_half_of(0)), (_BITS, 0, 1, _CLONE_THREAD)]
    program += [(_GIVE, 0, 0, _ALLOW), (_GIVE, 0, 0, _REFUSE)]
    program += [(_AT_LEAST, 0, 1, _FIRST_OF_THE_NEW), (_GIVE, 0, 0, _MISSING), (_GIVE, 0, 0, _REFUSE)]
    return program


def _low_half_of(argument: int) -> int:
    return 16 + 8 * argument
