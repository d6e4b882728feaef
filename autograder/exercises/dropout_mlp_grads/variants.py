"""Right answers to dropout_mlp_grads, written in other ways."""

import numpy as np


def _refuse(params, x, m_in, m_hid):
    if np.shape(m_in) != np.shape(x):
        raise ValueError(f"m_in has shape {np.shape(m_in)}")
    if np.shape(m_hid) != (np.shape(x)[0], np.shape(params["W1"])[0]):
        raise ValueError(f"m_hid has shape {np.shape(m_hid)}")


def from_earlier_functions(params, x, t, m_in, m_hid, p_in, p_hid):
    """What `use` gives: linear layers, activation and cross-entropy of notebook 00, and two lines of dropout."""
    from traindeep.reuse import stand_in

    names = ("linear_forward", "linear_backward", "activation", "cross_entropy")
    forward, backward, act, loss_of = map(stand_in, names)
    _refuse(params, x, m_in, m_hid)
    in_scale, hid_scale = np.multiply(m_in, 1 / (1 - p_in)), np.multiply(m_hid, 1 / (1 - p_hid))
    thin = x * in_scale
    a, slope = act("relu", forward(thin, params["W1"], params["b1"]))
    h = a * hid_scale
    loss, ds = loss_of(forward(h, params["W2"], params["b2"]), t)
    dh, dW2, db2 = backward(ds, h, params["W2"])
    _, dW1, db1 = backward(dh * hid_scale * slope, thin, params["W1"])
    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def mask_before_relu(params, x, t, m_in, m_hid, p_in, p_hid):
    """The hidden mask meets z, where it may stand just as well: relu(m z) = m relu(z)."""
    _refuse(params, x, m_in, m_hid)
    n = len(x)
    m_in, m_hid = (np.where(m, 1 / (1 - p), 0.0) for m, p in ((m_in, p_in), (m_hid, p_hid)))
    u = x * m_in
    z = (np.einsum("nd,hd->nh", u, params["W1"]) + params["b1"]) * m_hid
    h = np.where(z > 0, z, 0)
    s = np.einsum("nh,ch->nc", h, params["W2"]) + params["b2"]
    e = np.exp(s - s.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    top = s.max(1)
    loss = np.mean(np.log(e.sum(1)) + top - s[np.arange(n), t])
    p[np.arange(n), t] -= 1
    p /= n
    dz = (p @ params["W2"]) * (z > 0) * m_hid
    return loss, dict(W1=np.einsum("nh,nd->hd", dz, u), b1=dz.sum(0), W2=np.einsum("nc,nh->ch", p, h), b2=p.sum(0))


def example_by_example(params, x, t, m_in, m_hid, p_in, p_hid):
    """A loop over the examples, each a thinned network; gradients are added up and divided by N at the end."""
    _refuse(params, x, m_in, m_hid)
    grads = {name: np.zeros(np.shape(value)) for name, value in params.items()}
    loss = 0.0
    for i in range(len(x)):
        u = np.asarray(x[i], dtype=float) * m_in[i] / (1 - p_in)
        z = params["W1"] @ u + params["b1"]
        gate = np.asarray(m_hid[i], dtype=float) / (1 - p_hid)
        h = np.maximum(z, 0) * gate
        s = params["W2"] @ h + params["b2"]
        s = s - s.max()
        log_z = np.log(np.exp(s).sum())
        loss += log_z - s[t[i]]
        ds = np.exp(s - log_z)
        ds[t[i]] -= 1
        dz = (params["W2"].T @ ds) * gate
        dz[z <= 0] = 0
        grads["W2"] += np.outer(ds, h)
        grads["b2"] += ds
        grads["W1"] += np.outer(dz, u)
        grads["b1"] += dz
    return loss / len(x), {name: total / len(x) for name, total in grads.items()}


def thinned_networks_cut_out(params, x, t, m_in, m_hid, p_in, p_hid):
    """For each example the rows and columns of the kept units are cut out; what is absent stays 0 in the sums."""
    _refuse(params, x, m_in, m_hid)
    W1, b1, W2, b2 = (np.asarray(params[name], dtype=float) for name in ("W1", "b1", "W2", "b2"))
    out, losses = {"W1": 0 * W1, "b1": 0 * b1, "W2": 0 * W2, "b2": 0 * b2}, []
    for row, label, keep_in, keep_hid in zip(x, t, np.asarray(m_in) != 0, np.asarray(m_hid) != 0, strict=True):
        i, j = np.flatnonzero(keep_in), np.flatnonzero(keep_hid)
        u = row[i] / (1 - p_in)
        z = W1[np.ix_(j, i)] @ u + b1[j]
        h = z.clip(min=0) / (1 - p_hid)
        s = W2[:, j] @ h + b2
        losses.append(np.logaddexp.reduce(s) - s[label])
        ds = (np.exp(s - np.logaddexp.reduce(s)) - (np.arange(len(b2)) == label)) / len(x)
        dz = W2[:, j].T @ ds * (z > 0) / (1 - p_hid)
        out["b2"] += ds
        out["W2"][:, j] += ds[:, None] * h
        out["b1"][j] += dz
        out["W1"][np.ix_(j, i)] += dz[:, None] * u
    return float(np.mean(losses)), out


def weights_scaled(params, x, t, m_in, m_hid, p_in, p_hid):
    """The scales sit in the weights while computing, and come back as factors of their gradients; 0-d loss."""
    _refuse(params, x, m_in, m_hid)
    V1, V2 = np.array(params["W1"]) / (1 - p_in), np.array(params["W2"]) / (1 - p_hid)
    u, keep = np.asarray(x) * m_in, np.asarray(m_hid)
    z = u @ V1.T + params["b1"]
    a = np.maximum(z, 0) * keep
    s = a @ V2.T + params["b2"]
    log_z = np.logaddexp.reduce(s, axis=1, keepdims=True)
    target = np.eye(s.shape[1])[np.asarray(t)]
    loss = np.asarray(np.sum(target * (log_z - s)) / len(s))
    ds = (np.exp(s - log_z) - target) / len(s)
    dz = np.where(z > 0, ds @ V2, 0) * keep
    return loss, {
        "b1": dz.sum(axis=0),
        "b2": ds.sum(axis=0),
        "W1": dz.T @ u / (1 - p_in),
        "W2": ds.T @ a / (1 - p_hid),
    }
