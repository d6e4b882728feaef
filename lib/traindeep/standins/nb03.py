"""Stand-ins for 03_batch_norm_why."""

from traindeep.standins import of


@of("03")
def sigmoid_linear_r2(z) -> float:
    """R^2 of the best straight line through the points (z, sigmoid of z)."""
    import numpy as np
    from scipy.special import expit
    from sklearn.linear_model import LinearRegression

    z = np.asarray(z, float)
    if len(z) < 3 or np.ptp(z) == 0:
        raise ValueError(f"z must have at least 3 entries that are not all the same, got {z[:3]}")
    return float(LinearRegression().fit(z[:, None], expit(z)).score(z[:, None], expit(z)))


@of("03")
def ics_gradient_change(model, layer, loss_fn, x, y, lr: float) -> tuple[float, float]:
    """Norm of the change of a layer's weight gradient when the layers before it take a step, and cosine of the angle."""
    import torch
    from torch.nn.utils import parameters_to_vector, vector_to_parameters

    modules = list(model)
    if not any(module is layer for module in modules):
        raise ValueError("layer must be a module of model, got another one")
    if lr < 0:
        raise ValueError(f"lr must not be negative, got {lr}")
    start = parameters_to_vector(model.parameters()).detach().clone()
    # One optimizer for all parameters: those that are not before the layer have a learning rate of 0.
    groups, rate = [], lr
    for module in modules:
        rate = 0.0 if module is layer else rate
        groups.append({"params": list(module.parameters()), "lr": rate})
    optimizer = torch.optim.SGD(groups, fused=True)
    seen = []
    hook = layer.weight.register_hook(lambda gradient: seen.append(gradient.detach().flatten().clone()))
    try:
        for _ in range(2):
            optimizer.zero_grad()
            loss_fn(model(x), y).backward()
            optimizer.step()
    finally:
        hook.remove()
        vector_to_parameters(start, model.parameters())
        optimizer.zero_grad()
    return torch.dist(*seen).item(), torch.cosine_similarity(*seen, dim=0).item()


@of("03", lazily=True)
def NoisyBatchNorm() -> type:
    import torch
    import torch.nn.functional as F
    from torch import nn

    class NoisyBatchNorm(nn.InstanceNorm1d):
        """Batch normalization of (N, D), stretched and shifted at random in training.

        One "image" whose channels are the D features and whose length is N: normalizing each of its channels along its
        length is batch normalization.
        """

        def __init__(self, num_features: int, mean_range: float, std_max: float, generator=None):
            for name, value, least in (("mean_range", mean_range, 0), ("std_max", std_max, 1)):
                if value < least:
                    raise ValueError(f"{name} must be at least {least}, got {value}")
            super().__init__(num_features, affine=True, track_running_stats=True)
            self.ranges, self.generator = ((-mean_range, mean_range), (1.0, std_max)), generator

        def forward(self, x):
            y = F.instance_norm(
                x.T[None], self.running_mean, self.running_var, self.weight, self.bias,
                self.training, self.momentum, self.eps,
            )[0].T  # fmt: skip
            if not self.training:
                return y
            self.last_shift, self.last_scale = (
                nn.init.uniform_(torch.empty_like(self.bias.detach()), *ends, generator=self.generator)
                for ends in self.ranges
            )
            return y * self.last_scale + self.last_shift

    return NoisyBatchNorm
