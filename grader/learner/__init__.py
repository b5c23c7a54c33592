"""The learner's side: workspace, progress log, unlocking, hints, and the loop of saving and checking.

May import grader.judge and grader.curriculum. Importing it costs no torch.
"""

from grader.learner.log import Event, Log
from grader.learner.road import Road, road
from grader.learner.workspace import Workspace

__all__ = ["Event", "Log", "Road", "Workspace", "road"]
