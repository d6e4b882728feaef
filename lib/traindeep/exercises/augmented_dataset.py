"""Augmentation on the fly, and in advance."""

import numpy as np

SIGNATURES = {
    "AugmentedDataset": "X, y, transform, seed -> ds",
    "precompute": "X, y, transform, k, seed -> images, labels",
    "stored_bytes": "X, k -> count",
}
HINTS = (
    "If a generator is made once and used up image by image, what does the third image depend on? What must the numbers of "
    "one image depend on, if two processes are to agree without talking to each other?",
    "Make a new generator in every __getitem__, from the three numbers seed, epoch and i. Do not add them up: 1 + 2 is 2 + 1. "
    "Hand transform a copy of the image. precompute is a loop over copies around a loop over images.",
    "np.random.default_rng([seed, epoch, i]) makes a generator from three numbers. np.stack collects images, np.tile(y, k) "
    "repeats labels. An array has nbytes, or size and itemsize.",
)
N = 7
X = 10.0 * np.arange(N)[:, None, None, None] + np.arange(6.0).reshape(1, 2, 3) / 10  # image i begins with 10 i
Y = np.array([3, 1, 4, 1, 5, 9, 2])
IN_PLACE = "lambda img, rng: (img.__iadd__(1.25), img)[1]"  # adds 1.25 to the image that it is given


def _shift(img, rng):
    """Adds one random number between 0 and 1 to all pixels, so that one can read off what was drawn."""
    return img + float(rng.random())


def _drawn(ds, i, X):
    """The number that was drawn for image i, or words where it is not X[i] with something added."""
    image, _ = ds[i]
    off = np.asarray(image, dtype=float) - X[i]
    if off.shape != X[i].shape or np.ptp(off) > 1e-6 or not -1e-6 < off.flat[0] < 1 + 1e-6:
        return "no shifted copy of X[i]"
    return round(float(off.flat[0]), 9)


def _order(student, X, y, seed):
    """What the images depend on: visits in several orders, in two processes, in other global states."""
    numbers = student.imported("numpy.random")

    def new():
        return student.AugmentedDataset(X.copy(), y.copy(), _shift, seed)

    def visit(ds, order):
        return {i: _drawn(ds, i, X) for i in order}

    everything = range(len(X))
    numbers.seed(1)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    ds = new()
    first, again = visit(ds, everything), visit(ds, everything)
    after = numbers.get_state()[1:3]
    numbers.seed(2)
    backwards = visit(new(), everything[::-1])
    numbers.seed(3)
    even, odd = visit(new(), everything[::2]), visit(new(), everything[1::2])
    ds.set_epoch(5)
    later = visit(ds, everything)
    ds.set_epoch(0)
    back = visit(ds, everything)
    facts = {
        "an image is X[i], changed by transform": not any(isinstance(value, str) for value in first.values()),
        "a second visit gives the same images": first == again,
        "another order gives the same images": first == backwards,
        "two data sets that share the work give the same images": first == even | odd,
        "going back to epoch 0 gives the same images": first == back,
        "all images have the same number": len(set(first.values())) == 1,
        "epoch 5 is as epoch 0": later == first,
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }
    if not (first == again == backwards == even | odd == back) or later == first or len(set(first.values())) == 1:
        # To tell one mistake from another.
        other = new()
        other.set_epoch(5)
        facts |= {
            "a new data set gives the same images": first == visit(new(), everything),
            "whichever image comes first, it has the same number": _drawn(new(), 0, X) == _drawn(new(), 1, X),
            "a new data set has the same images in epoch 5": first == visit(other, everything),
            "all images of epoch 5 have the same number": len(set(visit(other, everything).values())) == 1,
        }
    return facts


def _labels(student, X, y):
    ds = student.AugmentedDataset(X.copy(), y.copy(), _shift, 3)
    return {"len(ds)": int(student.imported("builtins").len(ds)), "labels": [float(ds[i][1]) for i in range(len(X))]}


def _in_place(student, X, y):
    """Visits with a transform that writes into the image that it is given."""
    ds = student.AugmentedDataset(X.copy(), y.copy(), student.imported("builtins").eval(IN_PLACE), 3)
    first, second, third = (round(float(np.ravel(ds[i][0])[0] - X[i].flat[0]), 6) for i in (2, 1, 2))
    return {"1.25 is added": (first, second), "the second visit to an image": third}


def _in_place_in_advance(student, X, y):
    """The same for precompute. X is handed over as it is."""
    images, _ = student.precompute(X, y, student.imported("builtins").eval(IN_PLACE), 2, 3)
    return {
        "number of images": len(images),
        "what is added to them": np.unique(np.round(np.ravel(images)[:: X[0].size] % 10, 6)),
    }


