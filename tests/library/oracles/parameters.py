"""Penalties on parameters, in torch."""

from __future__ import annotations

from .record import Stated

ROWS = (
    Stated("lasso", "w: real[D]; l1: nonnegative = 1", lambda w, l1: l1 * w.norm(p=1)),
    Stated("ridge", "w: real[D]; l2: nonnegative = 1", lambda w, l2: l2 / 2 * w.square().sum()),
    Stated(
        "elastic_net",
        "w: real[D]; l1: nonnegative = 1, l2: nonnegative = 1",
        lambda w, l1, l2: l1 * w.norm(p=1) + l2 / 2 * w.square().sum(),
        [{"l1": 0.3, "l2": 2.0}],
    ),
    Stated(
        "group_lasso",
        "w: real[G, D]; l1: nonnegative = 1",
        lambda w, l1: l1 * w.shape[1] ** 0.5 * w.norm(dim=1).sum(),
    ),
    Stated(
        "entropy_bonus",
        "logits: real[K]; weight: nonnegative = 0.01",
        lambda z, weight: weight * (z.softmax(0) * z.log_softmax(0)).sum(),
    ),
    Stated(
        "total_variation_1d",
        "x: real[N]; weight: nonnegative = 1",
        lambda x, weight: weight * x.diff().abs().sum(),
    ),
)
