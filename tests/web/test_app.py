"""The web application, through its own door: what it serves, to whom, and under which policy."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from grader.curriculum import CourseError
from grader.web.app import create_app

HERE = "http://127.0.0.1:8000"
PAGE = "<html><head><script>go()</script><script src='a.js'></script></head><body><script>end()</script></body></html>"


async def no_changes() -> AsyncIterator[object]:
    return
    yield


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web") / "site"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "404.html").write_text(PAGE.replace("end()", "lost()"))
    (folder / "assets" / "progress.js").write_text("follow()")
    (folder.parent / "secret.txt").write_text("not of the site")
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    return folder


@pytest.fixture(scope="module")
def client(site: Path) -> TestClient:
    return TestClient(create_app(site, lambda: {"schema": 1, "next": "vae/elbo"}, no_changes), base_url=HERE)


def test_progress_is_json(client: TestClient) -> None:
    answer = client.get("/api/progress")
    assert answer.status_code == 200
    assert answer.json() == {"schema": 1, "next": "vae/elbo"}


def test_events_send_the_present_at_once_and_every_change_after(site: Path) -> None:
    passed = iter([0, 1, 1, 2])

    async def three_changes() -> AsyncIterator[object]:
        for _ in range(3):
            yield

    app = create_app(site, lambda: {"passed": next(passed)}, three_changes)
    answer = TestClient(app, base_url=HERE).get("/api/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    messages = [block for block in answer.text.split("\n\n") if block]
    assert [json.loads(m.removeprefix("data: ")) for m in messages if m.startswith("data: ")] == [
        {"passed": 0},
        {"passed": 1},
        {"passed": 2},
    ]
    assert messages[2].startswith(":"), "an unchanged state is sent as a comment"


def test_progress_that_cannot_be_read_is_said_and_can_come_back(site: Path) -> None:
    async def two_changes() -> AsyncIterator[object]:
        for _ in range(2):
            yield

    broken = iter([True, True, True, False])

    def standing() -> dict[str, object]:
        if next(broken):
            raise CourseError("The log cannot be opened.")
        return {"schema": 1}

    client = TestClient(create_app(site, standing, two_changes), base_url=HERE)
    answer = client.get("/api/progress")
    assert (answer.status_code, answer.json()) == (503, {"error": "The log cannot be opened."})
    events = [block for block in client.get("/api/events").text.split("\n\n") if block.startswith("data: ")]
    assert events == ['data: {"error": "The log cannot be opened."}', 'data: {"schema": 1}']


def test_pages_get_the_live_script_and_the_files_stay_as_built(client: TestClient, site: Path) -> None:
    page = BeautifulSoup(client.get("/").text, "html.parser")
    assert [script["src"] for script in page.head.find_all("script", src=True)] == ["a.js", "/assets/progress.js"]
    assert (site / "index.html").read_text() == PAGE
    assert client.get("/assets/progress.js").text == "follow()"


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/index.html", 200), ("/nowhere.html", 404)])
def test_a_page_runs_its_own_scripts_and_no_others(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    inline = [s.string for s in BeautifulSoup(answer.text, "html.parser").find_all("script", src=False)]
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in inline}
    assert set(policy["script-src"].split()) == {"'self'", *hashes}
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert not any(source.startswith("http") for source in " ".join(policy.values()).split())


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "127.0.0.1"])
def test_this_machine_is_answered(client: TestClient, host: str) -> None:
    assert client.get("/api/progress", headers={"host": host}).status_code == 200
    assert client.get("/api/progress", headers={"host": host, "origin": f"http://{host}"}).status_code == 200


FOREIGN = ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8000", "evil.example:127.0.0.1"]
FOREIGN += [
    "[::1]:8000",
    "0.0.0.0:8000",
    "127.0.0.1:8000@evil.example",
    "127.0.0.1:8000:8000",
    "",
    " localhost",
    "127.0.0.1:",
]


@pytest.mark.parametrize("path", ["/", "/api/progress", "/api/events", "/assets/progress.js", "/nowhere"])
@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_host_is_refused_everywhere(client: TestClient, path: str, host: str) -> None:
    answer = client.get(path, headers={"host": host})
    assert answer.status_code == 403
    assert "vae/elbo" not in answer.text


@given(host=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_no_other_host_gets_through(client: TestClient, host: str) -> None:
    name, _, port = host.lower().partition(":")
    ours = name in ("127.0.0.1", "localhost") and (":" not in host or port.isdecimal())
    assert (client.get("/api/progress", headers={"host": host}).status_code == 200) == ours


def test_two_hosts_are_refused(client: TestClient) -> None:
    headers = httpx.Headers([("host", "127.0.0.1:8000"), ("host", "evil.example")])
    assert client.get("/api/progress", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "https://127.0.0.1:8000", "http://127.0.0.1:9000", "http://localhost:8000", ""],
)
def test_a_foreign_origin_is_refused(client: TestClient, origin: str) -> None:
    assert client.get("/api/progress", headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/nowhere", "/assets/progress.js", "/api/progress", "/api/events"])
@pytest.mark.parametrize("host", ["127.0.0.1:8000", "evil.example"])
def test_every_answer_carries_the_headers(client: TestClient, path: str, host: str) -> None:
    headers = client.get(path, headers={"host": host}).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/api/progress", "/api/events", "/assets/progress.js"])
def test_nothing_can_be_changed(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 405


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/link.txt"])
def test_nothing_outside_the_site_is_served(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "not of the site" not in answer.text
