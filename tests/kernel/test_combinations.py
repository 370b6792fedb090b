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


SEVERAL = """
objective several(w: real[D], b: real | x: real[D], y: real; l2: positive = 0.1) =
    minimize
        fit:     r^2
        robust:  log(1 + exp(-r))
        ridge:   l2 * sum[d](w[d]^2)  over parameters
        nothing: y
    combine sum(robust = 3)
    where r = sum[d](w[d] * x[d]) + b - y

objective fit(w: real[D], b: real | x: real[D], y: real) = minimize (sum(w * x) + b - y)^2
objective robust(w: real[D], b: real | x: real[D], y: real) =
    minimize log(1 + exp(-(sum(w * x) + b - y)))
objective ridge(w: real[D]; l2: positive = 0.1) =
    minimize l2 * sum(w^2) over parameters
"""
W, B = RANDOM.normal(size=3), 0.4
X, Y = RANDOM.normal(size=(9, 3)), RANDOM.normal(size=9)


@pytest.mark.parametrize("target", ["cpu", "numpy"])
@pytest.mark.parametrize(
    "options",
    [{}, {"weight": WEIGHT}, {"reduction": "sum"}, {"mask": WEIGHT > 1}],
    ids=["mean", "weighted", "sum", "masked"],
)
def test_gradients_of_terms_are_those_of_objectives_of_their_own(
    target: str, options: dict[str, Any]
) -> None:
    module = objc.compile(SEVERAL, target=target)
    found = module.several.term_gradients(W, B, X, Y, l2=0.3, **options)
    assert list(found) == ["fit", "robust", "ridge", "nothing"]
    for name in ("fit", "robust"):
        alone = module[name].gradient(W, B, X, Y, **options)
        close(found[name].w, alone.w)
        close(found[name].b, alone.b)
    close(found["ridge"].w, module.ridge.gradient(W, l2=0.3))
    close(found["ridge"].b, 0)
    close(found["nothing"].w, np.zeros(3))
    whole = module.several.gradient(W, B, X, Y, l2=0.3, **options)
    weights = {"fit": 1, "robust": 3, "ridge": 1}
    for name in ("w", "b"):
        close(
            sum(k * getattr(found[one], name) for one, k in weights.items()), getattr(whole, name)
        )


def test_gradients_of_terms_by_example_and_by_input(scene: Any) -> None:
    found = scene.term_gradients(*DATA, wrt="depth")
    close(found["depth"], (DEPTH - DEPTH_TRUE) / 9)
    close(found["segment"], np.zeros(9))
    both = scene.term_gradients(*DATA, wrt=("segment", "log_variance_depth"))
    assert both["depth"]._fields == ("segment", "log_variance_depth")
    probability = torch.softmax(torch.tensor(SEGMENT), 1).numpy()
    close(both["segment"].segment, (probability - np.eye(4)[LABEL]) / 9)
    close(both["segment"].log_variance_depth, 0)


def test_a_loss_has_one_term() -> None:
    square = objc.compile("loss square(x: real | y: real) = (x - y)^2").square
    found = square.term_gradients(DEPTH, DEPTH_TRUE)
    close(found["value"], square.gradient(DEPTH, DEPTH_TRUE))


def test_terms_share_what_they_have_in_common() -> None:
    several = objc.compile(SEVERAL, target="numpy").several
    several.term_gradients(W, B, X, Y)
    from objc.compiler import Variant, derive

    program = derive(
        several.program, Variant(("term_gradient",), ("w", "b"), frozenset({"x", "y"}))
    )
    products = [let for let in program.lets if {"w", "x"} <= {read.tensor for read in let.reads}]
    assert len(products) == 1
