"""Right answers to train_with_early_stopping, written in other ways."""

import copy
import math

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from traindeep.reuse import stand_in

EarlyStopper = stand_in("EarlyStopper")


def _weights_decay(model, wd):
    """The groups of decay_param_groups."""
    own = [p for p in model.parameters() if p.requires_grad]
    weights, others = [p for p in own if p.ndim > 1], [p for p in own if p.ndim < 2]
    return [{"params": weights, "weight_decay": wd}, {"params": others, "weight_decay": 0.0}]


def with_data_loader(
    model, train, val, epochs, batch_size, lr, wd=0.0, augment=None, loss=F.cross_entropy, patience=5, seed=0
):
    """DataLoaders for both sets; a last batch of one sample waits for the next epoch's place, i.e. is left out."""
    if epochs < 1:
        raise ValueError("epochs: at least one")
    if min(len(train[0]), len(val[0])) < 1:
        raise ValueError("train and val need samples")
    torch.manual_seed(seed)
    batches = DataLoader(TensorDataset(*train), batch_size, shuffle=True)
    checks = DataLoader(TensorDataset(*val), batch_size)
    optimizer = torch.optim.SGD(_weights_decay(model, wd), lr, momentum=0.9, nesterov=True)
    stopper = EarlyStopper(patience)
    history = dict(train_loss=[], val_loss=[], val_acc=[], best_epoch=0)
    for _ in range(epochs):
        model.train()
        total, count = 0.0, 0
        for x, y in batches:
            if len(x) == 1 and len(train[0]) > 1:
                continue
            if augment:
                x, y = augment(x, y)
            value = loss(model(x), y)
            optimizer.zero_grad(set_to_none=False)
            value.backward()
            optimizer.step()
            total += float(value.detach()) * x.shape[0]
            count += x.shape[0]
        history["train_loss"].append(total / count)
        model.eval()
        losses, right = 0.0, 0
        with torch.inference_mode():
            for x, y in checks:
                logits = model(x)
                losses += loss(logits, y).item() * len(x)
                right += (logits.argmax(-1) == y).sum().item()
        history["val_loss"].append(losses / len(val[0]))
        history["val_acc"].append(right / len(val[0]))
        if stopper.update(history["val_loss"][-1], model.state_dict()):
            break
    model.load_state_dict(stopper.best_weights)
    history["best_epoch"] = stopper.best_step
    return model, history


def adamw_and_a_schedule(
    model, train, val, epochs, batch_size, lr, wd=0.0, augment=None, loss=F.cross_entropy, patience=5, seed=0
):
    """AdamW with a falling learning rate, clipped gradients, a stopper of its own, clones of the best state."""
    if epochs <= 0:
        raise ValueError(f"epochs = {epochs}")
    for name, data in {"train": train, "val": val}.items():
        if not len(data[1]):
            raise ValueError(f"{name} is empty")
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW(_weights_decay(model, wd), lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs + 1)
    train_loss, val_loss, val_acc, best, failures, state = [], [], [], math.inf, 0, None
    for _ in range(epochs):
        rows = torch.randperm(len(train[0]))
        parts = list(torch.split(rows, batch_size))
        if len(parts) > 1 and len(parts[-1]) == 1:
            parts[-2] = torch.cat([parts[-2], parts.pop()])
        model.train(True)
        losses = torch.zeros(len(rows))
        at = 0
        for part in parts:
            x, y = train[0][part], train[1][part]
            x, y = augment(x, y) if callable(augment) else (x, y)
            value = loss(model(x), y)
            model.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 100.0)
            optimizer.step()
            losses[at : at + len(part)] = value.detach()
            at += len(part)
        schedule.step()
        train_loss.append(losses.mean())
        model.train(False)
        with torch.no_grad():
            out = model(val[0])
            val_loss.append(loss(out, val[1]).item())
            val_acc.append(out.max(1).indices.eq(val[1]).float().mean())
        failures += 1
        if val_loss[-1] < best:
            best, failures = val_loss[-1], 0
            state = {name: value.clone() for name, value in model.state_dict().items()}
        if failures >= patience:
            break
    model.load_state_dict(state)
    history = {"train_loss": train_loss, "val_loss": val_loss, "val_acc": val_acc}
    return model, history | {"best_epoch": val_loss.index(min(val_loss))}


def returns_a_copy(
    model, train, val, epochs, batch_size, lr, wd=0.0, augment=None, loss=F.cross_entropy, patience=5, seed=0
):
    """The best model is a deep copy; generators for the order, the global seed for the rest."""
    if epochs < 1 or len(train[0]) == 0 or len(val[0]) == 0:
        raise ValueError("epochs, train and val must not be empty")
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(_weights_decay(model, wd), lr=lr, momentum=0.9)
    records, best = [], None
    for epoch in range(epochs):
        model.train()
        order, sums, n = torch.randperm(len(train[0]), generator=generator), 0.0, 0
        for i in range(0, len(order), batch_size):
            batch = order[i : i + batch_size]
            if len(batch) < 2 <= len(order):
                break
            x, y = (train[0][batch], train[1][batch]) if augment is None else augment(train[0][batch], train[1][batch])
            optimizer.zero_grad()
            value = loss(model(x), y)
            value.backward()
            optimizer.step()
            sums, n = sums + value.item() * len(batch), n + len(batch)
        with torch.no_grad():
            logits = model.eval()(val[0])
        now = loss(logits, val[1]).item()
        records.append((sums / n, now, torch.mean((logits.argmax(1) == val[1]) * 1.0).item()))
        if best is None or now < best[0]:
            best = now, epoch, copy.deepcopy(model)
        if epoch - best[1] >= patience:
            break
    names = ("train_loss", "val_loss", "val_acc")
    return best[2], dict(zip(names, map(list, zip(*records, strict=True)), strict=True)) | {"best_epoch": best[1]}
