"""Games in training: saddle points that are known, and a generator that finds its data."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np
import pytest

import objc
from objc.training import Epoch, Interrupted, fit, fit_game

TEXT = """
game saddle(x: real, y: real | a: real; strength: positive = 1) =
    lower minimizes p   over x
    upper maximizes p   over y
    where p = a * x * y + strength * (x^2 - y^2) / 2 + x

game pair(| data: real, noise: real; learn slope: real = 1, learn shift: real = 0,
          learn w: real = 0, learn v: real = 0) =
    discriminator minimizes softplus(-score(data)) + softplus(score(made)) + 0.05 * (w^2 + v^2)  over w, v
    generator     minimizes softplus(-score(made))   over slope, shift
    where made = shift + slope * noise
          score(t) = w * t + v * t^2
"""
ONE = {"a": np.ones(4)}


@pytest.fixture(scope="module")
def module() -> Any:
    return objc.compile(TEXT, target="numpy")


@pytest.mark.parametrize("order", ["alternating", "simultaneous"])
def test_players_meet_at_the_saddle_point(module: Any, order: Any) -> None:
    result = fit_game(
        module.saddle, ONE, order=order, optimizer="sgd", learning_rate=0.1, epochs=200
    )
    assert result.parameters["x"] == pytest.approx(-0.5, abs=1e-6)
    assert result.parameters["y"] == pytest.approx(-0.5, abs=1e-6)
    assert result.history["train.lower"][-1] == pytest.approx(-0.25, abs=1e-5)


def test_one_step_in_turn_and_at_once(module: Any) -> None:
    start = {"x": 1.0, "y": 2.0}
    options: dict[str, Any] = {"parameters": start, "optimizer": "sgd", "learning_rate": 0.1}
    x = 1 - 0.1 * (2 + 1 + 1)  # down y + x + 1
    at_once = fit_game(module.saddle, ONE, order="simultaneous", epochs=1, **options).parameters
    assert at_once == {"x": pytest.approx(x), "y": pytest.approx(2 + 0.1 * (1 - 2))}
    in_turn = fit_game(module.saddle, ONE, epochs=1, **options).parameters
    assert in_turn == {"x": pytest.approx(x), "y": pytest.approx(2 + 0.1 * (x - 2))}


def test_rates_and_turns_by_player(module: Any) -> None:
    result = fit_game(
        module.saddle,
        {"a": np.ones(6)},
        optimizer={"lower": "sgd", "upper": "sgd"},
        learning_rate={"lower": 0.1, "upper": 0.2},
        every={"upper": 3},
        hyperparameters={"strength": 2.0},
        batch_size=2,
        epochs=1,
    )
    x = 0.0
    for _ in range(3):
        x -= 0.1 * (2 * x + 1)
    assert result.parameters["x"] == pytest.approx(x)
    assert result.parameters["y"] == pytest.approx(0.2 * x)
    assert np.isnan(result.history.steps["upper"][:2]).all()


def test_a_generator_finds_the_mean_and_the_spread_of_its_data(module: Any) -> None:
    draw = np.random.default_rng(0)
    data = {"data": draw.normal(3, 2, 2000), "noise": draw.normal(size=2000)}
    first = fit_game(module.pair, data, learning_rate=0.01, epochs=60, seed=1)
    assert first.parameters["shift"] == pytest.approx(3, abs=0.3)
    assert abs(first.parameters["slope"]) == pytest.approx(2, abs=0.4)
    again = fit_game(module.pair, data, learning_rate=0.01, epochs=60, seed=1)
    assert first.parameters == again.parameters


def test_a_player_alone_is_an_objective(module: Any) -> None:
    result = fit(module.saddle.lower, {**ONE, "y": 1.0}, optimizer="lbfgs")
    assert result.parameters["x"] == pytest.approx(-2)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.usefixtures("interrupts")
def test_an_interrupted_game_has_its_finished_epochs(module: Any) -> None:
    def interrupt(epoch: Epoch) -> None:
        if epoch.number == 3:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted) as caught:
        fit_game(module.saddle, ONE, epochs=9, callbacks=[interrupt])
    whole = fit_game(module.saddle, ONE, epochs=3)
    found = caught.value.result
    assert (found.epochs, found.stopped, len(found.history)) == (3, "interrupted", 3)
    assert found.parameters == whole.parameters
