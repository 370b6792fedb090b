"""What users of PyTorch write, where `objc.bench.peers.torch` has no form that suits a device."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch.nn import functional as F

from objc.bench.peers import torch as peers
from objc.bench.peers.written import Form, Inputs


def _divergence(i: Inputs) -> Any:
    p, q = torch.log_softmax(i["teacher"], -1), torch.log_softmax(i["student"], -1)
    return F.kl_div(q, p, reduction="batchmean", log_target=True)


def _jensen_shannon(i: Inputs) -> Any:
    p, q = torch.log_softmax(i["teacher"], -1), torch.log_softmax(i["student"], -1)
    m = torch.logaddexp(p, q) - math.log(2.0)
    both = F.kl_div(m, p, reduction="batchmean", log_target=True)
    return (both + F.kl_div(m, q, reduction="batchmean", log_target=True)) / 2


def _total_variation(i: Inputs) -> Any:
    p, q = torch.softmax(i["teacher"], -1), torch.softmax(i["student"], -1)
    return (p - q).abs().sum(-1).mean() / 2


def _focal(i: Inputs) -> Any:
    log_p = torch.log_softmax(i["logits"], -1).gather(1, i["label"][:, None])[:, 0]
    return (-((1 - log_p.exp()) ** i["gamma"]) * log_p).mean()


def _huber(i: Inputs) -> Any:
    return F.huber_loss(i["prediction"], i["target"], delta=i["delta"])


def _poisson(i: Inputs) -> Any:
    return F.poisson_nll_loss(i["log_rate"], i["count"].to(i["log_rate"].dtype))


def _info_nce(i: Inputs) -> Any:
    query = i["query"]
    own = torch.arange(query.shape[0], device=query.device)
    return F.cross_entropy(query @ i["key"].T / i["temperature"], own)


FORMS: Mapping[str, Form] = {
    **peers.FORMS,
    "divergence": _divergence,
    "jensen_shannon": _jensen_shannon,
    "total_variation": _total_variation,
    "focal": _focal,
    "huber": _huber,
    "poisson": _poisson,
    "info_nce": _info_nce,
}
