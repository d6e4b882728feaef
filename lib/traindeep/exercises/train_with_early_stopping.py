"""A training loop with validation, early stopping and the best weights."""

import torch
from torch import nn

SIGNATURES = {
    "train_with_early_stopping": "model, train, val, epochs, batch_size, lr, wd, augment, loss, patience, seed"
    " -> model, history"
}
HINTS = (
    "Write one epoch of training and one validation first, as two blocks of lines. Which of the two needs model.train(), "
    "which model.eval(), which augment, and which torch.no_grad()? Each epoch runs both, one after the other.",
    "A batch of n samples with the mean loss l adds n * l to a total; divide by the number of samples at the end. "
    "EarlyStopper.update(val_loss, model.state_dict()) copies all weights and buffers, and says when to stop; after the "
    "loop, model.load_state_dict(stopper.best_weights).",
    "torch.randperm(len(X)).split(batch_size) gives the batches of an epoch, in a new order each time; X[rows], y[rows] keep "
    "samples and targets together. A batch of one sample: if len(rows) == 1 < len(X), go on. torch.manual_seed(seed) once, "
    "before the first epoch.",
)
VAL = 1000  # numbers of validation samples begin here


# ---- on the student's side: a model that does what a script says, and keeps a log -------------------------


class _Log(list):
    """Copies of a model write into the same log."""

    def __deepcopy__(self, memo):
        return self


class Scripted(nn.Module):
    """A model whose losses are written down beforehand, one for each epoch; it writes down how it is called.

    A sample is a row (number, class, offset of its loss, mark of `Marks`). `seen` counts the samples of calls in training,
    so it says which epoch it is. In training the loss rises by 1 in each epoch of n samples, with the samples seen. The
    gradient of each parameter is `slope`.
    """

    def __init__(self, n, train_losses, val_losses, val_right=(), slope=1.0):
        super().__init__()
        self.weight, self.scale = nn.Parameter(torch.ones(2, 3)), nn.Parameter(torch.ones(3))
        self.register_buffer("seen", torch.zeros(()))
        self.n, self.slope, self.log = n, slope, _Log()
        self.train_losses, self.val_losses, self.val_right = train_losses, val_losses, val_right

    def forward(self, x):
        numbers, classes, offsets, marks = x.detach().T
        gradient = 0.0 if self.weight.grad is None else self.weight.grad.max().item()
        self.log.append(
            {
                "training": self.training,
                "numbers": numbers.int().tolist(),
                "marks": marks.int().tolist(),
                "gradient": gradient,
                "weight": self.weight.detach().mean().item(),
                "scale": self.scale.detach().mean().item(),
            }
        )
        val = bool(numbers[0] >= VAL)
        epoch, part = divmod(self.seen.item(), self.n)
        if self.training and not val:
            self.seen += len(x)
            level = self._of(self.train_losses, epoch) + part / self.n
        else:
            level = self._of(self.val_losses, round(self.seen.item() / self.n) - 1) + 3 * self.training
            if val and self.val_right:
                right = self._of(self.val_right, round(self.seen.item() / self.n) - 1)
                classes = (classes + (numbers - VAL >= right)) % 3
        pull = self.slope * (self.weight.sum() + self.scale.sum())
        value = level + offsets + pull - pull.detach()
        # The mean of three logits is the loss, the largest the class, and the fourth tells training from validation.
        logits = value[:, None] + nn.functional.one_hot(classes.long(), 3) - 1 / 3
        return torch.cat([logits, torch.full((len(x), 1), -60.0 if val else -50.0)], 1)

    @staticmethod
    def _of(values, epoch):
        return values[min(max(int(epoch), 0), len(values) - 1)]

    def told(self):
        """The log so far."""
        return list(self.log)


class Loss:
    """The mean over the samples of what the scripted model says, 1 more for targets that are no classes."""

    def __init__(self):
        self.wrong_pairs = 0

    def __call__(self, logits, y):
        soft = y.ndim > 1
        classes = y.argmax(1) if soft else y
        wrong = (logits[:, :3].argmax(1) != classes) & (logits[:, 3] > -55)
        self.wrong_pairs += int(wrong.sum())
        return logits[:, :3].mean() + float(soft)


class Marks:
    """An augmentation that marks each sample with the number of its call, and may turn classes into rows."""

    def __init__(self, soft=False):
        self.calls, self.soft = 0, soft

    def __call__(self, x, y):
        self.calls += 1
        x = x.clone()
        x[:, 3] = self.calls
        return x, nn.functional.one_hot(y, 3).float() if self.soft else y


