"""Believable wrong answers to survival_probs, expected_depth and StochasticDepth. Each docstring is what a good tutor would say."""

import numpy as np
import torch
from torch import nn

from autograder.exercise import replaces


@replaces("survival_probs")
def first_block_always_survives(L, p_L):
    """Your probabilities start at 1: np.linspace(1, p_L, L) counts from l = 0. That is the input; l starts at 1, and the first block may be dropped already."""
    return np.linspace(1, p_L, L) if L > 1 else np.array([1.0])


@replaces("survival_probs")
def last_block_above_p_L(L, p_L):
    """Your l runs from 0 to L - 1, so that the last block does not come down to p_L. It runs from 1 to L."""
    return 1 - np.arange(L) / L * (1 - p_L)


@replaces("survival_probs")
def drop_probabilities(L, p_L):
    """You return how probable it is that a block is dropped. Asked for is the probability that it survives, 1 minus that."""
    return np.arange(1, L + 1) / L * (1 - p_L)


@replaces("survival_probs")
def reversed_rule(L, p_L):
    """Your first block is the one that is dropped most. Early blocks find what all later ones need: the probability falls with l."""
    return (1 - np.arange(1, L + 1) / L * (1 - p_L))[::-1]


@replaces("survival_probs")
def p_L_for_all(L, p_L):
    """You give every block p_L. The rule is linear: from 1 at the input down to p_L at the last block."""
    return np.full(L, float(p_L))


@replaces("survival_probs")
def p_L_as_drop_rate(L, p_L):
    """You read p_L as the rate at which the last block is dropped. It is its survival probability."""
    return 1 - np.arange(1, L + 1) / L * p_L


@replaces("survival_probs")
def geometric(L, p_L):
    """Your probabilities fall by a factor from block to block. The rule is linear: they fall by the same amount."""
    return float(p_L) ** (np.arange(1, L + 1) / L)


@replaces("expected_depth")
def mean_of_p(p):
    """You return the mean of the probabilities. Every block counts 1 if it survives, so the expected number is their sum."""
    return float(np.mean(p))


@replaces("expected_depth")
def expected_losses(p):
    """You add up 1 - p: that is the expected number of dropped blocks."""
    return float(np.sum(1 - np.asarray(p)))


@replaces("expected_depth")
def product_of_p(p):
    """You multiply the probabilities. That is the probability that all blocks survive; the expected number is their sum."""
    return float(np.prod(p))


@replaces("expected_depth")
def most_probable_blocks(p):
    """You count the blocks that survive more often than not. An expectation is no vote: add up the probabilities."""
    return float(np.sum(np.asarray(p) > 0.5))


@replaces("expected_depth")
def rounded(p):
    """You round the expected number. It is a mean, and may lie between two whole numbers."""
    return float(np.round(np.sum(p)))


class _Layer(nn.Module):
    """The layer in small pieces, so that each mistake replaces one of them."""

    def __init__(self, p_survive, mode="row", scale="test", generator=None):
        super().__init__()
        self.check_p(p_survive, scale)
        self.check_words(mode, scale)
        self.p, self.mode, self.scale, self.generator = p_survive, mode, scale, generator
        self.last_gate = None

    def check_p(self, p, scale):
        if not 0 <= p <= 1 or (scale == "train" and p == 0):
            raise ValueError("p_survive is out of range")

    def check_words(self, mode, scale):
        if mode not in ("row", "batch"):
            raise ValueError("mode must be row or batch")
        if scale not in ("test", "train"):
            raise ValueError("scale must be test or train")

    def uniform(self, shape):
        return torch.rand(shape, generator=self.generator)

    def shape(self, branch):
        return (len(branch) if self.mode == "row" else 1, *[1] * (branch.ndim - 1))

    def gate(self, branch):
        return (self.uniform(self.shape(branch)) < self.p).to(branch)

    def note(self, gate):
        self.last_gate = gate

    def in_training(self):
        return 1 / self.p if self.scale == "train" else 1.0

    def in_evaluation(self):
        return 1.0 if self.scale == "train" else self.p

    def add(self, skip, branch, gate, factor):
        return skip + gate * factor * branch

    def forward(self, branch, skip):
        if not self.training:
            return self.evaluate(branch, skip)
        gate = self.gate(branch)
        self.note(gate)
        return self.add(skip, branch, gate, self.in_training())

    def evaluate(self, branch, skip):
        return skip + self.in_evaluation() * branch


@replaces("StochasticDepth")
class survival_read_as_drop(_Layer):
    """You drop with probability p_survive. It is the probability that the branch is there."""

    def gate(self, branch):
        return (self.uniform(self.shape(branch)) >= self.p).to(branch)


@replaces("StochasticDepth")
class skip_dropped_too(_Layer):
    """You multiply skip and branch with the gate. Then nothing is left of a dropped example: the gate belongs to the branch alone."""

    def add(self, skip, branch, gate, factor):
        return gate * factor * (skip + branch)


