"""Believable wrong answers to compose and residual_forward. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _checked(f, x, number=0):
    branch = np.asarray(f(x))
    if branch.shape != np.shape(x):
        raise ValueError(f"fs[{number}] must keep the shape")
    return branch


@replaces("residual_forward")
def branch_of_a_branch(fs, x):
    """You feed each function with the branch before it, and add all to x: the lecture's formula read literally. A block sees x plus the branch, so for three scalar maps 1.555 comes out where 3.315 should."""
    branches, value = [], np.asarray(x)
    for f in fs:
        value = _checked(f, value)
        branches.append(value)
    return np.asarray(x) + sum(branches), branches


@replaces("residual_forward")
def all_at_the_start(fs, x):
    """You evaluate every function at x. Only the first block sees x; each later one sees the sum so far."""
    branches = [_checked(f, np.asarray(x)) for f in fs]
    return np.asarray(x) + sum(branches), branches


@replaces("residual_forward")
def last_function_first(fs, x):
    """You go through the blocks from the last to the first. The first of the list stands next to the input."""
    y, branches = np.asarray(x), []
    for f in fs[::-1]:
        branches.append(_checked(f, y))
        y = y + branches[-1]
    return y, branches


@replaces("residual_forward")
def branches_in_reverse(fs, x):
    """Your branches come in the reverse order. branches[0] belongs to the first function of the list."""
    y, branches = np.asarray(x), []
    for f in fs:
        branches.insert(0, _checked(f, y))
        y = y + branches[0]
    return y, branches


@replaces("residual_forward")
def x_added_at_the_end(fs, x):
    """Your running sum starts with the first branch, and x joins only at the end. It has to be there from the start, as every block sees it."""
    value, branches = np.asarray(x), []
    for number, f in enumerate(fs):
        branches.append(_checked(f, value))
        value = value + branches[-1] if number else branches[-1]
    return (np.asarray(x) + value if fs else value), branches


@replaces("residual_forward")
def one_skip_around_all(fs, x):
    """You have one skip around the whole stack, and a plain network inside. Every block has a skip of its own."""
    value, branches = np.asarray(x), []
    for f in fs:
        value = _checked(f, value)
        branches.append(value)
    return (np.asarray(x) + value if fs else value), branches


@replaces("residual_forward")
def no_skip(fs, x):
    """Your network is a plain one: what a function returns replaces the sum. Add it instead."""
    value, branches = np.asarray(x), []
    for f in fs:
        value = _checked(f, value)
        branches.append(value)
    return value, branches


@replaces("residual_forward")
def adds_in_place(fs, x):
    """You add into x itself with +=. The array belongs to the caller: y = y + branch makes a new one."""
    y, branches = x, []
    for number, f in enumerate(fs):
        branch = _checked(f, y, number)
        branches.append(branch if branch is not y else branch.copy())
        y += branch if y.dtype.kind == "f" else 0
        if y.dtype.kind != "f":
            y = y + branch
    return y, branches


@replaces("residual_forward")
def copy_then_in_place(fs, x):
    """You copy x once and then add in place. A function may return its argument itself: then the branch that you noted is your running sum, and changes with it."""
    y, branches = np.array(x, dtype=float), []
    for number, f in enumerate(fs):
        branches.append(_checked(f, y, number))
        y += branches[-1]
    return y, branches


@replaces("residual_forward")
def running_sums_noted(fs, x):
    """You note x_l + f_l(x_l) as a branch (perhaps by adding into the array that the function returned). A branch is f_l(x_l) alone, so that x and all branches add up to y."""
    y, branches = np.asarray(x), []
    for number, f in enumerate(fs):
        y = y + _checked(f, y, number)
        branches.append(y)
    return y, branches


@replaces("residual_forward")
def inputs_noted(fs, x):
    """You note what goes into each function. A branch is what comes out of it."""
    y, branches = np.asarray(x), []
    for number, f in enumerate(fs):
        branches.append(y)
        y = y + _checked(f, y, number)
    return y, branches


