"""Unit 4.1 by someone who distrusts broadcasting: one image and one number at a time, in float64, cast at the end."""

import math

import torch


def _images(one, *batches):
    """Apply `one` to the images at each place of the batch, in float64."""
    dtype = batches[0].dtype
    rows = [one(i, *(b[i].double() for b in batches)) for i in range(len(batches[0]))]
    return torch.stack(rows).to(dtype)


class NoiseSchedule:
    def __init__(self, T=1000, kind="linear"):
        betas = []
        for t in range(T):
            u = t / (T - 1) if T > 1 else 0.0
            if kind == "linear":
                beta = 1e-4 + (0.02 - 1e-4) * u
            elif kind == "scaled_linear":
                low, high = math.sqrt(0.00085), math.sqrt(0.012)
                beta = (low + (high - low) * u) ** 2
            elif kind == "cosine":

                def f(u):
                    return (1 + math.cos((u + 0.008) / 1.008 * math.pi)) / 2

                beta = min(0.999, 1 - f((t + 1) / T) / f(t / T))
            else:
                raise ValueError("no such schedule: " + repr(kind))
            betas.append(beta)
        products, log = [], 0.0
        for beta in betas:
            log += math.log1p(-beta)
            products.append(math.exp(log))
        self.betas = torch.tensor(betas)
        self.alphas_cumprod = torch.tensor(products)

    def alpha_bar(self, t, like):
        values = [1.0 if i < 0 else self.alphas_cumprod[i].item() for i in t.tolist()]
        return torch.tensor(values, device=like.device).reshape([len(t)] + [1] * (like.dim() - 1))

    def q_sample(self, x0, t, noise):
        def one(i, x, e):
            a = float(self.alphas_cumprod[t[i]])
            return math.sqrt(a) * x + math.sqrt(1 - a) * e

        return _images(one, x0, noise)


def predict_x0(schedule, xt, t, out, kind="eps"):
    if kind not in ("eps", "v"):
        raise ValueError(f"kind is 'eps' or 'v', not {kind!r}")

    def one(i, x, o):
        a = float(schedule.alphas_cumprod[int(t[i])])
        if kind == "v":
            return math.sqrt(a) * x - math.sqrt(1 - a) * o
        return (x - math.sqrt(1 - a) * o) / math.sqrt(a)

    return _images(one, xt, out)


def v_target(schedule, x0, eps, t):
    def one(i, x, e):
        angle = math.acos(math.sqrt(float(schedule.alphas_cumprod[int(t[i])])))
        return math.cos(angle) * e - math.sin(angle) * x

    return _images(one, x0, eps)


def q_posterior(schedule, x0, xt, t):
    variances = []
    for i in t.tolist():
        if i == 0:
            variances.append(0.0)
        else:
            before = float(schedule.alphas_cumprod[i - 1])
            beta = float(schedule.betas[i])
            variances.append(1 / (1 / (1 - before) + (1 - beta) / beta))

    def one(i, clean, x):
        step = int(t[i])
        if step == 0:
            return clean
        before, beta = float(schedule.alphas_cumprod[step - 1]), float(schedule.betas[step])
        from_clean = math.sqrt(before) * clean / (1 - before)
        from_noisy = math.sqrt(1 - beta) * x / beta
        return (from_clean + from_noisy) * variances[i]

    var = torch.tensor(variances, dtype=x0.dtype)
    return _images(one, x0, xt), var.reshape(-1, *[1] * (x0.dim() - 1))


def p_sample(schedule, model_out, xt, t, noise):
    def one(i, e, x, z):
        step = int(t[i])
        bar, beta = float(schedule.alphas_cumprod[step]), float(schedule.betas[step])
        mean = (x - beta / math.sqrt(1 - bar) * e) / math.sqrt(1 - beta)
        if step == 0:
            return mean
        before = float(schedule.alphas_cumprod[step - 1])
        return mean + math.sqrt(beta * (1 - before) / (1 - bar)) * z

    return _images(one, model_out, xt, noise)


def timestep_embedding(t, dim, max_period=10000, flip=False, shift=0):
    half = dim // 2
    rows = []
    for step in t.tolist():
        angles = [step * max_period ** (-i / (half - shift)) for i in range(half)]
        sines, cosines = [math.sin(a) for a in angles], [math.cos(a) for a in angles]
        rows.append((cosines + sines if flip else sines + cosines) + [0.0] * (dim % 2))
    return torch.tensor(rows, dtype=torch.float32)


def min_snr_weights(schedule, gamma=5.0):
    weights = []
    for a in schedule.alphas_cumprod.tolist():
        weights.append(1.0 if a <= gamma * (1 - a) else gamma * (1 - a) / a)
    return torch.tensor(weights)


def ddpm_loss(schedule, model, x0, t, noise, weight=None):
    predicted = model(schedule.q_sample(x0, t, noise), t)
    total = 0
    for i in range(len(x0)):
        error = ((predicted[i] - noise[i]) ** 2).sum() / noise[i].numel()
        total = total + (error if weight is None else weight[t[i]] * error)
    return total / len(x0)


def main():
    print(NoiseSchedule(10).betas)


if __name__ == "__main__":
    main()
