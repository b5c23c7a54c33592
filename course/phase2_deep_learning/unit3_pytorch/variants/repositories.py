"""Unit 2.3 as in diffusion repositories: dicts of shadows, inference_mode, zero_grad at the end of the loop."""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils import data


class LinearFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        # only what backward is going to use
        ctx.save_for_backward(x if w.requires_grad else None, w if x.requires_grad else None)
        return torch.einsum("ni,oi->no", x, w)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return (
            None if w is None else torch.einsum("no,oi->ni", g, w),
            None if x is None else torch.einsum("no,ni->oi", g, x),
        )


class ArrayDataset(data.Dataset):
    def __init__(self, images, labels):
        super().__init__()
        assert_same = {len(images), len(labels)}
        if len(assert_same) > 1:
            raise ValueError("images and labels differ in length")
        self.scale = np.float32(255) if images.dtype == np.uint8 else np.float32(1)
        self.data, self.targets = images, labels

    def __len__(self):
        return self.targets.shape[0]

    def __getitem__(self, i):
        img = np.array(self.data[i], dtype=np.float32) / self.scale
        return torch.from_numpy(img), np.int64(self.targets[i])


def collate_pad(batch, pad_value):
    longest = max(x.numel() for x in batch)
    rows = [nn.functional.pad(x, (0, longest - x.numel()), value=pad_value) for x in batch]
    return torch.stack(rows), torch.LongTensor([x.numel() for x in batch])


def cycle(batch, device):
    return tuple(t.to(device, non_blocking=True) for t in batch)


def train_one_epoch(model, loader, optimizer, loss_fn, device):
    model = model.to(device)
    model.train(True)
    meters = []
    for batch in loader:
        x, y = cycle(batch, device)
        with torch.enable_grad():
            loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        meters.append((float(loss.detach()), y.shape[0]))
    values, counts = map(np.array, zip(*meters))
    return float(np.average(values, weights=counts))


@torch.inference_mode()
def evaluate(model, loader):
    mode, device = model.training, next(model.parameters()).device
    model.eval()
    logits, targets = [], []
    try:
        for x, y in loader:
            logits.append(model(x.to(device)))
            targets.append(y.to(device))
    finally:
        model.train(mode)
    logits, targets = torch.cat(logits), torch.cat(targets)
    loss = nn.CrossEntropyLoss()(logits, targets)
    return {"accuracy": (logits.argmax(-1) == targets).double().mean().item(), "loss": loss.item()}


class EMA:
    def __init__(self, model, decay):
        self.beta = decay
        self.shadow = {k: v.detach().clone() for k, v in model.named_parameters()}
        self.others = {k: v.detach().clone() for k, v in model.named_buffers()}

    def update(self, model):
        with torch.no_grad():
            for k, v in model.named_parameters():
                self.shadow[k].lerp_(v, 1 - self.beta)
        self.others = {k: v.detach().clone() for k, v in model.named_buffers()}

    def copy_to(self, model):
        for k, v in model.named_parameters():
            v.data.copy_(self.shadow[k].data)
        for k, v in model.named_buffers():
            v.data.copy_(self.others[k])


def save_checkpoint(path, model, opt, step):
    states = [
        opt.state_dict(),
        {k: v.cpu() for k, v in model.state_dict().items()},
        step,
        torch.default_generator.get_state(),
    ]
    torch.save(states, str(path) if isinstance(path, Path) else path)


def load_checkpoint(path, model, opt):
    optimizer_state, weights, step, chance = torch.load(path, weights_only=True, map_location="cpu")
    with torch.no_grad():
        for k, v in model.state_dict().items():
            v.copy_(weights[k])
    opt.load_state_dict(optimizer_state)
    torch.default_generator.set_state(chance)
    return int(step)
