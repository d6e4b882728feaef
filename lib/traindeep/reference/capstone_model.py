"""The capstone: a small residual network with everything, trained in seconds.

Pre-activation blocks (He, Zhang, Ren, Sun, "Identity Mappings in Deep Residual Networks", arXiv:1603.05027) with batch norm,
dropout before the last layer, flips, shifts and permuted colours, decay of the weights only, label smoothing, one cycle of
the learning rate (Smith and Topin, arXiv:1708.07120), and the mean over an image and its mirror image.
"""

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES, CHANNELS = 6, 3
EPOCHS, BATCH, WIDTH, LR, DECAY, SMOOTHING, P_DROP, SHIFT = 30, 32, 8, 0.1, 5e-4, 0.05, 0.1, 2


def train_capstone(X: Tensor, y: Tensor, seed: int) -> Callable[[Tensor], Tensor]:
    """Train on (X, y) and return a function that gives the probabilities of the classes of new images.

    Args:
        X: (N, 3, 16, 16) float32 images with values in [0, 1]; 500 of them in the exam.
        y: (N,) int64 labels in 0..5, of which a tenth is wrong.
        seed: Decides everything random. The global random state of torch is as before afterwards.

    Returns:
        predict, (n, 3, 16, 16) -> (n, 6): rows add up to 1, each depends on its own image alone, n may be 1.

    Raises:
        ValueError: X, or what predict is given, does not have 3 channels.
    """
    _require_channels(X, "X")
    net, mean, std = trained(X.numpy().tobytes(), y.numpy().tobytes(), tuple(X.shape), seed)

    @torch.no_grad()
    def predict(images: Tensor) -> Tensor:
        _require_channels(images, "images")
        x = (images - mean) / std
        return (net(x).softmax(1) + net(x.flip(3)).softmax(1)) / 2

    return predict


def _require_channels(images: Tensor, name: str) -> None:
    if images.ndim != 4 or images.shape[1] != CHANNELS:
        raise ValueError(f"{name} must have shape (n, {CHANNELS}, H, W), got {tuple(images.shape)}")


@functools.lru_cache(maxsize=32)  # the same data and seed give the same net, and the kill table asks often
def trained(images: bytes, labels: bytes, shape: tuple[int, ...], seed: int) -> tuple[nn.Module, Tensor, Tensor]:
    """The net in evaluation mode, and the mean and standard deviation of each channel, (1, 3, 1, 1)."""
    X = torch.frombuffer(bytearray(images), dtype=torch.float32).reshape(shape)
    y = torch.frombuffer(bytearray(labels), dtype=torch.int64)
    std, mean = torch.std_mean(X, (0, 2, 3), keepdim=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = residual_net().to(memory_format=torch.channels_last)
        fit(net, (X - mean) / std, y)
    return net.eval(), mean, std


def residual_net(width: int = WIDTH, norm: Callable[[int], nn.Module] = nn.BatchNorm2d) -> nn.Sequential:
    """3x3 convolution, three blocks with (width, 2 width, 4 width) channels, norm, ReLU, mean over pixels, dropout, linear."""
    blocks = [_Block(width, width, 1, norm), _Block(width, 2 * width, 2, norm), _Block(2 * width, 4 * width, 2, norm)]
    head = [norm(4 * width), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(P_DROP)]
    return nn.Sequential(_conv(CHANNELS, width), *blocks, *head, nn.Linear(4 * width, CLASSES))


class _Block(nn.Module):
    """skip + conv(relu(norm(conv(h)))) with h = relu(norm(x)); the skip is x, or a 1x1 convolution of h."""

    def __init__(self, in_ch: int, out_ch: int, stride: int, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.norm1, self.conv1 = norm(in_ch), _conv(in_ch, out_ch, stride)
        self.norm2, self.conv2 = norm(out_ch), _conv(out_ch, out_ch)
        self.shortcut = None if in_ch == out_ch and stride == 1 else nn.Conv2d(in_ch, out_ch, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.norm1(x))
        skip = x if self.shortcut is None else self.shortcut(h)
        return skip + self.conv2(F.relu(self.norm2(self.conv1(h))))


def _conv(in_ch: int, out_ch: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_ch, out_ch, 3, stride, padding=1, bias=False)


def fit(net: nn.Module, x: Tensor, y: Tensor, epochs: int = EPOCHS) -> None:
    """Train in place on standardized images, with everything that the head of this file names."""
    weights = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim == 1]
    groups = [{"params": weights, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=LR, momentum=0.9, nesterov=True)
    steps = epochs * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps)
    net.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(net(augmented(x[rows])), y[rows], label_smoothing=SMOOTHING).backward()
            optimizer.step()
            schedule.step()


def augmented(x: Tensor) -> Tensor:
    """Each image mirrored or not and shifted by up to SHIFT pixels; the channels of the batch in a random order."""
    N, _, H, W = x.shape
    x = torch.where(torch.rand(N, 1, 1, 1) < 0.5, x.flip(3), x)[:, torch.randperm(CHANNELS)]
    padded = F.pad(x, (SHIFT,) * 4, mode="reflect")
    top, left = torch.randint(2 * SHIFT + 1, (2, N, 1))
    rows, columns = top + torch.arange(H), left + torch.arange(W)
    picked = padded[torch.arange(N)[:, None, None], :, rows[:, :, None], columns[:, None, :]]  # (N, H, W, C)
    return picked.permute(0, 3, 1, 2)
