"""Believable wrong answers to residual_backward and paths_by_length. Each docstring is what a good tutor would say."""

from itertools import combinations, combinations_with_replacement, permutations

import numpy as np

from autograder.exercise import replaces


def _check(dy, jacs):
    if np.ndim(dy) != 1:
        raise ValueError("dy must have one axis")
    for jac in jacs:
        if np.shape(jac) != (len(dy), len(dy)):
            raise ValueError("jacs must have shape (D, D)")


def _check_jacs(jacs):
    D = len(jacs[0])
    if any(np.shape(jac) != (D, D) for jac in jacs):
        raise ValueError("jacs must have shape (D, D)")
    return D


def _sum_of_products(jacs, choose, product):
    D = _check_jacs(jacs)
    entries = []
    for k in range(len(jacs) + 1):
        total = np.zeros((D, D))
        for choice in choose(range(len(jacs)), k):
            total = total + product([np.asarray(jacs[i]) for i in choice], D)
        entries.append(total)
    return np.stack(entries)


def _later_left(chosen, D):
    out = np.eye(D)
    for jac in chosen:
        out = jac @ out
    return out


def _later_right(chosen, D):
    out = np.eye(D)
    for jac in chosen:
        out = out @ jac
    return out


@replaces("residual_backward")
def first_block_first(dy, jacs):
    """You go through the blocks from the first to the last. The gradient comes from the output, so the last block is met first, and matrices do not commute."""
    _check(dy, jacs)
    dx = np.asarray(dy)
    for jac in jacs:
        dx = dx + np.asarray(jac).T @ dx
    return dx


@replaces("residual_backward")
def no_transpose(dy, jacs):
    """You multiply by J where J^T is due. The Jacobian maps changes of the input to changes of the output; a gradient goes the other way."""
    _check(dy, jacs)
    dx = np.asarray(dy)
    for jac in jacs[::-1]:
        dx = dx + np.asarray(jac) @ dx
    return dx


@replaces("residual_backward")
def forward_product(dy, jacs):
    """You send dy forward through the network, first block first and without a transpose. That is how a small change of x travels; a gradient goes back, with J^T."""
    _check(dy, jacs)
    dx = np.asarray(dy)
    for jac in jacs:
        dx = dx + np.asarray(jac) @ dx
    return dx


@replaces("residual_backward")
def skip_forgotten(dy, jacs):
    """You left out the I of the skip: this is the gradient of a plain network, a product of Jacobians alone. Add what comes in."""
    _check(dy, jacs)
    dx = np.asarray(dy)
    for jac in jacs[::-1]:
        dx = np.asarray(jac).T @ dx
    return dx


@replaces("residual_backward")
def short_paths_only(dy, jacs):
    """You add J^T dy of every block to dy. Those are the paths through one branch at most; the gradient that one branch passes on goes through the blocks before it as well."""
    _check(dy, jacs)
    return np.asarray(dy) + sum(np.asarray(jac).T @ dy for jac in jacs)


@replaces("residual_backward")
def power_of_one_block(dy, jacs):
    """You use the Jacobian of one block for all of them, (I + J)^L. Every block has its own."""
    _check(dy, jacs)
    block = np.eye(len(dy)) + np.asarray(jacs[0])
    return np.linalg.matrix_power(block.T, len(jacs)) @ dy


@replaces("residual_backward")
def skip_around_all(dy, jacs):
    """You have one skip around the whole network: dy plus the gradient of the plain stack. Every block has its own skip."""
    _check(dy, jacs)
    dx = np.asarray(dy)
    for jac in jacs[::-1]:
        dx = np.asarray(jac).T @ dx
    return dy + dx


@replaces("residual_backward")
def last_block_left_out(dy, jacs):
    """Your loop misses the last block. The gradient that it passes on is the first one to compute."""
    _check(dy, jacs)
    dx = np.asarray(dy)
    for jac in jacs[:-1][::-1]:
        dx = dx + np.asarray(jac).T @ dx
    return dx


@replaces("residual_backward")
def column_returned(dy, jacs):
    """Your result is a column of shape (D, 1). dx has the shape of dy, (D,)."""
    _check(dy, jacs)
    dx = np.asarray(dy)[:, None]
    for jac in jacs[::-1]:
        dx = dx + np.asarray(jac).T @ dx
    return dx


