"""Games: a kernel for each player, held to torch."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import objc
from objc.errors import InputError, ObjcError

RANDOM = np.random.default_rng(3)
REAL, FAKE = RANDOM.normal(size=(2, 8)) * 3

GAN = (Path(__file__).parents[1] / "language" / "gan.objc").read_text("utf-8")
SADDLE = """
game saddle(x: real[D], y: real[D] | a: real; scale: positive = 2, learn shift: real = 1) =
    first  minimizes p                       over x
    second maximizes p - sum(y^2) / 2 - max(0, shift - 9)^2  over y, shift
    third  minimizes (shift - a)^2
    where p = scale * sum(x * y) * a + shift
"""


@pytest.fixture(params=["cpu", "numpy"])
def target(request: Any) -> str:
    return str(request.param)


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_players_of_a_gan(target: str) -> None:
    gan = objc.compile(GAN, target=target).gan
    assert list(gan.players) == ["discriminator", "generator"]
    real, fake = (torch.tensor(one, requires_grad=True) for one in (REAL, FAKE))
    softplus = torch.nn.functional.softplus
    (softplus(-real) + softplus(fake)).mean().backward()  # type: ignore[no-untyped-call]
    value, gradient = gan.discriminator.value_and_grad(REAL, FAKE)
    close(gradient.real_logit, real.grad)
    close(gradient.fake_logit, fake.grad)
    fake.grad = None
    loss = softplus(-fake).mean()
    loss.backward()  # type: ignore[no-untyped-call]
    value, slope = gan.generator.value_and_grad(REAL, FAKE)
    close(value, loss.item())
    close(slope, fake.grad)


def test_a_player_takes_what_it_reads_or_what_its_game_is_given() -> None:
    generator = objc.compile(GAN).gan.generator
    expected = generator.per_example(FAKE)
    for found in (
        generator.per_example(REAL, FAKE),
        generator.per_example(fake_logit=FAKE, real_logit=REAL),
        generator.per_example(fake_logit=FAKE),
    ):
        close(found, expected)
    with pytest.raises(InputError, match="takes at most 1 by position"):
        generator(REAL, FAKE, FAKE)
    with pytest.raises(InputError, match="no input `real_logit` to differentiate"):
        generator.gradient(REAL, FAKE, wrt="real_logit")


def test_a_player_differentiates_what_it_moves(target: str) -> None:
    game = objc.compile(SADDLE, target=target).saddle
    x, y = RANDOM.normal(size=(2, 4))
    a = RANDOM.normal(size=6)
    close(game.first.gradient(x, y, a), 2 * y * a.mean())
    slope = game.second.gradient(x, y, a, scale=0.5)
    close(slope.y, 0.5 * x * a.mean() - y)
    close(slope.shift, 1)
    close(game.third.gradient(a, shift=3.0), 2 * (3 - a.mean()))
    assert (game.first.direction, game.second.direction) == ("minimize", "maximize")
    close(game.second(x, y, a, shift=5.0) - game.second(x, y, a), 4)


def test_a_player_holds_still_what_others_learn() -> None:
    first = objc.compile(SADDLE).saddle.first
    roles = {one.name: one.role for one in first.signature.inputs}
    assert roles == {
        "x": "differentiable", "y": "data", "a": "data",
        "scale": "hyperparameter", "shift": "hyperparameter",
    }  # fmt: skip


def test_modules_find_games_and_players() -> None:
    module = objc.compile(GAN + SADDLE)
    assert "gan" in module and "gan.generator" in module
    assert module["gan.generator"] is module.gan.generator is module.gan["generator"]
    assert [one.name for one in module] == [
        "gan.discriminator", "gan.generator", "saddle.first", "saddle.second", "saddle.third",
    ]  # fmt: skip
    assert {"gan", "saddle"} <= set(dir(module)) and "gan.generator" not in dir(module)
    assert repr(module) == "<objc module <text>: gan, saddle>"
    assert "softplus(-fake_logit)" in repr(module.gan)
    with pytest.raises(AttributeError, match="did you mean `generator`"):
        _ = module.gan.generater
    alone = objc.compile(GAN + SADDLE, name="gan")
    assert len(alone) == 2 and "saddle" not in alone
    with pytest.raises(ObjcError, match="saddle"):
        objc.compile(GAN + SADDLE, name="sadle")


def test_games_are_pickled() -> None:
    gan = pickle.loads(pickle.dumps(objc.compile(GAN).gan))
    close(gan.generator(FAKE), np.logaddexp(0, -FAKE).mean())


def test_a_game_has_no_value_of_its_own(target: str) -> None:
    saddle = objc.compile(SADDLE, target=target).saddle
    with pytest.raises(TypeError, match=r"`saddle` is a game .* `saddle.first`, `saddle.second`"):
        saddle(1.0, 2.0, a=1.0)
