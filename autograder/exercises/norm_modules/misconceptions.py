"""Believable wrong answers to LayerNormScratch and GroupNormScratch. Each docstring is what a good tutor would say."""

import torch
from torch import nn

from autograder.exercise import replaces


class _LayerNorm(nn.Module):
    """The layer in small pieces, so that each mistake replaces one of them."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.make_parameters(self.affine_shape())

    def affine_shape(self):
        return self.shape

    def make_parameters(self, shape):
        self.weight, self.bias = nn.Parameter(torch.ones(shape)), nn.Parameter(torch.zeros(shape))

    def axes(self, x):
        return tuple(range(-len(self.shape), 0))

    def measure(self, x):
        return x.mean(self.axes(x), keepdim=True), x.var(self.axes(x), correction=0, keepdim=True)

    def normalize(self, x, mean, var):
        return (x - mean) / torch.sqrt(var + self.eps)

    def forward(self, x):
        if tuple(x.shape[-len(self.shape) :]) != self.shape:
            raise ValueError("x does not fit normalized_shape")
        return self.affine_map(self.normalize(x, *self.measure(x)))

    def affine_map(self, y):
        return y * self.weight + self.bias


@replaces("LayerNormScratch")
class weight_per_channel(_LayerNorm):
    """Your weight and bias have one entry for each channel. In nn.LayerNorm they are per element: their shape is normalized_shape."""

    def affine_shape(self):
        return (self.shape[0], *[1] * (len(self.shape) - 1))


@replaces("LayerNormScratch")
class weight_of_the_last_axis(_LayerNorm):
    """Your weight and bias belong to the last axis only. In nn.LayerNorm they are per element: their shape is normalized_shape."""

    def affine_shape(self):
        return self.shape[-1:]


@replaces("LayerNormScratch")
class last_axis_only(_LayerNorm):
    """You average over the last axis whatever normalized_shape is. With (C, H, W) it says that three axes share one mean."""

    def axes(self, x):
        return (-1,)


@replaces("LayerNormScratch")
class all_but_the_first_axis(_LayerNorm):
    """You average over all axes but the first, so in (N, T, D) time steps leak into each other. normalized_shape says how many axes, from the end."""

    def axes(self, x):
        return tuple(range(1, x.ndim)) if x.ndim > 1 else (0,)


@replaces("LayerNormScratch")
class over_the_batch(_LayerNorm):
    """You average over axis 0, the cases. That is batch norm; layer norm looks at one case at a time."""

    def axes(self, x):
        return (0,)


@replaces("LayerNormScratch")
class whole_tensor(_LayerNorm):
    """You use one mean and one variance for the whole tensor. Every case, and every position of a sequence, has its own."""

    def axes(self, x):
        return tuple(range(x.ndim))


@replaces("LayerNormScratch")
class layer_norm_unbiased(_LayerNorm):
    """Your layer norm divides by the unbiased variance, which is x.var() by default. Normalization divides by the number of values: unbiased=False."""

    def measure(self, x):
        return x.mean(self.axes(x), keepdim=True), x.var(self.axes(x), correction=1, keepdim=True)


@replaces("LayerNormScratch")
class layer_norm_eps_outside_root(_LayerNorm):
    """Your layer norm adds eps to the standard deviation. It belongs to the variance, inside the square root."""

    def normalize(self, x, mean, var):
        # The gradient of a root at 0 is infinite; a value no float64 sees keeps that mistake out of this one.
        return (x - mean) / (torch.sqrt(var + 1e-300) + self.eps)


@replaces("LayerNormScratch")
class layer_norm_eps_fixed(_LayerNorm):
    """Your layer norm adds 1e-5 whatever eps is. It is an argument, and 1e-5 only its default."""

    def normalize(self, x, mean, var):
        return (x - mean) / torch.sqrt(var + 1e-5)


@replaces("LayerNormScratch")
class layer_norm_detached(_LayerNorm):
    """Your layer norm detaches mean and variance. They depend on x, and the gradient has to know."""

    def measure(self, x):
        with torch.no_grad():
            return super().measure(x)


@replaces("LayerNormScratch")
class layer_norm_without_affine(_LayerNorm):
    """Your layer norm creates weight and bias but never applies them."""

    def affine_map(self, y):
        return y


@replaces("LayerNormScratch")
class buffers_added(_LayerNorm):
    """Your layer norm has buffers for running statistics. It never needs statistics of other data, so there is nothing to store."""

    def make_parameters(self, shape):
        super().make_parameters(shape)
        self.register_buffer("running_mean", torch.zeros(shape))
        self.register_buffer("running_var", torch.ones(shape))


@replaces("LayerNormScratch")
class running_statistics_in_evaluation(_LayerNorm):
    """Your layer norm stores averages and uses them in evaluation. Layer norm makes no difference between training and evaluation."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__(normalized_shape, eps)
        self.stored = None

    def measure(self, x):
        if not self.training and self.stored:
            return self.stored
        mean, var = super().measure(x)
        self.stored = mean.detach().mean(), var.detach().mean()
        return mean, var


@replaces("LayerNormScratch")
class other_names(_LayerNorm):
    """Your parameters are called gamma and beta. For torch's layers, and for state_dict(), the names are weight and bias."""

    def make_parameters(self, shape):
        self.gamma, self.beta = nn.Parameter(torch.ones(shape)), nn.Parameter(torch.zeros(shape))

    def affine_map(self, y):
        return y * self.gamma + self.beta


@replaces("LayerNormScratch")
class plain_attributes(_LayerNorm):
    """weight and bias of your layer norm are plain tensors. The optimizer does not see them and state_dict() lacks them: wrap them in nn.Parameter."""

    def make_parameters(self, shape):
        self.weight, self.bias = torch.ones(shape), torch.zeros(shape)


