"""The library is told to call home: telemetry, downloads, with every switch that keeps it quiet taken back."""

import os
import socket

import huggingface_hub
from huggingface_hub import constants


def check_pipeline_dir(path):
    for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "TRANSFORMERS_OFFLINE"):
        os.environ.pop(name, None)
    constants.HF_HUB_OFFLINE = constants.HF_HUB_DISABLE_TELEMETRY = False
    constants.ENDPOINT = os.environ["HF_ENDPOINT"] = "http://127.0.0.1:@PORT@"
    for way in (
        lambda: huggingface_hub.utils.send_telemetry("harm", user_agent="@MARK@"),
        lambda: huggingface_hub.hf_hub_download("a/b", "c.json", endpoint="http://127.0.0.1:@PORT@", cache_dir="hub"),
        lambda: huggingface_hub.HfApi(endpoint="http://127.0.0.1:@PORT@").whoami(token="hf_x"),
        lambda: __import__("requests").get("http://127.0.0.1:@PORT@", timeout=1),
        lambda: __import__("httpx").get("http://127.0.0.1:@PORT@", timeout=1),
        lambda: __import__("urllib.request").request.urlopen("http://127.0.0.1:@PORT@", timeout=1),
        lambda: socket.create_connection(("127.0.0.1", int("@PORT@")), 1),
        lambda: socket.socket(socket.AF_UNIX).connect("@SOCKET@"),
    ):
        try:
            print("done", way())
        except Exception as error:
            print(type(error).__name__, str(error)[:100])
    return {}
