"""What is proved of statistics, held to numbers that know nothing of the argument: minima that are searched,
triples and scores that are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize

import objc
from tests.analysis.claimed import verdict

_SCORES = "z: real[K] | y: index(K)"
_SHARES = "p: simplex[K] | y: index(K)"
_PAIR = "p: simplex[K] | q: simplex[K]"
_USE = "use metrics (accuracy)\n"


def _losses(head: str, body: str) -> Any:
    return objc.compile(f"loss f({head}) = {body}\n", target="numpy").f


def _searched(risk: Callable[[Any], float], starts: Any) -> Any:
    options = {"maxiter": 3000, "xatol": 1e-8, "fatol": 1e-12}
    found = [
        scipy.optimize.minimize(risk, one, method="Nelder-Mead", options=options) for one in starts
    ]
    return min(found, key=lambda one: float(one.fun)).x


@pytest.mark.parametrize(
    "body",
    [
        "sum[j | j != y](max(0, 1 + z[j] - mean(z)))",
        "sum[j | j != y](exp(z[j] - mean(z)))",
        "logsumexp[k](2 * z[k]) - 2 * z[y]",
        "9/10 * nll(y) + 1/10 * mean[j](nll(j))\n    where nll(c) = -log(softmax(z)[c])",
        "sum[k]((softmax(z)[k] - [k == y])^2)",
        "-softmax(z)[y] / norm(softmax(z))",
        "sum[j](if j == y then (1 - z[j])^2 else (2 + z[j])^2)",
        "2 * log(1 + exp(-z[y])) + sum[j | j != y](log(1 + exp(z[j])))",
    ],
)
def test_the_greatest_score_is_the_likeliest_class(body: str) -> None:
    assert verdict(_SCORES, body, "calibrated for accuracy", _USE) == "proved"
    loss, labels = _losses(_SCORES, body), np.arange(3)
    for shares in ([0.4, 0.25, 0.35], [0.1, 0.42, 0.48]):

        def risk(z: Any, shares: Any = shares) -> float:
            return float(np.dot(shares, loss.per_example(np.tile(z, (3, 1)), labels)))

        best = _searched(risk, np.eye(3)[:2])
        assert np.argmax(best) == np.argmax(shares)


@pytest.mark.parametrize(
    "body",
    [
        "-p[y] / norm(p)",
        "-p[y]^2 / sum[k](p[k]^3)^(2/3)",
        "-2 * p[y] * sum[k](p[k]^2) + 3/2 * sum[k](p[k]^2)^2",
        "-log(p[y])",
    ],
)
def test_the_best_prediction_is_the_distribution(body: str) -> None:
    assert verdict(_SHARES, body, "strictly_proper") == "proved"
    loss, labels = _losses(_SHARES, body), np.arange(3)
    for shares in ([0.2, 0.5, 0.3], [0.05, 0.15, 0.8]):

        def risk(z: Any, shares: Any = shares) -> float:
            p = np.exp(z) / np.exp(z).sum()
            return float(np.dot(shares, loss.per_example(np.tile(p, (3, 1)), labels)))

        best = np.exp(_searched(risk, np.zeros((1, 3))))
        assert best / best.sum() == pytest.approx(shares, abs=1e-4)


@pytest.mark.parametrize(
    "body",
    [
        "y * sqrt((1 - p) / p) + (1 - y) * sqrt(p / (1 - p))",
        "3 * [p < 1/4] * y + [p >= 1/4] * (1 - y)",
        "if p < 1/2 then (p - y)^2 else 2 * (p - y)^2 - 1/4",
        "3 * [p <= 1/4] * y + [p > 1/4] * (1 - y) + (p - y)^2",
    ],
)
def test_no_probability_beats_the_true_one(body: str) -> None:
    head = "p: probability | y: binary"
    assert verdict(head, body, "proper") == "proved"
    loss, grid = _losses(head, body), np.linspace(0.005, 0.995, 199)
    first, second = (loss.per_example(grid, np.full(grid.shape, one)) for one in (1.0, 0.0))
    for number, share in enumerate(grid):
        expected = share * first + (1 - share) * second
        assert expected[number] <= expected.min() + 1e-12


@pytest.mark.parametrize(
    "body",
    [
        "sqrt(sum[k](p[k] * log(2 * p[k] / (p[k] + q[k])) + q[k] * log(2 * q[k] / (p[k] + q[k]))) / 2)",
        "sqrt(sum[k | p[k] != q[k]]((p[k] - q[k])^2 / (p[k] + q[k])))",
    ],
)
def test_no_way_round_is_shorter(body: str) -> None:
    assert verdict(_PAIR, body, "triangle in p, q") == "proved"
    distance = _losses(_PAIR, body).per_example
    draws = np.random.default_rng(1).dirichlet([0.3] * 3, size=(3, 4000)).clip(1e-12)
    x, y, z = draws / draws.sum(axis=-1, keepdims=True)
    assert (distance(x, z) <= distance(x, y) + distance(y, z) + 1e-9).all()


@pytest.mark.parametrize(
    "body",
    [
        "(logsumexp[j](2 * z[j]) - 2 * z[y]) / log(2)",
        "2 * (1 - softmax(z)[y])",
        "max[j](z[j] + [j != y]) - z[y]",
        "sum[j | j != y](max(0, 1 + z[j] - z[y]))",
    ],
)
def test_no_mistake_costs_less_than_one(body: str) -> None:
    mistakes = "metric mistake(z: real[K] | k: index(K)) = [argmax[j](z[j]) != k]\n"
    assert verdict(_SCORES, body, "bounds mistake", mistakes) == "proved"
    generator = np.random.default_rng(2)
    scores = generator.normal(size=(4000, 4)).round(1) * generator.choice([0.1, 1, 30], (4000, 1))
    labels = generator.integers(4, size=4000)
    costs = np.asarray(_losses(_SCORES, body).per_example(scores, labels))
    assert (costs >= (scores.argmax(axis=1) != labels) - 1e-12).all()
