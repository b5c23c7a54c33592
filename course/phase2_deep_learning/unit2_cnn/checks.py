"""Checks for unit 2.2, convolutional networks."""

from collections import Counter

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from grader.judge import exercise, expect, expect_untouched
from grader.judge.terms.compare import largest
from grader.judge.terms.scenarios import load_weights
from grader.judge.trial.strategies import dims, generator, numbers, seeds, weights
from phase2_deep_learning import unit2_cnn as reference

# A batch norm turns the rounding of a constant channel into its whole output, so no constant pictures for modules.
PICTURES = ("unit", "integers", "tiny")


# Inputs: a few integers are drawn, and everything is made of them -------------------------------------------


def precision(seed):
    return torch.float64 if seed >> 12 & 1 else torch.float32  # a digit by which `numbers` chooses no kind


def window(b, c, k, stride, padding, more_h, more_w, seed):
    """A batch of pictures that hold one window at least, and (k, stride, padding)."""
    least = max(1, k - 2 * padding)
    shape = (b, c, least + more_h, least + more_w)
    (x,) = numbers(seed, shape, dtype=precision(seed))
    return x, k, stride, padding


def small(max):
    return st.integers(0, max)


windows = st.builds(window, dims(3), dims(3), dims(4), dims(3), small(2), small(6), small(6), seeds())


def layer(o, *geometry):
    """x, w, b, stride and padding of a convolution with O kernels."""
    x, k, stride, padding = window(*geometry)
    seed = geometry[-1]
    _, w, b = numbers(
        seed, (1,), (o, x.shape[1], k, k), (o,), kinds=("unit", "integers", "tiny", "huge"), dtype=x.dtype
    )
    return x, w, b, stride, padding


layers = st.builds(layer, dims(4), dims(3), dims(3), dims(3), dims(3), small(2), small(5), small(5), seeds())


