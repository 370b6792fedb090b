"""Runs: values that are not finite, stages, games, checkpoints."""

from __future__ import annotations

from typing import Any

import numpy as np

import objc
from objc.training import fit, fit_game, fit_stages

from .. import kernels
from ..test_fit import classes_data, regression_data
from .case import case, ridge


@case
def e0530_nan_in_the_data(_: Any) -> object:
    x = regression_data(10)["x"]
    x[3, 1] = np.nan
    return ridge(x=x)


@case
def e0530_label_of_a_large_row(_: Any) -> object:
    data = classes_data(10)
    data["x"] = np.tile(data["x"], (1, 5))
    data["x"][4, 9] = np.inf
    return fit(kernels.softmax_regression(), data, parameters={"kernel": np.ones((3, 20))})


@case
def e0530_running_away(_: Any) -> object:
    data = {"x": np.ones((4, 1)), "y": np.ones(4)}
    return fit(kernels.ridge(), data, optimizer="sgd", learning_rate=1e8, epochs=1000)


@case
def e0530_update(_: Any) -> object:
    data = {"x": np.full((4, 1), 1e10), "y": np.ones(4)}
    return fit(kernels.ridge(), data, optimizer="sgd", learning_rate=1e300)


STAGED = """
loss near(w: real | y: real) = (w - y)^2
stages path
    first: minimize near
    last:  minimize near + near(w | first)   from first
game rope(left: real, right: real |) =
    puller minimizes left * right     over left
    holder maximizes left * right     over right
"""


def staged() -> Any:
    return objc.compile(STAGED, target="numpy")


@case
def e0524_formula(_: Any) -> object:
    return fit_stages(staged().path, {"first": {"y": [1.0]}}, optimizer="sgd", epochs=1)


@case
def e0510_stage(_: Any) -> object:
    return fit_stages(staged().path, {"frist": {"y": [1.0]}})


@case
def e0525_game(_: Any) -> object:
    return fit(staged().rope, {})


@case
def e0525_no_game(_: Any) -> object:
    return fit_game(staged().near, {"y": [1.0]})


@case
def e0510_player(_: Any) -> object:
    return fit_game(staged().rope, {}, learning_rate={"pullr": 0.1})


@case
def e0526_running_away(_: Any) -> object:
    start = {"left": 1.0, "right": 1.0}
    options: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 1e200}
    return fit_game(staged().rope, {}, parameters=start, **options)


@case
def e0540_no_checkpoint(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), resume="run.npz")


@case
def e0540_other_file(_: Any) -> object:
    np.savez("run.npz", w=np.zeros(3))
    return fit(kernels.ridge(), regression_data(10), resume="run.npz")


@case
def e0541_other_run(_: Any) -> object:
    fit(kernels.ridge(), regression_data(10), checkpoint="run.npz", seed=1)
    options: dict[str, Any] = {"seed": 2, "learning_rate": 0.5, "resume": "run.npz"}
    return fit(kernels.ridge(), regression_data(10), **options)


@case
def e0541_other_parameters(_: Any) -> object:
    fit(kernels.softmax_regression(), classes_data(10), checkpoint="run.npz")
    options: dict[str, Any] = {"sizes": {"K": 7}, "resume": "run.npz"}
    return fit(kernels.softmax_regression(), classes_data(10), **options)


@case
def e0542_lbfgs(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), optimizer="lbfgs", resume="run.npz")
