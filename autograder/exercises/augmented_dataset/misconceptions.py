"""Believable wrong answers to the exercise on data sets. Each docstring is what a good tutor would say."""

import numpy as np
from torch.utils.data import Dataset

from autograder.exercise import replaces

# ---- AugmentedDataset ------------------------------------------------------------------------------------


class _Base(Dataset):
    """The data set in small pieces, so that each mistake replaces one of them."""

    def __init__(self, X, y, transform, seed):
        self.X, self.y, self.transform, self.seed, self.epoch = X, y, transform, seed, 0
        self.set_up()

    def set_up(self):
        pass

    def set_epoch(self, e):
        self.epoch = e

    def __len__(self):
        return len(self.X)

    def rng(self, i):
        return np.random.default_rng([self.seed, self.epoch, i])

    def image(self, i):
        return np.array(self.X[i])

    def label(self, i):
        return self.y[i]

    def __getitem__(self, i):
        return self.transform(self.image(i), self.rng(i)), self.label(i)


@replaces("AugmentedDataset")
class one_generator(_Base):
    """You make one generator and use it up image by image, so an image depends on what was looked at before. Make a generator from seed, epoch and i in every __getitem__."""

    def set_up(self):
        self.generator = np.random.default_rng(self.seed)

    def rng(self, i):
        return self.generator


@replaces("AugmentedDataset")
class one_generator_per_epoch(_Base):
    """You make a new generator for each epoch and use it up image by image. Within an epoch an image still depends on the order: make a generator for every image."""

    def set_up(self):
        self.generator = np.random.default_rng([self.seed, 0])

    def set_epoch(self, e):
        self.generator = np.random.default_rng([self.seed, e])

    def rng(self, i):
        return self.generator


@replaces("AugmentedDataset")
class global_generator(_Base):
    """Your random numbers come from NumPy's global generator, and worker processes start with the same one: they repeat each other. Make a generator from seed, epoch and i."""

    def rng(self, i):
        return np.random


@replaces("AugmentedDataset")
class unseeded(_Base):
    """You make a generator without a seed, so no visit can be repeated. Make it from seed, epoch and i."""

    def rng(self, i):
        return np.random.default_rng()


@replaces("AugmentedDataset")
class global_seed_set(_Base):
    """You set the seed of NumPy's global generator for every image, and disturb everybody else who draws from it. Make a generator of your own."""

    def rng(self, i):
        np.random.seed(list(map(int, [self.seed, self.epoch, i])))
        return np.random


@replaces("AugmentedDataset")
class sum_of_three(_Base):
    """You add seed, epoch and index up, and 1 + 2 is 2 + 1: image 1 of epoch 2 gets the numbers of image 2 of epoch 1. Give default_rng the list of the three."""

    def rng(self, i):
        return np.random.default_rng(self.seed + self.epoch + i)


@replaces("AugmentedDataset")
class product_of_three(_Base):
    """You multiply seed, epoch and index, so whatever is 0 makes all others equal. Give default_rng the list of the three."""

    def rng(self, i):
        return np.random.default_rng(self.seed * self.epoch * i)


@replaces("AugmentedDataset")
class epoch_times_length(_Base):
    """You number the images of all epochs through and add the seed, so the next seed has the same numbers, one image later. Give default_rng the list of the three."""

    def rng(self, i):
        return np.random.default_rng(self.seed + self.epoch * len(self.X) + i)


@replaces("AugmentedDataset")
class thousands(_Base):
    """You make one number of the three, with factors of 1000, and with more images than that they collide. Give default_rng the list of the three."""

    def rng(self, i):
        return np.random.default_rng(1_000_000 * self.seed + 1000 * self.epoch + i)


@replaces("AugmentedDataset")
class exclusive_or(_Base):
    """You combine the three numbers with ^, where 1 ^ 2 is 2 ^ 1. Give default_rng the list of the three."""

    def rng(self, i):
        return np.random.default_rng(self.seed ^ self.epoch ^ i)


@replaces("AugmentedDataset")
class epoch_ignored(_Base):
    """Your images are the same in every epoch, so augmentation adds nothing after the first. The epoch belongs into the seed."""

    def rng(self, i):
        return np.random.default_rng([self.seed, i])


@replaces("AugmentedDataset")
class index_ignored(_Base):
    """All images of an epoch get the same random numbers. The index belongs into the seed."""

    def rng(self, i):
        return np.random.default_rng([self.seed, self.epoch])


