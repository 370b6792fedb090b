"""JAX: jit over value and gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from objc.bench import words
from objc.bench.peers.written import Form, Inputs, keyed, require_no_loop, written
from objc.bench.problem import Problem


def _attention(i: Inputs) -> Any:
    """Of one head."""
    heads = (i[name][:, :, None] for name in ("query", "key", "value"))
    mixed = jax.nn.dot_product_attention(*heads)
    return jnp.mean((mixed[:, :, 0] - i["target"]) ** 2)


def _cross_entropy(i: Inputs) -> Any:
    at_label = jnp.take_along_axis(i["logits"], i["label"][:, None], 1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(i["logits"], axis=1) - at_label)


def _crf(i: Inputs) -> Any:
    """The forward recurrence as a scan over the steps, all sequences side by side."""
    emission, transition, tag = i["emission"], i["transition"], i["tag"]

    def advance(alpha: Any, own: Any) -> Any:
        return own + jax.nn.logsumexp(alpha[:, :, None] + transition, axis=1), None

    alpha, _ = jax.lax.scan(advance, emission[:, 0], jnp.swapaxes(emission, 0, 1)[1:])
    score = jnp.take_along_axis(emission, tag[:, :, None], 2).sum((1, 2))
    score = score + transition[tag[:, :-1], tag[:, 1:]].sum(1)
    return jnp.mean(jax.nn.logsumexp(alpha, axis=1) - score)


def _kernels(i: Inputs) -> Any:
    """By products of matrices, which are faster than differences, and lose their digits."""

    def mean(a: Any, b: Any) -> Any:
        squares = (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T
        return jnp.mean(jnp.exp(-squares / (2 * i["bandwidth"] ** 2)))

    x, y = i["x"], i["y"]
    return mean(x, x) - 2 * mean(x, y) + mean(y, y)


def _info_nce(i: Inputs) -> Any:
    scores = i["query"] @ i["key"].T / i["temperature"]
    return jnp.mean(jax.nn.logsumexp(scores, axis=1) - jnp.diagonal(scores))


def _logistic_regression(i: Inputs) -> Any:
    score = i["x"] @ i["weight"]
    return jnp.mean(jax.nn.softplus(score) - i["label"] * score)


FORMS: Mapping[str, Form] = {
    "attention": _attention,
    "binary_cross_entropy": lambda i: jnp.mean(
        jax.nn.softplus(i["logit"]) - i["target"] * i["logit"]
    ),
    "cross_entropy": _cross_entropy,
    "crf": _crf,
    "info_nce": _info_nce,
    "mmd_gaussian": _kernels,
    "logistic_regression": _logistic_regression,
}


class Framework:
    """The compiled step over arrays that are made once."""

    def __init__(self, problem: Problem) -> None:
        jax.config.update("jax_enable_x64", problem.dtype == "float64")  # type: ignore[no-untyped-call]
        self.wrt = problem.wrt
        value, self.form = written(problem, FORMS, words.JAX, problem.dtype)
        self.sets = []
        for data in problem.data:
            learned = {name: jnp.asarray(data[name], problem.dtype) for name in self.wrt}
            rest = {n: self._held(held) for n, held in data.items() if n not in self.wrt}
            self.sets.append((learned, rest))

        def of(learned: Any, rest: Any) -> Any:
            return value({**rest, **learned})

        self.step = jax.jit(jax.value_and_grad(of))

    def _held(self, value: Any) -> Any:
        return jnp.asarray(value) if isinstance(value, np.ndarray) else value

    def run(self, number: int) -> Any:
        found = self.step(*self.sets[number % len(self.sets)])
        return jax.block_until_ready(found)  # type: ignore[no-untyped-call]

    def results(self, found: Any) -> dict[str, Any]:
        value, gradients = found
        return keyed(float(value), {name: np.asarray(gradients[name]) for name in self.wrt})


def build(problem: Problem, name: str) -> Framework:
    require_no_loop(problem, FORMS)
    return Framework(problem)
