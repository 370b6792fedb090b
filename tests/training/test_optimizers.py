"""Optimizers, schedules and clipping against PyTorch's and Optax's, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optax
import pytest
import torch

from objc.training import LBFGS, SGD, Adam, AdamW, Cosine, Exponential, Linear, StepDecay, WarmUp
from objc.training.clipping import clip, global_norm
from objc.training.projection import project_simplex

RULES: dict[str, tuple[Any, Callable[..., torch.optim.Optimizer]]] = {
    "sgd": (SGD(), torch.optim.SGD),
    "momentum": (SGD(momentum=0.9), lambda p, lr: torch.optim.SGD(p, lr, momentum=0.9)),
    "nesterov": (
        SGD(momentum=0.8, nesterov=True),
        lambda p, lr: torch.optim.SGD(p, lr, momentum=0.8, nesterov=True),
    ),
    "adam": (Adam(), torch.optim.Adam),
    "adam, other betas": (
        Adam(beta1=0.5, beta2=0.99, epsilon=1e-4),
        lambda p, lr: torch.optim.Adam(p, lr, betas=(0.5, 0.99), eps=1e-4),
    ),
    "adamw": (
        AdamW(weight_decay=0.3),
        lambda p, lr: torch.optim.AdamW(p, lr, weight_decay=0.3),
    ),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", RULES)
def test_each_step_is_that_of_torch(name: str, dtype: str) -> None:
    rule, theirs = RULES[name]
    generator = np.random.default_rng(3)
    value = generator.normal(size=(4, 3)).astype(dtype)
    tensor = torch.tensor(value, requires_grad=True)
    optimizer = theirs([tensor], lr=0.05)
    slots = rule.start(value)
    tolerance = 1e-13 if dtype == "float64" else 2e-6
    for step in range(1, 31):
        rate = 0.05 / step
        for group in optimizer.param_groups:
            group["lr"] = rate
        gradient = (generator.normal(size=value.shape) * 10.0 ** generator.integers(-3, 3)).astype(
            dtype
        )
        tensor.grad = torch.tensor(gradient)
        optimizer.step()
        value = rule.update(value, gradient, slots, rate, step)
        assert value.dtype == dtype
        np.testing.assert_allclose(value, tensor.detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("rule", [SGD(momentum=0.9), Adam(), AdamW()])
def test_the_given_parameter_is_not_written(rule: Any) -> None:
    value = np.ones(3)
    rule.update(value, np.ones(3), rule.start(value), 0.1, 1)
    np.testing.assert_array_equal(value, 1.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SGD(momentum=1.0),
        lambda: SGD(nesterov=True),
        lambda: Adam(beta1=-0.1),
        lambda: AdamW(weight_decay=float("nan")),
        lambda: LBFGS(memory=0),
        lambda: WarmUp(-1),
    ],
)
def test_settings_that_make_no_sense(make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError):
        make()


def _torch_rates(make: Callable[..., Any], total: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make(optimizer)
    rates = []
    for _ in range(total):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


SCHEDULES: dict[str, tuple[Any, Callable[..., Any]]] = {
    "cosine": (
        Cosine(final=0.1),
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 40, eta_min=0.1),
    ),
    "exponential": (Exponential(0.9), lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9)),
    "step": (StepDecay(0.3, every=7), lambda o: torch.optim.lr_scheduler.StepLR(o, 7, 0.3)),
    "linear": (
        Linear(0.25),
        lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.25, total_iters=40),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_those_of_torch(name: str) -> None:
    ours, theirs = SCHEDULES[name]
    rates = [ours(step, 40) for step in range(40)]
    np.testing.assert_allclose(rates, _torch_rates(theirs, 40), rtol=1e-12)


def test_warm_up_is_linear_and_then_the_other_schedule() -> None:
    schedule = WarmUp(5, Cosine())
    np.testing.assert_allclose([schedule(step, 25) for step in range(5)], [0.2, 0.4, 0.6, 0.8, 1])
    theirs = optax.cosine_decay_schedule(1.0, 20)
    ours = [schedule(step, 25) for step in range(5, 25)]
    np.testing.assert_allclose(ours, [float(theirs(step)) for step in range(20)], atol=1e-6)


def test_evenly_spaced_drops() -> None:
    factors = [StepDecay(0.1, drops=2)(step, 30) for step in range(30)]
    np.testing.assert_allclose(factors, [1.0] * 10 + [0.1] * 10 + [0.01] * 10)


def test_clipping_by_norm_is_that_of_optax() -> None:
    generator = np.random.default_rng(0)
    shapes = {"a": (3, 2), "b": (4,)}
    gradients = {
        name: generator.normal(size=shape).astype(np.float32) for name, shape in shapes.items()
    }
    theirs, _ = optax.clip_by_global_norm(0.7).update(gradients, optax.EmptyState())
    ours = clip(gradients, norm=0.7, value=None)
    for name, one in ours.items():
        np.testing.assert_allclose(one, theirs[name], rtol=1e-6)
    assert global_norm(ours) == pytest.approx(0.7, rel=1e-6)
    np.testing.assert_array_equal(clip(gradients, norm=100.0, value=None)["a"], gradients["a"])


def test_clipping_by_value_comes_first() -> None:
    clipped = clip({"a": np.array([30.0, -40.0])}, norm=1.0, value=2.0)
    np.testing.assert_allclose(clipped["a"], [2**-0.5, -(2**-0.5)])


def test_the_norm_does_not_overflow() -> None:
    big = np.array([3e30, 4e30], dtype=np.float32)
    assert global_norm({"a": big}) == pytest.approx(5e30, rel=1e-6)
    assert global_norm({"a": np.zeros(3)}) == 0.0


def test_projection_onto_the_simplex() -> None:
    """Against the definition: the nearest of many points of the simplex is no nearer."""
    generator = np.random.default_rng(1)
    points = generator.dirichlet(np.ones(4), size=20000)
    for value in generator.normal(size=(10, 4)):
        nearest = project_simplex(value)
        assert nearest.min() >= 0 and nearest.sum() == pytest.approx(1.0, abs=1e-12)
        best = np.sum((points - value) ** 2, axis=1).min()
        assert np.sum((nearest - value) ** 2) <= best + 1e-12
