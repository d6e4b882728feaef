"""Believable wrong answers to InvertedDropout. Each docstring is what a good tutor would say."""

import numpy as np
import torch
from torch import nn


class _Layer(nn.Module):
    """The layer in small pieces, so that each mistake replaces one of them."""

    def __init__(self, p=0.5, generator=None):
        super().__init__()
        self.check(p)
        self.p, self.generator = p, generator
        self.set_up()

    def set_up(self):
        pass

    def check(self, p):
        if not 0 <= p <= 1:
            raise ValueError(f"p must be in [0, 1], got {p}")

    def uniform(self, shape):
        return torch.rand(shape, generator=self.generator)

    def mask(self, x):
        return (self.uniform(x.shape) >= self.p).to(x)

    def scale(self):
        return 1 / (1 - self.p) if self.p < 1 else 0.0

    def dropping(self):
        return self.training

    def combine(self, x, mask):
        return x * mask * self.scale()

    def evaluate(self, x):
        return x

    def forward(self, x):
        return self.combine(x, self.mask(x)) if self.dropping() else self.evaluate(x)


class mode_ignored(_Layer):
    """You drop in evaluation, too. Ask self.training, which every module has, and return x if it is False."""

    def dropping(self):
        return True


class own_train_flag(_Layer):
    """You keep a train flag of your own, with an eval method that changes it. model.eval() does not call the eval of its parts, it sets their self.training: use that."""

    def set_up(self):
        self.flag = True

    def dropping(self):
        return self.flag

    def eval(self):
        self.flag = False
        return self


class mode_reversed(_Layer):
    """You drop in evaluation and not in training: self.training is the other way round."""

    def dropping(self):
        return not self.training


class no_scaling(_Layer):
    """You do not scale what is kept. In evaluation all values are there, so the next layer would receive 1 / (1 - p) times what it knows: divide in training."""

    def scale(self):
        return 1.0


class classic_convention(_Layer):
    """You leave training unscaled and multiply in evaluation. That is dropout as first published; nn.Dropout scales in training and leaves evaluation alone."""

    def scale(self):
        return 1.0

    def evaluate(self, x):
        return x * (1 - self.p)


class scaled_in_evaluation(_Layer):
    """You divide by 1 - p in evaluation, too. Nothing was dropped there, so there is nothing to make up for."""

    def evaluate(self, x):
        return x * self.scale()


class multiplied_in_evaluation(_Layer):
    """You scale in training and multiply by 1 - p in evaluation. One of them is enough: here evaluation is left alone."""

    def evaluate(self, x):
        return x * (1 - self.p)


class p_read_as_keep(_Layer):
    """You read p as the probability to keep. In torch p is the share that is dropped; in some papers it is the other one, and at 0.5 one does not see the difference."""

    def mask(self, x):
        return (self.uniform(x.shape) < self.p).to(x)

    def scale(self):
        return 1 / self.p if self.p else 0.0


class keep_and_drop_swapped(_Layer):
    """You keep a value with probability p, while the scale is right for the opposite. p is the share that is dropped."""

    def mask(self, x):
        return (self.uniform(x.shape) < self.p).to(x)


class divided_by_p(_Layer):
    """You divide by p. The mean shrinks to the share that is kept, and that is 1 - p: divide by it."""

    def scale(self):
        return 1 / self.p if self.p else 1.0


class multiplied_by_keep(_Layer):
    """You multiply by 1 - p in training. Dropping has made the mean smaller already: divide."""

    def scale(self):
        return 1 - self.p


class same_for_all_rows(_Layer):
    """Your mask is drawn for one example and meets all of them by broadcasting. Draw it in the shape of x."""

    def mask(self, x):
        return (self.uniform(x.shape[1:]) >= self.p).to(x)


class whole_channels(_Layer):
    """You drop whole channels. That is nn.Dropout2d; nn.Dropout decides about every single value, whatever its documentation says about channels."""

    def mask(self, x):
        return (self.uniform((*x.shape[:2], *[1] * (x.ndim - 2))) >= self.p).to(x)


class whole_rows(_Layer):
    """You decide once for each example, which keeps all of its values or none. Draw the mask in the shape of x."""

    def mask(self, x):
        return (self.uniform((len(x), *[1] * (x.ndim - 1))) >= self.p).to(x)


