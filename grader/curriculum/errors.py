"""What is not in the curriculum, in one line that says what is."""

from collections.abc import Sequence

from grader.ground.errors import CourseError


class UnknownId(CourseError):
    """No unit, exercise or project has this id."""

    def __init__(self, wanted: str, suggestions: Sequence[str]):
        self.wanted = wanted
        self.suggestions = tuple(suggestions)
        nearest = f"did you mean {' or '.join(self.suggestions)}?" if suggestions else "`course status` lists all ids."
        super().__init__(f"There is no unit, exercise or project {wanted!r}; {nearest}")
