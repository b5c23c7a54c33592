"""Known mistakes of unit 2.1, pipelines."""

import json
from pathlib import Path

import torch

from grader.judge import mistake
from phase2_tools.unit1_pipelines import ConfigMixin, MyDDIM, SchedulerMixin, check_pipeline_dir, register_to_config


@mistake(
    "MyDDIM",
    "The constructor is not registered, so there is no configuration to keep.",
    see="the-configuration",
    replaces="MyDDIM",
)
class Unregistered(MyDDIM):
    def __init__(self, num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02):
        self.alphas_cumprod = torch.cumprod(1 - torch.linspace(beta_start, beta_end, num_train_timesteps), 0)
        self.init_noise_sigma = 1.0
        self.steps = num_train_timesteps

    def set_timesteps(self, num_inference_steps, device=None):
        self.stride = self.steps // num_inference_steps
        self.timesteps = (torch.arange(num_inference_steps) * self.stride).flip(0).to(device)


@mistake(
    "MyDDIM",
    "There is no `init_noise_sigma`, by which pipelines scale the first noise.",
    see="what-a-pipeline-asks",
    replaces="MyDDIM",
)
class WithoutSigma(SchedulerMixin, ConfigMixin):
    @register_to_config
    def __init__(self, num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02):
        self.alphas_cumprod = torch.cumprod(1 - torch.linspace(beta_start, beta_end, num_train_timesteps), 0)

    set_timesteps, scale_model_input, step = MyDDIM.set_timesteps, MyDDIM.scale_model_input, MyDDIM.step


@mistake("MyDDIM", "The timesteps stay on the CPU.", see="what-a-pipeline-asks", replaces="MyDDIM")
class StaysOnTheCpu(MyDDIM):
    def set_timesteps(self, num_inference_steps, device=None):
        super().set_timesteps(num_inference_steps)


@mistake("MyDDIM", "The timesteps rise, so the picture is denoised backwards.", see="the-steps", replaces="MyDDIM")
class Rising(MyDDIM):
    def set_timesteps(self, num_inference_steps, device=None):
        super().set_timesteps(num_inference_steps, device)
        self.timesteps = self.timesteps.flip(0)


@mistake("MyDDIM", "Each step goes to t − 1, not to the next of the timesteps.", see="the-steps", replaces="MyDDIM")
class OneByOne(MyDDIM):
    def step(self, *arguments, **options):
        stride, self.stride = self.stride, 1
        try:
            return super().step(*arguments, **options)
        finally:
            self.stride = stride


@mistake("MyDDIM", "After the last step some noise is left: ᾱ is 1 there, not ᾱ₀.", see="the-steps", replaces="MyDDIM")
class KeepsTheLastNoise(MyDDIM):
    def step(self, model_output, timestep, sample, generator=None, return_dict=True):
        kept, self.alphas_cumprod = self.alphas_cumprod, self.alphas_cumprod.clone()
        earlier = int(timestep) - self.stride
        if earlier < 0:  # x0 once more noised to the first level
            out = super().step(model_output, timestep, sample, generator, return_dict)
            level = kept[0]
            out.prev_sample = level.sqrt() * out.prev_sample + (1 - level).sqrt() * model_output
            return out
        return super().step(model_output, timestep, sample, generator, return_dict)


@mistake("check_pipeline_dir", "A component of nulls is absent on purpose, and not missing.", see="the-folder")
def nulls_are_missing(path):
    found = check_pipeline_dir(path)
    return {
        name: "missing" if word == "absent" and not (Path(path) / name).is_dir() else word
        for name, word in found.items()
    }


@mistake(
    "check_pipeline_dir",
    "Only components from diffusers are looked at, so a missing tokenizer passes.",
    see="the-folder",
)
def others_pass(path):
    index = json.loads((Path(path) / "model_index.json").read_text())
    found = check_pipeline_dir(path)
    return {name: "ok" if index[name][0] == "transformers" else word for name, word in found.items()}


@mistake("check_pipeline_dir", "A path of one machine in a configuration is let through.", see="the-folder")
def absolute_paths_pass(path):
    return {name: "ok" if word == "absolute path" else word for name, word in check_pipeline_dir(path).items()}


@mistake("check_pipeline_dir", "Weights of another dtype are let through.", see="the-weights")
def any_dtype_passes(path):
    return {name: "ok" if word.startswith("dtype") else word for name, word in check_pipeline_dir(path).items()}


@mistake("check_pipeline_dir", "A folder without a configuration counts as a component.", see="the-folder")
def configs_do_not_matter(path):
    return {name: "ok" if word == "no config" else word for name, word in check_pipeline_dir(path).items()}
