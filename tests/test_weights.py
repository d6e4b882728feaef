"""Weights put into modules of anybody: equal functions are equal, whatever their parts are called."""

import numpy as np
import pytest
import torch
from torch import nn
from traindeep.weights import normals, put, run

SHAPES = {
    "conv.weight": (4, 3, 3, 3),
    "bn.weight": (4,),
    "bn.bias": (4,),
    "bn.running_mean": (4,),
    "bn.running_var": (4,),
}


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)

    def forward(self, x):
        return self.bn(self.conv(x))


class Twice(Named):
    """Everything is registered a second time, and the other way round."""

    def __init__(self):
        super().__init__()
        both = [self.bn, self.conv]
        del self.conv, self.bn
        self.branch = nn.Sequential(*both)
        self.bn, self.conv = both


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def _facts(make, rng):
    x, dy = torch.from_numpy(rng.normal(size=(5, 3, 6, 4))), torch.from_numpy(rng.normal(size=(5, 4, 4, 2)))
    return run(make(), normals(rng, SHAPES), x, dy)


@pytest.mark.parametrize("make", [lambda: nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)), Twice])
def test_names_do_not_matter(make):
    """Output, gradients and buffers are the same for other names, and for layers with two names."""
    wanted, got = (_facts(each, np.random.default_rng(1)) for each in (Named, make))
    assert list(wanted) == list(got)
    assert len(wanted) == 7
    for name, value in wanted.items():
        torch.testing.assert_close(got[name], value, rtol=1e-9, atol=1e-12)


def test_against_torch(rng):
    """y is what torch makes of the weights by hand."""
    values, x = normals(rng, SHAPES), torch.from_numpy(rng.normal(size=(5, 3, 6, 4)))
    z = nn.functional.conv2d(x, values["conv.weight"])
    mean, var = values["bn.running_mean"], values["bn.running_var"]
    evaluated = nn.functional.batch_norm(z, mean, var, values["bn.weight"], values["bn.bias"])
    torch.testing.assert_close(run(Named(), values, x, torch.ones_like(z), training=False)["y"], evaluated)


def test_what_is_too_much_is_fixed_and_what_is_missing_is_none(rng):
    """A bias that no role asks for gets numbers of its shape; a role without an entry has no gradient."""
    layer = nn.Conv2d(3, 4, 3)
    names = put(layer, normals(rng, SHAPES))
    assert names == {"conv.weight": ["weight"]} or names == {"conv.weight": ["weight"], "bn.bias": ["bias"]}
    facts = run(
        nn.Conv2d(3, 4, 3, bias=False), normals(rng, SHAPES), torch.ones(1, 3, 3, 3).double(), torch.ones(1, 4, 1, 1)
    )
    assert facts["gradient of bn.weight"] is None
    again = [nn.Sequential(nn.PReLU(7), nn.PReLU(7)) for _ in range(2)]
    for each in again:
        put(each, {})
    assert torch.equal(again[0][0].weight, again[1][0].weight)


def test_another_shape(rng):
    """Where the output has another shape than the gradient, it alone is given."""
    facts = run(nn.Conv2d(3, 4, 3), {}, torch.ones(1, 3, 5, 5), torch.ones(1, 4, 5, 5))
    assert list(facts) == ["y"]