@replaces("AugmentedDataset")
class seed_ignored(_Base):
    """Your seed plays no part, so all runs are alike. It belongs into the seed of the generator, with epoch and index."""

    def rng(self, i):
        return np.random.default_rng([self.epoch, i])


@replaces("AugmentedDataset")
class remembered(_Base):
    """You keep the first result of each image and return it ever after, in other epochs as well. That is augmentation in advance, with one copy."""

    def set_up(self):
        self.kept = {}

    def __getitem__(self, i):
        if i not in self.kept:
            self.kept[i] = super().__getitem__(i)
        return self.kept[i]


@replaces("AugmentedDataset")
class visits_counted(_Base):
    """You count the visits, and every visit gives other numbers. The same seed, epoch and index give the same image."""

    def set_up(self):
        self.visits = 0

    def rng(self, i):
        self.visits += 1
        return np.random.default_rng([self.seed, self.epoch, i, self.visits])


@replaces("AugmentedDataset")
class no_transform(_Base):
    """You return the image as it is: transform is never called."""

    def __getitem__(self, i):
        return self.image(i), self.label(i)


@replaces("AugmentedDataset")
class label_transformed(_Base):
    """You hand the label to transform as well. It changes images; a mirrored 3 is a mirrored 3."""

    def label(self, i):
        return self.transform(np.array(self.y[i], dtype=float), self.rng(i))


@replaces("AugmentedDataset")
class label_of_the_next(_Base):
    """Your labels belong to other images. Use one index for both."""

    def label(self, i):
        return self.y[(i + 1) % len(self.y)]


@replaces("AugmentedDataset")
class X_changed(_Base):
    """You hand transform a view of X, and a transform that works in place changes your data, a little more in every epoch. Hand it a copy."""

    def image(self, i):
        return self.X[i]


@replaces("AugmentedDataset")
class length_of_all_epochs(_Base):
    """Your len counts more than there is. It is the number of images, N, in every epoch."""

    def __len__(self):
        return self.X.size


# ---- precompute ------------------------------------------------------------------------------------------


def _checked(k):
    if k < 1:
        raise ValueError("k must be at least 1")
    return k


def _copies(X, transform, k, rng, order=None):
    pairs = order(k, len(X)) if order else [(c, i) for c in range(_checked(k)) for i in range(len(X))]
    return np.stack([transform(np.array(X[i]), rng(c, i)) for c, i in pairs])


def _rng(seed):
    return lambda c, i: np.random.default_rng([seed, c, i])


@replaces("precompute")
def labels_not_repeated(X, y, transform, k, seed):
    """You return N labels for k N images. Every copy needs its label: repeat y k times."""
    return _copies(X, transform, _checked(k), _rng(seed)), np.array(y)


@replaces("precompute")
def labels_in_another_order(X, y, transform, k, seed):
    """Your images come copy after copy, but your labels k times the first, k times the second: np.repeat. np.tile repeats the whole."""
    return _copies(X, transform, _checked(k), _rng(seed)), np.repeat(y, k)


@replaces("precompute")
def image_after_image(X, y, transform, k, seed):
    """Your k copies of one image follow each other. Asked for is a copy of the whole data set, then the next copy of the whole."""
    order = lambda k, n: [(c, i) for i in range(n) for c in range(k)]  # noqa: E731
    return _copies(X, transform, _checked(k), _rng(seed), order), np.repeat(y, k)


@replaces("precompute")
def copies_alike(X, y, transform, k, seed):
    """Your k copies are all the same, so k - 1 of them are for nothing. The copy belongs into the seed of the generator."""
    return _copies(X, transform, _checked(k), lambda c, i: np.random.default_rng([seed, i])), np.tile(y, k)


@replaces("precompute")
def one_number_per_copy(X, y, transform, k, seed):
    """All images of a copy get the same random numbers. The index belongs into the seed of the generator."""
    return _copies(X, transform, _checked(k), lambda c, i: np.random.default_rng([seed, c])), np.tile(y, k)


@replaces("precompute")
def copy_plus_index(X, y, transform, k, seed):
    """You add copy and index up, and 1 + 2 is 2 + 1. Give default_rng the list of seed, copy and index, or use one generator for all."""
    return _copies(X, transform, _checked(k), lambda c, i: np.random.default_rng(seed + c + i)), np.tile(y, k)


@replaces("precompute")
def original_first(X, y, transform, k, seed):
    """Your first copy is the original. All k copies are transformed."""
    images = _copies(X, transform, _checked(k), _rng(seed))
    images[: len(X)] = X
    return images, np.tile(y, k)


