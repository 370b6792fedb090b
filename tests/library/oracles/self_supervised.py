"""Losses of views, batches and teachers, in torch."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from .record import Difference, Stated

TOKENS = "logits: real[T, V] | token: index(V)[T], mask: binary[T]"
VIEWS = "a: real[B, D], b: real[B, D]"


def next_token(logits, token, mask):
    return F.cross_entropy(logits[mask == 1], token[mask == 1])


def masked_token(logits, token, mask):
    """Hugging Face's convention: positions that do not count are labelled -100."""
    return F.cross_entropy(logits, torch.where(mask == 1, token, -100))


def info_nce(query, key, temperature):
    return F.cross_entropy(query @ key.T / temperature, torch.arange(len(query)))


def cosines(a, b):
    return (a / a.norm(dim=1, keepdim=True)) @ (b / b.norm(dim=1, keepdim=True)).T


def zeros(*names):
    """Where a vector of zeros is met."""
    return Difference(
        "has no direction", lambda point: any((point[one] == 0).all(-1).any() for one in names)
    )


def constant(*names):
    """Where a coordinate is the same for the whole batch."""
    return Difference(
        "correlates with none",
        lambda point: any((point[one] == point[one][:1]).all(0).any() for one in names),
    )


def nt_xent(a, b, temperature):
    number = len(a)
    z = torch.cat([a, b])
    s = (cosines(z, z) / temperature).masked_fill(torch.eye(2 * number).bool(), -torch.inf)
    return F.cross_entropy(s, torch.arange(2 * number).roll(number))


def clip(image, text, log_scale):
    s = log_scale.exp() * cosines(image, text)
    own = torch.arange(len(s))
    return (F.cross_entropy(s, own) + F.cross_entropy(s.T, own)) / 2


def siglip(image, text, log_scale, bias):
    """The pseudocode of Zhai et al. (2023), Algorithm 1."""
    logits = cosines(image, text) * log_scale.exp() + bias
    labels = 2 * torch.eye(len(image)) - 1
    return -F.logsigmoid(labels * logits).sum() / len(image)


def supcon(z, label, temperature):
    """Khosla et al. (2020), equation 2, for each anchor by itself."""
    s = cosines(z, z) / temperature
    total = 0 * z.sum()
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        positives = [p for p in others if label[p] == label[i]]
        if positives:
            log_z = torch.logsumexp(s[i, others], 0)
            total = total - (s[i, positives] - log_z).mean()
    return total / len(z)


def barlow_twins(a, b, off_diagonal):
    def standard(x):
        return (x - x.mean(0)) / x.std(0, correction=0)

    c = standard(a).T @ standard(b) / len(a)
    on = torch.diagonal(c)
    return ((1 - on) ** 2).sum() + off_diagonal * ((c**2).sum() - (on**2).sum())


def vicreg(a, b, invariance, variance, covariance, epsilon):
    total = invariance * ((a - b) ** 2).sum(1).mean()
    for x in (a, b):
        centered = x - x.mean(0)
        c = centered.T @ centered / (len(x) - 1)
        spread = (torch.diagonal(c) + epsilon).sqrt()
        total = total + variance * F.relu(1 - spread).mean()
        total = total + covariance * c.fill_diagonal_(0).pow(2).sum() / x.shape[1]
    return total


def distillation(student, teacher, label, temperature, alpha):
    soft = F.kl_div(
        (student / temperature).log_softmax(0),
        (teacher / temperature).log_softmax(0),
        log_target=True,
        reduction="sum",
    )
    return alpha * temperature**2 * soft + (1 - alpha) * F.cross_entropy(student, label)


ROWS = (
    Stated("next_token", TOKENS, next_token),
    Stated("masked_token", TOKENS, masked_token),
    Stated(
        "info_nce",
        "query: real[B, D], key: real[B, D]; temperature: positive = 0.07",
        info_nce,
        [{"temperature": 1.0}],
        large=30.0,  # logits of ±4e4
    ),
    Stated(
        "nt_xent",
        f"{VIEWS}; temperature: positive = 0.5",
        nt_xent,
        [{"temperature": 0.1}],
        differs=[zeros("a", "b")],
    ),
    Stated(
        "clip",
        "image: real[B, D], text: real[B, D]; learn log_scale: real = log(1 / 0.07)",
        clip,
        [{"log_scale": 1.5}],
        differs=[zeros("image", "text")],
    ),
    Stated(
        "siglip",
        "image: real[B, D], text: real[B, D];"
        " learn log_scale: real = log(10), learn bias: real = -10",
        siglip,
        [{"log_scale": 2.5, "bias": -3.0}],
        differs=[zeros("image", "text")],
    ),
    Stated(
        "supcon",
        "z: real[B, D] | label: index(C)[B]; temperature: positive = 0.1",
        supcon,
        [{"temperature": 1.0}],
        differs=[zeros("z")],
    ),
    Stated(
        "barlow_twins",
        f"{VIEWS}; off_diagonal: nonnegative = 0.005",
        barlow_twins,
        differs=[constant("a", "b")],
    ),
    Stated(
        "vicreg",
        f"{VIEWS}; invariance: nonnegative = 25, variance: nonnegative = 25,"
        " covariance: nonnegative = 1, epsilon: positive = 1e-4",
        vicreg,
    ),
    Stated(
        "distillation",
        "student: real[K] | teacher: real[K], label: index(K);"
        " temperature: positive = 4, alpha: probability = 0.5",
        distillation,
        [{"temperature": 1.0, "alpha": 0.9}],
    ),
)
