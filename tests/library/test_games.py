"""The library's games: each player's value and gradient against torch's autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import objc.library

torch = pytest.importorskip("torch")
F = torch.nn.functional


def bce(logit: Any, target: float) -> Any:
    wanted = torch.full_like(logit, target)
    return F.binary_cross_entropy_with_logits(logit, wanted, reduction="none")


GAMES: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any], Any]]] = {
    "gan": (lambda r, f: F.softplus(-r) + F.softplus(f), lambda f: bce(f, 1.0)),
    "saturating_gan": (lambda r, f: F.softplus(-r) + F.softplus(f), lambda f: -bce(f, 0.0)),
    "hinge_gan": (lambda r, f: F.relu(1 - r) + F.relu(1 + f), lambda f: -f),
    "wgan": (lambda r, f: f - r, lambda f: -f),
    "lsgan": (lambda r, f: ((r - 1) ** 2 + f**2) / 2, lambda f: (f - 1) ** 2 / 2),
}
TAIL = 1e-20  # below it torch gives 0 where exp(-50) is the truth
POINTS = {
    "random": np.random.default_rng(5).normal(size=(2, 40)) * 3,
    "extreme": np.array([[1e4, -1e4, 50.0, -50.0, 0.0], [-1e4, 1e4, -50.0, 50.0, 0.0]]),
}


def slopes(value: Any, *inputs: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] = torch.autograd.grad(value.sum(), inputs)
    return tuple(one.numpy() for one in found)


@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS)
@pytest.mark.parametrize("name", GAMES)
def test_players_agree_with_torch(name: str, points: Any) -> None:
    game = getattr(objc.library, name)
    discriminate, generate = GAMES[name]
    real, fake = (torch.tensor(one, requires_grad=True) for one in points)
    expected = discriminate(real, fake)
    value, gradient = game.discriminator.value_and_grad(*points, reduction="none")
    np.testing.assert_allclose(value, expected.detach(), rtol=1e-10, atol=TAIL)
    for one, other in zip(gradient, slopes(expected, real, fake), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=TAIL)
    expected = generate(fake)
    value, gradient = game.generator.value_and_grad(points[1], reduction="none")
    np.testing.assert_allclose(value, expected.detach(), rtol=1e-10, atol=TAIL)
    np.testing.assert_allclose(gradient, *slopes(expected, fake), rtol=1e-10, atol=TAIL)


def test_the_gradient_penalty_of_wgan() -> None:
    gradient = np.random.default_rng(6).normal(size=(7, 4))
    given = torch.tensor(gradient, requires_grad=True)
    expected = (given.norm(dim=1) - 1) ** 2
    value, slope = objc.library.gradient_penalty.value_and_grad(gradient, reduction="none")
    np.testing.assert_allclose(value, expected.detach(), rtol=1e-10)
    np.testing.assert_allclose(slope, *slopes(expected, given), rtol=1e-10)
