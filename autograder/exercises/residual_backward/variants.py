"""Right answers to residual_backward and paths_by_length, written in other ways."""

from functools import reduce
from itertools import combinations, product

import numpy as np

from autograder.exercise import replaces


def _check(dy, jacs):
    D = np.size(dy)
    if np.shape(dy) != (D,):
        raise ValueError(f"dy has shape {np.shape(dy)}")
    if any(np.shape(jac) != (D, D) for jac in jacs):
        raise ValueError("a matrix in jacs is not (D, D)")


@replaces("residual_backward")
def row_times_matrix(dy, jacs):
    """A row from the left, block by block."""
    _check(dy, jacs)
    row = np.array(dy, dtype=float)
    for jac in jacs[::-1]:
        row = row + row @ jac
    return row


@replaces("residual_backward")
def whole_jacobian(dy, jacs):
    """The Jacobian of the network first."""
    _check(dy, jacs)
    whole = reduce(lambda J, jac: J + jac @ J, jacs, np.eye(len(dy)))
    return whole.T @ dy


@replaces("residual_backward")
def every_path(dy, jacs):
    """All 2^L paths while they are few, one block at a time else."""
    _check(dy, jacs)
    if len(jacs) > 8:
        return row_times_matrix(dy, jacs)
    total = np.zeros(len(dy))
    for taken in product((False, True), repeat=len(jacs)):
        path = np.asarray(dy, dtype=float)
        for through, jac in zip(taken[::-1], jacs[::-1], strict=True):
            path = np.transpose(jac) @ path if through else path
        total = total + path
    return total


@replaces("residual_backward")
def autograd(dy, jacs):
    """A linear residual network in torch, differentiated."""
    import torch

    _check(dy, jacs)
    x = torch.zeros(len(dy), dtype=torch.float64, requires_grad=True)
    y = x
    for jac in jacs:
        y = y + torch.as_tensor(np.asarray(jac, dtype=float)) @ y
    y.backward(torch.as_tensor(np.asarray(dy, dtype=float)))
    return x.grad.numpy()


def _check_jacs(jacs):
    if len({np.shape(jac) for jac in jacs}) > 1 or np.ndim(jacs[0]) != 2 or len(set(np.shape(jacs[0]))) > 1:
        raise ValueError("jacs: all of one square shape, please")
    return len(jacs[0])


@replaces("paths_by_length")
def choices(jacs):
    """itertools.combinations and a loop of products."""
    D, paths = _check_jacs(jacs), []
    for k in range(len(jacs) + 1):
        total = np.zeros((D, D))
        for chosen in combinations(jacs, k):
            total += reduce(lambda J, jac: jac @ J, chosen, np.eye(D))
        paths.append(total)
    return np.array(paths)


@replaces("paths_by_length")
def bit_masks(jacs):
    """All numbers below 2^L; bit l says whether branch l is taken."""
    D, L = _check_jacs(jacs), len(jacs)
    paths = np.zeros((L + 1, D, D))
    for number in range(2**L):
        path = np.eye(D)
        for bit in range(L):
            if number >> bit & 1:
                path = jacs[bit] @ path
        paths[number.bit_count()] += path
    return paths


@replaces("paths_by_length")
def downwards(jacs):
    """The recursion in place, the longest path first."""
    D = _check_jacs(jacs)
    paths = np.zeros((len(jacs) + 1, D, D))
    paths[0] = np.identity(D)
    for done, jac in enumerate(jacs, 1):
        for k in range(done, 0, -1):
            paths[k] += jac @ paths[k - 1]
    return paths


@replaces("paths_by_length")
def polynomial(jacs):
    """The coefficients of prod (I + z J) by interpolation at roots of unity."""
    D, L = _check_jacs(jacs), len(jacs)
    z = np.exp(2j * np.pi * np.arange(L + 1) / (L + 1))
    values = np.array([reduce(lambda J, jac, w=w: J + w * jac @ J, jacs, np.eye(D, dtype=complex)) for w in z])
    return np.real(np.fft.fft(values, axis=0) / (L + 1))


@replaces("paths_by_length")
def recursion(jacs):
    """Without or with the last block."""
    D = _check_jacs(jacs)

    def paths(rest):
        if not rest:
            return np.eye(D)[None]
        before, nothing = paths(rest[:-1]), np.zeros((1, D, D))
        return np.concatenate([before, nothing]) + np.concatenate([nothing, np.asarray(rest[-1]) @ before])

    return paths(list(jacs))
