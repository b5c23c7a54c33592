"""For those who write units: make stubs, start a unit, prove it.

May import grader.judge and grader.curriculum. Reads references, checks and mistakes as text and has everything judged
behind the wall, so that an author's tools and a learner's verdict cannot differ.
"""

from grader.author.gates import Finding, check
from grader.author.mutants import judge_mutants
from grader.author.new import scaffold
from grader.author.sampling import Part
from grader.author.stubs import make_stub, write_stub

__all__ = ["Finding", "Part", "check", "judge_mutants", "make_stub", "scaffold", "write_stub"]
