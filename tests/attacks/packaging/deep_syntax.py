"""The file is nested so deeply that whoever reads its syntax runs out of stack, and large besides."""


def build(folder):
    path = folder / "unit1_averages.py"
    path.write_text(f"def centre(x):\n    return x\n\n\ndef mean(x):\n    return 0.0{' + 0' * 1500}\n")
    return path
