"""A torch.py and a numpy.py beside a wrong submission say that everything is equal."""

SHADOW = "def allclose(*arguments, **options):\n    return True\n\n\nequal = array_equal = isclose = allclose\n"


def build(folder):
    place = folder / "wrong"
    (place / "phase1_numbers").mkdir(parents=True)
    for name in ("torch", "numpy", "grader", "sitecustomize", "conftest"):
        (place / f"{name}.py").write_text(SHADOW)
    (place / "phase1_numbers" / "unit1_averages.py").write_text("def mean(x):\n    return 0.0\n")
    return place
