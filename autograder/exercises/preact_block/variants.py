"""Right answers to PreActBlock, written in other ways."""

import torch
import torch.nn.functional as F
from torch import nn


class sequential_branch(nn.Module):
    """The named members, and a Sequential that holds them a second time; an empty Sequential as shortcut."""

    def __init__(self, in_ch, out_ch, stride=1, zero_init=False, norm=nn.BatchNorm2d):
        super().__init__()
        self.bn1, self.conv1 = norm(in_ch), nn.Conv2d(in_ch, out_ch, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = norm(out_ch), nn.Conv2d(out_ch, out_ch, 3, 1, 1, bias=False)
        self.before = nn.Sequential(self.bn1, nn.ReLU())
        self.branch = nn.Sequential(self.conv1, self.bn2, nn.ReLU(inplace=True), self.conv2)
        self.keeps = stride == 1 and in_ch == out_ch
        self.shortcut = nn.Sequential()
        if not self.keeps:
            self.shortcut.append(nn.Conv2d(in_ch, out_ch, 1, stride, bias=False))
        if zero_init:
            self.conv2.weight.data.zero_()

    def forward(self, x):
        h = self.before(x)
        out = self.branch(h)
        out += x if self.keeps else self.shortcut(h)
        return out


class functional(nn.Module):
    """F.conv2d with the members' weights, and the shortcut registered first."""

    def __init__(self, in_ch, out_ch, stride=1, zero_init=False, norm=nn.BatchNorm2d):
        super().__init__()
        self.stride = stride
        if stride > 1 or in_ch != out_ch:
            self.shortcut = nn.Conv2d(in_ch, out_ch, kernel_size=1, bias=False)
        else:
            self.register_module("shortcut", None)
        self.conv2 = nn.Conv2d(out_ch, out_ch, 3, bias=False)
        self.conv1 = nn.Conv2d(in_ch, out_ch, 3, bias=False)
        self.bn1, self.bn2 = norm(in_ch), norm(out_ch)
        if zero_init:
            with torch.no_grad():
                self.conv2.weight *= 0

    def forward(self, x):
        h = self.bn1(x).clamp(min=0)
        z = F.conv2d(h, self.conv1.weight, stride=self.stride, padding=1)
        z = F.conv2d(self.bn2(z).clamp(min=0), self.conv2.weight, padding=1)
        if self.shortcut is None:
            return torch.add(x, z)
        return F.conv2d(h, self.shortcut.weight, stride=self.stride) + z


class subsampled_projection(nn.Module):
    """The projection is a 1x1 convolution without stride of every stride-th pixel; nn.Identity else."""

    def __init__(self, in_ch, out_ch, stride=1, zero_init=False, norm=nn.BatchNorm2d):
        super().__init__()
        self.bn1 = norm(in_ch)
        self.conv1 = nn.Conv2d(in_ch, out_ch, 3, padding=1, stride=stride, bias=False)
        self.bn2 = norm(out_ch)
        self.conv2 = nn.Conv2d(out_ch, out_ch, 3, padding="same", bias=False)
        if zero_init:
            nn.init.constant_(self.conv2.weight, 0.0)
        self.stride, same = stride, (stride, in_ch) == (1, out_ch)
        self.shortcut = nn.Identity() if same else nn.Conv2d(in_ch, out_ch, 1, bias=False)

    def forward(self, x):
        h = torch.relu(self.bn1(x))
        source = x if isinstance(self.shortcut, nn.Identity) else h[..., :: self.stride, :: self.stride]
        return self.shortcut(source) + self.conv2(torch.relu(self.bn2(self.conv1(h))))
