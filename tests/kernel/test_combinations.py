"""Objectives of several terms: what the combination makes of them, and each term on its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import objc

RANDOM = np.random.default_rng(11)
DEPTH, DEPTH_TRUE = RANDOM.normal(size=(2, 9))
SEGMENT = RANDOM.normal(size=(9, 4))
LABEL = RANDOM.integers(0, 4, 9)
WEIGHT = RANDOM.uniform(0.5, 2, 9)
DATA = (DEPTH, SEGMENT, DEPTH_TRUE, LABEL)

SCENE = """
use regression (half_squared_error)
use classification (cross_entropy)
objective scene(depth: real, segment: real[K] | depth_true: real, label: index(K)) =
    minimize
        depth:   half_squared_error(depth | depth_true)
        segment: cross_entropy(segment | label)
    combine uncertainty
"""


@pytest.fixture(params=["cpu", "numpy"])
def scene(request: Any) -> Any:
    return objc.compile(SCENE, target=request.param).scene


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def by_torch(*, weight: Any = None, s: tuple[float, float] = (0.0, 0.0)) -> tuple[Any, ...]:
    """A normal density of the variance exp(s), and a softmax of logits at that temperature as the
    paper approximates it, both without constants."""
    depth, segment = (torch.tensor(one, requires_grad=True) for one in (DEPTH, SEGMENT))
    logs = [torch.tensor(one, requires_grad=True, dtype=torch.float64) for one in s]
    normal = torch.nn.functional.gaussian_nll_loss(
        depth,
        torch.tensor(DEPTH_TRUE),
        torch.exp(logs[0]).expand(9),
        reduction="none",
        eps=1e-300,
    )
    softmax = torch.nn.functional.cross_entropy(segment, torch.tensor(LABEL), reduction="none")
    each = normal + torch.exp(-logs[1]) * softmax + logs[1] / 2
    mean = each.mean() if weight is None else (torch.tensor(weight) * each).sum() / weight.sum()
    mean.backward()  # type: ignore[no-untyped-call]
    return mean.item(), tuple(one.grad.numpy() for one in (depth, segment, *logs))  # type: ignore[union-attr]


def test_uncertainty_is_the_likelihood_of_its_noise(scene: Any) -> None:
    s = {"log_variance_depth": 0.3, "log_variance_segment": -0.8}
    for weight in (None, WEIGHT):
        value, gradient = scene.value_and_grad(*DATA, weight=weight, **s)
        expected, slopes = by_torch(weight=weight, s=(0.3, -0.8))
        close(value, expected)
        for one, other in zip(gradient, slopes, strict=True):
            close(one, other)


def test_uncertainty_starts_as_the_sum_of_the_terms(scene: Any) -> None:
    terms = scene.terms(*DATA)
    assert list(terms) == ["depth", "segment"]
    close(scene(*DATA), sum(terms.values()))
    close(terms["depth"], ((DEPTH - DEPTH_TRUE) ** 2).mean() / 2)


def test_an_anchor_belongs_to_each_example(scene: Any) -> None:
    s = {"log_variance_depth": 0.7, "log_variance_segment": 0.1}
    each = scene.per_example(*DATA, **s)
    close(each.mean(), scene(*DATA, **s))
    close(each.sum(), scene(*DATA, **s, reduction="sum"))


def test_learned_log_variances_show_in_the_signature(scene: Any) -> None:
    learned = {one.name: one.default for one in scene.parameters}
    assert learned == {"log_variance_depth": 0.0, "log_variance_segment": 0.0}
    gradient = scene.gradient(*DATA)
    assert gradient._fields[2:] == ("log_variance_depth", "log_variance_segment")


def test_weights_and_terms_over_parameters_stand_beside_learned_ones() -> None:
    module = objc.compile("""
objective mixed(a: real[D], w: real[D] | y: real[D]; learn log_variance_near: real = 2) =
    maximize
        near:  -sum((a - y)^2)
        far:   -sum(abs(a - y))
        small: -sum(w^2)  over parameters
    combine uncertainty(far = 3, small = 0.5)
""")
    a, y = RANDOM.normal(size=(2, 5, 3))
    w = RANDOM.normal(size=3)
    near, far = -((a - y) ** 2).sum(1).mean(), -np.abs(a - y).sum(1).mean()
    value = np.exp(-2.0) * near - 1 + 3 * (np.exp(0.4) * far + 0.2) - (w**2).sum() / 2
    close(module.mixed(a, w, y, log_variance_far=-0.4), value)
    assert [one.name for one in module.mixed.parameters].count("log_variance_near") == 1
