"""The local server behind `course serve`: the built lessons, and the learner's progress live on them.

May import grader.learner and grader.curriculum. Needs the `site` extra (Starlette, uvicorn, MkDocs), which is imported
only when something is served or built.
"""

from grader.web.build import built_site
from grader.web.server import serve

__all__ = ["built_site", "serve"]
