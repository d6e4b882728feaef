"""Believable wrong answers to build_resnet. Each docstring is what a good tutor would say."""

import torch
import torch.nn.functional as F
from torch import nn
from traindeep.reuse import stand_in

PreActBlock, StochasticDepth = stand_in("PreActBlock"), stand_in("StochasticDepth")


class _Net(nn.Module):
    """The network in small pieces, so that each mistake replaces one of them."""

    norm_at_end = relu_at_end = True
    strides = (1, 2, 2)

    def __init__(self, in_ch, classes, width, blocks, p_L=1.0, p_drop=0.0, norm=nn.BatchNorm2d):
        super().__init__()
        self.check(width, blocks)
        self.sizes, self.norm_of = (in_ch, classes, width, blocks), norm
        self.stem = nn.Conv2d(in_ch, width, 3, padding=1, bias=False)
        self.blocks = nn.ModuleList(self.make_blocks())
        L = len(self.blocks)
        self.gates = nn.ModuleList(self.gate(self.survival(l, L, p_L)) for l in range(1, L + 1))  # noqa: E741
        self.end(classes, norm)
        self.dropout = nn.Dropout(self.rate(p_drop))

    def check(self, width, blocks):
        if width < 1:
            raise ValueError(f"width must be at least 1, got {width}")
        if blocks < 1:
            raise ValueError(f"blocks must be at least 1, got {blocks}")

    def channels(self):
        width = self.sizes[2]
        return width, 2 * width, 4 * width

    def make_blocks(self):
        (_, _, before, blocks), made = self.sizes, []
        for out, first in zip(self.channels(), self.strides, strict=True):
            made += self.stage(before, out, first, blocks)
            before = out
        return made

    def stage(self, before, out, first, blocks):
        yield PreActBlock(before, out, stride=first, norm=self.norm_of)
        for _ in range(blocks - 1):
            yield PreActBlock(out, out, norm=self.norm_of)

    def survival(self, l, L, p_L):  # noqa: E741
        return 1 - l / L * (1 - p_L)

    def gate(self, p):
        return StochasticDepth(p)

    def rate(self, p_drop):
        return p_drop

    def end(self, classes, norm):
        self.norm = norm(self.channels()[-1]) if self.norm_at_end else nn.Identity()
        self.head = nn.Linear(self.channels()[-1], classes)

    def terms(self, block, x):
        h = F.relu(block.bn1(x))
        return x if block.shortcut is None else block.shortcut(h), block.conv2(F.relu(block.bn2(block.conv1(h))))

    def step(self, block, gate, x):
        skip, branch = self.terms(block, x)
        return gate(branch, skip)

    def first(self, x):
        return self.stem(x)

    def before_norm(self, x):
        return x

    def pool(self, x):
        return x.mean((2, 3))

    def last(self, x):
        return self.head(self.dropout(x))

    def forward(self, x):
        x = self.first(x)
        for block, gate in zip(self.blocks, self.gates, strict=True):
            x = self.step(block, gate, x)
        x = self.norm(self.before_norm(x))
        return self.last(self.pool(F.relu(x) if self.relu_at_end else x))


class no_final_norm(_Net):
    """There is no norm behind your last block. Each block adds to the sum, and nothing has normalized it: norm and relu come before the mean."""

    norm_at_end = False


class no_final_relu(_Net):
    """There is no relu behind your last norm. Without it norm, mean and linear layer are one linear map of the sum."""

    relu_at_end = False


class relu_before_the_last_norm(_Net):
    """You apply relu before the last norm. The order is linear, norm, relu: normalize first."""

    relu_at_end = False

    def before_norm(self, x):
        return F.relu(x)


class stride_1(_Net):
    """Your stages all keep the size of the image. The first block of the second and of the third stage has stride 2."""

    strides = (1, 1, 1)


class stride_2_everywhere(_Net):
    """Your first stage has stride 2 as well. It keeps the size; stages two and three halve it."""

    strides = (2, 2, 2)


class stride_in_every_block(_Net):
    """All blocks of your later stages have stride 2. Only the first block of a stage does, or a deep net has no pixels left."""

    def stage(self, before, out, first, blocks):
        for number in range(blocks):
            yield PreActBlock(out if number else before, out, stride=first, norm=self.norm_of)


