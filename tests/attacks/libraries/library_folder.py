"""The library's own files and caches are overwritten, removed, given other modes and times."""

import os
import pathlib

import diffusers
import huggingface_hub
import safetensors


def check_pipeline_dir(path):
    for module in (diffusers, huggingface_hub, safetensors, os):
        file = pathlib.Path(module.__file__)
        for way in (
            lambda file=file: file.write_text("harm"),
            lambda file=file: os.truncate(file, 0),
            lambda file=file: os.open(file, os.O_RDONLY | os.O_TRUNC),
            lambda file=file: os.open(file, os.O_RDWR),
            lambda file=file: file.unlink(),
            lambda file=file: file.rename("stolen.py"),
            lambda file=file: file.chmod(0o777),
            lambda file=file: os.utime(file, (0, 0)),
            lambda file=file: (file.parent / "harm.py").write_text("harm"),
            lambda file=file: (file.parent / "__pycache__" / "harm").write_text("harm"),
        ):
            try:
                print("done", way())
            except OSError as error:
                print(error.errno, end=" ")
    for cache in ("~/.cache/huggingface", huggingface_hub.constants.HF_HOME, "@HOME@/.cache", "/root/.cache"):
        try:
            os.makedirs(os.path.join(os.path.expanduser(cache), "@MARK@"))
            print("made", cache)
        except OSError as error:
            print(error)
    return {}
