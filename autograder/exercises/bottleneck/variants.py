"""Right answers to Bottleneck, written in other ways."""

import torch
import torch.nn.functional as F
from torch import nn


class in_a_sequential(nn.Module):
    """The named members, and a Sequential that holds them a second time."""

    def __init__(self, in_ch, mid, stride=1, expansion=4, norm=nn.BatchNorm2d):
        super().__init__()
        if mid <= 0 or expansion <= 0:
            raise ValueError(f"mid = {mid} and expansion = {expansion} have to be positive")
        out_ch = expansion * mid
        self.conv1, self.bn1 = nn.Conv2d(in_ch, mid, 1, bias=False), norm(mid)
        self.conv2, self.bn2 = nn.Conv2d(mid, mid, 3, stride, 1, bias=False), norm(mid)
        self.conv3, self.bn3 = nn.Conv2d(mid, out_ch, 1, bias=False), norm(out_ch)
        relu = nn.ReLU(inplace=True)
        self.branch = nn.Sequential(self.conv1, self.bn1, relu, self.conv2, self.bn2, relu, self.conv3, self.bn3)
        if (in_ch, stride) == (out_ch, 1):
            self.shortcut = nn.Sequential()
        else:
            self.shortcut = nn.Sequential(nn.Conv2d(in_ch, out_ch, 1, stride, bias=False), norm(out_ch))

    def forward(self, x):
        y = self.branch(x)
        y += self.shortcut(x)
        return y.relu_()


class by_number(nn.Module):
    """A loop that registers the members; the shortcut comes first and is None where x passes."""

    def __init__(self, in_ch, mid, stride=1, expansion=4, norm=nn.BatchNorm2d):
        super().__init__()
        if not mid >= 1:
            raise ValueError("mid")
        if not expansion >= 1:
            raise ValueError("expansion")
        widths = [in_ch, mid, mid, mid * expansion]
        self.shortcut = None
        if widths[0] != widths[-1] or stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(in_ch, widths[-1], 1, stride=stride, bias=False), norm(widths[-1]))
        for i, (size, step) in enumerate(((1, 1), (3, stride), (1, 1))):
            conv = nn.Conv2d(widths[i], widths[i + 1], size, stride=step, padding=size // 2, bias=False)
            setattr(self, f"conv{i + 1}", conv)
            setattr(self, f"bn{i + 1}", norm(widths[i + 1]))

    def forward(self, x):
        h = x
        for i in (1, 2, 3):
            h = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(h))
            h = h if i == 3 else torch.relu(h)
        return torch.relu(h + (x if self.shortcut is None else self.shortcut(x)))


class functional(nn.Module):
    """1x1 convolutions by einsum, the 3x3 by unfold; the projection as a module with conv and bn."""

    def __init__(self, in_ch, mid, stride=1, expansion=4, norm=nn.BatchNorm2d):
        super().__init__()
        for name, value in {"mid": mid, "expansion": expansion}.items():
            if value < 1:
                raise ValueError(f"{name}={value}")
        out = mid * expansion
        self.conv1 = nn.Conv2d(in_ch, mid, 1, bias=False)
        self.bn1 = norm(mid)
        self.conv2 = nn.Conv2d(mid, mid, 3, stride=stride, padding=1, bias=False)
        self.bn2 = norm(mid)
        self.conv3 = nn.Conv2d(mid, out, 1, bias=False)
        self.bn3 = norm(out)
        self.stride = stride
        self.shortcut = nn.Identity()
        if stride != 1 or in_ch != out:
            self.shortcut = nn.ModuleDict({"project": nn.Conv2d(in_ch, out, 1, stride=stride, bias=False)})
            self.shortcut["norm"] = norm(out)

    def forward(self, x):
        h = F.relu(self.bn1(torch.einsum("nchw,oc->nohw", x, self.conv1.weight[:, :, 0, 0])))
        N, mid, H, W = h.shape
        patches = F.unfold(h, 3, padding=1, stride=self.stride)  # (N, mid * 9, positions)
        h = self.conv2.weight.reshape(mid, -1) @ patches
        h = h.reshape(N, mid, -(-H // self.stride), -(-W // self.stride))
        h = F.relu(self.bn2(h))
        h = self.bn3(torch.einsum("nchw,oc->nohw", h, self.conv3.weight[:, :, 0, 0]))
        skip = self.shortcut
        return F.relu(h + (skip["norm"](skip["project"](x)) if isinstance(skip, nn.ModuleDict) else skip(x)))
