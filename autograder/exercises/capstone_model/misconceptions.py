"""Wrong answers to train_capstone that people give.

They share one training, shorter than that of the reference but good enough to be told from one that has learned little: what
they get wrong shows in the facts of the exam, whatever the accuracy.
"""

import copy
import functools

import torch
import torch.nn.functional as F
from torch import nn
from traindeep.data import shapes


class _Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(i), nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(o), nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.skip = nn.Identity() if i == o else nn.Conv2d(i, o, 1, stride, bias=False)

    def forward(self, x):
        return self.skip(x) + self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))


def _new_net(seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            *(nn.Conv2d(3, 8, 3, 1, 1, bias=False), _Block(8, 8, 1), _Block(8, 16, 2), _Block(16, 32, 2)),
            *(nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(32, 6)),
        )


@functools.lru_cache(maxsize=32)
def _trained(images, labels, seed, epochs=18):
    """Net, mean and standard deviation from the bytes of X and y: trained once for all mistakes."""
    X = torch.frombuffer(bytearray(images), dtype=torch.float32).reshape(-1, 3, 16, 16)
    y = torch.frombuffer(bytearray(labels), dtype=torch.int64)
    std, mean = torch.std_mean(X, (0, 2, 3), keepdim=True)
    net, x = _new_net(seed), F.pad((X - mean) / std, (2, 2, 2, 2), mode="reflect")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=epochs * -(-len(x) // 32))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(32):
                top, left = torch.randint(5, (2,)).tolist()
                batch = x[rows][:, torch.randperm(3), top : top + 16, left : left + 16]
                optimizer.zero_grad()
                F.cross_entropy(net(batch.flip(3) if torch.rand(()) < 0.5 else batch), y[rows]).backward()
                optimizer.step()
                schedule.step()
    return net.eval(), mean, std


def _net(X, y, seed):
    """A copy of the trained net, mean and standard deviation; ValueError for other than three channels."""
    _three_channels(X)
    net, mean, std = _trained(X.numpy().tobytes(), y.numpy().tobytes(), seed)
    return copy.deepcopy(net), mean, std


def _checked(predict):
    """predict without gradients, for images of three channels."""

    @functools.wraps(predict)
    @torch.no_grad()
    def checked(images):
        _three_channels(images)
        return predict(images)

    return checked


def _three_channels(images, kind=ValueError):
    if images.shape[1] != 3:
        raise kind(f"X and images must have 3 channels, got {images.shape[1]}")


def _answer(X, y, seed, last=lambda logits: logits.softmax(1)):
    net, mean, std = _net(X, y, seed)
    return _checked(lambda images: last(net((images - mean) / std)))


# ---- the mode of the net ---------------------------------------------------------------------------------


def training_mode(X, y, seed):
    """Two predictions for the same images differ. Most often the net is still in training mode, where dropout draws and batch norm uses the images that happen to be in the batch: call eval() in predict. Random views of an image do it, too; fixed ones are fine."""
    net, mean, std = _net(X, y, seed)
    net.train()
    return _checked(lambda images: net((images - mean) / std).softmax(1))


def batch_statistics(X, y, seed):
    """Your batch norm predicts with the statistics of the batch that it is given, so an image's prediction depends on its neighbours. In evaluation mode it uses the running statistics."""
    net, mean, std = _net(X, y, seed)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.train()
    return _checked(lambda images: net((images - mean) / std).softmax(1))


def standardized_by_the_batch(X, y, seed):
    """You standardize new images with their own mean and standard deviation over the batch. The mean and standard deviation of X belong to the model; with others, an image's prediction depends on its neighbours."""
    net, _, _ = _net(X, y, seed)

    def predict(images):
        std, mean = torch.std_mean(images, (0, 2, 3), keepdim=True)
        return net((images - mean) / std).softmax(1)

    return _checked(predict)


# ---- what is returned ------------------------------------------------------------------------------------


def logits(X, y, seed):
    """predict returns logits. Probabilities are asked for: softmax over the classes."""
    return _answer(X, y, seed, lambda logits: logits)


def log_probabilities(X, y, seed):
    """predict returns logarithms of probabilities: the exponentials add up to 1, the numbers do not."""
    return _answer(X, y, seed, lambda logits: logits.log_softmax(1))


def sigmoids(X, y, seed):
    """Each of your numbers lies between 0 and 1, but a row does not add up to 1. A sigmoid for each class answers six questions; one question with six answers needs softmax."""
    return _answer(X, y, seed, torch.sigmoid)


def softmax_over_the_batch(X, y, seed):
    """Your columns add up to 1, not your rows: softmax runs over the images. Its axis is that of the classes, 1."""
    return _answer(X, y, seed, lambda logits: logits.softmax(0))


def softmax_twice(X, y, seed):
    """No probability of yours is above 0.4, though most are right: softmax is applied twice, once by the net and once more. It squeezes numbers between 0 and 1 together, and cross-entropy applies its own."""
    return _answer(X, y, seed, lambda logits: logits.softmax(1).softmax(1))


def one_hot(X, y, seed):
    """predict returns its choice, 1 for one class and 0 for all others. The probabilities say how sure the model is, and one that is right nine times in ten must not be certain every time."""
    return _answer(X, y, seed, lambda logits: F.one_hot(logits.argmax(1), 6).float())


def class_numbers(X, y, seed):
    """predict returns the number of a class for each image. It should return six probabilities for each."""
    return _answer(X, y, seed, lambda logits: logits.argmax(1))


# ---- what is learned -------------------------------------------------------------------------------------


def untrained(X, y, seed):
    """Your model guesses. Either predict uses another net than the one whose parameters the optimizer has, or images and labels lost each other: shuffle both with the same permutation, and permute no labels of your own."""
    _three_channels(X)
    net = _new_net(seed).eval()
    return _checked(lambda images: net(images).softmax(1))


def trained_on_the_notebook(X, y, seed):
    """Your classes have numbers of their own: with other numbers the predictions would be right. Train on the arguments X and y, not on data of the notebook, and let y alone say which number a class has."""
    _three_channels(X)
    own_X, own_y = map(torch.from_numpy, shapes(500, seed=0, label_noise=0.12))
    return _answer(own_X, own_y, 0)


def one_net_for_all(X, y, seed):
    """After a second training the predictor of the first is gone: both use one net that lives outside of train_capstone. Make a new one in each call, and let predict keep it."""
    _global["answer"] = _answer(X, y, seed)
    return lambda images: _global["answer"](images)


_global = {}


def nearest_image(X, y, seed):
    """You look up the training image that is nearest, pixel by pixel. That is memory, not a model: a shape that moved by two pixels is far from itself."""
    _three_channels(X)

    def predict(images):
        nearest = torch.cdist(images.flatten(1), X.flatten(1)).argmin(1)
        return F.one_hot(y[nearest], 6).float()

    return _checked(predict)


# ---- bad input -------------------------------------------------------------------------------------------


def unchecked(X, y, seed):
    """Images of one channel get a prediction: subtracting the mean of three channels makes three of the one. Refuse them, and X, with a ValueError."""
    _three_channels(X, RuntimeError)
    return checked_in_training_only(X, y, seed)


def checked_in_training_only(X, y, seed):
    """train_capstone refuses images that do not have three channels, predict does not: with one channel it gives numbers, with two an error of the library."""
    net, mean, std = _net(X, y, seed)
    return torch.no_grad()(lambda images: net((images - mean) / std).softmax(1))


def error_of_the_library(X, y, seed):
    """With a wrong number of channels torch raises its own error, deep inside. Check the shape first and raise a ValueError that names the argument."""
    _three_channels(X, RuntimeError)
    predict = _answer(X, y, seed)

    def unchecked(images):
        _three_channels(images, RuntimeError)
        return predict(images)

    return unchecked
