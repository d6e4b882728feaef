"""Believable wrong answers to EarlyStopper. Each docstring is what a good tutor would say."""

import copy
import math


class _Stopper:
    """A right stopper, in pieces that the mistakes replace."""

    start = math.inf

    def __init__(self, patience, min_delta=0.0):
        if patience < 1:
            raise ValueError("patience must be at least 1")
        if min_delta < 0:
            raise ValueError("min_delta must not be negative")
        self.patience, self.min_delta = patience, min_delta
        self.best_loss, self.best_step, self.best_weights = self.start, None, None
        self.step = self.failures = 0

    def improves(self, loss):
        return loss < self.best_loss - self.min_delta

    def keep(self, loss, weights):
        self.best_loss, self.best_step, self.best_weights = loss, self.step, copy.deepcopy(weights)
        self.failures = 0

    def fail(self, loss, weights):
        self.failures += 1

    def stop(self):
        return self.failures >= self.patience

    def update(self, val_loss, weights):
        if self.improves(val_loss):
            self.keep(val_loss, weights)
        else:
            self.fail(val_loss, weights)
        self.step += 1
        return self.stop()


class tie_counts(_Stopper):
    """You take a loss equal to the best one for an improvement. A tie is none: on a plateau training would never stop."""

    def improves(self, loss):
        return loss == self.best_loss or super().improves(loss)


class one_late(_Stopper):
    """You stop one update late: at the failure after patience failures. The update that makes the count equal to patience is the last."""

    def stop(self):
        return self.failures > self.patience


class one_early(_Stopper):
    """You stop one update early. patience is the number of failures themselves: count them after the last improvement, from 1."""

    def stop(self):
        return self.failures >= max(self.patience - 1, 1)


class all_failures(_Stopper):
    """You count all failures of the training. Only failures in a row count: an improvement sets the count back to 0."""

    def keep(self, loss, weights):
        failures = self.failures
        super().keep(loss, weights)
        self.failures = failures


class last_weights(_Stopper):
    """You keep the weights of the last update. The ones to keep are those of the last improvement, which may be long ago."""

    def fail(self, loss, weights):
        super().fail(loss, weights)
        self.best_weights = copy.deepcopy(weights)


class reference_kept(_Stopper):
    """You keep the weights themselves, or a copy of the container with the same arrays in it. The model goes on training, and what you kept changes with it: copy.deepcopy."""

    def keep(self, loss, weights):
        super().keep(loss, weights)
        self.best_weights = copy.copy(weights)


class one_level_copied(_Stopper):
    """You copy the arrays of the outermost container only. Those in the lists and dicts inside are still the model's: copy.deepcopy goes all the way down."""

    def keep(self, loss, weights):
        super().keep(loss, weights)
        pairs = weights.items() if isinstance(weights, dict) else enumerate(weights)
        kept = {key: value if isinstance(value, (list, tuple, dict)) else copy.deepcopy(value) for key, value in pairs}
        self.best_weights = kept if isinstance(weights, dict) else list(kept.values())


class like_an_accuracy(_Stopper):
    """You keep the largest value. That is right for an accuracy; a loss is better the smaller it is."""

    start = -math.inf

    def improves(self, loss):
        return loss > self.best_loss + self.min_delta


class min_delta_added(_Stopper):
    """You compare with best_loss + min_delta, so losses that are a little worse count as improvements. min_delta makes it harder to improve: subtract it."""

    def improves(self, loss):
        return loss < self.best_loss + self.min_delta


class min_delta_ignored(_Stopper):
    """You do not use min_delta: however small, every improvement counts. It has to be more than min_delta."""

    def improves(self, loss):
        return loss < self.best_loss


class exactly_min_delta(_Stopper):
    """A loss that is lower by exactly min_delta counts as an improvement in yours. It has to be lower than that."""

    def improves(self, loss):
        return loss < self.best_loss and loss <= self.best_loss - self.min_delta


class min_delta_relative(_Stopper):
    """You take min_delta for a share of the best loss. It is an amount, subtracted from the best loss."""

    def improves(self, loss):
        return loss < (math.inf if self.best_step is None else self.best_loss * (1 - self.min_delta))


class creeping_best(_Stopper):
    """You lower best_loss although the improvement is too small to count. Then a slow, steady improvement never counts, however far it gets."""

    def fail(self, loss, weights):
        super().fail(loss, weights)
        if loss < self.best_loss:
            self.best_loss = loss


class previous_loss(_Stopper):
    """You compare with the previous loss. A loss that falls after a rise may still be above the best one: compare with the best."""

    previous = math.inf

    def improves(self, loss):
        better = loss < self.previous - self.min_delta
        self.previous = loss
        return better


class best_step_from_1(_Stopper):
    """You count the steps from 1. best_step is 0 for the first update."""

    def keep(self, loss, weights):
        super().keep(loss, weights)
        self.best_step = self.step + 1


class number_of_improvements(_Stopper):
    """Your best_step counts improvements. It is the number of the update, failures included: you want to know how long to train."""

    improvements = -1

    def keep(self, loss, weights):
        super().keep(loss, weights)
        self.improvements += 1
        self.best_step = self.improvements


class kept_at_the_stop(_Stopper):
    """Your best_step goes on while nothing improves. It belongs to the best loss: change the three of them together, or not at all."""

    def fail(self, loss, weights):
        super().fail(loss, weights)
        self.best_step = self.step


class not_worse_is_better(_Stopper):
    """You ask whether the loss is worse and take everything else for an improvement. nan is neither: every comparison with it is false, so ask whether the loss is better."""

    def improves(self, loss):
        return not loss >= self.best_loss - self.min_delta


class nan_skipped(_Stopper):
    """You skip nan as if there had been no update. It is a failure, and counts: after enough of them training stops."""

    def fail(self, loss, weights):
        if not math.isnan(loss):
            super().fail(loss, weights)


class nan_stops(_Stopper):
    """You stop at the first nan. It is one failure, and patience decides how many of them are too many."""

    def fail(self, loss, weights):
        super().fail(loss, weights)
        if math.isnan(loss):
            self.failures = self.patience


class nan_starts_anew(_Stopper):
    """A loss of nan sets your count of failures back to 0. Only an improvement does that."""

    def fail(self, loss, weights):
        super().fail(loss, weights)
        if math.isnan(loss):
            self.failures = 0


class first_loss_taken(_Stopper):
    """You take the first loss for the best one without looking. If it is nan, nothing is ever smaller: begin with infinity."""

    def improves(self, loss):
        return self.step == 0 or super().improves(loss)


class minimum_with_nan(_Stopper):
    """You lower best_loss with min(), and min(nan, x) is nan: after that nothing improves. Change best_loss at an improvement only."""

    def fail(self, loss, weights):
        super().fail(loss, weights)
        self.best_loss = min(loss, self.best_loss) if math.isnan(loss) else self.best_loss
