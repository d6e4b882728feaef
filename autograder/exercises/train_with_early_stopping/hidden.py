"""Hidden tests of train_with_early_stopping.

Most of them train a model that does what a script says and writes down how it is called: no optimizer, no order of the
samples and no way of validating in batches is prescribed. Whoever mistakes one thing pays for it in one part.
"""

from traindeep.exercises.train_with_early_stopping import (
    _augmented,
    _best,
    _decay,
    _epochs,
    _learns,
    _refused,
    _refuses,
    _repeat,
    _steps,
    _train_loss,
    _validation,
)

from autograder.exercise import part

PARTS = {"training": 3, "validation hygiene": 2, "best weights": 2, "reproducible": 1}


# ---- training --------------------------------------------------------------------------------------------


@part("training")
def test_every_sample_once(compare):
    """Each sample is trained on once in each epoch, in training mode, in a new order, with its own target."""
    compare(_epochs, 11, 3, 4)
    compare(_epochs, 12, 2, 6)


@part("training")
def test_small_data(compare):
    """Data that are smaller than a batch are trained on."""
    compare(_epochs, 5, 3, 16)


@part("training")
def test_train_loss(compare, rng):
    """train_loss is the mean over the samples, epoch by epoch, also where the last batch is smaller."""
    compare(_train_loss, 11, 3, 4, rng.uniform(1, 5, 3).tolist())


@part("training")
def test_steps(compare):
    """Each batch makes one step with its own gradient alone."""
    compare(_steps, 12, 2, 3)


@part("training")
def test_weight_decay(compare):
    """Without a gradient wd makes weights smaller, and scales stay; wd = 0 changes nothing."""
    compare(_decay, 8, 3, 4, 0.4)
    compare(_decay, 8, 2, 4, 0.0)


@part("training")
def test_augment(compare):
    """augment changes each batch of each epoch, and its targets are those of the loss."""
    compare(_augmented, 12, 3, 4, "hard")
    compare(_augmented, 6, 2, 3, "soft")


@part("training")
def test_learns(compare, rng):
    """A small network with batch norm learns, also where a single sample is left for the last batch."""
    compare(_learns, 33, 8, 6, int(rng.integers(1000)))


@part("training", supporting=True)
def test_refusals(compare):
    """No epochs and no samples are refused."""
    compare(_refused, (4, 3, 1), (4, 3, 0), (4, 3, -1), (0, 3, 1), (4, 0, 1))
    compare.refuses(_refuses, 4, 3, -1, naming=("epochs",))
    compare.refuses(_refuses, 0, 3, 1, naming=("train", "X"))
    compare.refuses(_refuses, 4, 0, 1, naming=("val", "X"))


# ---- validation hygiene ----------------------------------------------------------------------------------


@part("validation hygiene")
def test_validation(compare, rng):
    """Validation samples are looked at in evaluation mode; loss and accuracy are means over all of them."""
    offsets = [*rng.uniform(0, 1, 6).tolist(), 8.0]
    compare(_validation, 8, 3, 4, 7, offsets, [2, 4, 6])


@part("validation hygiene")
def test_without_augment(compare, rng):
    """augment never sees a validation sample."""
    compare(_validation, 8, 2, 4, 5, rng.uniform(0, 1, 5).tolist(), [5, 3], augment="hard")


# ---- best weights ----------------------------------------------------------------------------------------


@part("best weights")
def test_best_weights(compare, rng):
    """The model at the end has weights and buffers of the best epoch, and is in evaluation mode."""
    bad = (rng.uniform(6, 7, 9) + 0.1 * rng.permutation(9)).tolist()
    compare(_best, [5.0, 3.0, 4.0, 2.0, *bad], 3)
    compare(_best, [5.0, 4.0, *bad[:3]], 9)


@part("best weights")
def test_result(compare, rng):
    """What a network with batch norm gives at the end has the smallest validation loss of all epochs."""
    compare(_learns, 24, 8, 4, int(rng.integers(1000)), result=True)


@part("best weights")
def test_validation_loss_decides(compare):
    """The validation loss decides when to stop and what is best, neither the training loss nor the accuracy."""
    compare(_best, [4.0, 3.0, 2.0, 2.5, 2.25, 2.75, 2.375, 2.625], 4, right=[1, 1, 2, 3, 4, 5])
    compare(_best, [4.0, 2.0, 3.0, 2.5, 2.25, 2.125, 2.0625, 2.03125], 3, train_losses=[9.0, 8, 7, 6, 5, 4, 3, 2])


# ---- reproducible ----------------------------------------------------------------------------------------


@part("reproducible")
def test_seed(compare, rng):
    """The seed decides the order of the samples, dropout and what augment draws; the random state before does not."""
    compare(_repeat, int(rng.integers(1000)))
