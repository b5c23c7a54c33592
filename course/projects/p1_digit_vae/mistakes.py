"""Known mistakes of project P1, a digit generator with a VAE."""

import torch
from torch.nn.functional import relu

from grader.judge import mistake
from projects import p1_digit_vae as reference


@mistake(
    "Encoder",
    "There is no ReLU between the layers, so the whole encoder is one linear map and cannot bend around the digits.",
    see="the-two-networks",
)
class LinearEncoder(reference.Encoder):
    def forward(self, x):
        h = self.fc(x)
        return self.mu(h), self.logvar(h)


@mistake(
    "Encoder",
    "The two heads come back in the wrong order: the log-variance is taken for the mean.",
    see="the-two-networks",
)
class SwappedHeads(reference.Encoder):
    def forward(self, x):
        mu, logvar = super().forward(x)
        return logvar, mu


@mistake(
    "Encoder",
    "The second head is exponentiated, so it returns σ² where the objective expects log σ² and exponentiates it again.",
    see="the-two-networks",
)
class Variance(reference.Encoder):
    def forward(self, x):
        mu, logvar = super().forward(x)
        return mu, logvar.exp()


@mistake(
    "Encoder",
    "A ReLU is applied to the heads as well, so no mean is negative and no variance is below 1.",
    see="the-two-networks",
)
class ClippedHeads(reference.Encoder):
    def forward(self, x):
        mu, logvar = super().forward(x)
        return relu(mu), relu(logvar)


@mistake(
    "Encoder",
    "Both outputs come from the same head, so every code's variance is tied to its mean.",
    see="the-two-networks",
)
class OneHead(reference.Encoder):
    def forward(self, x):
        mu, _ = super().forward(x)
        return mu, mu


@mistake(
    "Decoder",
    "The decoder returns probabilities, which the likelihood squashes a second time, so no pixel can ever be sure.",
    see="probabilities-or-logits",
)
class Probabilities(reference.Decoder):
    def forward(self, z):
        return torch.sigmoid(super().forward(z))


@mistake(
    "Decoder",
    "There is no ReLU between the layers, so the logits are a linear function of the code, as in factor analysis.",
    see="the-two-networks",
)
class LinearDecoder(reference.Decoder):
    def forward(self, z):
        return self.out(self.fc(z))


@mistake(
    "Decoder",
    "A ReLU is applied to the logits, so no pixel is ever less likely white than black.",
    see="probabilities-or-logits",
)
class ClippedLogits(reference.Decoder):
    def forward(self, z):
        return relu(super().forward(z))


@mistake(
    "interpolate",
    "The last code is missing: the walk stops one step short of z1.",
    see="interpolate",
)
def open_end(z0, z1, steps):
    reference.interpolate(z0, z1, steps)  # refuses what it must
    return torch.stack([z0 + (z1 - z0) * i / steps for i in range(steps)])


@mistake(
    "interpolate",
    "The ends are left out: the codes lie strictly between z0 and z1.",
    see="interpolate",
)
def interior(z0, z1, steps):
    return reference.interpolate(z0, z1, steps + 2)[1:-1]


@mistake(
    "interpolate",
    "The walk runs backwards, from z1 to z0.",
    see="interpolate",
)
def backwards(z0, z1, steps):
    return reference.interpolate(z1, z0, steps)


@mistake(
    "interpolate",
    "`steps` was taken for the number of intervals, so there is one code too many.",
    see="interpolate",
)
def intervals(z0, z1, steps):
    return reference.interpolate(z0, z1, steps + 1)
