"""Believable wrong answers to NoisyBatchNorm. Each docstring is what a good tutor would say."""

import torch
import torch.nn.functional as F
from torch import nn


class _Layer(nn.Module):
    """The layer in small pieces, so that each mistake replaces one of them."""

    def __init__(self, num_features, mean_range, std_max, generator=None):
        super().__init__()
        self.check(mean_range, std_max)
        self.features, self.mean_range, self.std_max, self.generator = num_features, mean_range, std_max, generator
        self.norm = self.make_norm(num_features)

    def check(self, mean_range, std_max):
        if mean_range < 0:
            raise ValueError("mean_range")
        if std_max < 1:
            raise ValueError("std_max")

    def make_norm(self, num_features):
        return nn.BatchNorm1d(num_features)

    def uniform(self, x):
        return torch.rand(self.features, generator=self.generator)

    def draw(self, x):
        shift, scale = self.uniform(x), self.uniform(x)
        return self.mean_range * (2 * shift - 1), 1 + (self.std_max - 1) * scale

    def noisy(self):
        return self.training

    def forward(self, x):
        y = self.norm(x)
        if self.noisy():
            self.last_shift, self.last_scale = (noise.to(y) for noise in self.draw(x))
            y = self.combine(y)
        return y

    def combine(self, y):
        return y * self.last_scale + self.last_shift


class noise_once(_Layer):
    """Your noise is the same in every call: drawn once, in __init__, or with a seed that is set in forward. A constant shift is no noise: the next layer learns to subtract it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fixed = super().draw(None)

    def draw(self, x):
        return self.fixed


class noise_for_each_value(_Layer):
    """You draw noise for each row. That is a kind of augmentation; a shift of the distribution is the same for all rows."""

    def uniform(self, x):
        return torch.rand(x.shape, generator=self.generator)


class noise_for_each_row(_Layer):
    """You draw one number for each row. The noise belongs to features: (D,) numbers, shared by all rows."""

    def uniform(self, x):
        return torch.rand(len(x), 1, generator=self.generator)


class one_for_all_features(_Layer):
    """All features share one shift and one scale. Each feature has its own."""

    def uniform(self, x):
        return torch.rand(1, generator=self.generator).expand(self.features)


class noise_before_batch_norm(_Layer):
    """Your noise comes before batch norm, which removes it again: it subtracts the mean and divides by the deviation of what it is given."""

    def forward(self, x):
        if self.noisy():
            self.last_shift, self.last_scale = (noise.to(x) for noise in self.draw(x))
            x = self.combine(x)
        return self.norm(x)


class noise_in_evaluation(_Layer):
    """There is noise in evaluation, too. It is there to disturb training; a prediction must not depend on luck."""

    def noisy(self):
        return True


class noise_in_evaluation_only(_Layer):
    """Your noise is on in evaluation and off in training: self.training is the other way round."""

    def forward(self, x):
        y = self.norm(x)
        self.last_shift, self.last_scale = (noise.to(y) for noise in self.draw(x))
        return y if self.training else self.combine(y)


class noise_is_stored(_Layer):
    """The running statistics that you store contain the noise. They describe x, for evaluation, where there is no noise."""

    def forward(self, x):
        if not self.training:
            return self.norm(x)
        y = F.batch_norm(x, None, None, self.norm.weight, self.norm.bias, training=True)
        self.last_shift, self.last_scale = (noise.to(y) for noise in self.draw(x))
        deviation = x.std(0, correction=0)
        with torch.no_grad():
            self.norm(self.last_scale * x + self.last_shift * deviation)
        return self.combine(y)


class output_is_stored(_Layer):
    """You store mean and variance of the output. The running statistics describe x: they are what evaluation subtracts from it and divides it by."""

    def forward(self, x):
        if not self.training:
            return self.norm(x)
        y = F.batch_norm(x, None, None, self.norm.weight, self.norm.bias, training=True)
        self.last_shift, self.last_scale = (noise.to(y) for noise in self.draw(x))
        y = self.combine(y)
        with torch.no_grad():
            self.norm(y)
        return y


class statistics_of_the_batch_in_evaluation(_Layer):
    """You use the statistics of the batch in evaluation, too. There the running statistics take their place (with track_running_stats=False there are none)."""

    def forward(self, x):
        y = self.norm(x) if self.training else F.batch_norm(x, self.mean(x), self.var(x), self.norm.weight)
        if self.training:
            self.last_shift, self.last_scale = (noise.to(y) for noise in self.draw(x))
            y = self.combine(y)
        return y

    def mean(self, x):
        return x.mean(0)

    def var(self, x):
        return x.var(0, correction=0)


class global_generator(_Layer):
    """You draw from torch's global generator although you were given one. Then the experiment cannot be repeated, and it disturbs others."""

    def uniform(self, x):
        return torch.rand(self.features)


