"""Memory that is cheap to fork: what a fork costs is the page table, not the pages."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from pathlib import Path

_HUGE_PAGE = 2 << 20
_MADV_HUGEPAGE, _MADV_COLLAPSE = 14, 25


def in_huge_pages() -> None:
    """Have the kernel keep this process' private memory in huge pages: 512 times fewer entries to copy at each fork.

    Linux ≥ 6.1 does so at once (madvise(2), MADV_COLLAPSE); an older one later, if at all; others not.
    """
    libc = ctypes.CDLL(None)
    with contextlib.suppress(OSError, AttributeError):
        for start, end in _private_memory():
            first, last = -(-start // _HUGE_PAGE) * _HUGE_PAGE, end // _HUGE_PAGE * _HUGE_PAGE
            if first < last:
                for advice in (_MADV_HUGEPAGE, _MADV_COLLAPSE):
                    libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), advice)


def _private_memory() -> Iterator[tuple[int, int]]:
    """Address ranges of the heap and of anonymous mappings that can be written to (proc(5), maps)."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, _, _, inode, *name = line.split(maxsplit=5)
        if rights == "rw-p" and inode == "0" and name in ([], ["[heap]"]):
            start, end = span.split("-")
            yield int(start, 16), int(end, 16)
