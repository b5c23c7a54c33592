"""The built website in a real browser: `python tests/site/in_browser.py build/site`; needs Chromium on the PATH.

Opens every page from the disk, lets its scripts run, and says which formulas KaTeX did not set or could not read, and
which old address leads nowhere; then the road as `course serve` shows it, for a few learners. Not part of the suite,
which needs no browser.
"""

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from bs4 import BeautifulSoup

from grader.curriculum import default_course
from grader.web.app import create_app


def rendered(browser: str, address: str) -> BeautifulSoup:
    """The page's document after its scripts have run."""
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000", "--dump-dom"]
    done = subprocess.run([*command, address], capture_output=True, text=True, check=True)
    return BeautifulSoup(done.stdout, "html.parser")


def formulas(browser: str, site: Path) -> tuple[int, list[str]]:
    """How many formulas the pages have, and what is wrong with which; an old address has the page it leads to."""
    wrong: list[str] = []
    count = 0
    for path in sorted(site.rglob("*.html")):
        if path.name == "404.html":  # its addresses begin at the root of a server
            continue
        page = rendered(browser, path.resolve().as_uri())
        if page.select_one("article h1") is None:
            wrong.append(f"{path.relative_to(site)}: no lesson is shown")
        found = page.select(".arithmatex")
        count += len(found)
        for formula in found:
            error = formula.select_one(".katex-error")
            if error is not None or formula.select_one(".katex") is None:
                wrong.append(f"{path.relative_to(site)}: {error['title'] if error else formula.get_text()[:80]}")
    return count, wrong


@contextmanager
def served(site: Path, standing: dict[str, object]) -> Iterator[str]:
    """The address at which `course serve` would show the site to a learner who stands there."""

    async def no_changes() -> AsyncIterator[object]:
        return
        yield

    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(create_app(site, lambda: standing, no_changes), log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        thread.join(timeout=10)


def project(passed: int, **more: object) -> dict[str, object]:
    about = {"number": "p1", "title": "Digits", "state": "open", "locked_by": [], "exercises": {}}
    return {**about, "passed": passed, "total": 3, "points": passed, "max_points": 3, **more}


READY = "3 of 3 passed: ready to train"
ROADS: list[tuple[dict[str, object], bool, str]] = [
    (project(1, accepted=False), False, "1 of 3 passed"),
    (project(0, state="locked", opens_with="vae/elbo"), False, "locked: opens with vae/elbo"),
    (project(3), False, READY),
    (project(3, state="passed"), False, READY),
    (project(3, accepted=False), True, READY),
    (project(3, state="passed", accepted=True), True, "✓ accepted"),
]
"""A project as /api/progress has it, whether the first milestone is reached, and what the project's card reads then."""


def live(browser: str, site: Path) -> list[str]:
    """What the cards of a project and a milestone read wrongly while the site is served, and an old address."""
    curriculum = default_course().curriculum
    built = next(project for project in curriculum.projects if not project.coming)
    phase = next(phase for phase in curriculum.phases if phase.milestone)
    wrong = []
    for entry, reached, words in ROADS:
        standing: dict[str, object] = {"units": {}, "projects": {built.id: entry}, "next": None}
        if reached:
            standing["milestones"] = {phase.id: {"reached": True}}
        with served(site, standing) as address:
            page = rendered(browser, f"{address}road.html")
        cards = {
            f'[data-unit="{built.id}"]': words,
            f'[data-milestone="{phase.id}"]': "✓ reached" if reached else "",
        }
        for card, expected in cards.items():
            line = page.select_one(f"{card} .z-state")
            if line is None or line.get_text() != expected:
                wrong.append(f"{card} reads {line}, not {expected!r}, for {entry}")
    with served(site, {"units": {}, "projects": {}, "next": None}) as address:
        if rendered(browser, f"{address}{built.address}.html").select_one("article h1") is None:
            wrong.append(f"{built.address}.html, as served, leads nowhere")
    return wrong


def main(site: Path) -> int:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if browser is None:
        sys.exit("No Chromium on the PATH; on Debian: apt install chromium")
    if not (site / "index.html").is_file():
        sys.exit(f"There is no built site in {site}; make site builds it.")
    wrong = live(browser, site)
    count, unset = formulas(browser, site)
    print(*wrong, *unset, f"{count} formulas; {len(wrong + unset)} things are wrong", sep="\n")
    return 1 if wrong or unset or not count else 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
