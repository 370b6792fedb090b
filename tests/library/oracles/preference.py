"""Losses on preferences, in torch, as TRL's trainers write them."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from .record import Stated

PAIR = "chosen: real, rejected: real"
REFERENCES = f"{PAIR} | reference_chosen: real, reference_rejected: real; beta: positive = 0.1"
KL = "log_probability: real | reference_log_probability: real"


def margin(chosen, rejected, reference_chosen, reference_rejected):
    return (chosen - rejected) - (reference_chosen - reference_rejected)


def kto(policy, reference, kl, desirable, beta, desirable_weight, undesirable_weight):
    reward = policy - reference
    if desirable == 1:
        return desirable_weight * (1 - torch.sigmoid(beta * (reward - kl)))
    return undesirable_weight * (1 - torch.sigmoid(beta * (kl - reward)))


def orpo(chosen, rejected, weight):
    if chosen > -1:
        # By the odds: those of a certain answer, and the slope of their logarithm, are infinite.
        odds = torch.exp(rejected - chosen) * torch.expm1(chosen) / torch.expm1(rejected)
        return -chosen + weight * torch.log1p(odds)
    log_odds = (chosen - rejected) - (
        torch.log(-torch.expm1(chosen)) - torch.log(-torch.expm1(rejected))
    )
    return -chosen - weight * F.logsigmoid(log_odds)


def kl_penalty(policy, reference, estimator):
    """TRL's and Schulman's names: kl, mse, low_var_kl."""
    if estimator == 1:
        return policy - reference
    if estimator == 2:
        return 0.5 * (policy - reference).square()
    return torch.expm1(reference - policy) - (reference - policy)


ROWS = (
    Stated("bradley_terry", PAIR, lambda c, r: -F.logsigmoid(c - r)),
    Stated("dpo", REFERENCES, lambda c, r, a, b, beta: -F.logsigmoid(beta * margin(c, r, a, b))),
    Stated("ipo", REFERENCES, lambda c, r, a, b, beta: (margin(c, r, a, b) - 1 / (2 * beta)) ** 2),
    Stated(
        "kto",
        "log_probability: real"
        " | reference_log_probability: real, kl: nonnegative, desirable: binary; beta: positive = 0.1,"
        " desirable_weight: nonnegative = 1, undesirable_weight: nonnegative = 1",
        kto,
        [{"beta": 0.5, "desirable_weight": 2.0, "undesirable_weight": 3.0}],
    ),
    Stated(
        "orpo",
        "chosen: interval(-inf, 0), rejected: interval(-inf, 0); weight: nonnegative = 0.1",
        orpo,
    ),
    Stated(
        "simpo",
        f"{PAIR}; beta: positive = 2, gamma: nonnegative = 0.5",
        lambda c, r, beta, gamma: -F.logsigmoid(beta * (c - r) - gamma),
    ),
    Stated(
        "cpo",
        f"{PAIR}; beta: positive = 0.1",
        lambda c, r, beta: -F.logsigmoid(beta * (c - r)) - c,
    ),
    Stated("kl_k1", KL, lambda x, a: kl_penalty(x, a, 1)),
    Stated("kl_k2", KL, lambda x, a: kl_penalty(x, a, 2)),
    Stated("kl_k3", KL, lambda x, a: kl_penalty(x, a, 3)),
    Stated(
        "kl_penalty",
        f"{KL}; estimator: count = 3",
        kl_penalty,
        [{"estimator": 1}, {"estimator": 2}],
    ),
)