@replaces("precompute")
def original_added(X, y, transform, k, seed):
    """You return the original and k copies. Asked for are k transformed copies and nothing else."""
    return np.concatenate([X, _copies(X, transform, _checked(k), _rng(seed))]), np.tile(y, k + 1)


@replaces("precompute")
def transformed_again(X, y, transform, k, seed):
    """Every copy of yours is made from the copy before it, so images wander off. Each copy is made from X."""
    out, last = [], X
    for c in range(_checked(k)):
        last = np.stack([transform(np.array(last[i]), np.random.default_rng([seed, c, i])) for i in range(len(X))])
        out.append(last)
    return np.concatenate(out), np.tile(y, k)


@replaces("precompute")
def copies_on_an_axis(X, y, transform, k, seed):
    """Your copies lie on an axis of their own, (k, N, ...). The result is one data set: (k N, ...)."""
    return _copies(X, transform, _checked(k), _rng(seed)).reshape(k, *X.shape), np.tile(y, (k, 1))


@replaces("precompute")
def shuffled(X, y, transform, k, seed):
    """You shuffle the result. The copies come in the order of X; whoever trains will shuffle."""
    images, labels = _copies(X, transform, _checked(k), _rng(seed)), np.tile(y, k)
    order = np.random.default_rng(0).permutation(len(images))
    return images[order], labels[order]


@replaces("precompute")
def labels_transformed(X, y, transform, k, seed):
    """Your labels are changed by transform. It changes images only."""
    labels = [
        transform(np.array([value], dtype=float), _rng(seed)(c, i))[0] for c in range(k) for i, value in enumerate(y)
    ]
    return _copies(X, transform, _checked(k), _rng(seed)), np.array(labels)


@replaces("precompute")
def not_transformed(X, y, transform, k, seed):
    """Your copies are the images as they are: transform is never called."""
    return np.concatenate([X] * _checked(k)), np.tile(y, k)


@replaces("precompute")
def precompute_global(X, y, transform, k, seed):
    """The random numbers of your copies come from NumPy's global generator. Make a generator from the seed."""
    return _copies(X, transform, _checked(k), lambda c, i: np.random), np.tile(y, k)


@replaces("precompute")
def precompute_seed_ignored(X, y, transform, k, seed):
    """Your copies do not depend on the seed. It belongs into the seed of the generator."""
    return _copies(X, transform, _checked(k), lambda c, i: np.random.default_rng([c, i])), np.tile(y, k)


@replaces("precompute")
def copies_not_checked(X, y, transform, k, seed):
    """Your precompute accepts fewer than one copy. Refuse them with a ValueError that names k."""
    k = max(k, 0)
    return (_copies(X, transform, k, _rng(seed)) if k else X[:0]), np.tile(y, k)


@replaces("precompute")
def X_changed_in_advance(X, y, transform, k, seed):
    """Your precompute hands transform a view of X, and a transform that works in place changes your data with every copy. Hand it a copy."""
    images = [transform(X[i], _rng(seed)(c, i)).copy() for c in range(_checked(k)) for i in range(len(X))]
    return np.stack(images), np.tile(y, k)


# ---- stored_bytes ----------------------------------------------------------------------------------------


@replaces("stored_bytes")
def numbers_not_bytes(X, k):
    """You count numbers, not bytes. A float32 takes 4 bytes: X.nbytes, or size times itemsize."""
    return X.size * _checked(k)


@replaces("stored_bytes")
def eight_bytes_each(X, k):
    """You count 8 bytes for every number. How many they are depends on the dtype: X.nbytes."""
    return X.size * 8 * _checked(k)


@replaces("stored_bytes")
def images_counted(X, k):
    """You count images. Each of them has C H W numbers, and each number so many bytes."""
    return len(X) * _checked(k)


@replaces("stored_bytes")
def copies_forgotten(X, k):
    """You count one copy. There are k of them."""
    return X.nbytes * min(_checked(k), 1)


@replaces("stored_bytes")
def original_counted(X, k):
    """You count the original as well. Asked for are the bytes of the k copies."""
    return X.nbytes * (_checked(k) + 1)


@replaces("stored_bytes")
def labels_counted(X, k):
    """You count labels, too. Asked for are the bytes of the images only."""
    return (X.nbytes + 8 * len(X)) * _checked(k)


@replaces("stored_bytes")
def bits(X, k):
    """You count bits. Asked for are bytes, of 8 bits each."""
    return X.nbytes * 8 * _checked(k)


@replaces("stored_bytes")
def bytes_not_checked(X, k):
    """Your stored_bytes accepts fewer than one copy. Refuse them with a ValueError that names k."""
    return X.nbytes * k
