"""Unit 2.1: other people's pipelines."""

import json
from pathlib import Path

import torch
from diffusers import ConfigMixin, SchedulerMixin
from diffusers.configuration_utils import register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerOutput


class MyDDIM(SchedulerMixin, ConfigMixin):
    """DDIM without noise (Song et al. 2021, eq. 12 with σ = 0) that plugs into pipelines of diffusers.

    β rises evenly from `beta_start` to `beta_end` over `num_train_timesteps`; `alphas_cumprod: (T,) float32` is the
    running product of 1 − β. All three settings are in its configuration; `init_noise_sigma` is 1.0.
    """

    order = 1

    @register_to_config
    def __init__(self, num_train_timesteps: int = 1000, beta_start: float = 1e-4, beta_end: float = 0.02):
        raise NotImplementedError("MyDDIM.__init__")

    def set_timesteps(self, num_inference_steps: int, device: str | torch.device | None = None) -> None:
        """Put `timesteps: (n,) int64` on `device`: the multiples of T // n below T, n of them, the largest first."""
        raise NotImplementedError("MyDDIM.set_timesteps")

    def scale_model_input(self, sample: torch.Tensor, timestep: int | None = None) -> torch.Tensor:
        """`sample` as it is."""
        raise NotImplementedError("MyDDIM.scale_model_input")

    def step(
        self,
        model_output: torch.Tensor,
        timestep: int,
        sample: torch.Tensor,
        generator: torch.Generator | None = None,
        return_dict: bool = True,
    ) -> SchedulerOutput | tuple[torch.Tensor]:
        """From x_t and the predicted noise, both `(B, C, H, W)`, to x at the next of the timesteps.

        After the last of them ᾱ is 1. A `SchedulerOutput` with `prev_sample`, or that alone in a tuple.
        """
        raise NotImplementedError("MyDDIM.step")


def check_pipeline_dir(path: str | Path) -> dict[str, str]:
    """What is wrong with each component of a pipeline's folder, by name, in the order of its `model_index.json`.

    A component is an entry `[library, class]`; names that begin with `_` are none. The first of these that holds:

    - `absent`: the entry is `[null, null]`, and nothing is asked of it
    - `missing`: there is no folder of its name
    - `no config`: the folder holds no file that ends with `config.json`
    - `absolute path`: a configuration says `_name_or_path` with a path that begins at the root
    - `dtype F16`, or whatever it is: its first `*.safetensors`, by name, starts with another dtype than that of the
      first component that has one. Such a file begins with the length of its header, 8 bytes little-endian; the
      header is JSON and says for each tensor its `dtype`.
    - `ok`
    """
    raise NotImplementedError("check_pipeline_dir")


def _dtype(file: Path) -> str:
    """The dtype of the first tensor in a safetensors file."""
    raise NotImplementedError("_dtype")
