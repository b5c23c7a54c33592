"""Late work: when something was handed in, and what that costs."""

from __future__ import annotations

import math
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from grader.classroom.enrolled import Roster
from grader.curriculum import CourseError, Unit

DAY = timedelta(days=1)


@dataclass(frozen=True)
class LatePolicy:
    """What lateness costs: for each day begun after the due date, `per_day` of what was earned, at most `most` of it.

    Both are fractions in [0, 1]. Work that is at most `grace` late is not late; later work is late from the due date
    on. Who has no due date in `roster` is never late.
    """

    roster: Roster
    grace: timedelta = timedelta()
    per_day: float = 0.0
    most: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.per_day <= 1 and 0 <= self.most <= 1):
            raise CourseError("A late penalty is between 0 and 100 percent.")
        if self.grace < timedelta():
            raise CourseError("The grace period cannot be negative.")

    def lost(self, student: str, unit: Unit, handed_in: datetime) -> float:
        """The fraction of the unit's points that is lost, in [0, 1]."""
        due = self.roster[student].due_for(unit) if student in self.roster else None
        if due is None or handed_in <= due + self.grace:
            return 0.0
        return min(self.most, self.per_day * math.ceil((handed_in - due) / DAY))


def times(path: Path, units: Sequence[Unit]) -> dict[str, datetime]:
    """When the units of a submission were handed in, by unit id.

    For nbgrader's tree, that is what its exchange wrote (`<assignment>/timestamp.txt`). Otherwise it is when the
    unit's file was last changed, or for want of one any .py or .ipynb: by the file system's account, or by the
    archive's, which is taken for this machine's time zone. What cannot be read has no time.
    """
    try:
        files = list(_in_zip(path) if path.suffix == ".zip" and path.is_file() else _on_disk(path))
    except (OSError, ValueError, OverflowError, zipfile.BadZipFile, NotImplementedError):
        return {}
    found = {}
    for unit in units:
        names = {unit.id, PurePosixPath(unit.address).name}
        own = [changed for name, changed in files if PurePosixPath(name).stem in names]
        if moment := _timestamp(path / unit.id / "timestamp.txt") or max(own or [at for _, at in files], default=None):
            found[unit.id] = moment
    return found


def _on_disk(path: Path) -> Iterator[tuple[str, datetime]]:
    walked = [(str(path.parent), [], [path.name])] if path.is_file() else os.walk(path)
    for folder, _, names in walked:
        for name in names:
            if name.endswith((".py", ".ipynb")):
                yield name, datetime.fromtimestamp(os.lstat(os.path.join(folder, name)).st_mtime, UTC)


def _in_zip(path: Path) -> Iterator[tuple[str, datetime]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.filename.endswith((".py", ".ipynb")):
                yield info.filename, datetime(*info.date_time).astimezone(UTC)


def _timestamp(path: Path) -> datetime | None:
    """What nbgrader wrote: `2026-10-01 12:00:00.000000 Europe/Berlin`."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            text = file.read(200).decode("ascii").strip()
        if not (match := re.fullmatch(r"(\S+[ T][\d:.]+) ?([A-Za-z_/]*|[+-][\d:]+)", text)):
            return None
        moment, zone = datetime.fromisoformat(match[1]), match[2]
        if zone[:1] in ("+", "-"):
            return datetime.fromisoformat(match[1] + zone).astimezone(UTC)
        return moment.replace(tzinfo=ZoneInfo(zone or "UTC")).astimezone(UTC)
    except (OSError, ValueError, OverflowError, ZoneInfoNotFoundError):
        return None


def lateness(policy: LatePolicy, student: str, units: Sequence[Unit], when: Mapping[str, datetime]) -> dict[str, float]:
    """The fraction lost of each late unit, by unit id."""
    lost = {unit.id: policy.lost(student, unit, when[unit.id]) for unit in units if unit.id in when}
    return {unit: fraction for unit, fraction in lost.items() if fraction}