class exact_number(_Layer):
    """You drop the same number of values in every call. Each value is decided by itself, so the number varies."""

    def mask(self, x):
        order = torch.randperm(x.numel(), generator=self.generator)
        return (order >= round(x.numel() * self.p)).reshape(x.shape).to(x)


class drawn_once(_Layer):
    """You draw the mask once and keep it. The same units would be missing in every step, and the others never learn to do without them: draw in every call."""

    def set_up(self):
        self.kept = {}

    def mask(self, x):
        if x.shape not in self.kept:
            self.kept[x.shape] = super().mask(x)
        return self.kept[x.shape].to(x)


class global_generator(_Layer):
    """You draw from torch's global generator although you were given one. Then the experiment cannot be repeated, and it disturbs others: pass generator=self.generator."""

    def uniform(self, shape):
        return torch.rand(shape)


class seeds_the_global_generator(_Layer):
    """You set torch.manual_seed in your layer. Every mask is the same then, and whatever else is random in the program starts again from there."""

    def uniform(self, shape):
        torch.manual_seed(0)
        return torch.rand(shape)


class reseeds_its_generator(_Layer):
    """You set the seed of the generator in every call, so all masks are the same. A generator is seeded once, by whoever made it."""

    def uniform(self, shape):
        if self.generator is None:
            torch.manual_seed(0)
            return torch.rand(shape)
        return torch.rand(shape, generator=self.generator.manual_seed(self.generator.initial_seed()))


class numpy_generator(_Layer):
    """You draw with NumPy. A generator of torch, and torch.manual_seed, have no influence there, so nobody can repeat the experiment: use torch.rand."""

    def uniform(self, shape):
        return torch.from_numpy(np.random.rand(*shape))


class mask_requires_grad(_Layer):
    """Your mask asks for a gradient, so y belongs to a graph even if x does not, and memory fills with graphs of constants. A mask is a constant."""

    def mask(self, x):
        return super().mask(x).requires_grad_()


class float64_mask(_Layer):
    """Your mask is float64, and it makes y float64, too. The next layer, in float32, refuses that: convert the mask to the dtype of x."""

    def mask(self, x):
        return super().mask(x).double()


class float32_always(_Layer):
    """Your y is float32 whatever x is. Convert the mask to the dtype of x, not x to that of the mask."""

    def combine(self, x, mask):
        return super().combine(x.float(), mask.float())


class in_place(_Layer):
    """Your y is right, but you wrote it into x. The layer before needs its output for the backward pass: make a new tensor."""

    def combine(self, x, mask):
        y = super().combine(x, mask)
        with torch.no_grad():
            x.copy_(y)
        return y


class no_gradient(_Layer):
    """No gradient comes through your layer: you took x out of the graph, with detach, no_grad or .data. The mask is a constant, but x is not."""

    def combine(self, x, mask):
        return super().combine(x.detach(), mask) + 0 * x


class gradient_unmasked(_Layer):
    """Your gradient passes where values were dropped, too. You assigned the zeros behind the back of autograd: multiply by the mask instead."""

    def combine(self, x, mask):
        return x * self.scale() + (super().combine(x, mask) - x * self.scale()).detach()


class gradient_unscaled(_Layer):
    """Your gradient lacks the scale: you multiplied by it behind the back of autograd, with .data or no_grad. Scale in the same expression as the mask."""

    def combine(self, x, mask):
        return x * mask + (super().combine(x, mask) - x * mask).detach()


class nan_at_one(_Layer):
    """With p = 1 you get 0 / 0, which is nan. Nothing is kept then: return zeros."""

    def combine(self, x, mask):
        return x * mask / (1 - self.p)


class division_by_zero_at_one(_Layer):
    """With p = 1 your scale 1 / (1 - p) is a division by zero. Nothing is kept then: return zeros without dividing."""

    def scale(self):
        return 1 / (1 - self.p)


class one_refused(_Layer):
    """You refuse p = 1. It is allowed: nothing is kept, and y is all 0."""

    def check(self, p):
        if not 0 <= p < 1:
            raise ValueError(f"p must be in [0, 1), got {p}")


class range_not_checked(_Layer):
    """You accept rates outside [0, 1]. Refuse them when the layer is made, with a ValueError that names p."""

    def check(self, p):
        pass


class negative_accepted(_Layer):
    """You accept a negative rate. Refuse it when the layer is made, as you do with rates above 1."""

    def check(self, p):
        if p > 1:
            raise ValueError(f"p must be at most 1, got {p}")
