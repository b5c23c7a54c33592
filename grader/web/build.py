"""The website, built from a course's sources into a cache folder and kept until the sources change."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from grader.curriculum import Course, CourseError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class SiteError(CourseError):
    """The website cannot be built or served."""


def fingerprint(course: Course) -> str:
    """A digest of everything the website is made from. Needs MkDocs."""
    digest = hashlib.sha256()
    for path in _sources(course):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(course.root).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _sources(course: Course) -> list[Path]:
    """The files that are read for the website: what it publishes, what its hooks read, and how it looks."""
    config, site = course.root / "mkdocs.yml", course.root / "site"
    excluded = _excluded(config)
    pages = [path for path in course.content.rglob("*") if not excluded.match_file(path.relative_to(course.content))]
    milestones = (phase.milestone for phase in course.curriculum.phases)
    programs = [course.program(milestone) for milestone in milestones if milestone]
    read = {config, course.curriculum_file, site / "hooks.py", *pages, *programs, *(site / "theme").rglob("*")}
    return sorted(path for path in read if path.is_file())


def _excluded(config: Path) -> GitIgnoreSpec:
    """What of course/ is not published: `exclude_docs` of mkdocs.yml, read as MkDocs reads it."""
    from mkdocs.exceptions import ConfigurationError
    from mkdocs.utils.yaml import yaml_load
    from pathspec import GitIgnoreSpec

    try:
        patterns = yaml_load(config.read_text(encoding="utf-8")).get("exclude_docs", "")
    except ConfigurationError:
        patterns = ""  # MkDocs will say what is wrong
    return GitIgnoreSpec.from_lines(patterns.splitlines())


def built_site(course: Course, cache: Path) -> Path:
    """The folder of the built website below `cache`; builds it first (seconds) if the sources have changed.

    Raises SiteError if MkDocs is not installed or cannot build the site.
    """
    if importlib.util.find_spec("material") is None:
        raise SiteError("The website needs MkDocs: pip install 'zero-to-diffusion[site]', then try again.")
    try:
        site = cache / fingerprint(course)
        if not site.is_dir():
            _build(course, cache, site)
    except OSError as error:
        raise SiteError(f"The website cannot be built in {cache}: {error.strerror or error}.") from None
    return site


def _build(course: Course, cache: Path, site: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    (cache / ".gitignore").write_text("*\n", encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="build-", dir=cache) as scratch:
        command = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
        command += ["--config-file", str(course.root / "mkdocs.yml"), "--site-dir", str(Path(scratch) / "site")]
        # site/hooks.py imports the platform, installed or not.
        package = str(Path(__file__).resolve().parents[2])
        modules = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            command,
            cwd=scratch,
            env={**os.environ, "PYTHONPATH": modules, "PYTHONDONTWRITEBYTECODE": "1", "NO_MKDOCS_2_WARNING": "1"},
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise SiteError(f"MkDocs could not build the website: {last}")
        older = [path for path in cache.iterdir() if path.is_dir() and path.name != Path(scratch).name]
        # Whoever builds the same sources at the same time makes the same folder: the first one stays.
        if not site.is_dir():
            (Path(scratch) / "site").rename(site)
    for path in older:
        if path != site:
            shutil.rmtree(path, ignore_errors=True)
