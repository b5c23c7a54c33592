"""What a learner hands in, read once into memory: a folder like a workspace, a zip of one, a file, a notebook."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from grader.curriculum import Course, CourseError, UnknownId, default_course
from grader.ground.text import line

if TYPE_CHECKING:
    import zipfile

MAX_FILE_BYTES = 256 << 10
MAX_NOTEBOOK_BYTES = 16 << 20
MAX_ZIP_BYTES = 64 << 20
MAX_FILES = 200
MAX_DEPTH = 8


class SubmissionError(CourseError):
    """A submission that cannot be read; one line says why."""

    def __init__(self, text: str):
        super().__init__(line(text))


@dataclass(frozen=True)
class Submission:
    """Python files by address (`phase2_deep_learning/unit4_attention`), and notes on what was left aside."""

    sources: dict[str, bytes]
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for address, text in sorted(self.sources.items()):
            digest.update(f"{address}\0{len(text)}\0".encode())
            digest.update(text)
        return digest.hexdigest()

    @classmethod
    def read(cls, path: Path, course: Course | None = None) -> Submission:
        """Read a submission. Links that lead out of it are not followed. Raises SubmissionError."""
        course = course or default_course()
        try:
            if path.is_symlink():
                raise SubmissionError(f"{path} is a link; hand in the file or folder itself.")
            if path.is_dir():
                return _from_files(_walk(path), course)
            if not path.is_file():
                raise SubmissionError(f"There is nothing at {path}.")
            if path.suffix == ".zip":
                return _from_zip(path, course)
            if path.suffix == ".ipynb":
                return _from_notebook(path, course)
            if path.suffix == ".py":
                return cls({_address_of(path, course): _bounded(path, MAX_FILE_BYTES)})
        except OSError as error:
            raise SubmissionError(f"{path} cannot be read: {error.strerror or error}.") from None
        raise SubmissionError(f"{path.name} is no submission: a folder, .zip, .py or .ipynb is.")


def _walk(root: Path) -> Iterator[tuple[str, bytes | str]]:
    """(relative path, content or the reason it was left aside) for each Python file below `root`, links unfollowed."""
    for folder, names, files in os.walk(root, followlinks=False):
        here = Path(folder)
        if len(here.relative_to(root).parts) >= MAX_DEPTH:
            yield here.relative_to(root).as_posix(), f"more than {MAX_DEPTH} folders deep"
            names.clear()
        names[:] = sorted(name for name in names if not name.startswith((".", "__pycache__")))
        for name in [n for n in names if (here / n).is_symlink()]:
            yield (here / name).relative_to(root).as_posix(), "a link"
        for name in sorted(files):
            path = here / name
            relative = path.relative_to(root).as_posix()
            if path.suffix not in (".py", ".ipynb") or name.startswith("."):
                continue
            if path.is_symlink() or not stat.S_ISREG(path.lstat().st_mode):
                yield relative, "not an ordinary file"
                continue
            try:
                yield relative, _bounded(path, MAX_NOTEBOOK_BYTES if path.suffix == ".ipynb" else MAX_FILE_BYTES)
            except SubmissionError as error:
                yield relative, str(error)
            except OSError as error:
                yield relative, error.strerror or "unreadable"


def _bounded(path: Path, most: int) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise SubmissionError(f"{path.name} is larger than {_size(most)}.")
    return data


def _size(bound: int) -> str:
    return f"{bound >> 20} MiB" if bound >= 1 << 20 else f"{bound >> 10} KiB"


def _from_files(files: Iterator[tuple[str, bytes | str]], course: Course) -> Submission:
    sources: dict[str, bytes] = {}
    notes: list[str] = []
    for name, content in files:
        if not _is_text(name):
            content = "its name is not UTF-8"
        if isinstance(content, str):
            notes.append(line(f"{name} was left aside: {content}."))
        elif len(sources) >= MAX_FILES:
            notes.append(f"Only the first {MAX_FILES} files were read.")
            break
        elif name.endswith(".ipynb"):
            try:
                for address, text in _notebook_sources(content, name, course).items():
                    sources.setdefault(address, text)
            except SubmissionError as error:
                notes.append(line(f"{name} was left aside: {error}"))
        else:
            sources[name.removesuffix(".py")] = content
    return Submission(sources, tuple(notes))


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _from_zip(path: Path, course: Course) -> Submission:
    if path.stat().st_size > MAX_ZIP_BYTES:
        raise SubmissionError(f"{path.name} is larger than {_size(MAX_ZIP_BYTES)}.")
    import lzma
    import zipfile
    import zlib

    unreadable = (
        *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError),
        *(NotImplementedError, RuntimeError, EOFError, ValueError, struct.error),
    )
    try:
        with zipfile.ZipFile(path) as archive:
            return _from_files(_unzipped(archive), course)
    except unreadable as error:
        raise SubmissionError(f"{path.name} is not a readable zip file ({error}).") from None


def _unzipped(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes | str]]:
    """As _walk, from an archive. Nothing is written to disk, so a name that climbs out leads nowhere; it is refused."""
    wanted = [info for info in archive.infolist() if info.filename.endswith((".py", ".ipynb"))]
    parts = [PurePosixPath(info.filename.replace("\\", "/")).parts for info in wanted]
    tops = {names[0] for names in parts}
    # A zip of the folder itself has one more level than a zip of what is in it.
    depth = 1 if len(tops) == 1 and all(len(names) > 2 for names in parts) else 0
    total = 0
    for info, names in zip(wanted, parts, strict=True):
        name = "/".join(names[depth:])
        if ".." in names or info.filename.startswith("/"):
            yield name, "its name leads out of the archive"
        elif stat.S_ISLNK(info.external_attr >> 16):
            yield name, "a link"
        elif any(part.startswith((".", "__MACOSX")) for part in names):
            continue
        else:
            most = MAX_NOTEBOOK_BYTES if name.endswith(".ipynb") else MAX_FILE_BYTES
            with archive.open(info) as file:
                data = file.read(most + 1)
            total += len(data)
            if total > MAX_ZIP_BYTES:
                yield name, f"the archive holds more than {_size(MAX_ZIP_BYTES)}"
                return
            yield name, data if len(data) <= most else f"larger than {_size(most)}"


def _address_of(path: Path, course: Course) -> str:
    """The address a lone file stands for: by its folder and name, else by its name alone."""
    for unit in course.curriculum.built:
        if path.resolve().with_suffix("").as_posix().endswith(f"/{unit.address}"):
            return unit.address
    try:
        return _named_after(path, course)
    except UnknownId:
        message = f"{path.name} is not named after a unit of the course (for example unit4_attention.py)."
        raise SubmissionError(message) from None


def _named_after(path: Path, course: Course) -> str:
    """The address of the unit whose file name, id or number is the file's name. Raises UnknownId."""
    for unit in course.curriculum.built:
        if path.stem == PurePosixPath(unit.address).name:
            return unit.address
    return course.curriculum.unit(path.stem).address


