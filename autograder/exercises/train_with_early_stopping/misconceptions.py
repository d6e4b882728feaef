"""Believable wrong answers to train_with_early_stopping. Each docstring is what a good tutor would say."""

import copy

import torch
import torch.nn.functional as F
from traindeep.reuse import stand_in

EarlyStopper = stand_in("EarlyStopper")


def _weights_decay(model, wd):
    """The groups of decay_param_groups."""
    own = [p for p in model.parameters() if p.requires_grad]
    weights, others = [p for p in own if p.ndim > 1], [p for p in own if p.ndim < 2]
    return [{"params": weights, "weight_decay": wd}, {"params": others, "weight_decay": 0.0}]


class _Fit:
    """The loop in small pieces, so that each mistake replaces one of them. Calling the class trains."""

    def __new__(
        cls, model, train, val, epochs, batch_size, lr, wd=0.0, augment=None, loss=F.cross_entropy, patience=5, seed=0
    ):
        fit = super().__new__(cls)
        fit.model, fit.train, fit.val, fit.epochs, fit.batch_size = model, train, val, epochs, batch_size
        fit.augment, fit.loss, fit.seed, fit.stopper = augment, loss, seed, EarlyStopper(patience)
        fit.check()
        fit.history = {"train_loss": [], "val_loss": [], "val_acc": []}
        fit.optimizer = fit.make_optimizer(lr, wd)
        fit.start()
        for _ in range(epochs):
            fit.epoch()
            if fit.stops():
                break
        return fit.result()

    def check(self):
        self.check_epochs()
        for name in ("train", "val"):
            if len(getattr(self, name)[0]) == 0:
                raise ValueError(f"{name} has no samples")

    def check_epochs(self):
        if self.epochs < 1:
            raise ValueError(f"epochs must be at least 1, got {self.epochs}")

    def groups(self, wd):
        return _weights_decay(self.model, wd)

    def make_optimizer(self, lr, wd):
        return torch.optim.SGD(self.groups(wd), lr=lr, momentum=0.9)

    def start(self):
        torch.manual_seed(self.seed)

    def order(self):
        return torch.randperm(len(self.train[0]))

    def batches(self):
        return [rows for rows in self.order().split(self.batch_size) if not len(rows) == 1 < len(self.train[0])]

    def batch(self, rows):
        X, y = self.train
        return self.changed(X[rows], y[rows])

    def changed(self, x, y):
        return (x, y) if self.augment is None else self.augment(x, y)

    def before_training(self):
        self.model.train()

    def before_validation(self):
        self.model.eval()

    def epoch(self):
        self.before_training()
        losses, sizes = [], []
        for rows in self.batches():
            losses.append(self.step(*self.batch(rows)))
            sizes.append(len(rows))
        self.history["train_loss"].append(self.mean(losses, sizes))
        self.before_validation()
        val_loss, val_acc = self.validate()
        self.history["val_loss"].append(val_loss)
        self.history["val_acc"].append(val_acc)

    def zero(self):
        self.optimizer.zero_grad()

    def step(self, x, y):
        self.zero()
        value = self.loss(self.model(x), y)
        value.backward()
        self.optimizer.step()
        return value.item()

    def mean(self, losses, sizes):
        total = sum(loss * size for loss, size in zip(losses, sizes, strict=True))
        return total / sum(sizes) if sizes else 0.0

    @torch.no_grad()
    def validate(self):
        X, y = self.val_data()
        logits = self.model(X)
        return self.loss(logits, y).item(), self.accuracy(logits, y)

    def val_data(self):
        return self.val

    def accuracy(self, logits, y):
        return (logits.argmax(1) == (y.argmax(1) if y.ndim > 1 else y)).double().mean().item()

    def watched(self):
        return self.history["val_loss"][-1]

    def kept(self):
        return self.model.state_dict()

    def stops(self):
        return self.stopper.update(self.watched(), self.kept())

    def load(self):
        self.model.load_state_dict(self.stopper.best_weights)

    def result(self):
        self.load()
        self.at_the_end()
        return self.model, self.history | {"best_epoch": self.best_epoch()}

    def at_the_end(self):
        self.model.eval()

    def best_epoch(self):
        return self.stopper.best_step


