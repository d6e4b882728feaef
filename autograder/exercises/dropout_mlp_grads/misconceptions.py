"""Believable wrong answers to dropout_mlp_grads. Each docstring is what a good tutor would say."""

import numpy as np


class _Net:
    """Forward and backward in small pieces, so that each mistake replaces one of them."""

    def __init__(self, params, x, t, m_in, m_hid, p_in, p_hid):
        self.W1, self.b1, self.W2, self.b2 = (np.asarray(params[k], dtype=float) for k in ("W1", "b1", "W2", "b2"))
        self.x, self.t = np.asarray(x, dtype=float), np.asarray(t)
        self.check(m_in, m_hid)
        self.m_in, self.m_hid = np.asarray(m_in, dtype=float), np.asarray(m_hid, dtype=float)
        self.p_in, self.p_hid, self.n = p_in, p_hid, len(self.x)

    def check(self, m_in, m_hid):
        if np.shape(m_in) != self.x.shape:
            raise ValueError("m_in")
        if np.shape(m_hid) != (len(self.x), len(self.W1)):
            raise ValueError("m_hid")

    def thin(self):
        return self.x * self.m_in / (1 - self.p_in)

    def pre(self, x):
        return x @ self.W1.T + self.b1

    def drop(self, a):
        return a * self.m_hid / (1 - self.p_hid)

    def scores(self, h):
        return h @ self.W2.T + self.b2

    def slope(self, dh, z):
        return dh * self.m_hid / (1 - self.p_hid) * (z > 0)

    def dscores(self, p):
        return (p - np.eye(len(self.b2))[self.t]) / self.n

    def back_through_scores(self, ds):
        return ds

    def grads(self, ds, h, dz, x):
        return {"W1": dz.T @ x, "b1": dz.sum(0), "W2": ds.T @ h, "b2": ds.sum(0)}

    def run(self):
        x = self.thin()
        z = self.pre(x)
        h = self.drop(np.maximum(z, 0))
        s = self.scores(h)
        s = s - s.max(1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(1, keepdims=True))
        loss = -log_p[np.arange(self.n), self.t].mean()
        ds = self.back_through_scores(self.dscores(np.exp(log_p)))
        dz = self.slope(ds @ self.W2, z)
        return self.loss(loss, log_p), self.grads(ds, h, dz, x)

    def loss(self, loss, log_p):
        return float(loss)


def average_over_the_present(params, x, t, m_in, m_hid, p_in, p_hid):
    """You divide the gradient of a unit by the number of examples in which it was present. The loss is a mean over all N examples, and an example without the unit counts as a 0: divide by N."""

    class Net(_Net):
        def grads(self, ds, h, dz, x):
            present = self.n / np.maximum(self.m_hid.sum(0), 1)
            found = super().grads(ds, h, dz, x)
            return found | {
                "W1": found["W1"] * present[:, None],
                "b1": found["b1"] * present,
                "W2": found["W2"] * present,
            }

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def one_mask_for_all(params, x, t, m_in, m_hid, p_in, p_hid):
    """You use the first row of the masks for all examples. Row n of a mask is the thinned network of example n."""
    net = _Net(params, x, t, m_in, m_hid, p_in, p_hid)
    net.m_in, net.m_hid = net.m_in[:1], net.m_hid[:1]
    return net.run()


def mask_forgotten_in_backward(params, x, t, m_in, m_hid, p_in, p_hid):
    """Your gradient comes back through the ReLU but not through the hidden mask. A unit that was dropped gets a gradient although it had no influence: m_hid belongs into the backward pass as well."""

    class Net(_Net):
        def slope(self, dh, z):
            return dh / (1 - self.p_hid) * (z > 0)

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def scaling_missing_in_backward(params, x, t, m_in, m_hid, p_in, p_hid):
    """You scale the hidden units on the way forward and not on the way back. The gradient meets the same factor, 1 / (1 - p_hid), that the values met."""

    class Net(_Net):
        def slope(self, dh, z):
            return dh * self.m_hid * (z > 0)

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def mask_and_scale_forgotten_in_backward(params, x, t, m_in, m_hid, p_in, p_hid):
    """On the way back your gradient passes the ReLU alone, as if there were no dropout between. It meets mask and scale there as the values did."""

    class Net(_Net):
        def slope(self, dh, z):
            return dh * (z > 0)

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def relu_forgotten_in_backward(params, x, t, m_in, m_hid, p_in, p_hid):
    """Your gradient comes back through the mask but not through the ReLU. Where z is negative the slope of relu is 0."""

    class Net(_Net):
        def slope(self, dh, z):
            return dh * self.m_hid / (1 - self.p_hid)

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def input_mask_not_in_W1(params, x, t, m_in, m_hid, p_in, p_hid):
    """You compute the gradient of W1 with x. What W1 was multiplied with is the thinned and scaled x~, so its gradient has that, too."""

    class Net(_Net):
        def grads(self, ds, h, dz, x):
            return super().grads(ds, h, dz, self.x)

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def hidden_mask_not_in_W2(params, x, t, m_in, m_hid, p_in, p_hid):
    """You compute the gradient of W2 with the hidden units before dropout. What W2 was multiplied with is h, after mask and scale."""

    class Net(_Net):
        def grads(self, ds, h, dz, x):
            return super().grads(ds, np.maximum(self.pre(x), 0), dz, x)

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def dropout_on_the_outputs(params, x, t, m_in, m_hid, p_in, p_hid):
    """You drop scores as well. The output layer keeps all of its units: a class whose score is dropped cannot be learned from that example."""

    class Net(_Net):
        def scores(self, h):
            self.m_out = self.m_hid[:, : len(self.b2)]
            return super().scores(h) * self.m_out / (1 - self.p_hid)

        def back_through_scores(self, ds):
            return ds * self.m_out / (1 - self.p_hid)

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def biases_left_out(params, x, t, m_in, m_hid, p_in, p_hid):
    """You compute without the biases. They are added in both layers, and dropout does not touch them."""
    net = _Net(params, x, t, m_in, m_hid, p_in, p_hid)
    net.b1, net.b2 = 0 * net.b1, 0 * net.b2
    return net.run()


