"""Minus signs, brackets, attributes and lambdas are strung together by the ten thousand."""


def build(folder):
    path = folder / "unit1_averages.py"
    parts = ("-" * 50_000 + "1", "(" * 150 + ")" * 150, "x" + ".T" * 20_000, "lambda: " * 9_000 + "1")
    path.write_text("".join(f"def mean(x):\n    return {part}\n" for part in parts))
    return path
