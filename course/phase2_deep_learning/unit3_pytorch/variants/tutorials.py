"""Unit 2.3 in the manner of PyTorch's tutorials and examples: setup_context, len(loader.dataset), tensors up front."""

import copy

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import TensorDataset


class LinearFunction(torch.autograd.Function):
    @staticmethod
    def forward(input, weight):
        return input.mm(weight.t())

    @staticmethod
    def setup_context(ctx, inputs, output):
        input, weight = inputs
        ctx.save_for_backward(input, weight)

    @staticmethod
    def backward(ctx, grad_output):
        input, weight = ctx.saved_tensors
        grad_input = grad_weight = None
        if ctx.needs_input_grad[0]:
            grad_input = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            grad_weight = grad_output.t().mm(input)
        return grad_input, grad_weight


class ArrayDataset(TensorDataset):
    """Everything turned into tensors once, as ToTensor would."""

    def __init__(self, images, labels):
        if images.shape[0] != labels.shape[0]:
            raise ValueError("Size mismatch between tensors")
        pictures = torch.from_numpy(images)
        pictures = pictures.float().div(255) if pictures.dtype == torch.uint8 else pictures.float()
        super().__init__(pictures, torch.from_numpy(labels).long())

    def __getitem__(self, index):
        picture, label = super().__getitem__(index)
        return picture.clone(), label


def collate_pad(batch, pad_value):
    lengths = torch.as_tensor([x.size(0) for x in batch], dtype=torch.long)
    return pad_sequence(batch, batch_first=True, padding_value=pad_value), lengths


def train_one_epoch(model, loader, optimizer, loss_fn, device):
    size = len(loader.dataset)
    running_loss = 0.0
    model.train()
    for data, target in loader:
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        output = model(data)
        loss = loss_fn(output, target)
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * data.size(0)
    return running_loss / size


def evaluate(model, loader):
    was_training = model.training
    model.eval()
    test_loss = 0
    correct = 0
    device = next(iter(model.parameters())).device
    with torch.no_grad():
        for data, target in loader:
            data, target = data.to(device), target.to(device)
            output = F.log_softmax(model(data), dim=1)
            test_loss += F.nll_loss(output, target, reduction="sum").item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    if was_training:
        model.train()
    return {"loss": test_loss / len(loader.dataset), "accuracy": correct / len(loader.dataset)}


class EMA:
    """timm's ModelEma: a deep copy in eval mode."""

    def __init__(self, model, decay=0.9999, device=None):
        self.module = copy.deepcopy(model)
        self.module.eval()
        self.decay = decay
        self.device = device
        if self.device is not None:
            self.module.to(device=device)

    @torch.no_grad()
    def update(self, model):
        for ema_v, model_v in zip(self.module.parameters(), model.parameters()):
            ema_v.copy_(self.decay * ema_v + (1.0 - self.decay) * model_v)
        for ema_v, model_v in zip(self.module.buffers(), model.buffers()):
            ema_v.copy_(model_v)

    @torch.no_grad()
    def copy_to(self, model):
        for ema_v, model_v in zip(self.module.parameters(), model.parameters()):
            model_v.copy_(ema_v)
        for ema_v, model_v in zip(self.module.buffers(), model.buffers()):
            model_v.copy_(ema_v)


def save_checkpoint(path, model, opt, step):
    torch.save(
        {
            "epoch": step,
            "model_state_dict": model.state_dict(),
            "optimizer_state_dict": opt.state_dict(),
            "rng_state": torch.random.get_rng_state(),
        },
        path,
    )


def load_checkpoint(path, model, opt):
    checkpoint = torch.load(path, map_location=torch.device("cpu"))
    model.load_state_dict(checkpoint["model_state_dict"], strict=True)
    opt.load_state_dict(checkpoint["optimizer_state_dict"])
    torch.random.set_rng_state(checkpoint["rng_state"])
    return checkpoint["epoch"]
