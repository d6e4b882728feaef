"""Right answers to build_resnet, written in other ways."""

import torch
import torch.nn.functional as F
from torch import nn
from traindeep.reuse import stand_in

PreActBlock, StochasticDepth = stand_in("PreActBlock"), stand_in("StochasticDepth")
survival_probs = stand_in("survival_probs")


class _Gated(nn.Module):
    """A block and its gate; the branch is what the block adds to its skip."""

    def __init__(self, block, p, scale="test"):
        super().__init__()
        self.block, self.gate = block, StochasticDepth(p, scale=scale)

    def forward(self, x):
        skip = x if self.block.shortcut is None else self.block.shortcut(F.relu(self.block.bn1(x)))
        return self.gate(self.block(x) - skip, skip)


def _refuse(width, blocks):
    for name, value in (("width", width), ("blocks", blocks)):
        if value < 1:
            raise ValueError(f"{name} is too small")


def in_a_sequential(in_ch, classes, width, blocks, p_L=1.0, p_drop=0.0, norm=nn.BatchNorm2d):
    """One Sequential of torch's layers, a stem with bias, branches scaled in training."""
    _refuse(width, blocks)
    p, layers, c = iter(survival_probs(3 * blocks, p_L)), [nn.Conv2d(in_ch, width, 3, padding=1)], width
    for stage in range(3):
        for number in range(blocks):
            out, stride = width * 2**stage, 2 if stage and not number else 1
            layers.append(_Gated(PreActBlock(c, out, stride, norm=norm), float(next(p)), "train"))
            c = out
    pool = nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(*layers, norm(c), nn.ReLU(), *pool, nn.Dropout(p_drop), nn.Linear(c, classes))


class functional(nn.Module):
    """Gates and dropout as functions; the last layers are made first, stages are lists in a list."""

    def __init__(self, in_ch, classes, width, blocks, p_L=1.0, p_drop=0.0, norm=nn.BatchNorm2d):
        super().__init__()
        if blocks <= 0 or width <= 0:
            raise ValueError(f"width and blocks must be positive, got {width} and {blocks}")
        self.p, self.p_drop = torch.linspace(1, p_L, 3 * blocks + 1)[1:].tolist(), p_drop
        self.out, self.last = nn.Linear(4 * width, classes), norm(4 * width)
        self.conv = nn.Conv2d(in_ch, width, kernel_size=3, stride=1, padding="same", bias=False)
        self.stages = nn.ModuleList(
            nn.ModuleList(
                PreActBlock(width * 2 ** max(s - (n == 0), 0), width * 2**s, 2 if s and n == 0 else 1, norm=norm)
                for n in range(blocks)
            )
            for s in range(3)
        )

    def forward(self, x):
        x = self.conv(x)
        for p, block in zip(self.p, (block for stage in self.stages for block in stage), strict=True):
            h = block.bn1(x).clamp(min=0)
            skip = block.shortcut(h) if block.shortcut is not None else x
            branch = block.conv2(block.bn2(block.conv1(h)).relu())
            there = torch.bernoulli(torch.full((len(x), 1, 1, 1), p)).to(x) if self.training else p
            x = skip + there * branch
        x = F.adaptive_avg_pool2d(self.last(x).relu(), 1).squeeze(-1).squeeze(-1)
        return self.out(F.dropout(x, self.p_drop, self.training))


class _OwnBlock(nn.Module):
    """A block that holds its own layers and drops its branch."""

    def __init__(self, before, out, stride, p, norm):
        super().__init__()
        self.p = p
        self.a, self.conv_a = norm(before), nn.Conv2d(before, out, 3, stride, 1, bias=False)
        self.b, self.conv_b = norm(out), nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.project = nn.Conv2d(before, out, 1, stride, bias=False) if before != out else nn.Identity()

    def forward(self, x):
        h = torch.relu(self.a(x))
        skip = x if isinstance(self.project, nn.Identity) else self.project(h)
        branch = self.conv_b(torch.relu(self.b(self.conv_a(h))))
        if not self.training:
            return skip + branch
        there = torch.rand(x.shape[0], device=x.device) < self.p
        return skip + branch * (there / self.p).to(branch.dtype)[:, None, None, None]


class written_out(nn.Module):
    """Blocks written anew, scaled in training; dropout of whole maps in front of the mean, which is the same as behind it."""

    def __init__(self, in_ch, classes, width, blocks, p_L=1.0, p_drop=0.0, norm=nn.BatchNorm2d):
        super().__init__()
        if width < 1:
            raise ValueError("width")
        if blocks < 1:
            raise ValueError("blocks")
        self.input = nn.Conv2d(in_ch, width, 3, 1, 1, bias=False)
        L, channels = 3 * blocks, [width, *[width] * blocks, *[2 * width] * blocks, *[4 * width] * blocks]
        self.body = nn.Sequential(
            *(
                _OwnBlock(
                    channels[i], channels[i + 1], 1 + (i in (blocks, 2 * blocks)), 1 - (i + 1) * (1 - p_L) / L, norm
                )
                for i in range(L)
            )
        )
        self.tail = nn.Sequential(norm(4 * width), nn.ReLU(), nn.Dropout2d(p_drop))
        self.logits = nn.Linear(4 * width, classes)

    def forward(self, x):
        return self.logits(self.tail(self.body(self.input(x))).flatten(2).mean(2))
