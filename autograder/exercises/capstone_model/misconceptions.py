"""Wrong answers to train_capstone that people give. They share the nets of the reference, so each costs no training."""

import copy
import functools

import torch
from torch import nn
from traindeep.data import shapes
from traindeep.reference import capstone_model
from traindeep.reference.capstone_model import residual_net


def _net(X, y, seed):
    """A copy of the trained net, mean and standard deviation; ValueError for other than three channels."""
    capstone_model.train_capstone(X, y, seed)
    net, mean, std = capstone_model.trained(X.numpy().tobytes(), y.numpy().tobytes(), tuple(X.shape), seed)
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
    return _answer(X, y, seed, lambda logits: nn.functional.one_hot(logits.argmax(1), 6).float())


def class_numbers(X, y, seed):
    """predict returns the number of a class for each image. It should return six probabilities for each."""
    return _answer(X, y, seed, lambda logits: logits.argmax(1))


# ---- what is learned -------------------------------------------------------------------------------------


def untrained(X, y, seed):
    """Your model guesses. Either predict uses another net than the one whose parameters the optimizer has, or images and labels lost each other: shuffle both with the same permutation, and permute no labels of your own."""
    _, mean, std = _net(X, y, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = residual_net().eval()
    return _checked(lambda images: net((images - mean) / std).softmax(1))


def trained_on_the_notebook(X, y, seed):
    """Your classes have numbers of their own: with other numbers the predictions would be right. Train on the arguments X and y, not on data of the notebook, and let y alone say which number a class has."""
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
        return nn.functional.one_hot(y[nearest], 6).float()

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