def noise(x, y):
    """An augmentation that draws."""
    return x + 0.3 * torch.randn(x.shape), y


def small_net(dropout=0.0):
    """A network with batch norm that starts from fixed numbers."""
    layers = [nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 3)]
    net = nn.Sequential(*layers)
    for place in (0, 4):
        weight = net[place].weight
        weight.data = torch.cos(torch.arange(1.0, weight.numel() + 1) ** 1.5).reshape(weight.shape) / 2
        net[place].bias.data.zero_()
    return net


def only_weights_decay(groups, model):
    """Whether these groups let the scripted model's weight decay, and nothing else."""
    decays = {id(p): bool(group.get("weight_decay")) for group in groups for p in group["params"]}
    return decays == {id(model.weight): True, id(model.scale): False}


# ---- scenarios -------------------------------------------------------------------------------------------


def _samples(n, first=0, offsets=None):
    """n rows for the scripted model, with their classes."""
    numbers = torch.arange(float(n))
    offsets = torch.zeros(n) if offsets is None else torch.as_tensor(offsets, dtype=torch.float32)
    return torch.stack([first + numbers, numbers % 3, offsets, torch.zeros(n)], 1), (numbers % 3).long()


class _Run:
    """A training of the scripted model, and what it left behind."""

    def __init__(
        self, student, n, epochs, batch_size, n_val=5, train_losses=(3.0, 2.0, 1.0), val_losses=None, val_right=(),
        offsets=None, slope=1.0, augment="", **settings,
    ):  # fmt: skip
        here = student.imported(__name__)
        self.n, self.here = n, here
        val_losses = list(val_losses or range(epochs + 5, 0, -1))
        self.model = here.Scripted(n, list(train_losses), val_losses, list(val_right), slope)
        self.loss, self.augment = here.Loss(), here.Marks(augment == "soft") if augment else None
        settings = {"lr": 0.125, "patience": 50, "loss": self.loss, "augment": self.augment} | settings
        self.returned, self.history = student.train_with_early_stopping(
            self.model, _samples(n), _samples(n_val, VAL, offsets), epochs=epochs, batch_size=batch_size, **settings
        )
        self.epochs, self.validations, epoch = [], [], []
        for call in self.model.told():
            if call["numbers"][0] < VAL:
                epoch += [call] if call["training"] else []
            elif epoch or not self.validations:
                self.epochs.append(epoch)
                self.validations.append([call])
                epoch = []
            else:
                self.validations[-1].append(call)

    def down_by_1(self):
        """Whether history holds the losses of the validations, which go down by 1."""
        change = self.numbers("val_loss").diff()
        return {"val_loss goes down by 1 in each epoch": bool(((change + 1).abs() < 1e-4).all())}

    def numbers(self, name):
        return torch.tensor([float(value) for value in self.history[name]], dtype=torch.float64)


def _together(calls, key):
    return [value for call in calls for value in call[key]]


def _epochs(student, n, epochs, batch_size):
    """Which samples are trained on, and how."""
    run = _Run(student, n, epochs, batch_size)
    orders = [_together(epoch, "numbers") for epoch in run.epochs]
    facts = {
        "different samples trained on in each epoch": [len(set(order)) for order in orders],
        "samples trained on in each epoch": [len(order) for order in orders],
        "sizes of the batches": sorted((len(call["numbers"]) for call in run.epochs[0]), reverse=True),
        "samples with a target of another": run.loss.wrong_pairs > 0,
    } | run.down_by_1()
    if n >= 10:  # few samples come in the same order by chance
        facts["the order of the data is used"] = any(order == sorted(order) for order in orders)
        facts["two epochs have the same order"] = any(a == b for a, b in zip(orders, orders[1:], strict=False))
    return facts


def _train_loss(student, n, epochs, batch_size, losses):
    """The loss that is written down: the first batch of an epoch has the lowest one, the last, small one the highest."""
    run = _Run(student, n, epochs, batch_size, train_losses=losses)
    return {"train_loss": run.numbers("train_loss")}


def _steps(student, n, epochs, batch_size):
    """What the weights do in each step; the gradient is 1."""
    run = _Run(student, n, epochs, batch_size)
    calls = [call for epoch in run.epochs for call in epoch]
    weights = [call["weight"] for call in calls] + [run.validations[-1][-1]["weight"]]
    return {
        "gradients add up": max(call["gradient"] for call in calls) > 1.001,
        "each batch makes a step": all(b < a for a, b in zip(weights, weights[1:], strict=False)),
        "validations": len(run.validations),
    } | run.down_by_1()