@replaces("residual_backward")
def dy_changed(dy, jacs):
    """You add into dy itself with +=. It belongs to the caller: dx = dx + ... makes a new array."""
    _check(dy, jacs)
    for jac in jacs[::-1]:
        dy += np.asarray(jac).T @ dy
    return dy


@replaces("residual_backward")
def shapes_not_checked(dy, jacs):
    """You multiply whatever comes. A 1 x 1 Jacobian or a dy with two axes goes through without a word: compare the shapes first, and raise a ValueError that names the argument."""
    dx = np.asarray(dy)
    for jac in jacs[::-1]:
        dx = dx + np.dot(np.transpose(jac), dx) if np.ndim(jac) and len(jac) == len(dx) else dx + np.sum(jac) * dx
    return dx


@replaces("residual_backward")
def dy_not_checked(dy, jacs):
    """You check the Jacobians but not dy. It must have one axis; a column (D, 1) goes through your loop as well."""
    _check(np.ravel(dy), jacs)
    dx = np.asarray(dy)
    for jac in jacs[::-1]:
        dx = dx + np.asarray(jac).T @ dx
    return dx


@replaces("paths_by_length")
def products_reversed(jacs):
    """Your products have the earlier blocks on the left. The block that acts later stands to the left: J_b J_a for a < b. Matrices do not commute."""
    return _sum_of_products(jacs, combinations, _later_right)


@replaces("paths_by_length")
def transposed(jacs):
    """Your entries are transposed, as if a gradient passed. Asked for is the Jacobian from input to output."""
    return np.swapaxes(_sum_of_products(jacs, combinations, _later_left), 1, 2)


@replaces("paths_by_length")
def all_orders(jacs):
    """You sum over all orders of the chosen blocks. A path meets its blocks in the order of their depth, so each choice counts once."""
    return _sum_of_products(jacs, permutations, _later_left)


@replaces("paths_by_length")
def blocks_repeated(jacs):
    """You let a path go through the same block several times. Each block is passed once, by the skip or by the branch; in the recursion P_k + J P_(k-1), use the old P_(k-1)."""
    return _sum_of_products(jacs, combinations_with_replacement, _later_left)


@replaces("paths_by_length")
def one_path_of_each_length(jacs):
    """You have one path for each length, through the first k branches. There are C(L, k) ways to choose k branches, 2^L paths in all."""
    D = _check_jacs(jacs)
    paths = [np.eye(D)]
    for jac in jacs:
        paths.append(np.asarray(jac) @ paths[-1])
    return np.stack(paths)


@replaces("paths_by_length")
def neighbours_only(jacs):
    """You choose neighbouring blocks only. A path may skip blocks in between."""
    D, L = _check_jacs(jacs), len(jacs)
    paths = [np.eye(D)]
    for k in range(1, L + 1):
        paths.append(sum(_later_left([np.asarray(jac) for jac in jacs[i : i + k]], D) for i in range(L - k + 1)))
    return np.stack(paths)


@replaces("paths_by_length")
def average_path(jacs):
    """You average over the paths of a length. The gradient is their sum."""
    sums = _sum_of_products(jacs, combinations, _later_left)
    counts = [sum(1 for _ in combinations(jacs, k)) for k in range(len(jacs) + 1)]
    return sums / np.reshape(counts, (-1, 1, 1))


@replaces("paths_by_length")
def without_the_skip_path(jacs):
    """You start with the paths of length 1. Entry 0 is the path that takes every skip: the identity."""
    _check_jacs(jacs)
    return _sum_of_products(jacs, combinations, _later_left)[1:]


@replaces("paths_by_length")
def zero_for_no_branch(jacs):
    """Your entry 0 is zero. The path that goes through no branch is the skip all along: the empty product, I."""
    paths = _sum_of_products(jacs, combinations, _later_left)
    paths[0] = 0
    return paths


@replaces("paths_by_length")
def longest_first(jacs):
    """Your longest path comes first. Entry k belongs to paths through k branches."""
    return _sum_of_products(jacs, combinations, _later_left)[::-1]


@replaces("paths_by_length")
def paths_not_checked(jacs):
    """You do not compare the shapes of the Jacobians. A 1 x 1 one is taken for a factor without a word: raise a ValueError that names jacs."""
    jacs = [np.asarray(jac, dtype=float) for jac in jacs]
    D = len(jacs[0])
    fitting = [np.resize(jac, (D, D)) if jac.shape != (D, D) else jac for jac in jacs]
    return _sum_of_products(fitting, combinations, _later_left)
