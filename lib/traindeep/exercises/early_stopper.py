"""Early stopping with patience."""

import numpy as np

SIGNATURES = {"EarlyStopper": "patience, min_delta -> stopper"}
HINTS = (
    "What has to be remembered from one update to the next? The best loss, its step, its weights, and one more number that "
    "says how long ago that was. Which of them change at an improvement, and which at a failure?",
    "An improvement is one comparison with the best loss so far, written so that a tie and nan make it false. In the "
    "other branch you count a failure, and the count is set back by an improvement. Stop when the count has reached "
    "patience.",
    "Begin with best_loss = float('inf'). `if val_loss < self.best_loss - self.min_delta:` is false for nan, as every "
    "comparison with nan is. copy.deepcopy(weights) also copies the arrays inside lists and dicts; weights.copy() copies "
    "the outer container only.",
)


def _updates_until_stop(student, losses, patience, min_delta=0.0):
    """The number of updates up to the one that says stop, 0 if none of them does."""
    stopper = student.EarlyStopper(patience, min_delta)
    for number, loss in enumerate(losses, start=1):
        if stopper.update(loss, [np.array([1.0])]):
            return {"updates until it says stop (0: never)": number}
    return {"updates until it says stop (0: never)": 0}


def _updates_until_stop_of_each(student, runs, patience, min_delta=0.0):
    return [_updates_until_stop(student, losses, patience, min_delta) for losses in runs]


def _best(student, losses, patience):
    """What is remembered when all losses are there; the weights of step t are an array of t's."""
    stopper = student.EarlyStopper(patience)
    for step, loss in enumerate(losses):
        stopper.update(loss, {"W": np.full((1, 2), float(step))})
    return {"best_loss": stopper.best_loss, "best_step": stopper.best_step, "best_weights": stopper.best_weights}


def _best_while_the_model_changes(student, losses, patience):
    """The same, with one container of weights that the training changes in place."""
    stopper, W, b = student.EarlyStopper(patience), np.zeros((1, 2)), np.zeros(3)
    weights = {"W": W, "layer 2": [b]}
    for loss in losses:
        stopper.update(loss, weights)
        W += 1
        b -= 1
    return {"best_weights": stopper.best_weights}


def test_patience_1(student, compare):
    """With patience 1 the first loss that is no improvement stops the training: the fourth of 5, 4, 3, 3.5."""
    compare(_updates_until_stop, [5.0, 4.0, 3.0, 3.5], 1)


def test_patience_3(student, compare):
    """With patience 3 it is the third failure in a row: the sixth of 5, 4, 3, 3.5, 3.7, 4."""
    compare(_updates_until_stop, [5.0, 4.0, 3.0, 3.5, 3.7, 4.0, 4.5], 3)


def test_failures_in_a_row(student, compare):
    """Only failures in a row count: an improvement makes the count start anew."""
    compare(_updates_until_stop, [5.0, 6.0, 4.0, 5.0, 3.0, 4.0, 2.0, 3.0, 4.0, 5.0], 2)


def test_best_and_previous(student, compare):
    """3, 5, 4.5, 4 has three failures: the losses fall again, but not below the best one."""
    compare(_updates_until_stop, [3.0, 5.0, 4.5, 4.0, 3.5, 3.2], 3)


def test_a_tie_is_no_improvement(student, compare):
    """On a plateau, 3, 2, 2, 2, training stops as if the losses went up."""
    compare(_updates_until_stop, [3.0, 2.0, 2.0, 2.0, 2.0], 2)


def test_min_delta(student, compare):
    """With min_delta 0.5, only losses below best_loss - 0.5 are improvements; best_loss stays at the last improvement."""
    slow = [4.0, 3.75, 3.25, 3.0, 2.875, 2.9375]
    exact = [4.0, 3.5, 3.25, 2.75, 3.0, 3.375]
    worse = [4.0, 4.25, 3.25, 3.625, 4.25, 4.0]
    compare(_updates_until_stop_of_each, [slow, exact, worse], 3, min_delta=0.5)


def test_nan_is_a_failure(student, compare):
    """A loss of nan is a failure like any other, wherever it comes: nothing is kept of it, and it counts."""
    nan = float("nan")
    compare(_updates_until_stop_of_each, [[3.0, 4.0, 3.5, nan, 6.0, 7.0], [3.0, nan, 2.0, 4.0, 3.5, nan, nan, 9.0]], 3)
    compare(_best, [3.0, 2.0, nan, 2.5], 5)
    compare(_best, [nan, 3.0, 2.0, 2.5], 5)


def test_best_step(student, compare):
    """After the losses 5, 4, 2, 3, 2.5 the best one is 2, of step 2, and the weights are those of that step."""
    compare(_best, [5.0, 4.0, 2.0, 3.0, 2.5], 9)
    compare(_best, [5.0, 6.0, 7.0, 4.0, 4.5, 5.0, 3.0], 9)


def test_the_copy_does_not_change(student, compare):
    """best_weights stay what they were although the model goes on training, in nested lists and dicts as well."""
    compare(_best_while_the_model_changes, [5.0, 4.0, 2.0, 3.0, 2.5], 9)


def test_bad_input(student, compare):
    """patience below 1 and a negative min_delta are a ValueError that names the argument."""
    compare.refuses("EarlyStopper", 0, naming=("patience",))
    compare.refuses("EarlyStopper", 2, -0.5, naming=("min_delta",))