def backward(*drawn):
    """dout, x, w, stride and padding."""
    x, w, _, stride, padding = layer(*drawn)
    seed, k = drawn[-1], w.shape[-1]
    size = [(length + 2 * padding - k) // stride + 1 for length in x.shape[2:]]
    dout = torch.randn(len(x), len(w), *size, generator=generator(seed), dtype=x.dtype)
    return dout, x, w, stride, padding


backwards = st.builds(backward, dims(4), dims(3), dims(3), dims(3), dims(3), small(2), small(5), small(5), seeds())


def blocked(b, c, k, more_h, more_w, seed):
    """Pictures with a block of k × k at least, often of equal numbers, and k."""
    (x,) = numbers(seed, (b, c, k + more_h, k + more_w), kinds=("integers", "unit", "constant"), dtype=precision(seed))
    return x, k


pooled = st.builds(blocked, dims(3), dims(3), dims(4), small(7), small(7), seeds())


def stamped(b, c, o, k, stride, padding, h, w, seed):
    """x, stamps, stride and padding of a transposed convolution that leaves one pixel at least."""
    padding = min(padding, ((min(h, w) - 1) * stride + k - 1) // 2)
    x, stamps = numbers(seed, (b, c, h, w), (c, o, k, k), dtype=precision(seed))
    return x, stamps, stride, padding


stamps = st.builds(stamped, dims(3), dims(3), dims(4), dims(4), dims(3), small(2), dims(4), dims(4), seeds())


def block_shapes(c_in, c_out, stride):
    """The parameters of a BasicBlock, in the order of the statement."""
    shapes = {
        "conv1.weight": (c_out, c_in, 3, 3),
        "bn1.weight": (c_out,),
        "bn1.bias": (c_out,),
        "conv2.weight": (c_out, c_out, 3, 3),
        "bn2.weight": (c_out,),
        "bn2.bias": (c_out,),
    }
    if stride != 1 or c_in != c_out:
        shapes |= {"shortcut.0.weight": (c_out, c_in, 1, 1), "shortcut.1.weight": (c_out,), "shortcut.1.bias": (c_out,)}
    return shapes


def resnet_shapes(widths, depth, num_classes, channels=3):
    shapes = {"conv.weight": (widths[0], channels, 3, 3), "bn.weight": (widths[0],), "bn.bias": (widths[0],)}
    width, position = widths[0], 0
    for stage, wider in enumerate(widths):
        for i in range(depth):
            inner = block_shapes(width, wider, 2 if stage and not i else 1)
            shapes |= {f"blocks.{position}.{name}": shape for name, shape in inner.items()}
            width, position = wider, position + 1
    return shapes | {"head.weight": (num_classes, width), "head.bias": (num_classes,)}


def block(c_in, c_out, stride, b, h, w, seed):
    """What a BasicBlock is made with, its weights and pictures; one in three has its shortcut free."""
    if seed % 3 == 0:
        c_out, stride = c_in, 1
    (x,) = numbers(seed, (b, c_in, h, w), kinds=PICTURES)
    held = weights(block_shapes(c_in, c_out, stride), seed)
    return {"c_in": c_in, "c_out": c_out, "stride": stride, "weights": held, "x": x}


blocks = st.builds(block, dims(3), dims(3), dims(2), dims(3), dims(5), dims(5), seeds())
# With two values a channel, batch norm knows their order and nothing else.
crowded_blocks = st.builds(
    block, dims(3), dims(3), dims(2), st.integers(2, 3), st.integers(3, 5), st.integers(3, 5), seeds()
)


def resnet(widths, depth, num_classes, channels, b, h, w, seed):
    """What a SmallResNet is made with (channels only where they are not 3), its weights and pictures."""
    arguments = {"widths": widths, "depth": depth, "num_classes": num_classes}
    if channels != 3:
        arguments["channels"] = channels
    (x,) = numbers(seed, (b, channels, h, w), kinds=PICTURES)
    return arguments | {"weights": weights(resnet_shapes(**arguments), seed), "x": x}


resnets = st.builds(
    resnet,
    st.sampled_from([(2,), (1, 3), (3, 2), (2, 2), (2, 3, 1)]),
    dims(2),
    dims(4),
    st.sampled_from([3, 1, 2]),
    dims(2),
    dims(6),
    dims(6),
    seeds(),
)
crowded_resnets = st.builds(
    resnet,
    st.sampled_from([(2,), (2, 3), (3, 2)]),
    dims(2),
    dims(3),
    dims(3),
    st.integers(2, 3),
    st.integers(5, 6),
    st.integers(5, 6),
    seeds(),
)


# Scenarios: what is asked of the learner's module -----------------------------------------------------------


def basic_block(impl, c_in, c_out, stride):
    return impl.BasicBlock(c_in, c_out, stride)


def small_resnet(impl, widths, depth, num_classes, channels=None):
    return impl.SmallResNet(widths, depth, num_classes, *(() if channels is None else (channels,)))


def weight_shapes(module):
    """Of a fresh module's trainable parameters, in order of definition."""
    return [tuple(one.shape) for one in module.parameters() if one.requires_grad]


def block_weight_shapes(impl, c_in, c_out, stride):
    return weight_shapes(basic_block(impl, c_in, c_out, stride))


def resnet_weight_shapes(impl, widths, depth, num_classes, channels=None):
    return weight_shapes(small_resnet(impl, widths, depth, num_classes, channels))


def answers(module, weights, x):
    """As it answers once trained: in eval mode, where batch norm uses its running averages (0 and 1 at first)."""
    return {"out": load_weights(module, weights).eval()(x), "x afterwards": x}


def block_answers(impl, c_in, c_out, stride, weights, x):
    return answers(basic_block(impl, c_in, c_out, stride), weights, x)


def resnet_answers(impl, widths, depth, num_classes, weights, x, channels=None):
    return answers(small_resnet(impl, widths, depth, num_classes, channels), weights, x)


def trained_on(module, weights, x):
    """One pass in training mode, what the loss Σ out² sends back, and one pass in eval mode. All in float64."""
    load_weights(module, weights).double().train()
    x = x.double().requires_grad_()
    out = module(x)
    out.square().sum().backward()
    own = {name: one for name, one in module.named_parameters() if one.requires_grad}
    if set(own) != set(weights):
        own = dict(zip(weights, own.values(), strict=True))
    with torch.no_grad():
        after = module.eval()(x)
    found = {"out in training mode": out, "out in eval mode, afterwards": after, "gradient of x": x.grad}
    return found | {f"gradient of {name}": own[name].grad for name in weights}


def block_trained(impl, c_in, c_out, stride, weights, x):
    return trained_on(basic_block(impl, c_in, c_out, stride), weights, x)


def resnet_trained(impl, widths, depth, num_classes, weights, x, channels=None):
    return trained_on(small_resnet(impl, widths, depth, num_classes, channels), weights, x)


def parameter_count(impl, widths, depth, num_classes):
    return sum(one.numel() for one in impl.SmallResNet(widths, depth, num_classes).parameters())


# Checks -----------------------------------------------------------------------------------------------------


def expect_weights(learner, scenario, inputs):
    """As many weights as the statement promises, and as large."""
    want = {name: tuple(one.shape) for name, one in inputs["weights"].items()}
    got = learner.run(scenario, **{name: one for name, one in inputs.items() if name not in ("weights", "x")})
    # By size: a module whose names are the promised ones may define them in any order.
    left, missing = Counter(got), []
    for name, shape in want.items():
        if not left[shape]:
            missing.append(f"{name} {shape}")
        left[shape] -= left[shape] > 0
    surplus = [str(shape) for shape in left.elements()]
    words = [f"misses {', '.join(missing)}"] if missing else []
    words += [f"has more weights than the statement lists, of shape {', '.join(surplus)}"] if surplus else []
    assert not words, f"the module {' and '.join(words)}"


def agree_in_training(learner, scenario, inputs):
    want = scenario(reference, **inputs)
    got = learner.run(scenario, **inputs)
    # Batch norms in a row magnify rounding; and some gradients in front of one cancel to nothing but rounding, so
    # that it is the largest of all that counts.
    expect(got, want, "with the loss Σ out²", rtol=1e-5, atol=1e-8 * max(1.0, largest(want)))


@exercise("im2col")
class TestIm2col:
    @given(inputs=windows)
    def test_matches_the_reference(self, both, inputs):
        "Every window a column, (C, k, k) inside it, with steps and a border of zeros."
        both.agree("im2col", *inputs)

    @given(inputs=windows)
    def test_has_steps_of_one_and_no_border_unless_told(self, both, inputs):
        x, k, _, padding = inputs
        both.agree("im2col", F.pad(x, [padding] * 4), k)

    @given(inputs=windows)
    def test_column_l_is_the_lth_window(self, learner, inputs):
        x, k, stride, padding = inputs
        columns = learner.im2col(*inputs)
        padded = F.pad(x, [padding] * 4)
        corners = [
            (i, j) for i in range(0, padded.shape[2] - k + 1, stride) for j in range(0, padded.shape[3] - k + 1, stride)
        ]
        shape = len(x), x.shape[1] * k * k, len(corners)
        expect(str(tuple(columns.shape)), str(shape), "the shape of the columns")
        for place, (i, j) in enumerate(corners):
            expect(columns[:, :, place], padded[:, :, i : i + k, j : j + k].flatten(1), f"column {place}")

    @given(inputs=windows)
    def test_leaves_its_input_alone(self, learner, inputs):
        expect_untouched(learner, "im2col", *inputs)


@exercise("conv2d")
class TestConv2d:
    @given(inputs=layers)
    def test_matches_the_reference(self, both, inputs):
        "A dot product of kernel and window at every place, plus the kernel's bias."
        both.agree("conv2d", *inputs)

    @given(inputs=layers)
    def test_needs_no_bias_no_step_and_no_border(self, both, inputs):
        x, w, b, _, padding = inputs
        padded = F.pad(x, [padding] * 4)
        both.agree("conv2d", padded, w)
        both.agree("conv2d", padded, w, b)

    @given(inputs=layers, place=st.tuples(small(2), small(2), small(2)))
    def test_a_kernel_with_a_single_one_copies_the_picture_from_there(self, learner, inputs, place):
        "The kernel is not flipped: a 1 in its upper left corner fetches what is up and to the left."
        x, w, _, stride, padding = inputs
        k = w.shape[-1]
        c, i, j = place[0] % x.shape[1], place[1] % k, place[2] % k
        w = torch.zeros(1, *w.shape[1:], dtype=x.dtype)
        w[0, c, i, j] = 1
        padded = F.pad(x, [padding] * 4)
        rows, columns = padded.shape[2] - k + 1, padded.shape[3] - k + 1
        want = padded[:, c : c + 1, i : i + rows : stride, j : j + columns : stride]
        out = learner.conv2d(x, w, None, stride, padding)
        expect(out, want, f"conv2d with a kernel whose only 1 is at {[c, i, j]} of {list(w.shape[1:])}")

    @given(inputs=layers)
    def test_without_a_picture_the_bias_is_left(self, learner, inputs):
        x, w, b, stride, padding = inputs
        out = learner.conv2d(torch.zeros_like(x), w, b, stride, padding)
        expect(out, b[None, :, None, None].expand(out.shape), "conv2d of a black picture")

    @given(inputs=layers)
    def test_leaves_its_inputs_alone(self, learner, inputs):
        expect_untouched(learner, "conv2d", *inputs)


@exercise("conv2d_backward", returns=("dx", "dw", "db"))
class TestConv2dBackward:
    @given(inputs=backwards)
    def test_matches_the_reference(self, both, inputs):
        "dx collects every window that a pixel lay in, dw every place and picture, db every place."
        both.agree("conv2d_backward", *inputs)

    @given(inputs=backwards, seed=seeds())
    def test_predicts_what_a_small_change_does(self, learner, inputs, seed):
        "The layer is linear in x, w and b: Σ dout · (change of y) equals Σ gradient · change, exactly."
        dout, x, w, stride, padding = (one.double() if isinstance(one, torch.Tensor) else one for one in inputs)
        dx, dw, db = learner.conv2d_backward(dout, x, w, stride, padding)
        rng = generator(seed)
        by_x, by_w, by_b = (torch.randn(shape, generator=rng, dtype=x.dtype) for shape in (x.shape, w.shape, len(w)))
        for name, got, effect in (
            ("x", (dx * by_x).sum(), F.conv2d(by_x, w, None, stride, padding)),
            ("w", (dw * by_w).sum(), F.conv2d(x, by_w, None, stride, padding)),
            ("b", (db * by_b).sum(), by_b[:, None, None].expand(dout.shape)),
        ):
            # sums of a few hundred terms that may cancel
            atol = 1e-9 * max(1.0, largest(x), largest(w))
            expect(float(got), float((dout * effect).sum()), f"Σ d{name} · (change of {name})", rtol=1e-7, atol=atol)

    @given(inputs=backwards, stride=st.integers(2, 4))
    def test_pixels_between_the_windows_have_no_gradient(self, learner, inputs, stride):
        "Kernels of one pixel in wide steps: only the pixels they stand on matter."
        _, x, w, _, _ = inputs
        w = w[:, :, :1, :1]
        dout = torch.ones(len(x), len(w), *(1 + (length - 1) // stride for length in x.shape[2:]), dtype=x.dtype)
        want = torch.zeros_like(x)
        want[:, :, ::stride, ::stride] = w.sum(0)
        dx, _, _ = learner.conv2d_backward(dout, x, w, stride, 0)
        expect(dx, want, "dx", atol=largest(w) * (1e-9 if x.dtype == torch.float64 else 1e-5))

    @given(inputs=backwards)
    def test_leaves_its_inputs_alone(self, learner, inputs):
        expect_untouched(learner, "conv2d_backward", *inputs)


@exercise("max_pool2d", returns=("y", "mask"))
class TestMaxPool2d:
    @given(inputs=pooled)
    def test_matches_the_reference(self, both, inputs):
        "The largest pixel of every block, and a mask of where it stood."
        both.agree("max_pool2d", *inputs)

    @given(inputs=pooled)
    def test_the_mask_picks_one_pixel_of_every_block_and_it_is_the_largest(self, learner, inputs):
        x, k = inputs
        y, mask = learner.max_pool2d(x, k)
        rows, columns = x.shape[2] // k, x.shape[3] // k
        expect(f"{tuple(mask.shape)} {mask.dtype}", f"{tuple(x.shape)} torch.bool", "shape and dtype of mask")
        blocks = F.unfold(x.flatten(0, 1)[:, None], k, stride=k).reshape(*x.shape[:2], k * k, rows, columns)
        chosen = F.unfold(mask.to(x.dtype).flatten(0, 1)[:, None], k, stride=k).reshape(blocks.shape)
        expect(chosen.sum(2), torch.ones(y.shape, dtype=x.dtype), "how many pixels mask picks in each block")
        expect((chosen * blocks).sum(2), blocks.amax(2), "the pixels that mask picks")
        expect(y, blocks.amax(2), "y")

    @given(inputs=pooled)
    def test_of_equal_pixels_takes_the_first(self, learner, inputs):
        "Where a whole block is of one colour, its upper left pixel is taken."
        x, k = inputs
        want = torch.zeros(x.shape, dtype=torch.bool)
        want[:, :, ::k, ::k] = True
        want[:, :, x.shape[2] // k * k :] = False
        want[:, :, :, x.shape[3] // k * k :] = False
        expect(learner.max_pool2d(torch.full_like(x, -2.0), k)[1], want, "mask of a picture of one colour")

    @given(inputs=pooled)
    def test_knows_no_zero_among_negative_pixels(self, both, inputs):
        "Every pixel below −90; what is left over at the edges is dropped, not filled up."
        x, k = inputs
        both.agree("max_pool2d", x - 100, k)

    @given(inputs=pooled)
    def test_leaves_its_input_alone(self, learner, inputs):
        expect_untouched(learner, "max_pool2d", *inputs)


@exercise("conv_transpose2d")
class TestConvTranspose2d:
    @given(inputs=stamps)
    def test_matches_the_reference(self, both, inputs):
        "Stamps at every pixel, `stride` apart; overlaps add up, and the border is cut off."
        both.agree("conv_transpose2d", *inputs)

    @given(inputs=stamps, place=st.tuples(small(3), small(3), small(3)), value=st.integers(2, 5))
    def test_one_pixel_leaves_one_stamp(self, learner, inputs, place, value):
        x, w, stride, _ = inputs
        k, (c, i, j) = w.shape[-1], (at % size for at, size in zip(place, x.shape[1:], strict=True))
        x = torch.zeros_like(x)
        x[:, c, i, j] = value
        height, width = ((length - 1) * stride + k for length in x.shape[2:])
        want = torch.zeros(len(x), w.shape[1], height, width, dtype=x.dtype)
        want[:, :, i * stride : i * stride + k, j * stride : j * stride + k] = value * w[c]
        expect(learner.conv_transpose2d(x, w, stride, 0), want, f"the stamp of the pixel {[c, i, j]}")

    @given(inputs=stamps, seed=seeds())
    def test_is_the_transpose_of_convolution(self, learner, inputs, seed):
        "Σ z · conv_transpose(x) = Σ conv(z) · x for every z: the same matrix, transposed."
        x, w, stride, padding = (one.double() if isinstance(one, torch.Tensor) else one for one in inputs)
        size = [(length - 1) * stride - 2 * padding + w.shape[-1] for length in x.shape[2:]]
        z = torch.randn(len(x), w.shape[1], *size, generator=generator(seed), dtype=torch.float64)
        out = learner.conv_transpose2d(x, w, stride, padding)
        expect(str(tuple(out.shape)), str(tuple(z.shape)), "the shape of what comes out")
        want = (F.conv2d(z, w, None, stride, padding) * x).sum()
        expect(float((z * out).sum()), float(want), "Σ z · conv_transpose(x)", atol=1e-9 * max(1.0, float(abs(want))))

    @given(inputs=stamps)
    def test_leaves_its_inputs_alone(self, learner, inputs):
        expect_untouched(learner, "conv_transpose2d", *inputs)


@exercise("BasicBlock")
class TestBasicBlock:
    @given(inputs=blocks)
    def test_has_the_weights_that_the_statement_lists(self, learner, inputs):
        expect_weights(learner, block_weight_shapes, inputs)

    @given(inputs=blocks)
    def test_matches_the_reference(self, both, inputs):
        "In eval mode: relu(branch + shortcut), the shortcut free or a 1 × 1 convolution and its norm. x is left alone."
        both.agree(block_answers, **inputs)

    @given(inputs=crowded_blocks)
    def test_trains_like_the_reference(self, learner, inputs):
        "Outputs and gradients in training mode, and the running averages that are left behind."
        agree_in_training(learner, block_trained, inputs)

    @given(inputs=blocks)
    def test_a_silent_branch_leaves_the_shortcut(self, learner, inputs):
        "With bn2 at zero the block is relu(x), or relu of the projected x."
        stride, state, x = inputs["stride"], inputs["weights"], inputs["x"]
        state["bn2.weight"].zero_()
        state["bn2.bias"].zero_()
        want = x.double()
        if "shortcut.0.weight" in state:
            gain, shift = (state[f"shortcut.1.{name}"][:, None, None].double() for name in ("weight", "bias"))
            want = F.conv2d(want, state["shortcut.0.weight"].double(), stride=stride) / (1 + 1e-5) ** 0.5 * gain + shift
        got = learner.run(block_answers, **inputs)["out"]
        # float32 against a float64 of our own; sums of up to three products
        expect(got.double(), want.relu(), "a block whose branch adds nothing", rtol=1e-4, atol=1e-5)

    @given(inputs=blocks)
    def test_divides_height_and_width_by_the_stride(self, learner, inputs):
        c_out, stride, x = inputs["c_out"], inputs["stride"], inputs["x"]
        got = learner.run(block_answers, **inputs)["out"]
        want = (len(x), c_out, *(-(-length // stride) for length in x.shape[2:]))
        expect(str(tuple(got.shape)), str(want), "the shape of what comes out")
        assert bool((got >= 0).all()), "there is a negative number after the last ReLU"


@exercise("SmallResNet")
class TestSmallResNet:
    @given(inputs=resnets)
    def test_has_the_weights_that_the_statement_lists(self, learner, inputs):
        expect_weights(learner, resnet_weight_shapes, inputs)

    @given(inputs=resnets)
    def test_matches_the_reference(self, both, inputs):
        "Convolution, stages of blocks, mean over all places, linear layer; in eval mode."
        both.agree(resnet_answers, **inputs)

    @given(inputs=crowded_resnets)
    def test_trains_like_the_reference(self, learner, inputs):
        "Outputs and gradients in training mode, and the running averages that are left behind."
        agree_in_training(learner, resnet_trained, inputs)

    @given(inputs=resnets)
    def test_with_silent_blocks_of_one_width_the_first_convolution_answers(self, learner, inputs):
        "Where every branch adds nothing, the blocks of the first stage pass on what they get."
        depth, x = inputs["depth"], inputs["x"]
        sizes = {"widths": (3,), "depth": depth, "num_classes": inputs["num_classes"], "channels": x.shape[1]}
        state = weights(resnet_shapes(**sizes), x.numel())
        for i in range(depth):
            state[f"blocks.{i}.bn2.weight"].zero_()
            state[f"blocks.{i}.bn2.bias"].zero_()
        stem = F.conv2d(x, state["conv.weight"], padding=1) / (1 + 1e-5) ** 0.5
        stem = (stem * state["bn.weight"][:, None, None] + state["bn.bias"][:, None, None]).relu()
        want = F.linear(stem.mean((2, 3)), state["head.weight"], state["head.bias"])
        got = learner.run(resnet_answers, **sizes, weights=state, x=x)["out"]
        expect(got, want, "the logits", atol=1e-5 * max(1.0, largest(want)))

    def test_has_as_many_parameters_as_resnet_20(self, learner):
        "Widths 16, 32, 64, three blocks each, ten classes: with projections 272,474."
        expect(learner.run(parameter_count, (16, 32, 64), 3, 10), 272_474, "the number of parameters")
