"""The built website in a real browser: `python tests/site/in_browser.py build/site`; needs Chromium on the PATH.

Opens every page from the disk, lets its scripts run, and says which formulas KaTeX did not set or could not read. Not
part of the suite, which needs no browser.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from bs4 import BeautifulSoup


def rendered(browser: str, page: Path) -> BeautifulSoup:
    """The page's document after its scripts have run."""
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000", "--dump-dom"]
    done = subprocess.run([*command, page.resolve().as_uri()], capture_output=True, text=True, check=True)
    return BeautifulSoup(done.stdout, "html.parser")


def main(site: Path) -> int:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if browser is None:
        sys.exit("No Chromium on the PATH; on Debian: apt install chromium")
    if not (site / "index.html").is_file():
        sys.exit(f"There is no built site in {site}; make site builds it.")
    wrong, formulas = 0, 0
    for path in sorted(site.rglob("*.html")):
        if path.name == "404.html":  # its addresses begin at the root of a server
            continue
        found = rendered(browser, path).select(".arithmatex")
        formulas += len(found)
        for formula in found:
            error = formula.select_one(".katex-error")
            if error is not None or formula.select_one(".katex") is None:
                wrong += 1
                print(f"{path.relative_to(site)}: {error['title'] if error else formula.get_text()[:80]}")
    print(f"{formulas} formulas, {wrong} not set")
    return 1 if wrong or not formulas else 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