class validation_in_training_mode(_Fit):
    """You validate in training mode: dropout is active, and batch norm uses the batch and learns from it. model.eval() before, model.train() after."""

    def before_validation(self):
        pass


class training_mode_once(_Fit):
    """You call model.train() once, before the first epoch. After the first validation the model stays in evaluation mode: call it in each epoch."""

    def start(self):
        super().start()
        self.model.train()

    def before_training(self):
        pass


class never_in_training_mode(_Fit):
    """Your model is in evaluation mode all the time, so dropout does nothing and batch norm never learns its statistics. model.train() in each epoch."""

    def before_training(self):
        self.model.eval()


class validation_is_augmented(_Fit):
    """You augment validation samples as well. What you measure there has to be what the model will meet: augment training batches only."""

    def val_data(self):
        return self.changed(*self.val)


class augment_is_not_used(_Fit):
    """You do not use augment. Call it for each training batch, if it is not None, and train on what it returns."""

    def changed(self, x, y):
        return x, y


class augmented_once(_Fit):
    """You augment the training data once, before the first epoch, so each epoch sees the same samples again. Augment each batch when it comes."""

    def start(self):
        super().start()
        self.train = self.changed(*self.train)
        self.augment = None


class targets_of_augment_are_lost(_Fit):
    """You take the inputs that augment returns, and the old targets. Mixing and smoothing change the targets as well: x, y = augment(x, y)."""

    def changed(self, x, y):
        return super().changed(x, y)[0], y


class zero_grad_is_missing(_Fit):
    """You never set the gradients to 0. backward adds to what is there, so each step uses the sum of all gradients so far: optimizer.zero_grad()."""

    def zero(self):
        pass


class one_step_in_each_epoch(_Fit):
    """You make one step in each epoch. Each batch makes its own."""

    def step(self, x, y):
        value = self.loss(self.model(x), y)
        value.backward()
        return value.item()

    def mean(self, losses, sizes):
        self.optimizer.step()
        self.optimizer.zero_grad()
        return super().mean(losses, sizes)


class everything_decays(_Fit):
    """You let all parameters decay. Use decay_param_groups, so that biases and the weights of norms do not."""

    def groups(self, wd):
        return [{"params": [*self.model.parameters()], "weight_decay": wd}]


class wd_is_not_used(_Fit):
    """You do not use wd. Give the optimizer decay_param_groups(model, wd)."""

    def groups(self, wd):
        return super().groups(0.0)


class no_step(_Fit):
    """Your optimizer makes no step, or has parameters of another model. Nothing is learned."""

    def make_optimizer(self, lr, wd):
        return torch.optim.SGD(copy.deepcopy(self.model).parameters(), lr=lr)


class not_shuffled(_Fit):
    """You take the samples in the order of the data. If they are sorted by class, batches hold one class: a new random order in each epoch."""

    def order(self):
        return torch.arange(len(self.train[0]))


class shuffled_once(_Fit):
    """You use the same order in all epochs. Draw a new one in each."""

    def order(self):
        torch.manual_seed(self.seed)
        return super().order()


class targets_not_shuffled(_Fit):
    """You shuffle the samples and not their targets, so almost every sample gets the target of another. Index both with the same rows."""

    def start(self):
        super().start()
        self.at = 0

    def batch(self, rows):
        X, y = self.train
        self.at = 0 if self.at + len(rows) > len(y) else self.at
        targets = y[self.at : self.at + len(rows)]
        self.at += len(rows)
        return self.changed(X[rows], targets)


