"""The kernel's lesser doors are tried: io_uring, bpf, userfaultfd, keys, perf events, modules, swap, reboot."""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
CALLS = {
    "io_uring_setup": (425, 8, ctypes.create_string_buffer(128)),
    "bpf": (321, 0, ctypes.create_string_buffer(128), 128),
    "userfaultfd": (323, 0),
    "userfaultfd, user mode": (323, 1),
    "add_key": (248, b"user", b"canary", b"x", 1, -3),
    "keyctl": (250, 0, -3, 1),
    "request_key": (249, b"user", b"canary", None, 0),
    "perf_event_open": (298, ctypes.create_string_buffer(128), 0, -1, -1, 0),
    "init_module": (175, b"", 0, b""),
    "kexec_load": (246, 0, 0, 0, 0),
    "swapoff": (168, b"/dev/none"),
    "reboot": (169, 0, 0, 0, 0),
    "settimeofday": (164, None, None),
    "sethostname": (170, b"", 1 << 20),
    "syslog": (103, 3, ctypes.create_string_buffer(64), 64),
    "acct": (163, b"@SCRATCH@/note"),
    "quotactl": (179, 0, None, 0, None),
    "fanotify_init": (300, 0, 0),
    "iopl": (172, 3),
    "ioperm": (173, 0x80, 1, 1),
    "modify_ldt": (154, 0, ctypes.create_string_buffer(64), 64),
    "kcmp": (312, int("@JUDGE_PID@"), int("@SANDBOX_PID@"), 1, 0, 0),
    "move_pages": (279, int("@DECOY_PID@"), 0, None, None, None, 0),
    "migrate_pages": (256, int("@DECOY_PID@"), 0, None, None),
    "memfd_secret": (447, 0),
}


def mean(x):
    for name, call in CALLS.items():
        result = libc.syscall(*(ctypes.c_long(one) if isinstance(one, int) else one for one in call))
        print(name, result, ctypes.get_errno())
    return 0.0