def _different(student, X, y, seeds, epochs, indices):
    """How many different numbers there are for all triples of seed, epoch and index."""
    drawn = []
    for seed in seeds:
        ds = student.AugmentedDataset(X, y, _shift, seed)
        for epoch in epochs:
            ds.set_epoch(epoch)
            drawn.append([_drawn(ds, i, X) for i in indices])
    table = np.array(drawn, dtype=object).reshape(len(seeds), len(epochs), len(indices))

    def different(values):
        return len(set(np.ravel(values).tolist()))

    facts = {
        "different numbers": different(table),
        "in one seed and epoch": different(table[0, 0]),
        "of one seed and image": different(table[0, :, 0]),
        "of one epoch and image": different(table[:, 0, 0]),
    }
    if facts["of one seed and image"] == 1:  # to tell one mistake from another
        ds = student.AugmentedDataset(X, y, _shift, seeds[0])
        ds.set_epoch(epochs[-1])
        facts["a new data set is different in another epoch"] = _drawn(ds, indices[0], X) != table[0, 0, 0]
    return facts


def _precomputed(student, X, y, k, seed):
    """Which image is where in the result, and how many different numbers were drawn for it."""
    images, labels = (np.asarray(a) for a in student.precompute(X.copy(), y.copy(), _shift, k, seed))
    facts = {"shape of images": images.shape, "shape of labels": labels.shape}
    if images.shape != (k * len(X), *X.shape[1:]):
        return facts
    first = images[:, 0, 0, 0].astype(float)
    source = np.rint(np.floor(first / 10)).astype(int)
    drawn = first - 10 * source
    return facts | {
        "which image each one is": source,
        "labels": labels.astype(float),
        "different numbers": len(set(drawn.round(9).tolist())),
        "numbers lie between 0 and 1": bool(np.all((drawn >= 0) & (drawn <= 1))),
        "all pixels of an image shift alike": bool(
            np.allclose(images - X[source % len(X)], drawn[:, None, None, None], atol=1e-5)
        ),
    }


def _precomputed_again(student, X, y, k, seed):
    numbers = student.imported("numpy.random")

    def images(seed):
        return np.asarray(student.precompute(X.copy(), y.copy(), _shift, k, seed)[0])

    numbers.seed(1)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one = images(seed)
    after = numbers.get_state()[1:3]
    numbers.seed(2)
    return {
        "the same seed gives the same images": bool(np.array_equal(one, images(seed))),
        "something is drawn": not np.array_equal(one[: len(X)], X),
        "another seed gives other images": not np.array_equal(one, images(seed + 1)),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _bytes(student, cases):
    """cases: shape, dtype, k."""
    return {"bytes": [int(student.stored_bytes(np.zeros(shape, dtype=dtype), k)) for shape, dtype, k in cases]}


def _refused(student, ks):
    facts = {}
    for k in (1, *ks):
        facts[f"precompute, k = {k}"] = _outcome(lambda k=k: student.precompute(X.copy(), Y.copy(), _shift, k, 1))
        facts[f"stored_bytes, k = {k}"] = _outcome(lambda k=k: student.stored_bytes(X.copy(), k))
    return facts


def _outcome(call):
    try:
        call()
    except ValueError:  # that it names k is asked below
        return "refused"
    return "accepted"


def test_items(student, compare):
    """ds[i] is X[i], changed by transform, and the same whenever and wherever it is looked at."""
    compare(_order, X, Y, 4)


def test_labels(student, compare):
    """len(ds) is N, and the labels go with their images."""
    compare(_labels, X, Y)


def test_other_numbers(student, compare):
    """Other seeds, other epochs and other images have other random numbers, (1, 2, 3) and (2, 1, 3) as well."""
    compare(_different, X, Y, (0, 1, 2), (0, 1, 2), (0, 1, 2, 3))


def test_large_numbers(student, compare):
    """Image 1000 of epoch 0 is not image 0 of epoch 1, or of the next seed."""
    many = np.zeros((1001, 1, 1, 1))
    compare(_different, many, many[:, 0, 0, 0], (0, 1, 10), (0, 1, 10, 100), (0, 1, 10, 100, 1000))


def test_in_place(student, compare):
    """A transform that works in place does not change X."""
    compare(_in_place, X, Y)
    compare(_in_place_in_advance, X, Y)


def test_precompute(student, compare):
    """Three copies of seven images are 21 images with 21 different random numbers, copy after copy, with their labels."""
    compare(_precomputed, X, Y, 3, 5)
    compare(_precomputed, X, Y, 1, 5)


def test_precompute_again(student, compare):
    """The same seed gives the same copies, another seed others."""
    compare(_precomputed_again, X, Y, 2, 6)


def test_bytes(student, compare):
    """Ten colour images of 32 x 32 bytes take 30,720 bytes; five copies take five times as much; floats more."""
    compare(_bytes, (((10, 3, 32, 32), "uint8", 1), ((10, 3, 32, 32), "uint8", 5), ((7, 1, 8, 8), "float32", 3)))


def test_bad_input(student, compare):
    """k below 1 is a ValueError that names k."""
    compare(_refused, (0, -1))
    compare.refuses("precompute", X, Y, _shift, 0, 1, naming=("k",))
    compare.refuses("stored_bytes", X, 0, naming=("k",))
