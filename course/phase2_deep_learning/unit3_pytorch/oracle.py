"""Unit 2.3's references against torch.autograd.gradcheck, torch.func and utils, scikit-learn and safetensors."""

import io

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, log_loss
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, TensorDataset

from phase2_deep_learning import unit3_pytorch as unit

few = settings(max_examples=25, deadline=None)
sizes = st.integers(1, 5)


@few
@given(n=sizes, i=sizes, o=sizes)
def test_the_gradients_of_the_function_are_measured_ones(n, i, o):
    torch.manual_seed(n + 10 * i + 100 * o)
    x, w = (torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((n, i), (o, i)))
    assert torch.autograd.gradcheck(unit.LinearFunction.apply, (x, w))
    assert torch.autograd.gradgradcheck(unit.LinearFunction.apply, (x, w))
    torch.testing.assert_close(unit.LinearFunction.apply(x, w), F.linear(x, w))


def test_the_dataset_serves_what_a_tensor_dataset_serves():
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, size=(11, 3, 4), dtype=np.uint8), rng.integers(0, 5, size=11)
    want = TensorDataset(torch.from_numpy(images).float() / 255, torch.from_numpy(labels))
    pairs = zip(DataLoader(unit.ArrayDataset(images, labels), 4), DataLoader(want, 4), strict=True)
    for mine, theirs in pairs:
        assert all(map(torch.equal, mine, theirs))


@given(lengths=st.lists(sizes, min_size=1, max_size=6), pad_value=st.integers(-3, 3))
def test_padding_is_that_of_pad_sequence(lengths, pad_value):
    batch = [torch.randn(length) for length in lengths]
    padded, found = unit.collate_pad(batch, pad_value)
    assert torch.equal(padded, nn.utils.rnn.pad_sequence(batch, batch_first=True, padding_value=pad_value))
    assert found.tolist() == lengths


def model_and_data(n=23):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)).double()
    return model, torch.randn(n, 4, dtype=torch.float64), torch.randint(3, (n,))


def test_an_epoch_is_gradient_descent_by_torch_func():
    model, x, y = model_and_data()
    model[1] = nn.Identity()
    weights = {name: one.detach().clone() for name, one in model.named_parameters()}
    total = 0.0
    for batch in torch.arange(23).split(5):

        def loss_at(weights, batch=batch):
            return F.cross_entropy(torch.func.functional_call(model, weights, x[batch]), y[batch])

        gradients, loss = torch.func.grad_and_value(loss_at)(weights)
        weights = {name: one - 0.1 * gradients[name] for name, one in weights.items()}
        total += loss.item() * len(batch)
    loader = DataLoader(TensorDataset(x, y), 5)
    found = unit.train_one_epoch(model, loader, torch.optim.SGD(model.parameters(), 0.1), F.cross_entropy, "cpu")
    assert found == pytest.approx(total / 23)
    for name, one in model.named_parameters():
        torch.testing.assert_close(one.detach(), weights[name])


@pytest.mark.parametrize("training", [True, False])
def test_measures_are_those_of_sklearn(training):
    model, x, y = model_and_data()
    model(x)  # so that batch norm has something to remember
    model.train(training)
    found = unit.evaluate(model, DataLoader(TensorDataset(x, y), 5))
    assert model.training == training
    with torch.no_grad():
        p = model.eval()(x).softmax(1).numpy()
    assert found["accuracy"] == pytest.approx(accuracy_score(y, p.argmax(1)))
    assert found["loss"] == pytest.approx(log_loss(y, p, labels=range(3)))


def test_the_average_is_that_of_swa_utils():
    model, x, _ = model_and_data()
    mine, theirs = unit.EMA(model, 0.9), AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    theirs.update_parameters(model)  # its first update copies
    for _ in range(5):
        model(x)
        with torch.no_grad():
            for one in model.parameters():
                one.add_(torch.randn_like(one))
        mine.update(model)
        theirs.update_parameters(model)
    fresh, _, _ = model_and_data()
    mine.copy_to(fresh)
    for name, want in theirs.module.state_dict().items():
        torch.testing.assert_close(fresh.state_dict()[name], want)


def run(model, optimizer, x, y, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(F.dropout(model(x)), y).backward()
        optimizer.step()


@pytest.mark.parametrize("rule", [torch.optim.AdamW, torch.optim.RMSprop])
def test_an_interrupted_run_is_bit_for_bit_the_same(tmp_path, rule):
    model, x, y = model_and_data()
    optimizer = rule(model.parameters(), 0.01)
    run(model, optimizer, x, y, 4)
    unit.save_checkpoint(tmp_path / "run.pt", model, optimizer, 4)
    run(model, optimizer, x, y, 3)
    want = {name: one.clone() for name, one in model.state_dict().items()}
    model, _, _ = model_and_data()
    optimizer = rule(model.parameters(), 0.5)
    assert unit.load_checkpoint(tmp_path / "run.pt", model, optimizer) == 4
    run(model, optimizer, x, y, 3)
    assert all(torch.equal(one, want[name]) for name, one in model.state_dict().items())


def test_the_weights_in_a_checkpoint_are_those_that_safetensors_writes(tmp_path):
    model, _, _ = model_and_data()
    safetensors.torch.save_file(model.state_dict(), tmp_path / "weights.safetensors")
    file = io.BytesIO()
    unit.save_checkpoint(file, model, torch.optim.SGD(model.parameters(), 0.1), 0)
    file.seek(0)
    fresh, _, _ = model_and_data()
    for one in fresh.parameters():
        nn.init.zeros_(one)
    unit.load_checkpoint(file, fresh, torch.optim.SGD(fresh.parameters(), 0.1))
    for name, want in safetensors.torch.load_file(tmp_path / "weights.safetensors").items():
        assert torch.equal(fresh.state_dict()[name], want)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="wants a GPU")
def test_everything_goes_to_the_device_and_back(tmp_path):
    model, x, y = model_and_data()
    model.cuda()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    loader = DataLoader(TensorDataset(x, y), 5)
    ema = unit.EMA(model, 0.9)
    unit.train_one_epoch(model, loader, optimizer, F.cross_entropy, "cuda")
    ema.update(model)
    want = unit.evaluate(model, loader)
    unit.save_checkpoint(tmp_path / "run.pt", model, optimizer, 5)
    fresh, _, _ = model_and_data()
    ema.copy_to(fresh)
    assert unit.load_checkpoint(tmp_path / "run.pt", fresh, torch.optim.Adam(fresh.parameters(), 0.01)) == 5
    assert unit.evaluate(fresh, loader) == pytest.approx(want)