class drawn_with_replacement(_Fit):
    """You draw samples with replacement, so an epoch sees some of them twice and a third not at all. Take a permutation."""

    def order(self):
        # The same pattern for everyone: the second half of a permutation is replaced by the first.
        order = super().order()
        half = len(order) // 2
        return torch.cat([order[: len(order) - half], order[:half]])


class last_batch_dropped(_Fit):
    """You leave out the last batch if it is smaller, and with it all data that are fewer than one batch. Only a single sample may be left out."""

    def batches(self):
        return [rows for rows in self.order().split(self.batch_size) if len(rows) == self.batch_size]


class one_batch_only(_Fit):
    """You train on one batch in each epoch. An epoch goes through all samples."""

    def batches(self):
        return super().batches()[:1]


class whole_data_at_once(_Fit):
    """You train on all samples at once. Cut them into batches of batch_size."""

    def batches(self):
        return [self.order()]


class single_sample_trained_on(_Fit):
    """You train on a last batch of a single sample. Batch norm has nothing to normalize there and raises an error: leave it out, or join it to another."""

    def batches(self):
        return self.order().split(self.batch_size)


class mean_of_batch_means(_Fit):
    """You average the losses of batches of different sizes. The last one is smaller and counts for less: multiply each with its number of samples."""

    def mean(self, losses, sizes):
        return sum(losses) / len(losses)


class losses_added_up(_Fit):
    """Your train_loss is a sum over batches. Divide: it is the mean over the samples."""

    def mean(self, losses, sizes):
        return sum(losses)


class divided_by_the_batches(_Fit):
    """You multiply the losses with the sizes of the batches, and then divide by the number of batches. Divide by the number of samples."""

    def mean(self, losses, sizes):
        return super().mean(losses, sizes) * sum(sizes) / len(sizes)


class loss_of_the_last_batch(_Fit):
    """Your train_loss is the loss of the last batch of each epoch. It is the mean over all samples of the epoch."""

    def mean(self, losses, sizes):
        return losses[-1] if losses else 0.0


class never_reset(_Fit):
    """Your train_loss is a mean over all epochs so far. Start the total anew in each epoch."""

    def start(self):
        super().start()
        self.losses, self.sizes = [], []

    def mean(self, losses, sizes):
        self.losses += losses
        self.sizes += sizes
        return super().mean(self.losses, self.sizes)


class measured_after_the_epoch(_Fit):
    """Your train_loss is measured again after the epoch. It is the mean over the samples as they were trained on."""

    @torch.no_grad()
    def mean(self, losses, sizes):
        self.model.eval()
        return self.loss(self.model(self.train[0]), self.train[1]).item()


class val_loss_in_batches(_Fit):
    """You average val_loss or val_acc over batches of different sizes. The last one is smaller and counts for less: it is a mean over samples."""

    @torch.no_grad()
    def validate(self):
        X, y = self.val
        logits = [self.model(x) for x in X.split(self.batch_size)]
        pairs = [*zip(logits, y.split(self.batch_size), strict=True)]
        return (
            sum(self.loss(a, b).item() for a, b in pairs) / len(pairs),
            sum(self.accuracy(a, b) for a, b in pairs) / len(pairs),
        )


class number_of_right_ones(_Fit):
    """Your val_acc is a number of samples, or a percentage. It is a share, between 0 and 1."""

    def accuracy(self, logits, y):
        return float((logits.argmax(1) == y).sum())


class error_rate(_Fit):
    """Your val_acc is the share of the wrong ones. It is the share of the right ones."""

    def accuracy(self, logits, y):
        return 1 - super().accuracy(logits, y)


class stops_on_training_loss(_Fit):
    """You stop by the training loss. It goes on falling when the model begins to learn by heart: watch the validation loss."""

    def watched(self):
        return self.history["train_loss"][-1]


