"""PyTorch: eager with its differentiation, and torch.compile over the whole step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn import functional as F

from objc.bench import words
from objc.bench.peers.written import Form, Inputs, keyed, require_no_loop, written
from objc.bench.problem import Absent, Problem


def _focal(i: Inputs) -> Any:
    """As torchvision writes it."""
    p = torch.sigmoid(i["logit"])
    entropy = F.binary_cross_entropy_with_logits(i["logit"], i["target"], reduction="none")
    right = p * i["target"] + (1 - p) * (1 - i["target"])
    weight = i["alpha"] * i["target"] + (1 - i["alpha"]) * (1 - i["target"])
    return (weight * (1 - right) ** 2 * entropy).mean()


def _pairs(i: Inputs) -> Any:
    difference = i["score"][:, None] - i["score"][None, :]
    order = torch.sign(i["relevance"][:, None] - i["relevance"][None, :])
    return F.softplus(-order * difference).mean()


def _ppo(i: Inputs) -> Any:
    ratio = torch.exp(i["log_probability"] - i["old_log_probability"])
    clipped = torch.clamp(ratio, 1 - i["epsilon"], 1 + i["epsilon"])
    return torch.minimum(ratio * i["advantage"], clipped * i["advantage"]).mean()


def _crf(i: Inputs) -> Any:
    emission, transition, tag = i["emission"], i["transition"], i["tag"]
    alpha = emission[:, 0]
    for t in range(1, emission.shape[1]):
        alpha = emission[:, t] + torch.logsumexp(alpha[:, :, None] + transition, 1)
    score = emission.gather(2, tag[:, :, None]).sum((1, 2))
    score = score + transition[tag[:, :-1], tag[:, 1:]].sum(1)
    return (torch.logsumexp(alpha, 1) - score).mean()


def _attention(i: Inputs) -> Any:
    """Of one head, as PyTorch's own fused kernel wants it."""
    heads = (i[name][:, None] for name in ("query", "key", "value"))
    mixed = F.scaled_dot_product_attention(*heads)
    return F.mse_loss(mixed[:, 0], i["target"])


def _kernels(i: Inputs) -> Any:
    """By products of matrices, which are faster than `cdist` and differences, and lose their digits."""

    def mean(a: Any, b: Any) -> Any:
        squares = (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T
        return torch.exp(-squares / (2 * i["bandwidth"] ** 2)).mean()

    x, y = i["x"], i["y"]
    return mean(x, x) - 2 * mean(x, y) + mean(y, y)


def _divergence(i: Inputs) -> Any:
    a, b = torch.log_softmax(i["q"], -1), torch.log_softmax(i["p"], -1)
    m = torch.logaddexp(a, b) - torch.log(torch.tensor(2.0, dtype=a.dtype))
    both = F.kl_div(m, a, reduction="sum", log_target=True)
    both = both + F.kl_div(m, b, reduction="sum", log_target=True)
    return both / (2 * a.shape[0])


FORMS: Mapping[str, Form] = {
    "binary_cross_entropy": lambda i: F.binary_cross_entropy_with_logits(i["logit"], i["target"]),
    "binary_focal": _focal,
    "cross_entropy": lambda i: F.cross_entropy(i["logits"], i["label"]),
    "pairwise_logistic": _pairs,
    "ppo_clip": _ppo,
    "crf": _crf,
    "attention": _attention,
    "mmd_gaussian": _kernels,
    "logistic_regression": lambda i: F.binary_cross_entropy_with_logits(
        i["x"] @ i["weight"], i["label"]
    ),
    "kl_logits": lambda i: F.kl_div(
        torch.log_softmax(i["logits"], -1), i["target"], reduction="batchmean"
    ),
    "jensen_shannon_logits": _divergence,
    "info_nce": lambda i: F.cross_entropy(
        i["query"] @ i["key"].T / i["temperature"], torch.arange(i["query"].shape[0])
    ),
    "half_squared_error": lambda i: 0.5 * F.mse_loss(i["prediction"], i["target"]),
}


class Framework:
    """The step over tensors that are made once."""

    def __init__(self, problem: Problem, compiled: bool) -> None:
        self.wrt = problem.wrt
        real = torch.float32 if problem.dtype == "float32" else torch.float64
        value, self.form = written(problem, FORMS, words.TORCH, real)
        self.sets = [
            {
                name: torch.from_numpy(held) if hasattr(held, "dtype") else held
                for name, held in data.items()
            }
            for data in problem.data
        ]
        self.step = self._compiled(value) if compiled else self._eager(value)

    def _eager(self, value: Callable[[Inputs], Any]) -> Callable[[Inputs], Any]:
        leaves: list[list[Any]] = []
        for data in self.sets:
            for name in self.wrt:
                data[name] = torch.as_tensor(data[name]).requires_grad_()
            leaves.append([data[name] for name in self.wrt])

        def step(data: Inputs) -> Any:
            found = torch.as_tensor(value(data))
            learned = [data[name] for name in self.wrt]
            if not found.requires_grad:  # a constant
                return found, [torch.zeros_like(one) for one in learned]
            gradients = torch.autograd.grad(
                found, learned, allow_unused=True, materialize_grads=True
            )
            return found.detach(), gradients

        return step

    def _compiled(self, value: Callable[[Inputs], Any]) -> Callable[[Inputs], Any]:
        def of(learned: Any, rest: Any) -> Any:
            return torch.as_tensor(value({**rest, **learned}))

        both = torch.compile(torch.func.grad_and_value(of), dynamic=False)
        pairs = {
            id(data): (
                {name: torch.as_tensor(data[name]) for name in self.wrt},
                {name: held for name, held in data.items() if name not in self.wrt},
            )
            for data in self.sets
        }

        def step(data: Inputs) -> Any:
            gradients, found = both(*pairs[id(data)])
            return found, [gradients[name] for name in self.wrt]

        return step

    def run(self, number: int) -> Any:
        return self.step(self.sets[number % len(self.sets)])

    def results(self, found: Any) -> dict[str, Any]:
        value, gradients = found
        arrays = [one.detach().numpy() for one in gradients]
        return keyed(float(value), dict(zip(self.wrt, arrays, strict=True)))


_UNROLLED = frozenset({_crf})
"""Forms whose loop over steps torch.compile would unroll, and compile for minutes."""


def build(problem: Problem, name: str) -> Framework:
    compiled = name == "torch.compile"
    if compiled and FORMS.get(problem.case.form or "") in _UNROLLED:
        raise Absent("its loop over steps would be unrolled")
    if compiled:
        require_no_loop(problem, FORMS)
    return Framework(problem, compiled)
