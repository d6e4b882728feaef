"""AugmentedDataset and precompute, in loaders with and without worker processes."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from traindeep.reference.augment_geometry import random_crop
from traindeep.reference.augmented_data import AugmentedDataset, precompute, stored_bytes

X = np.arange(11 * 2 * 4 * 3, dtype=float).reshape(11, 2, 4, 3)
Y = np.arange(11) ** 2


def shift(img, rng):
    return img + rng.random()


def crop(img, rng):
    return random_crop(img, 3, 1, rng)[0]


def images(ds, **how):
    """All images by label, as a loader finds them."""
    found = {}
    for batch, labels in DataLoader(ds, batch_size=3, **how):
        found |= dict(zip(labels.tolist(), batch, strict=True))
    return torch.stack([found[label] for label in Y.tolist()])


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # forking where threads are running
@pytest.mark.parametrize("transform", [shift, crop])
def test_workers_and_order_do_not_matter(transform):
    """No workers, two workers, shuffled: the same image for the same seed, epoch and index, and others in another epoch."""
    ds = AugmentedDataset(X, Y, transform, 3)
    first = images(ds)
    torch.manual_seed(1)
    assert torch.equal(images(ds, shuffle=True), first)
    assert torch.equal(images(ds, num_workers=2, shuffle=True), first)
    ds.set_epoch(1)
    later = images(ds)
    assert not torch.equal(later, first)
    assert torch.equal(images(ds, num_workers=2), later)
    assert torch.equal(images(AugmentedDataset(X, Y, transform, 3), num_workers=2), first)


def test_all_triples_are_different():
    """Seeds, epochs and indices with many coincidences of sums and products."""
    many = np.zeros((200, 1))
    drawn = set()
    for seed in range(6):
        ds = AugmentedDataset(many, many[:, 0], shift, seed)
        for epoch in range(6):
            ds.set_epoch(epoch)
            drawn |= {float(ds[i][0][0]) for i in range(200)}
    assert len(drawn) == 6 * 6 * 200


def test_global_states_are_left_alone_and_unused():
    """NumPy's and torch's global generators neither change nor matter."""
    np.random.seed(5)
    torch.manual_seed(5)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    one = AugmentedDataset(X, Y, shift, 3)[4][0]
    two, _ = precompute(X, Y, shift, 2, 3)
    assert np.array_equal(before[0], np.random.get_state()[1])
    assert torch.equal(before[1], torch.get_rng_state())
    np.random.seed(6)
    assert np.array_equal(one, AugmentedDataset(X, Y, shift, 3)[4][0])
    assert np.array_equal(two, precompute(X, Y, shift, 2, 3)[0])


def test_transforms_in_place_do_no_harm():
    """X is as it was after a transform that writes into what it is given."""

    def spoil(img, rng):
        img[...] = -1
        return img

    data = X.copy()
    assert np.all(AugmentedDataset(data, Y, spoil, 3)[0][0] == -1)
    assert np.all(precompute(data, Y, spoil, 2, 3)[0] == -1)
    assert np.array_equal(data, X)


def test_precomputed_copies():
    """Copy after copy in the order of X, each image with numbers of its own, and labels that follow."""
    out, labels = precompute(X, Y, shift, 4, 7)
    assert out.shape == (44, 2, 4, 3)
    assert np.array_equal(labels, list(Y) * 4)
    added = out.reshape(4, 11, -1) - X.reshape(11, -1)
    assert np.ptp(added, axis=2).max() < 1e-9
    assert len(np.unique(added[..., 0].round(9))) == 44


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_stored_bytes_are_the_bytes_of_the_copies(dtype):
    """As many as the precomputed array has."""
    data = X.astype(dtype)
    assert stored_bytes(data, 5) == precompute(data, Y, lambda img, rng: img, 5, 0)[0].nbytes


def test_bad_input_is_refused_by_name():
    """No copies are none."""
    for call in (lambda: precompute(X, Y, shift, 0, 1), lambda: stored_bytes(X, -1)):
        with pytest.raises(ValueError, match="k must"):
            call()