class stops_on_accuracy(_Fit):
    """You take the epoch with the best validation accuracy. Here the validation loss decides."""

    def watched(self):
        return -self.history["val_acc"][-1]


class last_weights(_Fit):
    """Your model has the weights of the last epoch. Load the best ones, and keep a copy of them: state_dict() alone gives references, which training changes."""

    def load(self):
        pass


class parameters_only(_Fit):
    """Your model has the best parameters and the buffers of the last epoch. The statistics of batch norm belong to the weights: keep all of state_dict()."""

    def kept(self):
        return dict(self.model.named_parameters())

    def load(self):
        with torch.no_grad():
            for name, value in self.model.named_parameters():
                value.copy_(self.stopper.best_weights[name])


class kept_one_epoch_too_early(_Fit):
    """The weights that you keep are those from before the best epoch. Validate after the epoch, and keep what was validated."""

    def before_training(self):
        self.before = copy.deepcopy(self.model.state_dict())
        super().before_training()

    def kept(self):
        return self.before


class best_is_latest(_Fit):
    """You keep the weights whenever the loss is below that of the epoch before. Compare with the best loss so far."""

    def start(self):
        super().start()
        self.best, self.latest = None, 0

    def stops(self):
        losses = self.history["val_loss"]
        if len(losses) < 2 or losses[-1] < losses[-2]:
            self.best, self.latest = copy.deepcopy(self.model.state_dict()), len(losses) - 1
        return super().stops()

    def load(self):
        self.model.load_state_dict(self.best)

    def best_epoch(self):
        return self.latest


class never_stops(_Fit):
    """You never stop before the last epoch. When `patience` epochs in a row have not been better, the training ends."""

    def stops(self):
        super().stops()
        return False


class stops_at_the_first_failure(_Fit):
    """You stop at the first epoch that is not better. It takes `patience` of them in a row."""

    def stops(self):
        super().stops()
        return self.stopper.best_step != len(self.history["val_loss"]) - 1


class stops_one_epoch_late(_Fit):
    """You stop one epoch late. After `patience` epochs without an improvement there is no further one."""

    def start(self):
        super().start()
        self.over = False

    def stops(self):
        over, self.over = self.over, super().stops()
        return over


class counted_from_1(_Fit):
    """You count best_epoch from 1. It is an index into the lists of history: from 0."""

    def best_epoch(self):
        return self.stopper.best_step + 1


class last_epoch_is_best(_Fit):
    """Your best_epoch is the last one. It is the one with the smallest val_loss."""

    def best_epoch(self):
        return len(self.history["val_loss"]) - 1


class ends_in_training_mode(_Fit):
    """Your model is in training mode at the end. Who gets it wants to predict: model.eval() before you return it."""

    def at_the_end(self):
        self.model.train()


class seed_is_not_used(_Fit):
    """You do not use seed: two trainings differ, or depend on what was drawn before. torch.manual_seed(seed) before the first epoch."""

    def start(self):
        pass


class fixed_seed(_Fit):
    """You use a fixed seed instead of the argument, so that all seeds give the same."""

    def start(self):
        torch.manual_seed(0)


class order_only(_Fit):
    """Your seed decides the order alone. Dropout and augment draw from torch's global generator: torch.manual_seed(seed)."""

    def start(self):
        self.generator = torch.Generator().manual_seed(self.seed)

    def order(self):
        return torch.randperm(len(self.train[0]), generator=self.generator)


class epochs_not_checked(_Fit):
    """You accept epochs below 1. Refuse it with a ValueError that names the argument."""

    def check_epochs(self):
        pass

    def load(self):
        if self.stopper.best_weights is not None:
            super().load()


class samples_not_checked(_Fit):
    """You accept train or val without samples. Refuse them with a ValueError that names the argument."""

    def check(self):
        self.check_epochs()

    def batches(self):
        return [rows for rows in super().batches() if len(rows)]

    def load(self):
        if self.stopper.best_weights is not None:
            super().load()
