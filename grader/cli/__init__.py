"""What people type: parse, call, render. Thin; what is decided is decided in the other rooms.

May import everything of the platform, each only inside the command that needs it: `course` itself starts
without torch.

Exit codes: 0 done or passed, 1 judged and not passed, 2 usage or environment error. Errors are one line on
stderr. With --json a command prints one JSON document on stdout and nothing else.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> None:
    """The command `course`. Raises SystemExit with the exit code."""
    gc.set_threshold(100_000)  # a start makes many objects and drops few: looking through them costs a tenth of it
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    raise SystemExit(_run(sys.argv[1:] if argv is None else list(argv)))


def _run(argv: Sequence[str]) -> int:
    import click

    from grader.cli.app import app, complaint, nearest_command
    from grader.cli.out import ReaderGone, complain
    from grader.curriculum import CourseError

    try:
        return app(argv, prog_name="course", standalone_mode=False) or 0
    except CourseError as error:
        return complain(str(error))
    except click.UsageError as error:
        return complain(nearest_command(argv) or complaint(error))
    except (KeyboardInterrupt, click.Abort):
        return complain("Stopped.")
    except ReaderGone:
        # What is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("COURSE_DEBUG"):
            raise
        return complain(
            f"A fault in the course itself, {type(error).__name__}: {error}. Your work is safe; "
            "COURSE_DEBUG=1 in front of the command prints the details for a report."
        )