@replaces("StochasticDepth")
class skip_dropped(_Layer):
    """You drop the skip and keep the branch. It is the other way round: the skip is what makes dropping possible."""

    def add(self, skip, branch, gate, factor):
        return gate * factor * skip + branch


@replaces("StochasticDepth")
class skip_scaled(_Layer):
    """You scale the skip by p. It is always there, so it is never scaled."""

    def add(self, skip, branch, gate, factor):
        return self.p * skip + gate * factor * branch

    def evaluate(self, branch, skip):
        return self.p * skip + self.in_evaluation() * branch


@replaces("StochasticDepth")
class skip_where_dropped(_Layer):
    """You return the branch alone where it survives, and the skip where not. The surviving branch is added to the skip."""

    def add(self, skip, branch, gate, factor):
        return (1 - gate) * skip + gate * factor * branch


@replaces("StochasticDepth")
class always_row(_Layer):
    """You draw a gate for each example with mode "batch", too. There one gate serves the whole batch."""

    def shape(self, branch):
        return (len(branch), *[1] * (branch.ndim - 1))


@replaces("StochasticDepth")
class gate_per_element(_Layer):
    """You draw a gate for each value: that is dropout. Here the branch of an example, or of the batch, is dropped as a whole."""

    def shape(self, branch):
        return tuple(branch.shape)


@replaces("StochasticDepth")
class gate_per_channel(_Layer):
    """You draw a gate for each channel of an example. That is spatial dropout; here an example has one gate."""

    def shape(self, branch):
        return (*branch.shape[:2], *[1] * (branch.ndim - 2))


@replaces("StochasticDepth")
class always_batch(_Layer):
    """You draw one gate for the batch with mode "row", too. There every example has its own."""

    def shape(self, branch):
        return (1,) * branch.ndim


@replaces("StochasticDepth")
class modes_swapped(_Layer):
    """Your modes are swapped: "row" means a gate for each example, "batch" one for all."""

    def shape(self, branch):
        return (len(branch) if self.mode == "batch" else 1, *[1] * (branch.ndim - 1))


@replaces("StochasticDepth")
class gate_in_evaluation(_Layer):
    """You draw in evaluation, too. Ask self.training: there the branch is always present, multiplied with its expected factor."""

    def evaluate(self, branch, skip):
        return self.add(skip, branch, self.gate(branch), self.in_training())


@replaces("StochasticDepth")
class mode_reversed(_Layer):
    """You draw in evaluation and not in training: self.training is the other way round."""

    def forward(self, branch, skip):
        if self.training:
            return self.evaluate(branch, skip)
        return self.add(skip, branch, self.gate(branch), self.in_training())


@replaces("StochasticDepth")
class own_train_flag(_Layer):
    """You keep a train flag of your own, with an eval method that changes it. model.eval() does not call the eval of its parts, it sets their self.training: use that."""

    def __init__(self, p_survive, mode="row", scale="test", generator=None):
        super().__init__(p_survive, mode, scale, generator)
        self.flag = True

    def eval(self):
        self.flag = False
        return self

    def train(self, mode=True):
        return super().train(mode)

    def forward(self, branch, skip):
        if not self.flag:
            return self.evaluate(branch, skip)
        gate = self.gate(branch)
        self.note(gate)
        return self.add(skip, branch, gate, self.in_training())


@replaces("StochasticDepth")
class never_scaled(_Layer):
    """You scale neither in training nor in evaluation. Then later layers meet a larger branch in evaluation than they ever saw on average."""

    def in_training(self):
        return 1.0

    def in_evaluation(self):
        return 1.0


@replaces("StochasticDepth")
class divided_with_scale_test(_Layer):
    """You divide by p in training with scale "test", too. There the correction is made in evaluation."""

    def in_training(self):
        return 1 / self.p if self.p else 0.0


@replaces("StochasticDepth")
class multiplied_with_scale_train(_Layer):
    """You multiply by p in evaluation with scale "train", too. There training has already divided: once is enough."""

    def in_evaluation(self):
        return self.p


@replaces("StochasticDepth")
class divided_in_both_modes(_Layer):
    """With scale "train" you divide by p in evaluation, too. Nothing is dropped there, so there is nothing to make up for."""

    def in_evaluation(self):
        return 1 / self.p if self.scale == "train" else self.p


@replaces("StochasticDepth")
class scales_swapped(_Layer):
    """Your scales are swapped: "test" corrects in evaluation, as the paper, "train" in training, as timm."""

    def in_training(self):
        return 1 / self.p if self.scale == "test" and self.p else 1.0

    def in_evaluation(self):
        return 1.0 if self.scale == "test" else self.p


@replaces("StochasticDepth")
class scaled_by_the_drop_rate(_Layer):
    """You scale with 1 - p. p_survive is the probability that the branch is there, so p is the factor."""

    def in_training(self):
        return 1 / (1 - self.p) if self.scale == "train" and self.p < 1 else 1.0

    def in_evaluation(self):
        return 1.0 if self.scale == "train" else 1 - self.p


