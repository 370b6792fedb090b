"""Losses on embeddings, in torch."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from .record import Difference, Stated

VECTORS = "a: real[D], b: real[D]"


def cosine(a, b):
    """torch's own, whose epsilon would hide a vector of zeros."""
    return (a / a.norm()) @ (b / b.norm())


def contrastive(a, b, same, margin):
    distance = (a - b).norm()
    return distance**2 / 2 if same == 1 else F.relu(margin - distance) ** 2 / 2


def cosine_embedding(a, b, label, margin):
    return 1 - cosine(a, b) if label == 1 else F.relu(cosine(a, b) - margin)


def arcface(cosine, label, margin, scale):
    """The cosine of a sum, by the addition theorem."""
    own = cosine[label]
    own = own if abs(own) < 1 else own.detach().clamp(-1, 1)
    moved = own * torch.cos(margin) - torch.sqrt((1 - own) * (1 + own)) * torch.sin(margin)
    at = F.one_hot(label, len(cosine)).bool()
    return F.cross_entropy(scale * torch.where(at, moved, cosine), label)


ROWS = (
    Stated(
        "triplet",
        "anchor: real[D], positive: real[D], negative: real[D]; margin: nonnegative = 1",
        lambda a, p, n, margin: F.relu(((a - p) ** 2).sum() - ((a - n) ** 2).sum() + margin),
    ),
    Stated(
        "contrastive",
        f"{VECTORS} | same: binary; margin: positive = 1",
        contrastive,
        [{"margin": 5.0}],
    ),
    Stated(
        "cosine_embedding",
        f"{VECTORS} | label: sign; margin: interval(-1, 1) = 0",
        cosine_embedding,
        [{"margin": -0.5}],
        differs=[
            Difference(
                "has no direction",
                lambda point: any((point[one] == 0).all() for one in ("a", "b")),
            )
        ],
    ),
    Stated(
        "arcface",
        "cosine: real[K] | label: index(K); margin: nonnegative, scale: positive = 64",
        arcface,
        [{"margin": 0.5, "scale": 64.0}, {"margin": 0.0, "scale": 1.0}],
    ),
    Stated(
        "cosface",
        "cosine: real[K] | label: index(K); margin: nonnegative, scale: positive = 64",
        lambda c, y, margin, scale: F.cross_entropy(scale * (c - margin * F.one_hot(y, len(c))), y),
        [{"margin": 0.35, "scale": 64.0}, {"margin": 0.0, "scale": 1.0}],
    ),
)
