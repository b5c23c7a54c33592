"""`course serve`."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import webbrowser
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from grader.curriculum import Course
from grader.learner import Road, Workspace
from grader.learner.told import told, tones
from grader.web.build import SiteError, built_site

KEEP_ALIVE_MS = 15_000


def serve(
    course: Course,
    workspace: Workspace,
    port: int = 8000,
    open_browser: bool = True,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve the course's website with the workspace's progress on http://127.0.0.1:`port`, until interrupted.

    Port 0 takes a free one. `announce` gets the site's address once the server listens. The built site is kept in the
    workspace's .course/site/. Raises SiteError if the port is taken, or the site cannot be built.
    """
    if importlib.util.find_spec("starlette") is None or importlib.util.find_spec("uvicorn") is None:
        raise SiteError("Serving needs two more packages: pip install 'zero-to-diffusion[site]', then try again.")
    import uvicorn

    from grader.web.app import create_app

    with _listening(port) as listener:
        app = create_app(
            built_site(course, workspace.root / ".course" / "site"),
            standing=partial(standing, course, workspace),
            changes=partial(changes, course, workspace),
        )
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        announce(address)
        if open_browser:
            webbrowser.open(f"{address}road.html")
        # A page's event stream never ends by itself; a second is enough to say goodbye.
        config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def standing(course: Course, workspace: Workspace) -> dict[str, Any]:
    """Where the learner stands, as Road.to_dict, and what is wrong where something is: what the pages show."""
    road = Road(course, workspace)
    return {**road.to_dict(), "told": told(course, workspace, road), "tones": tones(road)}


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SiteError(f"Cannot listen on port {port} ({reason}); choose another with --port, or 0 for any.") from None


async def changes(course: Course, workspace: Workspace) -> AsyncIterator[object]:
    """Yields when the progress log or a learner's file has changed, and now and then besides."""
    from watchfiles import awatch

    watched = {workspace.log.path, *map(workspace.file, course.curriculum.built)}
    names = {str(path) for path in watched}
    folders = sorted({path.parent for path in watched if path.parent.is_dir()})
    async for _ in awatch(
        *folders,
        watch_filter=lambda change, path: path in names,
        recursive=False,
        rust_timeout=KEEP_ALIVE_MS,
        yield_on_timeout=True,
    ):
        yield None
