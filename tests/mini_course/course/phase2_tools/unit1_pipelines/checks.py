"""Checks for unit 2.1, pipelines."""

import json
import tempfile
from pathlib import Path

import torch
from diffusers import DDPMPipeline, UNet2DModel
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from grader.judge import exercise
from grader.judge.trial.strategies import dims, generator, seeds

SETTINGS = st.fixed_dictionaries(
    {
        "num_train_timesteps": st.integers(20, 60),
        "beta_start": st.sampled_from([1e-4, 1e-3]),
        "beta_end": st.sampled_from([0.02, 0.05]),
    }
)


def tiny_unet(seed):
    torch.manual_seed(seed)
    return UNet2DModel(
        sample_size=4,
        in_channels=1,
        out_channels=1,
        layers_per_block=1,
        block_out_channels=(4, 4),
        attention_head_dim=4,
        norm_num_groups=2,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    ).eval()


def pictures(scheduler, steps, seed):
    pipe = DDPMPipeline(tiny_unet(seed), scheduler)
    pipe.set_progress_bar_config(disable=True)
    return pipe(generator=torch.manual_seed(seed), num_inference_steps=steps, output_type="np").images


def in_a_pipeline(impl, settings, steps, seed):
    return pictures(impl.MyDDIM(**settings), steps, seed)


def kept_and_loaded(impl, settings, steps, seed):
    with tempfile.TemporaryDirectory() as folder:
        impl.MyDDIM(**settings).save_pretrained(folder)
        said = json.loads((Path(folder) / "scheduler_config.json").read_text())
        loaded = impl.MyDDIM.from_pretrained(folder)
    return {
        "settings": {name: said.get(name) for name in settings},
        "pictures": pictures(loaded, steps, seed),
    }


def before_the_first_step(impl, settings, steps, device):
    scheduler = impl.MyDDIM(**settings)
    sigma = scheduler.init_noise_sigma
    scheduler.set_timesteps(steps, device=device)
    return {"init_noise_sigma": float(sigma), "device": str(scheduler.timesteps.device)}


def timesteps(impl, settings, steps):
    scheduler = impl.MyDDIM(**settings)
    scheduler.set_timesteps(steps)
    return scheduler.timesteps


def sampled_with_the_true_noise(impl, settings, steps, clean, noise):
    scheduler = impl.MyDDIM(**settings)
    scheduler.set_timesteps(steps)
    level = scheduler.alphas_cumprod[scheduler.timesteps[0]]
    sample = level.sqrt() * clean + (1 - level).sqrt() * noise
    for t in scheduler.timesteps:
        sample = scheduler.step(noise, t, scheduler.scale_model_input(sample, t)).prev_sample
    return sample


@exercise("MyDDIM")
class TestMyDDIM:
    @given(settings=SETTINGS, steps=st.integers(1, 7))
    def test_has_the_timesteps(self, both, settings, steps):
        "The multiples of T // n, the largest first."
        both.agree(timesteps, settings, steps)

    @given(settings=SETTINGS, steps=st.integers(1, 7), seed=seeds())
    def test_finds_what_was_noised(self, learner, settings, steps, seed):
        "With the true noise every number of steps leads back to the clean picture."
        clean, noise = torch.randn(2, 1, 2, 3, 4, generator=generator(seed))
        found = learner.run(sampled_with_the_true_noise, settings, steps, clean, noise)
        assert torch.allclose(found, clean, atol=1e-3), "the samples are not the pictures that were noised"

    @given(settings=SETTINGS, steps=st.integers(1, 7), device=st.sampled_from(["cpu", "meta"]))
    def test_is_ready_for_a_pipeline(self, both, settings, steps, device):
        "Pipelines ask for the first noise's scale, and for timesteps on their device."
        both.agree(before_the_first_step, settings, steps, device)

    @given(settings=SETTINGS, steps=st.integers(1, 4), seed=seeds())
    def test_plugs_into_a_pipeline(self, both, settings, steps, seed):
        "A pipeline of diffusers makes pictures with it."
        both.agree(in_a_pipeline, settings, steps, seed)

    @given(settings=SETTINGS, steps=st.integers(1, 4), seed=seeds())
    def test_is_kept_and_loaded(self, both, settings, steps, seed):
        "What save_pretrained writes, from_pretrained reads: the same settings, the same pictures."
        both.agree(kept_and_loaded, settings, steps, seed)


LIBRARIES = {"tokenizer": "transformers", "text_encoder": "transformers"}
WEIGHED = ("text_encoder", "unet", "vae")


def report(impl, parts, as_text):
    """`parts` by name: what to write. None is an entry of nulls; "missing" is an entry without a folder."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pipe"
        folder.mkdir()
        index = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.42.1"}
        for name, what in parts.items():
            index[name] = [None, None] if what is None else [LIBRARIES.get(name, "diffusers"), name.title()]
            if what in (None, "missing"):
                continue
            (folder / name).mkdir()
            config = {"_name_or_path": {"absolute": "/home/ann/pipe", "relative": f"pipe/{name}"}.get(what, "")}
            if what != "bare":
                kind = {"scheduler": "scheduler_config", "tokenizer": "tokenizer_config"}.get(name, "config")
                (folder / name / f"{kind}.json").write_text(json.dumps(config))
            if name in WEIGHED:
                dtype = torch.float16 if what == "half" else torch.float32
                save_file({"w": torch.ones(2, dtype=dtype)}, folder / name / "model.safetensors")
        (folder / "model_index.json").write_text(json.dumps(index))
        found = impl.check_pipeline_dir(str(folder) if as_text else folder)
    return [list(pair) for pair in found.items()]


NAMES = ("safety_checker", "scheduler", "text_encoder", "tokenizer", "unet", "vae")
STATES = (None, "missing", "bare", "absolute", "relative", "half", "full", "full", "full")
FOLDERS = dims(6).flatmap(
    lambda n: st.builds(
        lambda first, states: dict(zip(NAMES[first:] + NAMES[:first], states, strict=False)),
        st.integers(0, 5),
        st.lists(st.sampled_from(STATES), min_size=n, max_size=n),
    )
)


@exercise("check_pipeline_dir")
class TestCheckPipelineDir:
    @given(parts=FOLDERS, as_text=st.booleans())
    def test_says_what_is_wrong(self, both, parts, as_text):
        "One word for each component, in the order of the index."
        both.agree(report, parts, as_text)

    @given(first=st.integers(0, 5), count=st.integers(1, 6))
    def test_has_nothing_against_a_good_folder(self, learner, first, count):
        "Where everything is there, every component is ok."
        names = (NAMES[first:] + NAMES[:first])[:count]
        found = learner.run(report, dict.fromkeys(names, "full"), False)
        assert found == [[name, "ok"] for name in names], "a component of a good folder is not ok"