def _decay(student, n, epochs, batch_size, wd):
    """What happens without a gradient. Whose groups are wrong has paid for that already."""
    run = _Run(student, n, epochs, batch_size, slope=0.0, wd=wd)
    end = run.validations[-1][-1]
    try:
        own = run.here.only_weights_decay(student.decay_param_groups(run.model, 0.1), run.model)
    except Exception:  # there is none, or it raises
        own = True
    return {
        "weights decay": end["weight"] < 0.999,
        "scales decay": own and end["scale"] < 0.999,
    } | run.down_by_1()


def _augmented(student, n, epochs, batch_size, kind):
    """Which samples augment has marked, and whose targets the loss gets."""
    run = _Run(student, n, epochs, batch_size, augment=kind, train_losses=[2.0])
    marks = [_together(epoch, "marks") for epoch in run.epochs]
    facts = {
        "share of the samples that augment has changed": [sum(m > 0 for m in epoch) / len(epoch) for epoch in marks],
        "epochs share what augment made": any({*a} & {*b} for a, b in zip(marks, marks[1:], strict=False)),
    }
    if kind == "soft":
        facts["the loss gets the targets that augment returns"] = bool((run.numbers("train_loss") > 2.9).all())
    return facts | run.down_by_1()


def _validation(student, n, epochs, batch_size, n_val, offsets, right, augment=""):
    """How the validation samples are looked at, and what is written down."""
    run = _Run(student, n, epochs, batch_size, n_val, val_losses=range(9, 0, -1), val_right=right, offsets=offsets,
               augment=augment)  # fmt: skip
    calls = [call for epoch in run.validations for call in epoch]
    return {
        "validation in training mode": any(call["training"] for call in calls),
        "augment sees validation": any(_together(calls, "marks")),
        "val_loss": run.numbers("val_loss"),
        "val_acc": run.numbers("val_acc"),
    }


def _best(student, losses, patience, right=(), epochs=None, train_losses=(9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0)):
    """When the training ends, and whose weights are there at the end."""
    run = _Run(student, 4, epochs or len(losses), 2, val_losses=losses, val_right=right, patience=patience,
               train_losses=train_losses)  # fmt: skip
    weights = [calls[0]["weight"] for calls in run.validations]
    state, best = run.returned.state_dict(), run.history["best_epoch"]
    return {
        "epochs": len(run.validations),
        "epochs in val_loss": int((run.numbers("val_loss") > 0.25).sum()),
        "best_epoch": int(best),
        "weights are those of epoch": weights.index(w) if (w := state["weight"].mean().item()) in weights else -1,
        "buffers are those of epoch": int(state["seen"].item()) // run.n - 1,
        "mode at the end": "training" if run.returned.training else "evaluation",
    }


