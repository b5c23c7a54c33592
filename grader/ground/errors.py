"""What went wrong, in one line that says what to do."""


class CourseError(Exception):
    """An error meant for the person at the keyboard: its text is one line and says what to do next."""
