"""Right answers to BasicBlock, written in other ways."""

import torch
import torch.nn.functional as F
from torch import nn


class in_a_sequential(nn.Module):
    """The named members, and a Sequential that holds them a second time; the shortcut is a Sequential, empty where x passes."""

    def __init__(self, in_ch, out_ch, stride=1, shortcut="B", norm=nn.BatchNorm2d):
        super().__init__()
        if shortcut not in "ABC" or len(shortcut) != 1:
            raise ValueError(f"shortcut {shortcut!r} is unknown")
        if shortcut == "A" and in_ch > out_ch:
            raise ValueError(f"shortcut A: {in_ch} > {out_ch}")
        self.option, self.stride = shortcut, stride
        self.conv1, self.bn1 = nn.Conv2d(in_ch, out_ch, 3, stride, 1, bias=False), norm(out_ch)
        self.conv2, self.bn2 = nn.Conv2d(out_ch, out_ch, 3, 1, 1, bias=False), norm(out_ch)
        self.branch = nn.Sequential(self.conv1, self.bn1, nn.ReLU(inplace=True), self.conv2, self.bn2)
        self.shortcut = nn.Sequential()
        if shortcut == "C" or (shortcut == "B" and (stride, in_ch) != (1, out_ch)):
            self.shortcut.append(nn.Conv2d(in_ch, out_ch, 1, stride, bias=False))
            self.shortcut.append(norm(out_ch))

    def forward(self, x):
        y = self.branch(x)
        if self.option == "A":
            y[:, : x.shape[1]] += x[:, :, :: self.stride, :: self.stride]
        else:
            y += self.shortcut(x)
        return y.relu()


class shortcut_first(nn.Module):
    """The shortcut is registered first; zeros are put on with cat."""

    def __init__(self, in_ch, out_ch, stride=1, shortcut="B", norm=nn.BatchNorm2d):
        super().__init__()
        same = stride == 1 and in_ch == out_ch
        if shortcut == "C" or (shortcut == "B" and not same):
            self.shortcut = nn.Sequential(nn.Conv2d(in_ch, out_ch, 1, stride=stride, bias=False), norm(out_ch))
        elif shortcut == "A":
            if out_ch < in_ch:
                raise ValueError("option A needs out_ch >= in_ch")
            self.shortcut = lambda x: torch.cat(
                [x[..., ::stride, ::stride], x.new_zeros(len(x), out_ch - in_ch, *x[0, 0, ::stride, ::stride].shape)], 1
            )
        elif shortcut == "B":
            self.shortcut = lambda x: x
        else:
            raise ValueError("shortcut: A, B or C")
        self.bn2, self.bn1 = norm(out_ch), norm(out_ch)
        self.conv2 = nn.Conv2d(out_ch, out_ch, 3, padding="same", bias=False)
        self.conv1 = nn.Conv2d(in_ch, out_ch, (3, 3), (stride, stride), (1, 1), bias=False)

    def forward(self, x):
        out = self.bn1(self.conv1(x)).clamp(min=0)
        return torch.clamp(self.shortcut(x) + self.bn2(self.conv2(out)), min=0)


class functional(nn.Module):
    """F.conv2d with the weights of the members; F.interpolate for the pixels of option A."""

    def __init__(self, in_ch, out_ch, stride=1, shortcut="B", norm=nn.BatchNorm2d):
        super().__init__()
        if shortcut not in {"A", "B", "C"}:
            raise ValueError("what shortcut is that?")
        if shortcut == "A" and in_ch > out_ch:
            raise ValueError("in_ch > out_ch")
        self.conv1 = nn.Conv2d(in_ch, out_ch, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = norm(out_ch)
        self.conv2 = nn.Conv2d(out_ch, out_ch, kernel_size=3, padding=1, bias=False)
        self.bn2 = norm(out_ch)
        self.shortcut, self.s, self.a = None, stride, shortcut == "A"
        if shortcut == "C" or (shortcut == "B" and not (stride == 1 and in_ch == out_ch)):
            self.shortcut = nn.ModuleList([nn.Conv2d(in_ch, out_ch, 1, stride=stride, bias=False), norm(out_ch)])

    def forward(self, x):
        h = torch.relu(self.bn1(F.conv2d(x, self.conv1.weight, stride=self.s, padding=1)))
        h = self.bn2(F.conv2d(h, self.conv2.weight, padding=1))
        if self.a:
            small = F.max_pool2d(x, 1, self.s)
            wide = torch.zeros_like(h)
            wide[:, : x.shape[1]] = small
            x = wide
        for layer in self.shortcut or ():
            x = layer(x)
        return F.relu(x + h)


class parts_of_one_class(nn.Module):
    """A module of its own for the shortcut, with a projection made by a kernel of the identity for option A."""

    class Shortcut(nn.Module):
        def __init__(self, in_ch, out_ch, stride, option, norm):
            super().__init__()
            self.stride = stride
            self.learned = option == "C" or (option == "B" and (in_ch != out_ch or stride > 1))
            if self.learned:
                self.project = nn.Conv2d(in_ch, out_ch, 1, stride, bias=False)
                self.bn = norm(out_ch)
            else:
                self.register_buffer("kernel", torch.eye(out_ch, in_ch)[:, :, None, None], persistent=False)

        def forward(self, x):
            if self.learned:
                return self.bn(self.project(x))
            return F.conv2d(x, self.kernel.to(x), stride=self.stride)

    def __init__(self, in_ch, out_ch, stride=1, shortcut="B", norm=nn.BatchNorm2d):
        super().__init__()
        if shortcut == "A" and in_ch > out_ch:
            raise ValueError(f"A cannot go from in_ch={in_ch} to out_ch={out_ch}")
        if shortcut not in ["A", "B", "C"]:
            raise ValueError("shortcut")
        self.conv1, self.conv2 = (
            nn.Conv2d(a, out_ch, 3, stride=s, padding=1, bias=False) for a, s in ((in_ch, stride), (out_ch, 1))
        )
        self.bn1, self.bn2 = norm(out_ch), norm(out_ch)
        self.shortcut = self.Shortcut(in_ch, out_ch, stride, shortcut, norm)

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out.add(self.shortcut(x)))
