"""Project P1, a digit generator with a VAE.

Two networks and a walk between two codes are all that this file holds. The objective, the sampling of codes, the
tighter bound and the grid of codes are your own functions of unit 3.3, which the training run imports.

Images are flat rows of 784 pixels, each a coin that is 0 or 1, and the decoder returns one logit a pixel.
The network is the one of Kingma & Welling 2013 (arXiv:1312.6114, appendix C), with ReLU in place of their tanh.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu


class Encoder(nn.Module):
    """q(z|x): from a batch of images to the mean and the log-variance of each code.

    Submodules, each an `nn.Linear` with bias: `fc` (pixels -> hidden), then two heads `mu` and `logvar` (hidden ->
    latent). One hidden layer with ReLU feeds both heads; the heads have no activation, for either sign is a valid mean
    and a valid log-variance.
    """

    def __init__(self, pixels: int = 784, hidden: int = 400, latent: int = 20) -> None:
        ### BEGIN SOLUTION
        super().__init__()
        self.fc = nn.Linear(pixels, hidden)
        self.mu = nn.Linear(hidden, latent)
        self.logvar = nn.Linear(hidden, latent)
        ### END SOLUTION

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x: (B, pixels) in [0, 1] -> (mu, logvar), each (B, latent); logvar is log σ²."""
        ### BEGIN SOLUTION
        h = relu(self.fc(x))
        return self.mu(h), self.logvar(h)
        ### END SOLUTION


class Decoder(nn.Module):
    """p(x|z): from a batch of codes to the logit of every pixel.

    Submodules, each an `nn.Linear` with bias: `fc` (latent -> hidden) and `out` (hidden -> pixels), with ReLU between.
    """

    def __init__(self, latent: int = 20, hidden: int = 400, pixels: int = 784) -> None:
        ### BEGIN SOLUTION
        super().__init__()
        self.fc = nn.Linear(latent, hidden)
        self.out = nn.Linear(hidden, pixels)
        ### END SOLUTION

    def forward(self, z: Tensor) -> Tensor:
        """z: (B, latent) -> logits: (B, pixels), any real numbers; sigmoid(logit) is the probability of white."""
        ### BEGIN SOLUTION
        return self.out(relu(self.fc(z)))
        ### END SOLUTION


def interpolate(z0: Tensor, z1: Tensor, steps: int) -> Tensor:
    """Codes on the straight line from z0 to z1, equally spaced, both ends included.

    z0, z1: (...), two codes, or two batches of codes, of one shape
    steps: number of codes, ≥ 2
    returns (steps, ...): row 0 is z0, row steps − 1 is z1, of z0's dtype and device

    Raises ValueError if steps < 2: a line with both ends needs two points.
    """
    ### BEGIN SOLUTION
    if steps < 2:
        raise ValueError(f"steps is {steps}, but both ends are included, so there are at least 2")
    return torch.stack([torch.lerp(z0, z1, i / (steps - 1)) for i in range(steps)])
    ### END SOLUTION
