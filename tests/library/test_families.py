"""The families beyond regression and classification: value and gradient against torch's autograd."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from programs import FOLDER

import objc

torch = pytest.importorskip("torch")
F = torch.nn.functional
N, D = 5, 3
Draw = np.random.Generator

REAL: Callable[[Draw], Any] = lambda r: r.normal()  # noqa: E731
ROW: Callable[[Draw], Any] = lambda r: r.normal(size=N)  # noqa: E731
MATRIX: Callable[[Draw], Any] = lambda r: r.normal(size=(N, D))  # noqa: E731
SIMPLEX: Callable[[Draw], Any] = lambda r: r.dirichlet(np.ones(N))  # noqa: E731
ZEROS: Callable[[Draw], Any] = lambda r: np.array([0, 0.25, 0, 0.5, 0.25])  # noqa: E731
COUNTS: Callable[[Draw], Any] = lambda r: r.integers(3, size=N)  # noqa: E731
POSITIVE: Callable[[Draw], Any] = lambda r: r.gamma(2) + 0.1  # noqa: E731


def kl(p: Any, q: Any) -> Any:
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum()


def standard(x: Any) -> Any:
    return (x - x.mean(0)) / x.std(0, correction=0)


def nt_xent(a: Any, b: Any) -> Any:
    z = F.normalize(torch.cat([a, b]), dim=1)
    s = (z @ z.T / 0.5).masked_fill(torch.eye(2 * N, dtype=torch.bool), -torch.inf)
    return F.cross_entropy(s, torch.arange(2 * N).roll(N))


def barlow(a: Any, b: Any) -> Any:
    c = standard(a).T @ standard(b) / N
    on = torch.diagonal(c)
    return ((1 - on) ** 2).sum() + 0.005 * ((c**2).sum() - (on**2).sum())


def vicreg(a: Any, b: Any) -> Any:
    total = 25 * ((a - b) ** 2).sum(1).mean()
    for x in (a, b):
        c = torch.cov(x.T)
        total = total + 25 * (1 - (torch.diagonal(c) + 1e-4).sqrt()).clamp(min=0).mean()
        total = total + (c - torch.diag(torch.diagonal(c))).pow(2).sum() / D
    return total


def cox(h: Any, time: Any, event: Any) -> Any:
    return sum(torch.logsumexp(h[time >= time[i]], 0) - h[i] for i in range(N) if event[i] == 1)


def listmle(s: Any, y: Any) -> Any:
    order = torch.argsort(-y, stable=True)
    return sum(torch.logsumexp(s[order[i:]], 0) - s[order[i]] for i in range(N))


def pairs(y: Any) -> Any:
    return (y[:, None] > y[None, :]).double()


def mmd(x: Any, y: Any) -> Any:
    def k(a: Any, b: Any) -> Any:
        return torch.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / 2).mean()

    return k(x, x) - 2 * k(x, y) + k(y, y)


ids = torch.arange(N)
label = lambda r: int(r.integers(N))  # noqa: E731
tokens = lambda r: r.integers(D, size=N)  # noqa: E731
mask = lambda r: np.array([1.0, 0, 1, 1, 0])  # noqa: E731
# file: name: (drawn differentiable inputs, drawn data, torch's formula, hyperparameters)
TABLE: dict[str, dict[str, Any]] = {
    "divergence": {
        "kl": ([SIMPLEX], [ZEROS], lambda q, p: kl(p, q), {}),
        "reverse_kl": ([SIMPLEX], [SIMPLEX], lambda q, p: kl(q, p), {}),
        "kl_logits": ([ROW], [ZEROS], lambda z, p: kl(p, z.softmax(0)), {}),
        "jensen_shannon": ([SIMPLEX], [ZEROS], lambda q, p: (
            kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2, {}),
        "generalized_jsd": ([SIMPLEX], [ZEROS], lambda q, p: 0.3 * kl(p, 0.3 * p + 0.7 * q)
            + 0.7 * kl(q, 0.3 * p + 0.7 * q), {"beta": 0.3}),
        "hellinger": ([SIMPLEX], [ZEROS], lambda q, p: (
            (p.sqrt() - q.sqrt()) ** 2).sum().div(2).sqrt(), {}),
        "total_variation": ([SIMPLEX], [SIMPLEX], lambda q, p: (p - q).abs().sum() / 2, {}),
        "chi_squared": ([SIMPLEX], [ZEROS], lambda q, p: ((p - q) ** 2 / q).sum(), {}),
        "alpha_divergence": ([SIMPLEX], [ZEROS], lambda q, p: (
            (p**0.3 * q**0.7).sum() - 1) / (0.3 * -0.7), {"alpha": 0.3}),
        "gaussian_kl": ([ROW, ROW], [], lambda m, v: torch.distributions.kl_divergence(
            torch.distributions.Normal(m, (v / 2).exp()),
            torch.distributions.Normal(torch.zeros(N).double(), 1.0)).sum(), {}),
        "bernoulli_kl": ([lambda r: r.uniform()], [lambda r: 0.0], lambda q, p: -torch.log(1 - q), {}),
        "entropy": ([ROW], [], lambda z: torch.distributions.Categorical(logits=z).entropy(), {}),
        "mmd_gaussian": ([MATRIX], [lambda r: r.normal(size=(4, D))], mmd, {}),
        "wasserstein_1d": ([ROW], [ROW], lambda x, y: (
            x.sort().values - y.sort().values).abs().mean(), {}),
    },
    "ranking": {
        "pairwise_hinge": ([REAL, REAL], [], lambda a, b: (1 - a + b).clamp(min=0), {}),
        "ranknet": ([ROW], [COUNTS], lambda s, y: (
            pairs(y) * F.softplus(-(s[:, None] - s[None]))).sum(), {}),
        "listnet": ([ROW], [ROW], lambda s, y: -(y.softmax(0) * s.log_softmax(0)).sum(), {}),
        "listmle": ([ROW], [COUNTS], listmle, {}),
        "bpr": ([REAL, REAL], [], lambda a, b: F.softplus(b - a), {}),
    },
    "metric_learning": {
        "triplet": ([ROW, ROW, ROW], [], lambda a, p, n: (
            ((a - p) ** 2).sum() - ((a - n) ** 2).sum() + 1).clamp(min=0), {}),
        "contrastive": ([ROW, ROW], [lambda r: 0.0], lambda a, b, y: (
            (3 - (a - b).norm()).clamp(min=0) ** 2 / 2), {"margin": 3.0}),
        "cosine_embedding": ([ROW, ROW], [lambda r: 1.0], lambda a, b, y: F.cosine_embedding_loss(
            a[None], b[None], y[None]), {}),
        "arcface": ([lambda r: r.uniform(-0.9, 0.9, size=N)], [label], lambda c, y: F.cross_entropy(
            64 * torch.where(ids == y, torch.cos(torch.acos(c) + 0.5), c), y), {"margin": 0.5}),
        "cosface": ([ROW], [label], lambda c, y: F.cross_entropy(
            64 * (c - 0.35 * (ids == y).double()), y), {"margin": 0.35}),
    },
    "self_supervised": {
        "next_token": ([MATRIX], [tokens, mask], lambda z, t, m: F.cross_entropy(
            z[m == 1], t[m == 1]), {}),
        "info_nce": ([MATRIX, MATRIX], [], lambda q, k: F.cross_entropy(q @ k.T / 0.07, ids), {}),
        "nt_xent": ([MATRIX, MATRIX], [], nt_xent, {}),
        "barlow_twins": ([MATRIX, MATRIX], [], barlow, {}),
        "vicreg": ([MATRIX, MATRIX], [], vicreg, {}),
        "distillation": ([ROW], [ROW, label], lambda s, t, y: 8 * kl(
            (t / 4).softmax(0), (s / 4).softmax(0)) + F.cross_entropy(s, y) / 2, {}),
    },
    "generative": {
        "elbo": ([ROW, ROW, ROW], [ROW], lambda x, m, v, t: F.mse_loss(
            x, t, reduction="sum") / 2 + (v.exp() + m**2 - 1 - v).sum() / 2, {}),
        "min_snr": ([ROW], [ROW, POSITIVE], lambda e, n, s: (
            s.clamp(max=5) / s * ((e - n) ** 2).sum()), {}),
        "denoising_score_matching": ([ROW], [ROW, POSITIVE], lambda s, n, d: (
            (s + n / d) ** 2).sum() / 2, {}),
        "flow_matching": ([ROW], [ROW, ROW], lambda v, a, b: ((v - b + a) ** 2).sum(), {}),
        "gradient_penalty": ([ROW], [], lambda g: (g.norm() - 1) ** 2, {}),
    },
    "preference": {
        "dpo": ([REAL, REAL], [REAL, REAL], lambda c, r, a, b: F.softplus(
            -0.1 * (c - a - r + b)), {}),
        "ipo": ([REAL, REAL], [REAL, REAL], lambda c, r, a, b: (c - a - r + b - 5) ** 2, {}),
        "kto": ([REAL], [REAL, POSITIVE, lambda r: 0.0], lambda x, a, k, y: (
            1 - torch.sigmoid(0.1 * (k - x + a))), {}),
        "orpo": ([lambda r: -r.gamma(2), lambda r: -r.gamma(2)], [], lambda c, r: -c - 0.1 *
            F.logsigmoid(c - torch.log1p(-c.exp()) - r + torch.log1p(-r.exp())), {}),
        "simpo": ([REAL, REAL], [], lambda c, r: F.softplus(0.5 - 2 * (c - r)), {}),
        "cpo": ([REAL, REAL], [], lambda c, r: F.softplus(-0.1 * (c - r)) - c, {}),
        "kl_penalty": ([REAL], [REAL], lambda x, a: (a - x).exp() - 1 - a + x, {}),
    },
    "parameters": {
        "elastic_net": ([ROW], [], lambda w: w.abs().sum() + (w**2).sum() / 2, {}),
        "group_lasso": ([MATRIX], [], lambda w: D**0.5 * w.norm(dim=1).sum(), {}),
        "total_variation_1d": ([ROW], [], lambda x: x.diff().abs().sum(), {}),
    },
    "structured": {"cox": ([ROW], [COUNTS, mask], cox, {})},
}  # fmt: skip


@cache
def module(file: str) -> Any:
    return objc.compile(FOLDER / f"{file}.objc", target="numpy")


@pytest.mark.parametrize(("file", "name"), [(f, n) for f, rows in TABLE.items() for n in rows])
def test_value_and_gradient(file: str, name: str) -> None:
    inputs, data, formula, parameters = TABLE[file][name]
    rng = np.random.default_rng(len(name))
    drawn, given = [draw(rng) for draw in inputs], [draw(rng) for draw in data]
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in drawn]
    expected = formula(*tensors, *(torch.as_tensor(np.asarray(x)) for x in given))
    gradients = torch.autograd.grad(expected, tensors)
    value, found = getattr(module(file), name).value_and_grad(*drawn, *given, **parameters)
    assert value == pytest.approx(expected.item(), rel=1e-10, abs=1e-10)
    for got, wanted in zip(found if len(inputs) > 1 else [found], gradients, strict=True):
        np.testing.assert_allclose(got, wanted.numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["kl", "reverse_kl", "jensen_shannon", "generalized_jsd",
                                  "hellinger", "total_variation", "chi_squared"])  # fmt: skip
def test_an_outcome_that_neither_expects_adds_nothing(name: str) -> None:
    p, q = np.array([0, 0.5, 0.5]), np.array([0, 0.25, 0.75])
    divergence = getattr(module("divergence"), name)
    value, gradient = divergence.value_and_grad(q, p)
    without, rest = divergence.value_and_grad(q[1:], p[1:])
    assert value == pytest.approx(without, rel=1e-12)
    np.testing.assert_allclose(gradient[1:], rest, rtol=1e-12)
    assert np.isfinite(gradient).all()


def test_certain_outcomes_of_one_probability() -> None:
    bernoulli_kl = module("divergence").bernoulli_kl
    assert (bernoulli_kl(0.0, 0.0), bernoulli_kl(1.0, 1.0)) == (0.0, 0.0)
    assert bernoulli_kl(0.0, 1.0) == np.inf
