"""A student of the instructor's roster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from grader.curriculum import Unit


def column(header: str) -> str:
    """A roster's header as it is compared: without regard to case, blanks and underscores."""
    return re.sub(r"[\s_]", "", header).lower()


@dataclass(frozen=True)
class Enrolled:
    """A student of the roster. A text that the roster does not give is "".

    `id` is the student's everywhere else: verdicts, feedback, gradebook. `lms` is what the class's LMS knows the
    student by, by `column`. `due` and `extension` are by unit id, or by "" for every unit that has none of its own;
    dates carry a time zone.
    """

    id: str
    name: str = ""
    email: str = ""
    lms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    due: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    extension: Mapping[str, timedelta] = field(default_factory=lambda: MappingProxyType({}))

    def cell(self, header: str) -> str:
        """What the roster says of the student in a column of the LMS's."""
        return self.lms.get(column(header), "")

    def due_for(self, unit: Unit) -> datetime | None:
        """When this student's work on a unit is due, the extension included; None if it is never late."""
        due = self.due.get(unit.id, self.due.get(""))
        return due and due + self.extension.get(unit.id, self.extension.get("", timedelta()))


Roster = Mapping[str, Enrolled]
"""The enrolled by student id, in the file's order."""