def bias_scaled_like_the_inputs(params, x, t, m_in, m_hid, p_in, p_hid):
    """You scale b1 by 1 / (1 - p_in), as if it were an input. A bias is never dropped, so there is nothing to make up for: add it after the scale."""

    class Net(_Net):
        def pre(self, x):
            return x @ self.W1.T + self.b1 / (1 - self.p_in)

        def grads(self, ds, h, dz, x):
            found = super().grads(ds, h, dz, x)
            return found | {"b1": found["b1"] / (1 - self.p_in)}

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def no_scaling(params, x, t, m_in, m_hid, p_in, p_hid):
    """You mask without a scale. Inverted dropout divides what is kept by 1 - p, inputs by 1 - p_in and hidden units by 1 - p_hid."""
    net = _Net(params, x, t, m_in, m_hid, 0.0, 0.0)
    return net.run()


def inputs_not_scaled(params, x, t, m_in, m_hid, p_in, p_hid):
    """You scale the hidden units and not the inputs. They are thinned as well, so they are divided by 1 - p_in."""
    return _Net(params, x, t, m_in, m_hid, 0.0, p_hid).run()


def inputs_not_masked(params, x, t, m_in, m_hid, p_in, p_hid):
    """You do not use m_in. The inputs are thinned like the hidden units, with a mask and a rate of their own."""
    net = _Net(params, x, t, m_in, m_hid, 0.0, p_hid)
    net.m_in = np.ones_like(net.m_in)
    return net.run()


def rates_exchanged(params, x, t, m_in, m_hid, p_in, p_hid):
    """You scale the inputs with p_hid and the hidden units with p_in. Each mask has a rate of its own."""
    return _Net(params, x, t, m_in, m_hid, p_hid, p_in).run()


def rates_as_keep(params, x, t, m_in, m_hid, p_in, p_hid):
    """You divide by the rates themselves. They are drop rates, so what is kept is divided by 1 - p_in and 1 - p_hid."""
    net = _Net(params, x, t, m_in, m_hid, 1 - (p_in or 1.0), 1 - (p_hid or 1.0))
    return net.run()


def sum_in_the_place_of_the_mean(params, x, t, m_in, m_hid, p_in, p_hid):
    """Your gradients are N times too large. The loss is a mean, so 1/N comes into the first gradient of the backward pass."""

    class Net(_Net):
        def dscores(self, p):
            return p - np.eye(len(self.b2))[self.t]

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def summed_loss(params, x, t, m_in, m_hid, p_in, p_hid):
    """Your loss is a sum over the examples and your gradients are means. The loss is a mean, too."""

    class Net(_Net):
        def loss(self, loss, log_p):
            return float(loss) * self.n

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def labels_not_subtracted(params, x, t, m_in, m_hid, p_in, p_hid):
    """Your backward pass starts with the probabilities. The gradient of the cross-entropy is probabilities minus targets: subtract 1 at the label."""

    class Net(_Net):
        def dscores(self, p):
            return p / self.n

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def loss_of_the_whole_network(params, x, t, m_in, m_hid, p_in, p_hid):
    """Your loss is that of the network without dropout, while the gradients are those of the thinned one. Both belong to the same forward pass."""
    thinned = _Net(params, x, t, m_in, m_hid, p_in, p_hid).run()
    whole = _Net(params, x, t, np.ones_like(m_in), np.ones_like(m_hid), 0.0, 0.0).run()
    return whole[0], thinned[1]


def softmax_overflows(params, x, t, m_in, m_hid, p_in, p_hid):
    """Your softmax overflows for large scores. Subtract the largest score of each row first, and take the logarithm of the sum, not of a probability."""

    class Net(_Net):
        def loss(self, loss, log_p):
            with np.errstate(all="ignore"):
                s = self.scores(self.drop(np.maximum(self.pre(self.thin()), 0)))
                p = np.exp(s) / np.exp(s).sum(1, keepdims=True)
                return float(-np.log(p[np.arange(self.n), self.t]).mean())

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()


def params_changed(params, x, t, m_in, m_hid, p_in, p_hid):
    """You take a step of gradient descent with the parameters that you were given. Return the gradients and leave the step to the caller."""
    loss, grads = _Net(params, x, t, m_in, m_hid, p_in, p_hid).run()
    for name, gradient in grads.items():
        params[name] -= 0.1 * gradient
    return loss, grads


def inputs_thinned_in_place(params, x, t, m_in, m_hid, p_in, p_hid):
    """You thin x itself. The next epoch would start from what is left of it: make a new array."""
    if x.dtype.kind != "f":
        return _Net(params, x, t, m_in, m_hid, p_in, p_hid).run()
    result = _Net(params, x, t, m_in, m_hid, p_in, p_hid).run()
    x *= m_in
    x /= 1 - p_in
    return result


def shapes_not_compared(params, x, t, m_in, m_hid, p_in, p_hid):
    """You accept masks that NumPy can broadcast. A mask of one row would drop the same units in all examples: compare shapes and refuse with a ValueError."""

    class Net(_Net):
        def check(self, m_in, m_hid):
            if np.broadcast_shapes(np.shape(m_in), self.x.shape) != self.x.shape:
                raise ValueError("m_in")

    return Net(params, x, t, m_in, m_hid, p_in, p_hid).run()