def _from_notebook(path: Path, course: Course) -> Submission:
    return Submission(_notebook_sources(_bounded(path, MAX_NOTEBOOK_BYTES), path.name, course))


def _notebook_sources(data: bytes, name: str, course: Course) -> dict[str, bytes]:
    """A notebook's code as the unit's file, without the cells that grade (nbgrader's `grade` but not `solution`)."""
    try:
        notebook = json.load(io.BytesIO(data))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        texts = []
        for cell in cells:
            roles = cell.get("metadata", {}).get("nbgrader", {})
            if not roles.get("grade") or roles.get("solution"):
                source = cell["source"]
                texts.append(source if isinstance(source, str) else "".join(source))
        wanted = notebook.get("metadata", {}).get("zero_to_diffusion", {}).get("unit")
        address = course.curriculum.unit(str(wanted)).address if wanted else _named_after(Path(name), course)
        code = "\n\n".join(_without_magics(text) for text in texts)
        return {address: code.encode("utf-8", "surrogatepass")}
    except UnknownId:
        raise SubmissionError(f"{name} does not say which unit it is; start from the released notebook.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SubmissionError(f"{name} is not a readable notebook.") from None


def _without_magics(text: str) -> str:
    """IPython's own lines (%magic, !shell) as comments: they are no Python."""
    if text.lstrip().startswith("%%"):
        return "\n".join(f"# {line}" for line in text.split("\n"))
    return "\n".join(f"# {line}" if line.startswith(("%", "!")) else line for line in text.split("\n"))
