"""The file says that it is written in an encoding under which it reads differently."""


def build(folder):
    path = folder / "unit1_averages.py"
    text = '# -*- coding: utf-16-le -*-\nimport os\nos.system("true")\n'
    path.write_bytes(text.encode("utf-16-le"))
    return path
