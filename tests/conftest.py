"""What all tests share: the small course and the course itself, one warm judge for each, and how the cores are used.

WHOLE=1 asks for all of what the suite otherwise samples; what was left out is said at the end of every run.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import settings

from grader.curriculum import Course, default_course
from grader.ground.cores import cores
from grader.judge import Judge

settings.register_profile("tests", deadline=None, derandomize=True, database=None)
settings.load_profile("tests")

WHOLE = bool(os.environ.get("WHOLE"))
if not WHOLE:
    os.environ.setdefault("QUICK", "1")  # a page's code asks for it, and takes fewer steps

# Begun first, so that no core waits at the end for one that began last; the many short ones fill the gaps.
LONG = (
    "tests/classroom/test_term.py",
    "tests/attacks",
    "tests/training",
    "tests/classroom/test_kills.py",
    "tests/classroom/test_cluster.py",
    "tests/judge/test_determinism.py",
    "tests/classroom/test_hidden.py",
    "tests/classroom/test_release.py",
    "tests/judge",
    "tests/classroom",
    "tests/test_wheel.py",
)
START_ONCE = ("tests/attacks", "tests/site", "tests/training")
"""Folders whose files share something slow to start: one worker has them whole."""
UNIT_BY_UNIT = ("tests/author/test_this_course.py", "tests/attacks/test_lazy.py")
"""Their tests are shared out by the unit, so that what the judge plans for one is planned once."""


@pytest.fixture(scope="session")
def mini_course() -> Course:
    """A course on another subject."""
    return Course(Path(__file__).parent / "mini_course")


@pytest.fixture(scope="session")
def mini_judge(mini_course: Course) -> Iterator[Judge]:
    with Judge(mini_course) as judge:
        yield judge


@pytest.fixture(scope="session")
def course_judge() -> Iterator[Judge]:
    """The judge of the course itself: whoever asks about its units asks this one, which has planned their checks."""
    with Judge(default_course()) as judge:
        yield judge


@pytest.fixture(scope="session")
def no_namespaces(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Any]:
    """`with no_namespaces():` judges that start find a kernel that refuses user namespaces, as many do."""
    folder = tmp_path_factory.mktemp("no-namespaces")
    refused = "import grader.judge.wall.scratch as scratch\nscratch.can_mount = lambda: False\n"
    (folder / "sitecustomize.py").write_text(refused)

    @contextlib.contextmanager
    def refusing() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])))
            yield

    return refusing


@pytest.fixture(scope="session")
def whole() -> bool:
    """Whether nothing is to be sampled."""
    return WHOLE


@pytest.fixture
def sampled(record_property: Callable[[str, object], None]) -> Callable[[str, int, int], None]:
    """`sampled(what, chosen, of)` tells that only some were tried, for the end of the run."""
    return lambda what, chosen, of: record_property("sampled", (what, chosen, of))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    chosen, total = Counter[str](), Counter[str]()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "sampled" and report.when == "call":
                    chosen[value[0]] += value[1]
                    total[value[0]] += value[2]
    for what in total:
        if chosen[what] < total[what]:
            terminalreporter.write_line(f"sampled: {chosen[what]} of {total[what]} {what}; WHOLE=1 tries all")


def scope(nodeid: str) -> str:
    """What one worker does in one go: a file, a folder that starts something once, or a unit of the course."""
    file, _, test = nodeid.partition("::")
    folder = PurePosixPath(file).parent.as_posix()
    if file in UNIT_BY_UNIT and "[" in test:
        return f"units[{test.partition('[')[2]}"
    return folder if folder in START_ONCE else file


def _turn(item: pytest.Item) -> int:
    name = scope(item.nodeid)
    folder = PurePosixPath(name).parent.as_posix()
    places = [LONG.index(each) for each in (name, folder) if each in LONG]
    return min(places, default=len(LONG))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: for a third of its time a worker waits, for a kill, a time-out or a start."""
    return cores() + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid)

    config.option.loadscopereorder = False  # by the number of tests: what is long and has few would come last
    return Scheduler(config, log)