class width_stays(_Net):
    """All your stages have width channels. They have width, 2 width and 4 width: half the rows and columns, twice the channels."""

    def channels(self):
        return (self.sizes[2],) * 3


class one_block_too_many(_Net):
    """Your stages have one block more than `blocks`, the one that changes the shape. It counts as one of them."""

    def stage(self, before, out, first, blocks):
        return super().stage(before, out, first, blocks + 1)


class one_block_again_and_again(_Net):
    """Your stages use one block several times, so all of them share their weights. `[block] * n` makes no new blocks: make each in a loop."""

    def stage(self, before, out, first, blocks):
        if before == out:
            yield from [PreActBlock(out, out, norm=self.norm_of)] * blocks
        else:
            yield from super().stage(before, out, first, blocks)


class norm_and_relu_behind_the_stem(_Net):
    """You put a norm and a relu behind the first convolution. The first block begins with both; here nothing stands between."""

    def end(self, classes, norm):
        super().end(classes, norm)
        self.bn = norm(self.sizes[2])

    def first(self, x):
        return F.relu(self.bn(self.stem(x)))


class stem_shrinks(_Net):
    """Your first convolution has stride 2, or a pool behind it, as for large photographs. Here it keeps the size."""

    def first(self, x):
        return self.stem(x)[:, :, ::2, ::2]


class maximum(_Net):
    """You take the maximum over the pixels. The pool at the end is a mean."""

    def pool(self, x):
        return x.amax((2, 3))


class softmax_at_the_end(_Net):
    """You return probabilities. F.cross_entropy applies softmax itself, and twice is wrong: return logits."""

    def last(self, x):
        return super().last(x).softmax(1)


class log_softmax_at_the_end(_Net):
    """You return the logarithms of probabilities. The network returns logits; the loss does the rest."""

    def last(self, x):
        return super().last(x).log_softmax(1)


class batch_norm_everywhere(_Net):
    """You build nn.BatchNorm2d whatever norm is. Hand norm on to the blocks, and call it for the last norm."""

    def __init__(self, in_ch, classes, width, blocks, p_L=1.0, p_drop=0.0, norm=nn.BatchNorm2d):
        super().__init__(in_ch, classes, width, blocks, p_L, p_drop)


class last_norm_is_batch_norm(_Net):
    """Your last norm is nn.BatchNorm2d whatever norm is. Make it with norm(4 * width)."""

    def end(self, classes, norm):
        super().end(classes, nn.BatchNorm2d)


class blocks_have_batch_norm(_Net):
    """Your blocks have batch norm whatever norm is. Hand it on: PreActBlock(..., norm=norm)."""

    def stage(self, before, out, first, blocks):
        self.norm_of = nn.BatchNorm2d
        return super().stage(before, out, first, blocks)


class no_dropout(_Net):
    """You do not use p_drop. Dropout stands between the mean and the linear layer."""

    def last(self, x):
        return self.head(x)


class dropout_before_the_last_norm(_Net):
    """Your dropout stands in front of the last norm. The norm then stores a variance with dropout in it, and evaluation has none: put it behind."""

    def before_norm(self, x):
        return self.dropout(x)

    def last(self, x):
        return self.head(x)


class dropout_in_the_blocks(_Net):
    """You drop values of the branches, in front of the next norms. Their variance then differs between training and evaluation: one dropout, behind the last norm."""

    def terms(self, block, x):
        skip, branch = super().terms(block, x)
        return skip, self.dropout(branch)


class dropout_of_the_output(_Net):
    """You drop logits. The output of a network is never dropped: dropout stands before the last layer."""

    def last(self, x):
        return self.dropout(self.head(x))


class p_drop_is_kept(_Net):
    """You keep features with probability p_drop. It is the probability to drop them."""

    def rate(self, p_drop):
        return 1 - p_drop if p_drop else 0.0


class dropout_also_in_evaluation(_Net):
    """Your dropout goes on in evaluation. F.dropout does so unless it is told: training=self.training, or a module."""

    def last(self, x):
        return self.head(F.dropout(x, self.dropout.p))


class survival_is_constant(_Net):
    """All your branches survive with p_L. It falls in equal steps, from just below 1 for the first block to p_L for the last."""

    def survival(self, l, L, p_L):  # noqa: E741
        return p_L


