"""Liger's losses, where they are installed: Triton kernels that compute the gradient with the value."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from objc.bench.peers.written import Form, Inputs

_MODULE = "liger_kernel.transformers"


def _with_label(name: str) -> Callable[[Any], Form]:
    def made(module: Any) -> Form:
        loss = getattr(module, name)()
        return lambda i: loss(i["logits"], i["label"])

    return made


def _divergence(module: Any) -> Form:
    import torch

    loss = module.LigerKLDIVLoss(reduction="batchmean", log_target=True)

    def form(i: Inputs) -> Any:
        return loss(torch.log_softmax(i["student"], -1), torch.log_softmax(i["teacher"], -1))

    return form


def _jensen_shannon(module: Any) -> Form:
    import torch

    loss = module.LigerJSD(beta=0.5)

    def form(i: Inputs) -> Any:
        return loss(torch.log_softmax(i["student"], -1), torch.log_softmax(i["teacher"], -1))

    return form


def _total_variation(module: Any) -> Form:
    import torch

    loss = module.LigerTVDLoss(reduction="batchmean")

    def form(i: Inputs) -> Any:
        return loss(torch.softmax(i["student"], -1), torch.softmax(i["teacher"], -1))

    return form


_MADE: Mapping[str, Callable[[Any], Form]] = {
    "cross_entropy": _with_label("LigerCrossEntropyLoss"),
    "divergence": _divergence,
    "jensen_shannon": _jensen_shannon,
    "total_variation": _total_variation,
}


def form_of(name: str) -> Form | None:
    """Liger's loss of that name; None where it has none.

    Raises:
        ImportError: it is not installed.
    """
    module = importlib.import_module(_MODULE)
    made = _MADE.get(name)
    return None if made is None else made(module)
