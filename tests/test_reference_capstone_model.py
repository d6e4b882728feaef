"""The capstone's reference and its exam, against oracles and scripted predictors."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from traindeep.data import shapes
from traindeep.exercises import capstone_model as exercise
from traindeep.reference import capstone_model
from traindeep.reference.capstone_model import augmented, residual_net, train_capstone
from traindeep.reference.dropout_ensembles import calibration_error
from traindeep.reference.residual_blocks import PreActBlock

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data():
    return tuple(map(torch.from_numpy, shapes(40, seed=3)))


def test_predictions_are_probabilities_of_single_images(data):
    """Rows add up to 1; an image alone and a batch in another order give the same; the arguments are left as they were."""
    X, y = data
    before = X.clone(), y.clone()
    p = train_capstone(X, y, 1)(X)
    assert p.shape == (40, 6)
    assert p.dtype == torch.float32
    assert not p.requires_grad
    assert torch.allclose(p.sum(1), torch.ones(40))
    assert p.min() >= 0
    alone = torch.cat([train_capstone(X, y, 1)(image[None]) for image in X])
    assert torch.allclose(p, alone, atol=1e-5)
    assert torch.allclose(p, train_capstone(X, y, 1)(X.flip(0)).flip(0), atol=1e-5)
    assert torch.equal(X, before[0])
    assert torch.equal(y, before[1])


def test_the_seed_decides(data):
    """One seed gives one model whatever the global generator says, another seed another; the global state is untouched."""
    X, y = data
    torch.manual_seed(5)
    state, first = torch.get_rng_state(), train_capstone(X, y, 1)(X)
    assert torch.equal(torch.get_rng_state(), state)
    capstone_model.trained.cache_clear()
    torch.manual_seed(6)
    assert torch.allclose(train_capstone(X, y, 1)(X), first, atol=1e-5)
    assert not torch.allclose(train_capstone(X, y, 2)(X), first, atol=1e-2)


def test_wrong_channels_are_refused(data):
    """ValueError that names X or images, for one channel and for four."""
    X, y = data
    predict = train_capstone(X, y, 1)
    for channels in (1, 4):
        with pytest.raises(ValueError, match="X must have shape"):
            train_capstone(torch.ones(12, channels, 16, 16), y[:12], 0)
        with pytest.raises(ValueError, match="images must have shape"):
            predict(torch.ones(2, channels, 16, 16))


def test_block_is_the_course_block():
    """With equal weights a block of the capstone and PreActBlock compute the same."""
    torch.manual_seed(0)
    for ours, theirs in zip(
        residual_net(4)[1:4], (PreActBlock(4, 4), PreActBlock(4, 8, 2), PreActBlock(8, 16, 2)), strict=True
    ):
        theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
        x = torch.randn(5, ours.conv1.in_channels, 8, 6)
        assert torch.allclose(ours(x), theirs(x), atol=1e-5)


def test_augmented_images_are_shifted_mirror_images():
    """Each is one of the 2 * 25 crops of the reflected image or its mirror image, with the channels in one order for all."""
    torch.manual_seed(4)
    x = torch.rand(30, 3, 7, 9)
    out = augmented(x)
    orders = []
    for order in itertools.permutations(range(3)):
        found = 0
        for image, got in zip(x[:, list(order)], out, strict=True):
            padded = [F.pad(view[None], (2,) * 4, mode="reflect")[0] for view in (image, image.flip(2))]
            crops = [p[:, a : a + 7, b : b + 9] for p in padded for a in range(5) for b in range(5)]
            found += any(torch.equal(crop, got) for crop in crops)
        orders.append(found)
    assert sorted(orders)[-1] == 30
    assert sorted(orders)[-2] < 30
    assert len({tuple(image.flatten()[:3].tolist()) for image in augmented(x[:1].repeat(30, 1, 1, 1))}) > 10


def test_accuracy_is_far_above_the_bound():
    """One training of the reference is right for more than 0.88 of the new images, and its calibration error is below 0.2."""
    (paper,) = exercise.exam(SimpleNamespace(train_capstone=train_capstone), 77, trainings=1, images=600)
    assert exercise.accuracy(paper) > 0.88
    assert exercise.calibration_error(paper) < 0.2


def test_calibration_error_is_the_course_one():
    """As the reference of notebook 06, on confidences that lie on no edge."""
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(6), 300)
    paper = {"all": p, "labels": rng.integers(6, size=300)}
    assert exercise.calibration_error(paper) == pytest.approx(calibration_error(p, paper["labels"])[0])


# ---- the exam tells predictors apart -----------------------------------------------------------------------


def _facts(predict_of, trainings=2):
    """Symptoms of scripted predictors: `predict_of(labels of the asked images by content)`."""
    student = SimpleNamespace(train_capstone=lambda X, y, seed: predict_of(X, y))
    return exercise.symptoms(exercise.exam(student, 5, trainings, 60))


def test_exam_sees_a_constant_answer():
    """One class for all images is like guessing; its rows are certain and add up to 1."""
    facts = _facts(lambda X, y: lambda images: F.one_hot(torch.zeros(len(images), dtype=torch.int64), 6))
    assert facts["accuracy"] == "like guessing"
    assert facts["every prediction is certain"]
    assert facts["rows add up to 1"]
    assert facts["right if the classes had other numbers"] == [False, False]


def test_exam_sees_dependence_on_the_batch_and_on_chance():
    """Softmax over the batch, a draw, and a centre of the batch each show in their own fact."""
    torch.manual_seed(0)
    weight = torch.randn(768, 6) / 9
    batch = _facts(lambda X, y: lambda images: (images.flatten(1) @ weight).softmax(0))
    assert batch["columns add up to 1"]
    assert not batch["an image alone gives the same as in a batch"]
    assert batch["another order gives the same"]
    drawn = _facts(lambda X, y: lambda images: torch.rand(len(images), 6).softmax(1))
    assert not drawn["the same images again give the same"]
    centred = _facts(lambda X, y: lambda images: nn.functional.normalize(images.flatten(1) - images.mean()) @ weight)
    assert centred["the same images again give the same"]
    assert not centred["an image alone gives the same as in a batch"]


def test_exam_has_new_data_for_each_training():
    """Three trainings of one exam have other images and other numbers for the shapes; then four channels are offered."""
    seen = []
    _facts(lambda X, y: seen.append((X, y)) or (lambda images: torch.ones(len(images), 6) / 6), trainings=3)
    *seen, (four, _) = seen
    assert four.shape[1] == 4
    assert all(X.shape == (500, 3, 16, 16) and X.dtype == torch.float32 and y.dtype == torch.int64 for X, y in seen)
    assert len({X.numpy().tobytes() for X, _ in seen}) == 3
    # Stripes have more edges than any other shape: the class of the images with most of them shows the numbering.
    edges = [(X[:, :, 1:] - X[:, :, :-1]).abs().mean((1, 2, 3)) for X, _ in seen]
    stripes = [int(y[most.topk(30).indices].mode().values) for (_, y), most in zip(seen, edges, strict=True)]
    assert len(set(stripes)) > 1


def test_wrong_shape_is_a_fact():
    """An answer of class numbers is no answer, and its accuracy is 0."""
    papers = exercise.exam(
        SimpleNamespace(train_capstone=lambda X, y, seed: lambda images: torch.zeros(len(images))), 1, 1, 10
    )
    assert exercise.symptoms(papers) == {"predict(images) has shape (n, 6)": False}
    assert exercise.accuracy(papers[0]) == 0
    with pytest.raises(AssertionError, match="the accuracy is 0.000; it should be 0.80 or more"):
        exercise.at_least(papers, 0.8)
