"""Memory, queues and semaphores that outlive a process are made."""

import ctypes
import multiprocessing.shared_memory

libc = ctypes.CDLL(None, use_errno=True)


def mean(x):
    print("shmget", libc.shmget(0xC0FFEE, 4096, 0o1666), ctypes.get_errno())
    print("semget", libc.semget(0xC0FFEE, 1, 0o1666), ctypes.get_errno())
    print("msgget", libc.msgget(0xC0FFEE, 0o1666), ctypes.get_errno())
    print("mq_open", libc.syscall(240, b"@MARK@", 0o102, 0o666, None), ctypes.get_errno())
    try:
        print(multiprocessing.shared_memory.SharedMemory("@MARK@", create=True, size=4096))
    except OSError as error:
        print(error)
    return 0.0
