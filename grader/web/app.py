"""The web application: a built website, where the learner stands, and word of every change. It can change nothing.

It listens on the loopback address, but so does every page the learner's browser has open, through DNS rebinding or
plain requests. So a request must name this machine as its Host, and its Origin, if there is one, must be this server.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grader.curriculum import CourseError

HOSTS = ("127.0.0.1", "localhost")
LIVE = b'<script src="/assets/progress.js" defer></script>'
INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

Standing = Callable[[], dict[str, Any]]
Changes = Callable[[], AsyncIterator[object]]


def create_app(site_dir: Path, standing: Standing, changes: Changes) -> Starlette:
    """Serve the website in `site_dir` with live progress.

    `standing()` says where the learner stands, as JSON-able data; it may read files, and runs in a thread. `changes()`
    yields whenever that may have changed; more often does no harm.

    /api/progress is the data as JSON; /api/events sends it as server-sent events, at once and after every change.
    While `standing` raises CourseError, both say {"error": the line} instead.
    """

    async def now(request: Request) -> Response:
        state = await _state(standing)
        return JSONResponse(state, 503 if "error" in state else 200)

    async def events(request: Request) -> Response:
        return StreamingResponse(_events(standing, changes), media_type="text/event-stream")

    return Starlette(
        routes=[
            Route("/api/progress", now),
            Route("/api/events", events),
            Mount("/", Pages(directory=site_dir, html=True)),
        ],
        middleware=[Middleware(Guard)],
    )


async def _state(standing: Standing) -> dict[str, Any]:
    """Where the learner stands; {"error": one line} while it cannot be read."""
    try:
        return await run_in_threadpool(standing)
    except CourseError as error:
        return {"error": str(error)}


async def _events(standing: Standing, changes: Changes) -> AsyncIterator[str]:
    sent = json.dumps(await _state(standing))
    yield f"data: {sent}\n\n"
    async for _ in changes():
        data = json.dumps(await _state(standing))
        # A comment keeps the connection, and finds out that the page has gone.
        yield ": unchanged\n\n" if data == sent else f"data: {data}\n\n"
        sent = data


class Guard:
    """Refuses requests meant for another host or sent by another site's page, and marks every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self.app if _ours(Headers(scope=scope)) else PlainTextResponse("Only for pages of this server.", 403)
        await answer(scope, receive, marked)


def _ours(headers: Headers) -> bool:
    hosts = headers.getlist("host")
    if len(hosts) != 1 or re.sub(r":\d+$", "", hosts[0]).lower() not in HOSTS:
        return False
    return all(origin.lower() == f"http://{hosts[0].lower()}" for origin in headers.getlist("origin"))


class Pages(StaticFiles):
    """The built website; its pages get the script for live progress, and a policy for what they may load."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if isinstance(response, FileResponse) and str(response.path).endswith(".html"):
            page = await run_in_threadpool(Path(response.path).read_bytes)
            return HTMLResponse(
                page.replace(b"</head>", LIVE + b"</head>", 1),
                response.status_code,
                headers={"Content-Security-Policy": _policy(page)},
            )
        return response


def _policy(page: bytes) -> str:
    """What a page may load: this server's files, and exactly the scripts that were built into it."""
    digests = {base64.b64encode(hashlib.sha256(script).digest()).decode() for script in INLINE_SCRIPT.findall(page)}
    scripts = " ".join(f"'sha256-{digest}'" for digest in sorted(digests))
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