def _blobs(n, seed):
    """Three clouds of points in four dimensions."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 3
    places = torch.tensor([[2.0, 0, 0, 1], [0, 2, 0, -1], [0, 0, 2, 0]])
    return places[y] + 0.4 * torch.randn(n, 4, generator=generator), y


def _learns(student, n, batch_size, epochs, seed, result=False):
    """A network with batch norm learns to tell the clouds apart; the last batch may be a single sample.

    With `result` only what the network gives at the end is compared, with the validation losses.
    """
    net = student.imported(__name__).small_net()
    val = _blobs(24, seed + 1)
    try:
        net, history = student.train_with_early_stopping(
            net, _blobs(n, seed), val, epochs, batch_size, 0.05, wd=1e-3, patience=epochs, seed=seed
        )
    except (RuntimeError, ValueError) as error:
        if isinstance(error, NotImplementedError):
            raise
        return {"the training goes through": False}
    losses = [float(value) for value in history["val_loss"]]
    if result:
        last = torch.nn.functional.cross_entropy(net.eval()(val[0]).detach(), val[1]).item()
        return {"the result has the smallest validation loss": abs(last - min(losses)) < 1e-4}
    return {"the training goes through": True, "it learns": 0 < min(losses) < 0.5, "epochs": len({*losses})}


def _repeat(student, seed):
    """Two trainings with one seed, whatever was drawn before, and one with another."""
    here, torchs, runs = student.imported(__name__), student.imported("torch"), []
    for before, own in ((1, seed), (2, seed), (1, seed + 1)):
        torchs.manual_seed(before)
        net, history = student.train_with_early_stopping(
            here.small_net(0.3), _blobs(24, seed), _blobs(15, seed + 1), 2, 8, 0.05, augment=here.noise, seed=own
        )
        runs.append([torch.tensor([float(v) for v in history["train_loss"]]), *net.state_dict().values()])
    same = [all(torch.equal(a, b) for a, b in zip(runs[0], other, strict=True)) for other in runs[1:]]
    return {"the same seed gives the same": same[0], "another seed gives the same": same[1]}


def _refused(student, *cases):
    facts = {}
    for n, n_val, epochs in cases:
        model = student.imported(__name__).Scripted(4, [1.0], [1.0])
        try:
            student.train_with_early_stopping(model, _samples(n), _samples(n_val, VAL), epochs, 2, 0.1)
            facts[f"{n} samples, {n_val} for validation, {epochs} epochs"] = "accepted"
        except ValueError:
            facts[f"{n} samples, {n_val} for validation, {epochs} epochs"] = "refused"
        except (ArithmeticError, RuntimeError, IndexError, TypeError) as error:
            if isinstance(error, NotImplementedError):
                raise
            facts[f"{n} samples, {n_val} for validation, {epochs} epochs"] = "another error"
    return facts


def _refuses(student, n, n_val, epochs):
    model = student.imported(__name__).small_net()
    return student.train_with_early_stopping(model, _samples(n), _samples(n_val, VAL), epochs, 2, 0.1)


def test_every_sample_once(student, compare):
    """Ten samples in batches of 4, 4 and 2: each once in each epoch, in training mode, in a new order, with its target."""
    compare(_epochs, 10, 3, 4)


def test_small_data(student, compare):
    """Three samples and batches of eight: all three are trained on."""
    compare(_epochs, 3, 2, 8)


def test_train_loss(student, compare):
    """Batches of 4, 4 and 2 with losses 3, 3.4 and 3.8: the mean over the samples is 3.32."""
    compare(_train_loss, 10, 3, 4, [3.0, 2.0, 1.0])


def test_steps(student, compare):
    """Each batch makes one step, with its own gradient alone."""
    compare(_steps, 8, 2, 2)


def test_weight_decay(student, compare):
    """Where the gradient is 0, wd makes weights smaller and nothing else."""
    compare(_decay, 8, 2, 4, 0.5)
    compare(_decay, 8, 2, 4, 0.0)


def test_augment(student, compare):
    """augment changes each batch of training, anew in each epoch, and the loss gets the targets that it returns."""
    compare(_augmented, 8, 3, 4, "hard")
    compare(_augmented, 8, 2, 4, "soft")


def test_validation(student, compare):
    """Validation happens in evaluation mode and without augment; seven samples have one mean, whatever batch_size."""
    compare(_validation, 8, 3, 4, 7, [0, 0, 0, 0, 0, 1, 6], [3, 4, 6])
    compare(_validation, 8, 2, 4, 5, [1, 2, 3, 4, 5], [5], augment="hard")


def test_best_weights(student, compare):
    """Validation losses 5, 3, 4, 2, 6, 7, 8 with patience 2: six epochs, and the model of epoch 3, counted from 0."""
    compare(_best, [5.0, 3.0, 4.0, 2.0, 6.0, 7.0, 8.0, 9.0], 2)
    compare(_best, [5.0, 2.0, 3.0, 4.0], 9)
    compare(_learns, 24, 8, 4, 1, result=True)


def test_validation_loss_decides(student, compare):
    """Neither the training loss nor the accuracy decides which epoch is best."""
    compare(_best, [5.0, 3.0, 4.0, 4.5, 4.75, 4.875], 3, right=[1, 2, 3, 4, 5])


def test_learns(student, compare):
    """A network with batch norm learns, and 33 samples in batches of 8 do no harm to it."""
    compare(_learns, 33, 8, 6, 1)


def test_seed(student, compare):
    """One seed, one result, whatever was drawn before; another seed, another result."""
    compare(_repeat, 3)


def test_bad_input(student, compare):
    """No epochs, and no samples, are a ValueError that names the argument."""
    compare(_refused, (4, 3, 1), (4, 3, 0), (0, 3, 1), (4, 0, 1))
    compare.refuses(_refuses, 4, 3, 0, naming=("epochs",))
    compare.refuses(_refuses, 0, 3, 1, naming=("train", "X"))
    compare.refuses(_refuses, 4, 0, 1, naming=("val", "X"))
