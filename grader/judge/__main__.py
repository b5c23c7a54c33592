"""The judge as a process: `python -m grader.judge COURSE DESCRIPTOR` listens on an inherited socket."""

from __future__ import annotations

import argparse
import gc
import socket
from pathlib import Path

from grader.curriculum import Course
from grader.judge.terms import libraries
from grader.judge.wall import confine
from grader.judge.wall.zygote import Sandbox


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m grader.judge")
    parser.add_argument("course", type=Path)
    parser.add_argument("descriptor", type=int)
    parser.add_argument("--idle", type=float, required=True, help="0: until the parent is gone")
    parser.add_argument("--unconfined", action="store_true")
    parser.add_argument("--hidden", type=Path, help="a folder of further checks, laid out like the course's")
    parser.add_argument("--imports", default="", help="judge the units that ask for just these libraries: a,b")
    options = parser.parse_args()
    course, imports = Course(options.course, options.hidden), tuple(filter(None, options.imports.split(",")))
    read = libraries.read_beforehand(course, imports)
    # Before anything else: it starts from a clean interpreter, and while it imports torch, so does this process.
    sandbox = Sandbox(confined=confine.can_confine() and not options.unconfined, read=read)
    gc.disable()  # nothing of what is imported now will ever be dropped
    from grader.judge.door.service import serve

    libraries.load(read)
    serve(course, imports, sandbox, socket.socket(fileno=options.descriptor), options.idle)
    sandbox.close()


if __name__ == "__main__":
    main()
