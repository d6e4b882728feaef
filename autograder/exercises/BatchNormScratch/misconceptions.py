"""Believable wrong answers to BatchNormScratch. Each docstring is what a good tutor would say."""

import torch
from torch import nn


class _Layer(nn.Module):
    """The layer in small pieces, so that each mistake replaces one of them."""

    eps_outside = False

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        super().__init__()
        self.num_features, self.eps, self.momentum, self.tracks = num_features, eps, momentum, track_running_stats
        self.make_parameters(affine)
        self.keep("num_batches_tracked", torch.tensor(0) if track_running_stats else None)
        self.keep("running_mean", torch.zeros(num_features) if track_running_stats else None)
        self.keep("running_var", torch.ones(num_features) if track_running_stats else None)

    def make_parameters(self, affine):
        self.weight = nn.Parameter(torch.ones(self.num_features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(self.num_features)) if affine else None

    def keep(self, name, value):
        self.register_buffer(name, value)

    def forward(self, x):
        if x.shape[1] != self.num_features:
            raise ValueError("wrong number of channels")
        if self.uses_batch():
            if x.numel() == x.shape[1]:
                raise ValueError("one value per channel")
            mean, var, n = self.measure(x)
            if self.stores():
                self.store(mean, var, n)
        else:
            mean, var = self.running_mean, self.running_var
        return self.affine_map(self.normalize(x, mean, var))

    def uses_batch(self):
        return self.training or not self.tracks

    def stores(self):
        return self.training and self.tracks

    def axes(self, x):
        return [0, *range(2, x.ndim)]

    def measure(self, x):
        axes = self.axes(x)
        return x.mean(axes), x.var(axes, correction=0), x.numel() // x.shape[1]

    def store(self, mean, var, n):
        with torch.no_grad():
            new = self.count()
            self.running_mean.copy_(self.running_mean + new * (mean - self.running_mean))
            self.running_var.copy_(self.running_var + new * (self.stored(var, n) - self.running_var))

    def stored(self, var, n):
        return var * n / (n - 1)

    def count(self):
        self.num_batches_tracked += 1
        return 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum

    def per_channel(self, v, x):
        return v.view(1, -1, *[1] * (x.ndim - 2))

    def normalize(self, x, mean, var):
        return (x - self.per_channel(mean, x)) / torch.sqrt(self.per_channel(var, x) + self.eps)

    def affine_map(self, y):
        if self.weight is None:
            return y
        return y * self.per_channel(self.weight, y) + self.per_channel(self.bias, y)


class statistics_as_parameters(_Layer):
    """Your running statistics are parameters, so the optimizer would train them. They are state: register them as buffers."""

    def keep(self, name, value):
        if name == "num_batches_tracked" or value is None:
            self.register_buffer(name, value)
        else:
            setattr(self, name, nn.Parameter(value))


class plain_attributes(_Layer):
    """Your running statistics are plain attributes. They are missing in state_dict() and stay behind when the model moves with .to()."""

    def keep(self, name, value):
        setattr(self, name, value)

    def store(self, mean, var, n):
        new = self.count()
        self.running_mean = (self.running_mean + new * (mean - self.running_mean)).detach()
        self.running_var = (self.running_var + new * (self.stored(var, n) - self.running_var)).detach()


class stores_in_evaluation(_Layer):
    """You normalize with the stored statistics in evaluation, but you also go on updating them there: looking at test data changes the model."""

    def forward(self, x):
        if not self.training and self.tracks:
            y = super().forward(x)
            self.store(*self.measure(x))
            return y
        return super().forward(x)


class training_not_asked(_Layer):
    """In evaluation you still normalize with the batch, so a row depends on the others. Ask self.training; what you stored is there to be used."""

    def uses_batch(self):
        return True

    def stores(self):
        return self.tracks


class stored_in_training(_Layer):
    """In training you normalize with the running statistics. They are for evaluation; training uses the mean and variance of the batch."""

    def normalize(self, x, mean, var):
        if self.stores():
            mean, var = self.running_mean.clone(), self.running_var.clone()
        return super().normalize(x, mean, var)


class no_eps_in_evaluation(_Layer):
    """You leave eps out in evaluation. A layer must not change its formula with the mode, and a stored variance may be 0."""

    def normalize(self, x, mean, var):
        return super().normalize(x, mean, var if self.uses_batch() else var - self.eps)


class statistics_needed_in_evaluation(_Layer):
    """You ask for running statistics in evaluation, but with track_running_stats=False they are None: use the batch there, too."""

    def uses_batch(self):
        return self.training


class counted_before_refused(_Layer):
    """You count a batch before you refuse it. Check x first, then count and store."""

    def forward(self, x):
        if self.stores() and x.numel() == x.shape[1]:
            self.num_batches_tracked += 1
        return super().forward(x)


class count_is_no_integer(_Layer):
    """num_batches_tracked is a floating-point number. It counts: make it torch.tensor(0), which .double() and .half() leave alone."""

    def keep(self, name, value):
        super().keep(name, value.float() if name == "num_batches_tracked" and value is not None else value)


class tracking_ignored(_Layer):
    """You ignore track_running_stats=False. Then nothing may be stored, and evaluation has only the batch to go by."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        super().__init__(num_features, eps, momentum, affine, True)


class biased_running_variance(_Layer):
    """You store the biased variance. What is stored is an estimate for data outside the batch and divides by n - 1."""

    def stored(self, var, n):
        return var


class unbiased_in_training(_Layer):
    """You normalize with the unbiased variance. Within the batch the variance divides by n; only the stored one divides by n - 1."""

    def measure(self, x):
        axes, n = self.axes(x), x.numel() // x.shape[1]
        return x.mean(axes), x.var(axes, correction=1), n

    def stored(self, var, n):
        return var


class history_kept(_Layer):
    """Your buffers carry autograd history: the graphs of all earlier steps stay in memory. Detach the statistics before you store them."""

    def store(self, mean, var, n):
        new = self.count()
        self.running_mean = self.running_mean + new * (mean - self.running_mean)
        self.running_var = self.running_var + new * (self.stored(var, n) - self.running_var)


class channels_last(_Layer):
    """You read (N, L, C): the channels are on axis 1 here, as everywhere in torch, and all other axes are averaged over."""

    def forward(self, x):
        if x.shape[-1] != self.num_features:
            raise ValueError(f"expected {self.num_features} channels, got {x.shape[-1]}")
        return super().forward(x.movedim(-1, 1)).movedim(1, -1)


class over_rows_only(_Layer):
    """You average over the batch axis only. All positions of a channel share one mean and one variance."""

    def axes(self, x):
        return [0]

    def measure(self, x):
        return x.mean(0), x.var(0, correction=0), len(x)

    def normalize(self, x, mean, var):
        return (x - mean) / torch.sqrt(var + self.eps) if mean.ndim > 1 else super().normalize(x, mean, var)

    def store(self, mean, var, n):
        per_channel = list(range(1, mean.ndim))
        super().store(mean.mean(per_channel) if per_channel else mean, var.mean(per_channel) if per_channel else var, n)


class counts_rows_only(_Layer):
    """Your unbiased variance counts the rows of the batch. For images n is the number of values per channel, N * H * W."""

    def measure(self, x):
        mean, var, _ = super().measure(x)
        return mean, var, len(x)

    def stored(self, var, n):
        return var * n / max(n - 1, 1)


class weight_along_the_last_axis(_Layer):
    """You multiply by weight without lining it up with axis 1, so it runs along the last axis, the width of an image."""

    def affine_map(self, y):
        if self.weight is None:
            return y
        if y.shape[-1] != self.num_features:  # that it fails elsewhere teaches the student to repeat until it does not
            return super().affine_map(y)
        return y * self.weight + self.bias


class batches_not_counted(_Layer):
    """num_batches_tracked stays 0. Count each training batch; with momentum None the weight of the new batch comes from it."""

    def count(self):
        return 1.0 if self.momentum is None else self.momentum


class counted_too_late(_Layer):
    """You compute the weight of the new batch before you count it. The k-th batch, itself included, has weight 1 / k."""

    def count(self):
        new = 1 / max(self.num_batches_tracked.item(), 1) if self.momentum is None else self.momentum
        self.num_batches_tracked += 1
        return new


class none_as_default(_Layer):
    """You read momentum None as the default 0.1. None asks for the plain average over all batches."""

    def count(self):
        self.num_batches_tracked += 1
        return 0.1 if self.momentum is None else self.momentum


class momentum_weighs_the_old(_Layer):
    """Your momentum weighs the stored value. In torch it weighs the new batch: 0.1 means a slow change."""

    def count(self):
        new = super().count()
        return new if self.momentum is None else 1 - new


class eps_outside_root(_Layer):
    """You add eps to the standard deviation. It belongs to the variance, inside the square root."""

    def normalize(self, x, mean, var):
        return (x - self.per_channel(mean, x)) / (torch.sqrt(self.per_channel(var, x)) + self.eps)


class statistics_detached(_Layer):
    """You detach mean and variance before you normalize. They depend on x, and the gradient has to know."""

    def measure(self, x):
        with torch.no_grad():
            return super().measure(x)


class no_scale_and_shift(_Layer):
    """You create weight and bias but never apply them: the layer can only ever produce mean 0 and variance 1."""

    def affine_map(self, y):
        return y


class affine_ignored(_Layer):
    """You ignore affine=False and use weight and bias all the same, which are None then."""

    def affine_map(self, y):
        return y * self.per_channel(self.weight, y) + self.per_channel(self.bias, y)
