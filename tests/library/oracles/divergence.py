"""Divergences, in torch."""

from __future__ import annotations

from itertools import product

import torch

from .record import Stated

PAIR = "q: simplex[K] | p: simplex[K]"


def kl(q, p):
    kept = p > 0
    return (p[kept] * (p[kept].log() - q[kept].log())).sum()


def reverse_kl(q, p):
    kept = p + q > 0
    return (-torch.special.entr(q[kept]) - q[kept] * p[kept].log()).sum()


def mixed(q, p, beta):
    kept = p + q > 0
    p, q = p[kept], q[kept]
    m = beta * p + (1 - beta) * q
    parts = -beta * torch.special.entr(p) - (1 - beta) * torch.special.entr(q)
    return (parts + torch.special.entr(m)).sum()


def hellinger(q, p):
    kept = p != q
    return (((p[kept].sqrt() - q[kept].sqrt()) ** 2).sum() / 2).sqrt()


def chi_squared(q, p):
    kept = p != q
    return ((p[kept] - q[kept]) ** 2 / q[kept]).sum()


def alpha_divergence(q, p, alpha):
    if alpha in (0, 1):
        return reverse_kl(q, p) if alpha == 0 else kl(q, p)
    kept = p > 0 if 0 < alpha < 1 else p + q > 0
    powers = p[kept] ** alpha * q[kept] ** (1 - alpha)
    return (powers.sum() - 1) / (alpha * (alpha - 1))


def gaussian_kl(mean, log_variance):
    """Kingma and Welling (2014), appendix B."""
    return -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()


def bernoulli_kl(q, p):
    return kl(torch.stack([q, 1 - q]), torch.stack([p, 1 - p]))


def entropy(logits):
    return -(logits.softmax(0) * logits.log_softmax(0)).sum()


def mmd_gaussian(x, y, bandwidth):
    def kernel(a, b):
        return torch.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / (2 * bandwidth**2)).mean()

    return kernel(x, x) - 2 * kernel(x, y) + kernel(y, y)


def sinkhorn(cost, a, b, regularization, iterations):
    f, g = torch.zeros_like(a), torch.zeros_like(b)
    for _ in range(int(iterations)):
        f = regularization * (a.log() - torch.logsumexp((g - cost) / regularization, 1))
        g = regularization * (b.log() - torch.logsumexp((f[:, None] - cost) / regularization, 0))
    return (((f[:, None] + g - cost) / regularization).exp() * cost).sum()


def soft_dtw(cost, gamma):
    """With the steps that there are, and none from outside."""
    r = {}
    for i, j in product(*map(range, cost.shape)):
        near = [r[at] for at in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if at in r]
        soft = -gamma * torch.logsumexp(-torch.stack(near) / gamma, 0) if near else 0
        r[i, j] = cost[i, j] + soft
    return r[i, j]


ROWS = (
    Stated("kl", PAIR, kl),
    Stated("reverse_kl", PAIR, reverse_kl),
    Stated(
        "kl_logits",
        "logits: real[K] | target: simplex[K]",
        lambda z, p: (torch.xlogy(p, p) - p * z.log_softmax(0)).sum(),
    ),
    Stated("jensen_shannon", PAIR, lambda q, p: mixed(q, p, 0.5)),
    Stated("generalized_jsd", f"{PAIR}; beta: interval(0, 1) = 0.5", mixed, [{"beta": 0.3}]),
    Stated("hellinger", PAIR, hellinger),
    Stated("total_variation", PAIR, lambda q, p: (p - q).abs().sum() / 2),
    Stated("chi_squared", PAIR, chi_squared),
    Stated(
        "alpha_divergence",
        f"{PAIR}; alpha: real",
        alpha_divergence,
        [{"alpha": 0.3}, {"alpha": 0.0}, {"alpha": 1.0}, {"alpha": 2.0}],
    ),
    Stated("gaussian_kl", "mean: real[D], log_variance: real[D]", gaussian_kl),
    Stated("bernoulli_kl", "q: probability | p: probability", bernoulli_kl),
    Stated("entropy", "logits: real[K]", entropy),
    Stated(
        "mmd_gaussian",
        "x: real[N, D] | y: real[M, D]; bandwidth: positive = 1",
        mmd_gaussian,
        [{"bandwidth": 3.0}],
    ),
    Stated(
        "wasserstein_1d",
        "x: real[N] | y: real[N]",
        lambda x, y: (x.sort().values - y.sort().values).abs().mean(),
    ),
    Stated(
        "sinkhorn",
        "cost: real[N, M] | a: simplex[N], b: simplex[M]"
        "; regularization: positive = 0.1, iterations: count = 100",
        sinkhorn,
        [{"iterations": 0}, {"regularization": 2.0, "iterations": 3}],
        large=10.0,
    ),
    Stated("soft_dtw", "cost: real[N, M]; gamma: positive = 1", soft_dtw, [{"gamma": 0.01}]),
)