class schedule_starts_anew(_Net):
    """Your schedule starts anew in each stage. It goes through all blocks of the network once: L is 3 * blocks."""

    def survival(self, l, L, p_L):  # noqa: E741
        blocks = L // 3
        return 1 - ((l - 1) % blocks + 1) / blocks * (1 - p_L)


class counted_from_0(_Net):
    """You count the blocks from 0, so the first never drops its branch and the last not with p_L. The input is number 0: survival_probs(3 * blocks, p_L)."""

    def survival(self, l, L, p_L):  # noqa: E741
        return 1 - (l - 1) / L * (1 - p_L)


class reversed_schedule(_Net):
    """Your first blocks are dropped most. Early blocks make what all others use: they survive most often."""

    def survival(self, l, L, p_L):  # noqa: E741
        return 1 - (L + 1 - l) / L * (1 - p_L)


class p_L_is_dropped(_Net):
    """You use the probabilities to survive as probabilities to drop. A gate takes the probability that the branch is there."""

    def survival(self, l, L, p_L):  # noqa: E741
        return 1 - super().survival(l, L, p_L) if p_L < 1 else 1.0


class only_where_the_shape_stays(_Net):
    """Only blocks that keep the shape have gates. The others have them as well: drop the branch, and keep the projection."""

    def step(self, block, gate, x):
        skip, branch = self.terms(block, x)
        return gate(branch, skip) if block.shortcut is None else skip + branch


class projection_dropped(_Net):
    """Where the shape changes, you drop the projection together with the branch, and nothing is left of the example. The skip always stays."""

    def step(self, block, gate, x):
        skip, branch = self.terms(block, x)
        if block.shortcut is None:
            return gate(branch, skip)
        return gate(skip + branch, torch.zeros_like(skip))


class skip_twice(_Net):
    """You give the gate the whole output of the block, which has the skip in it, and the skip once more. It takes the branch alone: block(x) - skip."""

    def step(self, block, gate, x):
        skip, branch = self.terms(block, x)
        return gate(skip + branch, skip)


class skip_is_gated(_Net):
    """You gave the gate skip and branch in the wrong order, so it drops the skip. It is gate(branch, skip)."""

    def step(self, block, gate, x):
        skip, branch = self.terms(block, x)
        return gate(skip, branch)


class scaled_twice(_Net):
    """You divide by the probability in training and multiply with it in evaluation. One of the two is enough."""

    def step(self, block, gate, x):
        skip, branch = self.terms(block, x)
        return gate(branch / gate.p_survive if self.training else branch, skip)


class never_scaled(_Net):
    """You drop branches in training, but the scale is never put right: in evaluation a branch counts for more than it did on average."""

    def step(self, block, gate, x):
        skip, branch = self.terms(block, x)
        return gate(branch, skip) if self.training else skip + branch


class gates_also_in_evaluation(_Net):
    """Your gates draw in evaluation as well. There the branch is multiplied with its probability: the gate has to know the mode of the network."""

    def step(self, block, gate, x):
        return super().step(block, gate.train(), x)


class one_gate_for_the_batch(_Net):
    """All examples of a batch share your gates. Each example draws its own: mode "row"."""

    def gate(self, p):
        return StochasticDepth(p, mode="batch")


class sizes_not_checked(_Net):
    """You accept a network without blocks or without channels. Refuse it with a ValueError that names the argument."""

    def check(self, width, blocks):
        self.empty = min(width, blocks) < 1

    def __init__(self, in_ch, classes, width, blocks, *args, **kwargs):
        super().__init__(in_ch, classes, max(width, 1), max(blocks, 1), *args, **kwargs)


class flattened(_Net):
    """You flatten the maps for images of one size (here 8x8) instead of taking the mean over all pixels. Then images of other sizes fail: x.mean((2, 3))."""

    def end(self, classes, norm):
        super().end(classes, norm)
        self.head = nn.Linear(4 * self.channels()[-1], classes)

    def pool(self, x):
        return x.flatten(1)


class no_gates(_Net):
    """You do not use p_L: all branches are always there. Each block needs a gate."""

    def step(self, block, gate, x):
        return sum(self.terms(block, x))
