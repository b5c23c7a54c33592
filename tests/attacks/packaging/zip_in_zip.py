"""Archives lie in archives, and call themselves Python files."""

import io
import zipfile


def build(folder):
    data = b"x = 1\n"
    for _ in range(5):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("phase1_numbers/unit1_averages.py", data)
            archive.writestr("more.zip", data)
        data = inner.getvalue()
    path = folder / "nested.zip"
    path.write_bytes(data)
    return path
