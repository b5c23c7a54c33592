"""Building on demand, and the server as a learner runs it."""

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import grader.web.build
from grader.curriculum import Course, Milestone, default_course
from grader.learner import Event, Workspace
from grader.web import built_site, serve
from grader.web.build import SiteError
from grader.web.server import changes


@pytest.fixture
def other_course(mini_course: Course, tmp_path: Path) -> Course:
    """A course that is not ours, on the same website sources, in a folder with a space in its name."""
    root, ours = tmp_path / "a course", default_course().root
    for room in ("course", "exercises"):
        shutil.copytree(mini_course.root / room, root / room)
    (root / "course" / "index.md").write_text("# Numbers\n\n[The road](road.md)\n")
    (root / "course" / "road.md").write_text("# The road\n\n<!-- road -->\n")
    shutil.copy(ours / "mkdocs.yml", root)
    shutil.copytree(ours / "site" / "theme", root / "site" / "theme")
    shutil.copy(ours / "site" / "hooks.py", root / "site")
    return Course(root)


def test_the_site_is_built_once_and_again_when_its_sources_change(other_course: Course, tmp_path: Path) -> None:
    cache = tmp_path / "workspace" / ".course" / "site"
    first = built_site(other_course, cache)
    assert "Sums need company" in (first / "phase1_numbers" / "unit1_averages" / "index.html").read_text()
    (first / "untouched").touch()
    assert built_site(other_course, cache) == first
    assert (first / "untouched").exists(), "nothing changed, and the site was built again"

    lesson = other_course.lesson(other_course.curriculum.unit("averages"))
    lesson.write_text(lesson.read_text() + "\nOr the median.\n")
    second = built_site(other_course, cache)
    assert "Or the median" in (second / "phase1_numbers" / "unit1_averages" / "index.html").read_text()
    assert [path for path in cache.iterdir() if path.is_dir()] == [second], "older builds are left behind"
    assert (cache / ".gitignore").read_text() == "*\n", "a workspace under git would take the built site in"


def milestones(course: Course) -> list[Milestone]:
    return [phase.milestone for phase in course.curriculum.phases if phase.milestone]


def test_what_is_beside_a_lesson_stays_there_and_its_change_builds_nothing(
    other_course: Course, tmp_path: Path
) -> None:
    content, marker = other_course.content, "kept beside the lesson"
    folder = other_course.folder(other_course.curriculum.unit("averages"))
    beside = (
        "notes.md checks.md index.txt oracle.py calibration.json variants/index.md variants/loops.py figures/notes.md"
    )
    above = "README.md data/README.md data/digits/index.md data/digits.npz data/figures/one.svg phase1_numbers/index.md"
    strays = [folder / name for name in beside.split()] + [content / name for name in above.split()]
    for path in strays:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# A stray\n")
    site = built_site(other_course, tmp_path / "cache")
    places = [other_course.folder(of) for of in (*other_course.curriculum.built, *milestones(other_course))]
    pages = {content / "index.md", content / "road.md", *(place / "index.md" for place in places)}
    pictures = {path for place in places for path in place.glob("figures/*.*")} - {*strays}
    pictures |= {place / "picture.png" for place in places}
    shown = {other_course.curriculum_file, *map(other_course.program, milestones(other_course))}
    kept = [path for path in content.rglob("*") if path.is_file() and path not in pages | pictures | shown]
    assert {*strays} < {*kept}
    for path in kept:
        path.write_bytes(path.read_bytes() + f"\n# {marker}\n".encode())
    assert built_site(other_course, tmp_path / "cache") == site, (
        "a change of what is not published built the site again"
    )
    again = built_site(other_course, tmp_path / "another")
    assert not [path for path in again.rglob("*") if path.is_file() and marker.encode() in path.read_bytes()]
    assert not [path for path in again.rglob("*") if path.suffix in (".md", ".py", ".toml", ".npz", ".txt")]
    assert not (again / "data").exists()


def test_a_site_that_cannot_be_built_is_one_line(other_course: Course, tmp_path: Path) -> None:
    (other_course.root / "mkdocs.yml").write_text("site_name: [\n")
    with pytest.raises(SiteError) as caught:
        built_site(other_course, tmp_path / "cache")
    assert str(caught.value).startswith("MkDocs could not build the website: ")
    assert "\n" not in str(caught.value)
    assert not any(path.is_dir() for path in (tmp_path / "cache").iterdir()), "a half-built site stays in the cache"


def test_without_mkdocs_the_line_says_how_to_get_it(
    other_course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grader.web.build.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SiteError, match=r"pip install 'zero-to-diffusion\[site\]'"):
        built_site(other_course, tmp_path / "cache")


def test_a_cache_that_cannot_be_written_is_one_line(other_course: Course, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SiteError, match="cannot be built in"):
        built_site(other_course, tmp_path / "file" / "cache")


def test_a_taken_port_is_one_line(other_course: Course, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SiteError, match=f"Cannot listen on port {port} .*--port"):
            serve(other_course, Workspace(tmp_path), port, open_browser=False)


SERVE = """
import sys
from pathlib import Path
from grader.curriculum import Course
from grader.learner import Workspace
from grader.web import serve
serve(Course(Path(sys.argv[1])), Workspace(Path(sys.argv[2])), 0, False, lambda address: print(address, flush=True))
"""


def test_served_progress_follows_the_log_until_interrupted(other_course: Course, tmp_path: Path) -> None:
    workspace, _ = Workspace.create(tmp_path / "workspace", other_course)
    command = [sys.executable, "-c", SERVE, str(other_course.root), str(workspace.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), server.communicate()[1]
            with httpx.Client(base_url=address, timeout=60) as client:
                road = client.get("/road.html")
                assert "/assets/progress.js" in road.text
                old = client.get("/phase1_numbers/unit1_averages.html")
                assert 'location.replace("unit1_averages/index.html" + location.hash)' in old.text
                assert "'sha256-" in old.headers["content-security-policy"]
                assert "Sums need company" in client.get("/phase1_numbers/unit1_averages/").text
                before = client.get("/api/progress").json()["units"]["averages"]["exercises"]
                assert before == {"averages/mean": "not attempted", "averages/centre": "not attempted"}
                assert client.get("/", headers={"host": "evil.example"}).status_code == 403
                with client.stream("GET", "/api/events") as events:
                    lines = events.iter_lines()
                    assert '"not attempted"' in next(lines)
                    workspace.log.append([Event.now("verdict", "averages/mean", verdict="failed")])
                    assert any('"averages/mean": "failed"' in line for line in lines)
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait(timeout=60) == 0, server.stderr and server.stderr.read()


def test_changes_tells_of_the_log_and_of_a_learners_file(
    other_course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.web.server.KEEP_ALIVE_MS", 3_600_000)
    workspace, _ = Workspace.create(tmp_path / "workspace", other_course)
    mine = workspace.file(other_course.curriculum.unit("averages"))

    async def heard(write: Path) -> None:
        stream = changes(other_course, workspace)
        waiting = asyncio.ensure_future(anext(stream))
        # The watch begins at an unknown moment: write until it is heard.
        while not waiting.done():
            with write.open("a") as file:
                file.write("\n")
            await asyncio.sleep(0.05)
        await waiting
        await stream.aclose()

    for path in (workspace.log.path, mine):
        asyncio.run(asyncio.wait_for(heard(path), 60))