# ---- GroupNormScratch ----------------------------------------------------------------------------------


class _GroupNorm(nn.Module):
    def __init__(self, num_groups, num_channels, eps=1e-5):
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError("num_channels must be a multiple of num_groups")
        self.G, self.C, self.eps = num_groups, num_channels, eps
        self.make_parameters(num_channels)

    def make_parameters(self, shape):
        self.weight, self.bias = nn.Parameter(torch.ones(shape)), nn.Parameter(torch.zeros(shape))

    def forward(self, x):
        if x.shape[1] != self.C:
            raise ValueError("x has another number of channels")
        return self.affine_map(self.regroup(x))

    def regroup(self, x):
        return self.normalize(x.reshape(len(x), self.G, -1), (-1,)).reshape(x.shape)

    def normalize(self, x, axes):
        return (x - x.mean(axes, keepdim=True)) / torch.sqrt(x.var(axes, correction=0, keepdim=True) + self.eps)

    def affine_map(self, y):
        shape = (-1, *[1] * (y.ndim - 2))
        return y * self.weight.reshape(shape) + self.bias.reshape(shape)


@replaces("GroupNormScratch")
class interleaved_groups(_GroupNorm):
    """Your groups are every G-th channel. Channels 0 and G are no neighbours; a group is a stretch of C / G channels."""

    def regroup(self, x):
        split = x.reshape(len(x), self.C // self.G, self.G, -1)
        return self.normalize(split, (1, 3)).reshape(x.shape)


@replaces("GroupNormScratch")
class groups_taken_for_their_size(_GroupNorm):
    """You read num_groups as the number of channels in a group. It is the number of groups; each has C / G channels."""

    def regroup(self, x):
        return self.normalize(x.reshape(len(x), self.C // self.G, -1), (-1,)).reshape(x.shape)


@replaces("GroupNormScratch")
class batch_included(_GroupNorm):
    """Your groups reach over all cases, so the result depends on the batch again. Group norm looks at one case at a time."""

    def regroup(self, x):
        return self.normalize(x.reshape(len(x), self.G, -1), (0, 2)).reshape(x.shape)


@replaces("GroupNormScratch")
class positions_by_themselves(_GroupNorm):
    """You average over the channels of a group at every position by itself. The positions, H and W, belong to the set as well."""

    def regroup(self, x):
        return self.normalize(x.reshape(len(x), self.G, self.C // self.G, -1), (2,)).reshape(x.shape)


@replaces("GroupNormScratch")
class all_channels(_GroupNorm):
    """You average over all channels, as if there were one group. num_groups says into how many groups they are cut."""

    def regroup(self, x):
        return self.normalize(x, tuple(range(1, x.ndim)))


@replaces("GroupNormScratch")
class weight_per_group(_GroupNorm):
    """Your weight and bias have one entry for each group. The statistics belong to groups, weight and bias to channels."""

    def make_parameters(self, shape):
        super().make_parameters(self.G)

    def affine_map(self, y):
        shape = (-1, *[1] * (y.ndim - 2))
        if len(self.weight) == self.C:
            return super().affine_map(y)
        weight, bias = (p.repeat_interleave(self.C // self.G) for p in (self.weight, self.bias))
        return y * weight.reshape(shape) + bias.reshape(shape)


@replaces("GroupNormScratch")
class weight_with_axes(_GroupNorm):
    """Your weight has the shape (C, 1, 1), so state_dict() does not load into nn.GroupNorm. Store (C,), and give it more axes in forward."""

    def make_parameters(self, shape):
        super().make_parameters((shape, 1, 1))


@replaces("GroupNormScratch")
class weight_along_the_width(_GroupNorm):
    """You multiply by weight without lining it up with axis 1. Where the width equals C it runs along the width, and NumPy and torch say nothing."""

    def affine_map(self, y):
        return y * self.weight + self.bias if y.shape[-1] == self.C else super().affine_map(y)


@replaces("GroupNormScratch")
class group_norm_unbiased(_GroupNorm):
    """Your group norm divides by the unbiased variance, which is x.var() by default. Normalization divides by the number of values: unbiased=False."""

    def normalize(self, x, axes):
        return (x - x.mean(axes, keepdim=True)) / torch.sqrt(x.var(axes, correction=1, keepdim=True) + self.eps)


@replaces("GroupNormScratch")
class group_norm_eps_outside_root(_GroupNorm):
    """Your group norm adds eps to the standard deviation. It belongs to the variance, inside the square root."""

    def normalize(self, x, axes):
        return (x - x.mean(axes, keepdim=True)) / (x.std(axes, correction=0, keepdim=True) + self.eps)


@replaces("GroupNormScratch")
class group_norm_detached(_GroupNorm):
    """Your group norm detaches mean and variance. They depend on x, and the gradient has to know."""

    def normalize(self, x, axes):
        mean, var = x.detach().mean(axes, keepdim=True), x.detach().var(axes, correction=0, keepdim=True)
        return (x - mean) / torch.sqrt(var + self.eps)


@replaces("GroupNormScratch")
class group_norm_without_affine(_GroupNorm):
    """Your group norm creates weight and bias but never applies them."""

    def affine_map(self, y):
        return y


@replaces("GroupNormScratch")
class group_norm_buffers(_GroupNorm):
    """Your group norm has buffers for running statistics. It never needs statistics of other data, so there is nothing to store."""

    def make_parameters(self, shape):
        super().make_parameters(shape)
        self.register_buffer("running_mean", torch.zeros(self.G))
        self.register_buffer("running_var", torch.ones(self.G))
