"""Known mistakes of unit 1.2, spread."""

from grader.judge import mistake


@mistake("variance", "The sample variance divides by N − 1; this exercise asks for the population's.", see="the-square")
def sample_variance(x):
    return x.var()


@mistake("variance", "The distances are not squared, so they cancel.", see="the-square")
def not_squared(x):
    return (x - x.mean()).mean()


@mistake("variance", "The scaler divides by the variance, not by its root.", see="the-square", replaces="Scaler")
class ByTheVariance:
    def __init__(self, x):
        self.variance = (x - x.mean()).square().mean()

    def __call__(self, x):
        return x / self.variance
