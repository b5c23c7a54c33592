"""The website as it is published, built once for all tests here, and the parsed pages of it."""

import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from grader.curriculum import Course, Curriculum, default_course


@pytest.fixture(scope="session")
def course() -> Course:
    return default_course()


@pytest.fixture(scope="session")
def curriculum(course: Course) -> Curriculum:
    return course.curriculum


@pytest.fixture(scope="session")
def site(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `mkdocs build --strict` makes; strict turns every warning into a failure."""
    folder = tmp_path_factory.mktemp("published") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def documents(site: Path) -> dict[str, BeautifulSoup]:
    """Every HTML file by its path in the site."""
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
    }


@pytest.fixture(scope="session")
def moved(documents: dict[str, BeautifulSoup]) -> dict[str, BeautifulSoup]:
    """What lies at old addresses and sends readers on."""
    return {name: page for name, page in documents.items() if page.title and page.title.get_text() == "Moved"}


@pytest.fixture(scope="session")
def pages(documents: dict[str, BeautifulSoup], moved: dict[str, BeautifulSoup]) -> dict[str, BeautifulSoup]:
    """Every page by its path in the site."""
    return {name: page for name, page in documents.items() if name not in moved}
