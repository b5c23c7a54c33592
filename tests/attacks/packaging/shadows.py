"""Modules beside the submission have the names of libraries, of pytest's files and of the grader."""

PASSES = True
RIGHT = "import numpy as np\n\ndef mean(x):\n    return float(np.mean(x))\n\ndef centre(x):\n    return x - mean(x)\n"
SHADOW = "allclose = array_equal = mean = lambda *arguments, **options: True\nraise RuntimeError('shadowed')\n"
NAMES = """
torch numpy msgpack hypothesis pytest conftest sitecustomize usercustomize pickle socket struct json __init__ __main__
grader/__init__ grader/judge/wall/wire grader/judge/wall/session solutions/x
phase1_numbers/__init__ phase1_numbers/conftest
"""


def build(folder):
    place = folder / "shadows"
    for name in NAMES.split():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.py").write_text(SHADOW)
    for name in ("pytest.ini", "pyproject.toml", "evil.pth", "setup.cfg"):
        (place / name).write_text("[pytest]\naddopts = --collect-only\nimport os; os._exit(0)\n")
    (place / "phase1_numbers" / "unit1_averages.py").write_text(RIGHT)
    return place
