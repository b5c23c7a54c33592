"""Another process is traced, read and written: ptrace, process_vm, pidfd_getfd, /proc/…/mem."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
TRACEME, ATTACH, SEIZE = 0, 16, 0x4206


def mean(x):
    print("traceme", libc.ptrace(TRACEME, 0, 0, 0))
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(ctypes.create_string_buffer(64)), 64)
    for pid in (int("@DECOY_PID@"), int("@SANDBOX_PID@"), int("@JUDGE_PID@")):
        print("ptrace", libc.ptrace(ATTACH, pid, 0, 0), libc.ptrace(SEIZE, pid, 0, 0))
        print("memory", libc.process_vm_readv(pid, vector, 1, vector, 1, 0), ctypes.get_errno())
        print("memory", libc.process_vm_writev(pid, vector, 1, vector, 1, 0), ctypes.get_errno())
        try:
            print("stolen", libc.syscall(438, os.pidfd_open(pid), 0, 0))
            with open(f"/proc/{pid}/mem", "r+b") as memory:
                memory.write(b"x")
        except OSError as error:
            print(error)
    return 0.0
