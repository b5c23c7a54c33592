"""Zip files whose bytes depend on what they hold alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

Files = Mapping[str, str | bytes]
"""Content by path, with `/` between folders."""


def as_bytes(content: str | bytes) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else content


def packed(files: Files, executable: frozenset[str] = frozenset()) -> bytes:
    """The files as a zip: in order of name, of one date, with Unix rights, and stored, since what a compressor makes
    differs from one version of zlib to the next."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name)  # of 1980-01-01, where zip begins to count
            entry.create_system = 3  # Unix, on every system
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, as_bytes(content))
    return buffer.getvalue()
