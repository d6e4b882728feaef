"""Monte Carlo dropout: many passes with dropout switched on, and what their disagreement says.

Sources: Gal & Ghahramani, "Dropout as a Bayesian Approximation", arXiv:1506.02142; Houlsby et al., "Bayesian Active
Learning for Classification and Preference Learning", arXiv:1112.5745 (mutual information of prediction and weights).
"""

import torch
from torch import Tensor, nn


def mc_dropout_predict(model: nn.Module, x: Tensor, T: int) -> Tensor:
    """Class probabilities of T passes with dropout on and everything else as at test time.

        probs[t] = softmax(model(x)) over the classes, with fresh masks in every pass t

    A dropout layer is a module of a class that torch derives from nn.modules.dropout._DropoutNd (nn.Dropout,
    nn.Dropout1d, 2d, 3d and the alpha ones), or whose class is called InvertedDropout, as in notebook 05. Only these
    are in training mode during the passes, also those that were in evaluation mode before; batch norm and all other
    modules are in evaluation mode.

    Args:
        model: Maps x (N, ...) to logits (N, C). Afterwards each of its modules is in the mode it was in, buffers and
            parameters are what they were, and no parameter has a new .grad.
        x: Input of the model.
        T: Number of passes, at least 1.

    Returns:
        (T, N, C) tensor of probabilities without autograd history.

    Raises:
        ValueError: T is less than 1, or the model has no dropout layer. The modes are as before then, too.

    Source: Gal & Ghahramani, arXiv:1506.02142.

    >>> model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5))
    >>> probs = mc_dropout_predict(model.eval(), torch.ones(4, 3), 20)
    >>> probs.shape, bool((probs[0] == probs[1]).all()), model[1].training
    (torch.Size([20, 4, 3]), False, False)
    """
    if T < 1:
        raise ValueError(f"T must be at least 1, got {T}")
    dropouts = [module for module in model.modules() if is_dropout(module)]
    if not dropouts:
        raise ValueError("model must have a dropout layer, got one without: all passes would be the same")
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        for module in dropouts:
            module.train()
        with torch.no_grad():
            return torch.stack([model(x).softmax(dim=-1) for _ in range(T)])
    finally:
        for module, training in modes:
            module.training = training


def is_dropout(module: nn.Module) -> bool:
    """Whether a module is a dropout layer: one of torch's, or of a class called InvertedDropout.

    >>> is_dropout(nn.Dropout2d(0.1)), is_dropout(nn.ReLU())
    (True, False)
    """
    return isinstance(module, nn.modules.dropout._DropoutNd) or type(module).__name__ == "InvertedDropout"


def predictive_scores(probs: Tensor) -> dict[str, Tensor]:
    """The average prediction of T passes, how uncertain it is, and how much of that is disagreement.

        mean        = (1 / T) sum_t probs[t]
        entropy     = H(mean),                               H(q) = - sum_c q_c ln q_c,   0 ln 0 = 0
        mutual_info = H(mean) - (1 / T) sum_t H(probs[t])

    Entropies are in nats, between 0 and ln C. mutual_info is never negative: it is 0 where all passes agree, and large
    where each pass is sure of something else.

    Args:
        probs: (T, N, C) tensor of probabilities, zeros allowed.

    Returns:
        A dict of tensors: "mean" (N, C), "entropy" (N,) and "mutual_info" (N,).

    Source: Houlsby et al., arXiv:1112.5745, equation 2.

    >>> scores = predictive_scores(torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]]))
    >>> scores["mean"], scores["entropy"], scores["mutual_info"]
    (tensor([[0.5000, 0.5000]]), tensor([0.6931]), tensor([0.6931]))
    """
    mean = probs.mean(dim=0)
    entropy = _entropy(mean)
    return {"mean": mean, "entropy": entropy, "mutual_info": entropy - _entropy(probs).mean(dim=0)}


def _entropy(q: Tensor) -> Tensor:
    return -torch.xlogy(q, q).sum(dim=-1)  # xlogy(0, 0) is 0
