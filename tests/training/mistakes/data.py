"""Data, hyperparameters, sizes and parameters given to `fit`."""

from __future__ import annotations

from typing import Any

import numpy as np

import objc
from objc.training import fit, parameters

from .. import kernels
from ..test_fit import classes_data, regression_data
from .case import case, ridge


def classes(**changes: Any) -> Any:
    return fit(kernels.softmax_regression(), {**classes_data(10), **changes})


@case
def e0510_hyperparameter(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), hyperparameters={"l_2": 0.1})


@case
def e0510_column(_: Any) -> object:
    return ridge(target=np.zeros(10))


@case
def e0510_size(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), sizes={"H": 3})


@case
def e0510_parameter(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), parameters={"v": 0.0})


@case
def e0510_weight_column(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), weight="importance")


@case
def e0511_missing_data(_: Any) -> object:
    return fit(kernels.ridge(), {"x": np.zeros((10, 3))})


@case
def e0512_rank(_: Any) -> object:
    return ridge(y=np.zeros((10, 1)))


@case
def e0512_examples(_: Any) -> object:
    return ridge(y=np.zeros(9))


@case
def e0512_size(_: Any) -> object:
    return fit(
        kernels.ridge(), regression_data(10), validation={"x": np.ones((4, 2)), "y": np.ones(4)}
    )


@case
def e0512_no_examples(_: Any) -> object:
    return ridge(x=np.zeros((0, 3)), y=np.zeros(0))


@case
def e0512_text(_: Any) -> object:
    return ridge(y=np.array(["a"] * 10))


@case
def e0532_seconds(_: Any) -> object:
    seconds = 1_700_000_000 + np.arange(10)
    return ridge(x=np.ones((10, 3), np.float32), y=seconds)


@case
def e0533_size(monkeypatch: Any) -> object:
    monkeypatch.setattr(parameters, "machine_memory", lambda: 2**34)
    text = """objective digits(| x: real[D]; learn weight: real[H, D]) =
    minimize fit: sum[h](sum[d](weight[h, d] * x[d])^2)
"""
    return fit(objc.compile(text).digits, {"x": np.ones((4, 3))}, sizes={"H": 10_000_000_000})


@case
def e0513_label_from_one(_: Any) -> object:
    data = {"x": np.zeros((3, 2)), "label": np.array([1, 2, 3])}
    return fit(kernels.softmax_regression(), data, sizes={"K": 3})


@case
def e0513_label_fraction(_: Any) -> object:
    return classes(label=np.linspace(0, 1, 10))


@case
def e0513_negative_label(_: Any) -> object:
    return classes(label=np.arange(10) - 4)


@case
def e0513_sign(_: Any) -> object:
    inputs = (kernels.FakeInput("w", (), "learned"), kernels.FakeInput("label", (), "data", "sign"))
    kernel = kernels.FakeKernel(kernels.FakeSignature("margin", inputs), lambda *_: (0, {}, {}))
    return fit(kernel, {"label": np.array([0, 1, 1])})


@case
def e0514_size(_: Any) -> object:
    inputs = (kernels.FakeInput("hidden", ("H", "D"), "learned"), kernels.FakeInput("x", ("D",)))
    kernel = kernels.FakeKernel(kernels.FakeSignature("network", inputs), lambda *_: (0, {}, {}))
    return fit(kernel, {"x": np.zeros((4, 3))})


@case
def e0513_beside(_: Any) -> object:
    text = "loss binomial(s: real | hits: count(trials), trials: count) = trials * log(1 + exp(s)) - hits * s"
    data = {"hits": np.array([1, 4]), "trials": np.array([3, 3])}
    return fit(objc.compile(text).binomial, data)


@case
def e0513_order(_: Any) -> object:
    text = "loss span(s: real | knots: ordered[K]) = sum[k]((s - knots[k])^2)"
    return fit(objc.compile(text).span, {"knots": np.array([[0.0, 1.0], [2.0, 2.0]])})


@case
def e0531_tied(_: Any) -> object:
    text = "loss width(low: real, high: interval(low, inf) | y: real) = (high - low - y)^2"
    return fit(objc.compile(text).width, {"y": np.zeros(3)})


@case
def e0515_rank(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), parameters={"w": np.zeros((3, 1))})


@case
def e0515_nan(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), parameters={"b": np.nan})


@case
def e0512_masked(_: Any) -> object:
    return ridge(y=np.ma.masked_greater(np.arange(10.0), 4))
