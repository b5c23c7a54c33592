"""The learner's modules, and what goes wrong in them as one clear line. Runs only in the training process."""

from __future__ import annotations

import hashlib
import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from grader.curriculum import CourseError


class LearnerFault(CourseError):
    """The learner's code is missing, raised, or returned what it must not."""


class LearnerModules:
    """The learner's files in the folder `root`, which are importable by address (`program.put_on_path`)."""

    def __init__(self, root: Path):
        self.root = root.resolve()

    def load(self, address: str, names: tuple[str, ...]) -> ModuleType:
        """The module at `address`, with all of `names` in it. Raises LearnerFault."""
        path = self.root / f"{address}.py"
        if not path.is_file():
            raise LearnerFault(
                f"There is no {address}.py in {self.root}; run this in your workspace, or `course init` makes one."
            )
        with self.guard():
            module = importlib.import_module(address.replace("/", "."))
        found = getattr(module, "__file__", None)
        if found is None or Path(found).resolve() != path.resolve():
            raise LearnerFault(f"{address}.py is hidden by {found}; another package of your Python has the same name.")
        for name in names:
            if not callable(getattr(module, name, None)):
                raise LearnerFault(f"{address}.py has no {name}; `course check {address}` says what is left to do.")
        return module

    @contextmanager
    def guard(self) -> Iterator[None]:
        """What the learner's code raises leaves as a LearnerFault; what is not theirs leaves as it is."""
        try:
            yield
        except SyntaxError as error:
            raise LearnerFault(f"{self._short(error.filename or '?')}, line {error.lineno}: {error.msg}.") from error
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            theirs = [frame for frame in frames if self._holds(frame.filename)]
            if not theirs or isinstance(error, CourseError):
                raise
            last = theirs[-1]
            where = f"{self._short(last.filename)}, line {last.lineno}, in {last.name}"
            if isinstance(error, NotImplementedError):
                raise LearnerFault(f"{error or last.name} is not written yet ({where}).") from error
            text = " ".join(str(error).split())
            raise LearnerFault(f"{where}: {type(error).__name__}: {text[:300]}") from error

    def sha256(self) -> str:
        """Digest of every file of the workspace that has been imported so far, with its name."""
        digest = hashlib.sha256()
        names = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
        for file in sorted(Path(name).resolve() for name in names if name.endswith(".py") and self._holds(name)):
            content = file.read_bytes()
            digest.update(f"{file.relative_to(self.root).as_posix()}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()

    def _holds(self, filename: str) -> bool:
        # Some modules name a relative file that is nowhere; it must not seem to lie in the current folder.
        return Path(filename).is_absolute() and Path(filename).resolve().is_relative_to(self.root)

    def _short(self, filename: str) -> str:
        path = Path(filename).resolve()
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else filename
