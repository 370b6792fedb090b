"""A step has forms for the usual hyperparameters: every setting gives what the formula does."""

from __future__ import annotations

import math
import threading
from typing import Any, cast

import numpy as np
import pytest
import torch
from objc.targets.cpu import loading
from objc.targets.cpu.first_form import Usual

import objc

TEXT = """
loss focal(x: real[N] | y: binary[N]; gamma: nonnegative = 2, alpha: probability = 0.25) =
    mean[n](if y[n] == 1 then -alpha * (1 - p[n])^gamma * log(p[n])
            else -(1 - alpha) * p[n]^gamma * log(1 - p[n]))
    where p[n] = sigmoid(x[n])
"""
SETTINGS = [
    (2.0, 0.25), (2.0, 0.3), (2.0, 0.0), (2.0, 1.0), (3.0, 0.25), (1.5, 0.25), (0.0, 0.25), (0.0, 1.0),
]  # fmt: skip


def test_every_setting_of_hyperparameters() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(200, generator=generator, dtype=torch.float64) * 3
    y = (torch.rand(200, generator=generator) < 0.5).double()
    kernel = objc.compile(TEXT).focal
    for gamma, alpha in SETTINGS:
        free = x.clone().requires_grad_()
        weight = alpha * y + (1 - alpha) * (1 - y)
        wrong = torch.where(y == 1, torch.sigmoid(-free), torch.sigmoid(free))
        right = torch.nn.functional.logsigmoid(torch.where(y == 1, free, -free))
        expected = -(weight * wrong**gamma * right).mean()
        (slope,) = torch.autograd.grad(expected, free)
        value, gradient = kernel.value_and_grad(x.numpy(), y.numpy(), gamma=gamma, alpha=alpha)
        assert value == pytest.approx(expected.item(), rel=1e-13), (gamma, alpha)
        assert gradient == pytest.approx(slope.numpy(), rel=1e-12, abs=1e-18), (gamma, alpha)


def test_the_default_has_a_form_of_its_own() -> None:
    """Its powers are products, and its loop does not ask what a hyperparameter is."""
    text = objc.compile(TEXT).focal.source
    usual = text[text.index("_usual(") : text.index("_few(")]
    assert "pow" not in usual
    assert "gamma" not in usual[usual.index("for ") :]
    assert "c_alpha ==" not in usual


def test_other_settings_are_compiled_when_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text for the usual ones is a fraction of the whole."""
    compiled: list[str] = []
    entry_of = loading.entry_of

    def recorded(text: str) -> Any:
        compiled.append(text)
        return entry_of(text)

    monkeypatch.setattr(loading, "entry_of", recorded)
    kernel = objc.compile(TEXT).focal
    x, y = torch.linspace(-3, 3, 7).double().numpy(), (torch.arange(7) % 2).double().numpy()
    for _ in range(2):
        kernel(x, y)
    (usual,) = compiled
    assert "pow_64" not in usual[usual.index("def ") :]
    kernel(x, y, gamma=1.5)
    kernel(x, y, alpha=1.0)
    _, whole = compiled
    assert "pow_64" in whole[whole.index("def ") :]


def test_the_whole_kernel_is_made_once_and_anew_where_that_has_failed() -> None:
    made: list[object] = []
    begun, go = threading.Barrier(3), threading.Event()

    def make() -> Any:
        go.wait(10)
        made.append(object())
        if len(made) == 1:
            raise MemoryError
        return made[-1]

    usual = Usual(cast(Any, None), make)
    found: list[object] = []

    def caller() -> None:
        begun.wait(10)
        try:
            found.append(usual.whole())
        except MemoryError as error:
            found.append(error)

    callers = [threading.Thread(target=caller) for _ in range(2)]
    for one in callers:
        one.start()
    begun.wait(10)
    go.set()
    for one in callers:
        one.join()
    assert len(made) == 2
    assert sorted(isinstance(one, MemoryError) for one in found) == [False, True]
    assert usual.whole() is made[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_no_number_stays_so_between_hyperparameters(dtype: str) -> None:
    """A bound that a call has checked is chosen by a comparison, which NaN never passes."""
    clip = objc.compile(
        "function clip(x: real[N]; low: real = -1, high: real = 2)[n] = min(high, max(x[n], low))\n"
        "function steps(x: real[N]; low: real = -1)[n] = x[n] * ([x[n] > low] + 2 * [x[n] > 0])"
    )
    x = np.array([math.nan, -math.inf, -3.0, -1.0, -0.5, 0.0, 2.0, math.inf, 0.25], dtype)
    np.testing.assert_array_equal(clip.clip(x), np.minimum(2, np.maximum(x, -1)))
    assert ">" in clip.clip.source and "maximum(" not in clip.clip.source.split("def ")[1]
    finite = x[2:-2]
    expected = finite * (1.0 * (finite > -1) + 2.0 * (finite > 0))
    np.testing.assert_array_equal(clip.steps(finite), expected)
