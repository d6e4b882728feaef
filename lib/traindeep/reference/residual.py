"""Residual networks as arithmetic: the sum of branches, the paths of a gradient, and Euler's method.

A plain network composes functions, a residual network adds them to a running sum: x_{l+1} = x_l + f_l(x_l). Each branch is
evaluated at the running sum in front of it, so that L blocks hold 2^L paths from the input to the output.

Sources: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", arXiv:1512.03385, and "Identity Mappings in
Deep Residual Networks", arXiv:1603.05027, section 2; Veit, Wilber, Belongie, "Residual Networks Behave Like Ensembles of
Relatively Shallow Networks", arXiv:1605.06431, section 3; Weinan E, "A Proposal on Machine Learning via Dynamical Systems",
2017.
"""

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np

Array = np.ndarray


def compose(fs: Sequence[Callable[[Array], Array]], x: Array) -> Array:
    """A plain network: x_0 = x, x_{l+1} = f_l(x_l), the first function of the list first.

    Args:
        fs: Functions of an array.
        x: Array of any shape. It is not changed.

    Returns:
        x_L; an empty list returns x.

    >>> compose([lambda x: x + 1, lambda x: 10 * x], np.array([1.0, 2.0]))
    array([20., 30.])
    """
    return reduce(lambda value, f: f(value), fs, x)


def residual_forward(fs: Sequence[Callable[[Array], Array]], x: Array) -> tuple[Array, list[Array]]:
    """A residual network: x_0 = x, x_{l+1} = x_l + f_l(x_l).

    y = x + the sum of all branches, where branch l is f_l(x_l), not f_l of the branch before it and not f_l(x).

    Args:
        fs: Functions of an array that keep its shape. Each is called once.
        x: Array of any shape. It is not changed, nor is what the functions return.

    Returns:
        y of the shape of x, and the list of the L branches.

    Raises:
        ValueError: A function does not keep the shape, even where the sum would broadcast.

    Source: He et al., arXiv:1512.03385, equation 1.

    >>> y, branches = residual_forward([lambda x: 2 * x, lambda x: -x], np.array([1.0]))
    >>> y, branches
    (array([0.]), [array([2.]), array([-3.])])
    """
    y, branches = np.asarray(x), []
    for number, f in enumerate(fs):
        branch = np.asarray(f(y))
        if branch.shape != y.shape:
            raise ValueError(f"fs[{number}] must keep the shape {y.shape}, it returned {branch.shape}")
        branches.append(branch)
        y = y + branch  # a new array: the branch may be x_l itself
    return y, branches


def residual_backward(dy: Array, jacs: Sequence[Array]) -> Array:
    """dx = (I + J_1)^T ... (I + J_L)^T dy: the gradient that reaches the input of a residual network.

    Args:
        dy: (D,) gradient of the output.
        jacs: L arrays (D, D), the Jacobians of the branches, the block nearest to the input first.

    Returns:
        (D,) gradient of the input.

    Raises:
        ValueError: dy is not one-dimensional, or a Jacobian is not (D, D).

    Source: He et al., arXiv:1603.05027, equation 5.

    >>> residual_backward(np.array([1.0, 0.0]), [np.array([[0.0, 2.0], [0.0, 0.0]])])
    array([1., 2.])
    """
    dx = np.asarray(dy, dtype=float)
    if dx.ndim != 1:
        raise ValueError(f"dy must have shape (D,), got {dx.shape}")
    expected = (len(dx), len(dx))
    for jac in jacs[::-1]:
        if np.shape(jac) != expected:
            raise ValueError(f"every array of jacs must have shape {expected}, got {np.shape(jac)}")
        dx = dx + dx @ jac  # a row times J is J^T times a column
    return dx


def paths_by_length(jacs: Sequence[Array]) -> Array:
    """The Jacobian of a residual network, sorted by how many branches a path goes through.

        entry k = sum over l_1 < ... < l_k of J_{l_k} ... J_{l_1},    entry 0 = I

    Later blocks stand to the left. The recursion P_k <- P_k + J P_{k-1}, block by block, costs L^2 / 2 products in the
    place of 2^L.

    Args:
        jacs: L >= 1 arrays (D, D), the block nearest to the input first.

    Returns:
        (L + 1, D, D) array; its sum is (I + J_L) ... (I + J_1).

    Raises:
        ValueError: The arrays are not square or not of one shape.

    Source: Veit et al., arXiv:1605.06431, section 3.

    >>> paths_by_length([np.array([[2.0]]), np.array([[3.0]])]).ravel()
    array([1., 5., 6.])
    """
    shapes = {np.shape(jac) for jac in jacs}
    if len(shapes) != 1 or any(len(shape) != 2 or shape[0] != shape[1] for shape in shapes):
        raise ValueError(f"jacs must be square matrices of one size, got shapes {sorted(shapes)}")
    paths = [np.eye(len(jacs[0]))]
    for jac in jacs:
        longer = [jac @ path for path in paths]
        paths = [paths[0], *(p + q for p, q in zip(paths[1:], longer[:-1], strict=True)), longer[-1]]
    return np.stack(paths)


def euler_resnet(f: Callable[[Array], Array], x0: Array, T: float, L: int) -> Array:
    """L steps of Euler's method for dx/dt = f(x): x_{l+1} = x_l + (T / L) f(x_l).

    A residual network whose blocks share f. The step size is what the resemblance lacks: a ResNet has step 1 and another f
    in every block.

    Args:
        f: Function of an array that keeps its shape.
        x0: The state at time 0. It is not changed.
        T: The final time.
        L: Number of steps, at least 1.

    Returns:
        The state at time T, about; the error falls like 1 / L.

    Raises:
        ValueError: L < 1.

    >>> euler_resnet(lambda x: x, np.array([1.0]), T=1.0, L=2)
    array([2.25])
    """
    if L < 1:
        raise ValueError(f"L must be at least 1, got {L}")
    step, x = T / L, np.asarray(x0, dtype=float)
    for _ in range(L):
        x = x + step * np.asarray(f(x))
    return x


def observed_order(errors: Array, Ls: Array) -> float:
    """k of errors that fall like C / L^k: minus the slope of log(error) over log(L), by least squares.

    >>> round(observed_order([0.4, 0.1, 0.025], [10, 20, 40]), 6)
    2.0
    """
    x, y = np.log(Ls) - np.log(Ls).mean(), np.log(errors)
    return float(-(x @ y) / (x @ x))
