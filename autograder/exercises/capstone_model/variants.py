"""Right answers to train_capstone, written in other ways. More of them, with their accuracies: benchmarks/capstone.py."""

import copy
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def _images(X, name):
    if X.dim() != 4 or X.size(1) != 3:
        raise ValueError(f"{name}: expected 3 channels")
    return X


def _conv(i, o, stride=1):
    return nn.Conv2d(i, o, 3, stride, 1, bias=False)


class _Residual(nn.Module):
    """The block of the first residual networks, with relu behind the sum; the branch survives with probability p."""

    def __init__(self, i, o, stride, norm, p=1.0):
        super().__init__()
        self.branch = nn.Sequential(_conv(i, o, stride), norm(o), nn.ReLU(), _conv(o, o), norm(o))
        self.skip = nn.Sequential() if i == o else nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), norm(o))
        self.p = p

    def forward(self, x):
        branch = self.branch(x)
        if self.training and self.p < 1:
            branch = branch * (torch.rand(len(x), 1, 1, 1) < self.p) / self.p
        return F.relu(self.skip(x) + branch)


def _net(norm, width, p_drop, p=1.0):
    return nn.Sequential(
        *(_conv(3, width), norm(width), nn.ReLU(), _Residual(width, width, 1, norm, p)),
        *(_Residual(width, 2 * width, 2, norm, p), _Residual(2 * width, 4 * width, 2, norm, p)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(p_drop), nn.Linear(4 * width, 6)),
    )


def _mirrored_and_rolled(x, rng):
    x = torch.stack([image.flip(2) if rng.random() < 0.5 else image for image in x])
    dy, dx = rng.integers(-2, 3, 2)
    return torch.roll(x, (int(dy), int(dx)), (2, 3))[:, rng.permutation(3).tolist()]


class group_norm(nn.Module):
    """Group norm, AdamW, weights averaged over the training with a decaying memory; the predictor is a module."""

    def __init__(self, X, y, seed):
        super().__init__()
        X, rng, epochs = _images(X, "X"), np.random.default_rng(seed), 30
        torch.manual_seed(seed)
        self.center = float(X.mean())
        net = _net(lambda channels: nn.GroupNorm(4, channels), 8, 0.1)
        self.net = copy.deepcopy(net)
        optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=0.02)
        for epoch in range(epochs):
            for group in optimizer.param_groups:
                group["lr"] = 5e-3 * min(1, (epoch + 1) / 4, (epochs - epoch) / 18)
            order = rng.permutation(len(X))
            for start in range(0, len(X), 25):
                rows = order[start : start + 25]
                loss = F.cross_entropy(net(_mirrored_and_rolled(4 * (X[rows] - self.center), rng)), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                for mean, new in zip(self.net.parameters(), net.parameters(), strict=True):
                    mean.data.lerp_(new.data, 0.05)
        self.eval().requires_grad_(False)

    def forward(self, images):
        return F.softmax(self.net(4 * (_images(images, "images") - self.center)), dim=-1)


def checkpoints(X, y, seed):
    """MixUp, stochastic depth and a cosine; a fifth held out chooses three checkpoints, whose predictions are averaged."""
    _images(X, "X")
    generator = torch.Generator().manual_seed(seed)
    rng, epochs, kept = np.random.default_rng([seed, 1]), 36, []
    torch.manual_seed(seed)
    net = _net(nn.BatchNorm2d, 8, 0.0, p=0.97)
    order = torch.randperm(len(X), generator=generator)
    held_out, train = order[:50], order[50:]
    mean = X[train].mean((0, 2, 3)).view(1, 3, 1, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = 0.03 * (1 + math.cos(math.pi * epoch / epochs)) * min(1, (epoch + 1) / 4)
        net.train()
        for rows in train[torch.randperm(len(train), generator=generator)].chunk(14):
            x, targets = _mirrored_and_rolled(X[rows] - mean, rng), F.one_hot(y[rows], 6).float()
            share, other = rng.beta(0.1, 0.1), torch.randperm(len(rows), generator=generator)
            outputs = net((share * x + (1 - share) * x[other]).float())
            targets = (share * targets + (1 - share) * targets[other]).float()
            loss = -(targets * outputs.log_softmax(1)).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch >= epochs - 6:
            net.eval()
            with torch.no_grad():
                loss = F.cross_entropy(net(X[held_out] - mean), y[held_out])
            kept.append((loss.item(), epoch, copy.deepcopy(net)))
    best = [net for _, _, net in sorted(kept, key=lambda one: one[:2])[:3]]

    def predict(images):
        with torch.inference_mode():
            x = _images(images, "images") - mean
            return torch.stack([net(x).softmax(1) for net in best]).mean(0).numpy()

    return predict