@replaces("StochasticDepth")
class expected_in_training(_Layer):
    """You add p times the branch in training. That is its expectation, and nothing is ever dropped: draw a gate."""

    def gate(self, branch):
        return torch.full(self.shape(branch), float(self.p)).to(branch)


@replaces("StochasticDepth")
class uniform_gate(_Layer):
    """Your gate is a random number between 0 and 1. It is 0 or 1: compare the number with p."""

    def gate(self, branch):
        return self.uniform(self.shape(branch)).to(branch)


@replaces("StochasticDepth")
class scaled_gate_noted(_Layer):
    """Your last_gate holds 1 / p with scale "train". The gate is 0 or 1; the scale is another factor."""

    def note(self, gate):
        self.last_gate = gate * self.in_training()


@replaces("StochasticDepth")
class drops_noted(_Layer):
    """Your last_gate is 1 where the branch was dropped. A gate of 1 lets it through."""

    def note(self, gate):
        self.last_gate = 1 - gate


@replaces("StochasticDepth")
class gate_not_noted(_Layer):
    """You do not keep the gates. Store what you drew in self.last_gate in every call in training."""

    def note(self, gate):
        pass


@replaces("StochasticDepth")
class first_gate_noted(_Layer):
    """Your last_gate is that of the first call. It belongs to the latest one."""

    def note(self, gate):
        self.last_gate = gate if self.last_gate is None else self.last_gate


@replaces("StochasticDepth")
class skip_changed(_Layer):
    """You add into skip with +=. It belongs to the caller: skip + ... makes a new tensor."""

    def add(self, skip, branch, gate, factor):
        if skip.requires_grad:
            return skip + gate * factor * branch
        skip += gate * factor * branch
        return skip


@replaces("StochasticDepth")
class drawn_once(_Layer):
    """You draw the gates once and use them for ever. Every call in training draws anew."""

    def gate(self, branch):
        if self.last_gate is None or self.last_gate.shape != self.shape(branch):
            return super().gate(branch)
        return self.last_gate


@replaces("StochasticDepth")
class generator_ignored(_Layer):
    """You draw from torch's global generator although the layer was given one. Pass generator=self.generator on to torch.rand."""

    def uniform(self, shape):
        return torch.rand(shape)


@replaces("StochasticDepth")
class global_seed(_Layer):
    """You set torch's global seed from the generator and draw there. Other code that draws then gets other numbers: torch.rand takes a generator."""

    def uniform(self, shape):
        if self.generator is not None:
            torch.manual_seed(torch.randint(2**40, (), generator=self.generator).item())
        return torch.rand(shape)


@replaces("StochasticDepth")
class same_seed_each_call(_Layer):
    """You make a new generator with the same seed in every call, so that all calls draw the same. Let one generator run on."""

    def uniform(self, shape):
        return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@replaces("StochasticDepth")
class range_not_checked(_Layer):
    """You accept any p_survive. It is a probability: ValueError outside [0, 1]."""

    def check_p(self, p, scale):
        if scale == "train" and p == 0:
            raise ValueError("p_survive must not be 0")


@replaces("StochasticDepth")
class zero_accepted_with_scale_train(_Layer):
    """You accept p_survive = 0 with scale "train". There training divides by it: ValueError."""

    def check_p(self, p, scale):
        if not 0 <= p <= 1:
            raise ValueError("p_survive is out of range")

    def in_training(self):
        return 1 / self.p if self.scale == "train" and self.p else 1.0


@replaces("StochasticDepth")
class zero_refused(_Layer):
    """You refuse p_survive = 0 with scale "test", too. There nothing is divided by it: the skip alone is left."""

    def check_p(self, p, scale):
        if not 0 < p <= 1:
            raise ValueError("p_survive is out of range")


@replaces("StochasticDepth")
class one_refused(_Layer):
    """You refuse p_survive = 1. It is allowed: nothing is dropped."""

    def check_p(self, p, scale):
        if not 0 <= p < 1 or (scale == "train" and p == 0):
            raise ValueError("p_survive is out of range")


@replaces("StochasticDepth")
class words_not_checked(_Layer):
    """You accept any mode and scale. A word that you do not know is a mistake of whoever calls: ValueError, naming it."""

    def check_words(self, mode, scale):
        pass


@replaces("StochasticDepth")
class scale_not_checked(_Layer):
    """You check mode but not scale: ValueError for any other word than test and train."""

    def check_words(self, mode, scale):
        if mode not in ("row", "batch"):
            raise ValueError("mode must be row or batch")


@replaces("StochasticDepth")
class float64_gate(_Layer):
    """Your gate is float64, so y is float64 although skip is float32. Give it the dtype of the branch, .to(branch)."""

    def gate(self, branch):
        return super().gate(branch).double()
