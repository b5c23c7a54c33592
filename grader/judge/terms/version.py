"""What exactly judges: a name for this version of the judge and this course's checks, references and mistakes."""

from __future__ import annotations

import hashlib
import os
import site
from pathlib import Path

import grader
from grader.curriculum import Course

_ROOMS = [Path(grader.__file__).parent / name for name in ("ground", "curriculum", "judge")]
"""What a verdict is made by, besides the course's own files."""


def checker_version(course: Course) -> str:
    """For example `0.1.0+3f2a9c0d11be`: changes whenever a verdict could."""
    digest = hashlib.sha256()
    for file in _files(course):
        content = file.read_bytes() if file.is_file() else b""
        digest.update(f"{'/'.join(file.parts[-2:])}\0{len(content)}\0".encode() + content)
    for library in ("torch", "numpy", "hypothesis", *course.curriculum.imports):
        digest.update(f"{library} {installed(library)}".encode())
    return f"{installed('zero-to-diffusion')}+{digest.hexdigest()[:12]}"


def fingerprint(course: Course) -> str:
    """Changes whenever `checker_version` does, and tells so without reading a file: by their sizes and times."""
    digest = hashlib.sha256()
    for path in (*_files(course), *map(Path, site.getsitepackages())):
        try:
            status = os.stat(path)
        except OSError:
            continue
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]


def _files(course: Course) -> list[Path]:
    files = [path for room in _ROOMS for path in sorted(room.rglob("*.py"))]
    files.append(course.curriculum_file)
    for unit in course.curriculum.built:
        files += [course.checks(unit), course.reference(unit), course.mistakes(unit), course.stub(unit)]
        files += filter(None, [course.hidden_checks(unit)])
    return files


def installed(name: str) -> str:
    """The version of a package, or of what brings the module of this name; "0" where there is none."""
    from importlib.metadata import PackageNotFoundError, packages_distributions, version

    try:
        return version(name)
    except PackageNotFoundError:
        return " ".join(map(version, sorted(set(packages_distributions().get(name, ()))))) or "0"
