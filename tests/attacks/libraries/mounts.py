"""Inside the new namespace somebody could be root: mount, unmount, remount, bind, pivot, leave by setns."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def check_pipeline_dir(path):
    here = os.getcwd().encode()
    os.makedirs("below", exist_ok=True)
    for name, result in (
        ("umount", lambda: libc.umount2(here, 2)),
        ("umount tmp", lambda: libc.umount2(b"/tmp", 2)),
        ("remount", lambda: libc.mount(b"none", here, None, 32, b"size=1g,nr_inodes=1m")),
        ("exec", lambda: libc.mount(b"none", here, None, 32 | 4096, None)),
        ("bind", lambda: libc.mount(b"/", b"below", None, 4096 | 16384, None)),
        ("proc", lambda: libc.mount(b"proc", b"below", b"proc", 0, None)),
        ("tmpfs", lambda: libc.mount(b"none", b"below", b"tmpfs", 0, None)),
        ("pivot", lambda: libc.syscall(155, b".", b"below")),
        ("unshare", lambda: libc.unshare(0x10000000 | 0x20000)),
        ("open_tree", lambda: libc.syscall(428, -100, b"/", 1)),
        ("move_mount", lambda: libc.syscall(429, -100, b"/", -100, b"below", 0)),
        ("setattr", lambda: libc.syscall(442, -100, here, 0, None, 0)),
        ("chroot", lambda: libc.chroot(b"below")),
        ("setuid", lambda: libc.setuid(0)),
        ("setgroups", lambda: libc.setgroups(0, None)),
        ("capset", lambda: libc.capset(b"\x22\x05\x08\x20\0\0\0\0", b"\xff" * 24)),
    ):
        print(name, result(), ctypes.get_errno())
    for name in ("uid_map", "gid_map", "setgroups"):
        try:
            with open(f"/proc/self/{name}", "w") as file:
                file.write("0 0 4294967295")
        except OSError as error:
            print(error)
    for kind in ("user", "mnt", "net", "pid"):
        try:
            with open(f"/proc/@JUDGE_PID@/ns/{kind}") as file:
                print(libc.setns(file.fileno(), 0))
        except OSError as error:
            print(error)
    return {}