class seeds_the_global_generator(_Layer):
    """You seed torch's global generator. Whatever else is random in the program starts again from there: draw from the generator you were given."""

    def uniform(self, x):
        torch.manual_seed(torch.randint(2**31, (), generator=self.generator).item())
        return torch.rand(self.features)


class shift_stretched(_Layer):
    """You shift first and stretch then, so the shift is stretched, too. First times last_scale, then plus last_shift."""

    def combine(self, y):
        return (y + self.last_shift) * self.last_scale


class shift_only(_Layer):
    """You draw a scale and do not use it: y is BN(x) * last_scale + last_shift."""

    def combine(self, y):
        return y + self.last_shift


class scale_only(_Layer):
    """You draw a shift and do not use it: y is BN(x) * last_scale + last_shift."""

    def combine(self, y):
        return y * self.last_scale


class divided_by_the_scale(_Layer):
    """You divide by last_scale. It stretches: multiply."""

    def combine(self, y):
        return y / self.last_scale + self.last_shift


class one_sided_shift(_Layer):
    """Your shifts lie between 0 and mean_range. They go both ways, from -mean_range to mean_range."""

    def draw(self, x):
        shift, scale = self.uniform(x), self.uniform(x)
        return self.mean_range * shift, 1 + (self.std_max - 1) * scale


class half_the_range(_Layer):
    """Your shifts reach from minus half of mean_range to half of it. rand() - 0.5 is only half as wide as what is needed."""

    def draw(self, x):
        shift, scale = self.uniform(x), self.uniform(x)
        return self.mean_range * (shift - 0.5), 1 + (self.std_max - 1) * scale


class normal_shift(_Layer):
    """Your shifts are normally distributed. They are to be uniform, so that mean_range bounds them."""

    def draw(self, x):
        return self.mean_range * torch.randn(self.features, generator=self.generator), super().draw(x)[1]


class scale_from_zero(_Layer):
    """Your scales start at 0. They lie between 1 and std_max: the noise stretches and never shrinks."""

    def draw(self, x):
        return super().draw(x)[0], self.std_max * self.uniform(x)


class scale_too_wide(_Layer):
    """Your scales reach up to 1 + std_max. An interval from 1 to std_max is std_max - 1 wide."""

    def draw(self, x):
        return super().draw(x)[0], 1 + self.std_max * self.uniform(x)


class one_draw_for_both(_Layer):
    """Shift and scale of a feature come from the same random number, so large shifts always go with large scales. Draw twice."""

    def draw(self, x):
        u = self.uniform(x)
        return self.mean_range * (2 * u - 1), 1 + (self.std_max - 1) * u


class nothing_learned(_Layer):
    """Your batch norm has no scale and shift of its own that are learned: affine=False takes them away."""

    def make_norm(self, num_features):
        return nn.BatchNorm1d(num_features, affine=False)


class no_gradient(_Layer):
    """No gradient comes through your layer: you took y out of the graph, with no_grad, detach or .data. The noise is a constant, but y is not."""

    def combine(self, y):
        return super().combine(y.detach()).requires_grad_() + 0 * y


class negative_range_accepted(_Layer):
    """You accept a negative mean_range. A range has no sign: refuse it with a ValueError."""

    def check(self, mean_range, std_max):
        if std_max < 1:
            raise ValueError("std_max")


class small_std_max_accepted(_Layer):
    """You accept a std_max below 1. The scales would lie between 1 and less than 1: refuse it with a ValueError."""

    def check(self, mean_range, std_max):
        if mean_range < 0:
            raise ValueError("mean_range")
