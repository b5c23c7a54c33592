"""How thoroughly a submission is judged. Imports nothing, so that it can be asked before anything is judged."""

EXAMPLES = {"check": 20, "grade": 20, "author": 100, "mutants": 100}
"""Examples per check: on a learner's save, in a class run, for the course's authors, for faults nobody will read of.

A class run asks as much as a save does, of inputs that its own seed draws: what gets by twenty examples, twenty more
would hardly find, at twice the cost (bench/missed.py counts it).
"""

PROFILES = ("check", "grade", "author")
"""Those that people can ask for."""