@replaces("residual_forward")
def x_among_the_branches(fs, x):
    """Your list of branches begins with x. There are as many branches as functions; x is the skip."""
    y, branches = np.asarray(x), [np.asarray(x)]
    for number, f in enumerate(fs):
        branches.append(_checked(f, y, number))
        y = y + branches[-1]
    return y, branches


@replaces("residual_forward")
def called_twice(fs, x):
    """You call each function twice, once for y and once for the branches. Keep what it returned: a block may be expensive, or random."""
    y, branches = np.asarray(x), []
    for number, f in enumerate(fs):
        branches.append(_checked(f, y, number))
        y = y + f(y)
    return y, branches


@replaces("residual_forward")
def cut_to_integers(fs, x):
    """You write the sum into an array of the dtype of x. Whole numbers as input cut off what the functions add: let the sum have a dtype of its own."""
    y, branches = np.array(x), []
    for number, f in enumerate(fs):
        branches.append(np.array(_checked(f, y, number)))
        y[...] = y + branches[-1]
    return y, branches


@replaces("residual_forward")
def shapes_not_checked(fs, x):
    """You add whatever a function returns. A branch of another shape may broadcast silently: compare the shapes and raise a ValueError that names fs."""
    y, branches = np.asarray(x), []
    for f in fs:
        branches.append(np.asarray(f(y)))
        y = y + branches[-1]
    return y, branches


@replaces("residual_forward")
def only_broadcasting_refused(fs, x):
    """You only see a wrong shape where the sum changes its shape. A branch of shape (1, D) or a single number broadcasts to the shape of x: compare the branch itself."""
    y, branches = np.asarray(x), []
    for number, f in enumerate(fs):
        branches.append(np.asarray(f(y)))
        if np.shape(y + branches[-1]) != y.shape:
            raise ValueError(f"fs[{number}] changes the shape")
        y = y + branches[-1]
    return y, branches


@replaces("residual_forward")
def empty_refused(fs, x):
    """You refuse an empty list of functions. A network without blocks is the identity: return x and an empty list."""
    if not fs:
        raise ValueError("fs is empty")
    y, branches = np.asarray(x), []
    for number, f in enumerate(fs):
        branches.append(_checked(f, y, number))
        y = y + branches[-1]
    return y, branches


@replaces("compose")
def composed_in_reverse(fs, x):
    """You apply the last function first, as one reads F(G(x)). In a list of layers the first stands next to the input."""
    for f in fs[::-1]:
        x = f(x)
    return x


@replaces("compose")
def composed_with_skips(fs, x):
    """Your compose adds what the function returns to x. That is the residual network; a plain one replaces x."""
    for f in fs:
        x = x + f(x) if np.shape(f(x)) == np.shape(x) else f(x)
    return x


@replaces("compose")
def all_of_x(fs, x):
    """Your compose applies every function to x and returns the last result. Each one takes what the one before it returned."""
    y = x
    for f in fs:
        try:
            y = f(x)
        except (ValueError, IndexError):
            y = f(y)
    return y


@replaces("compose")
def summed(fs, x):
    """Your compose adds up f(x) over all functions. It is a chain: what one returns goes into the next."""
    return sum((np.sum(f(x)) if np.ndim(x) else f(x) for f in fs), np.zeros(np.shape(x))) if fs else x


@replaces("compose")
def list_emptied(fs, x):
    """You take the functions out of the list with pop. The list belongs to the caller, and is empty afterwards: loop over it."""
    while fs:
        x = fs.pop(0)(x)
    return x


@replaces("compose")
def empty_list_refused(fs, x):
    """Your compose needs at least one function. With an empty list the result is x."""
    y = fs[0](x)
    for f in fs[1:]:
        y = f(y)
    return y
