"""Options, packages, metrics, predictors and weights."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from objc.training import EarlyStopping, fit

from .. import kernels
from ..test_fit import LinearPredictor, classes_data, regression_data
from .case import case, ridge


def predicted(result: Any = None, gradient: Any = None) -> Any:
    class Predictor(LinearPredictor):
        def predict(self, batch: Any) -> Any:
            self.x = batch["x"]
            return super().predict({"features": self.x}) if result is None else result

        def vjp(self, cotangents: Any) -> Any:
            return super().vjp(cotangents) if gradient is None else gradient

    return fit(kernels.cross_entropy(), classes_data(10), predictor=Predictor())


@case
def e0516_optimizer(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), optimizer="adamm")  # type: ignore[arg-type]


@case
def e0516_learning_rate(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), learning_rate=-0.1)


@case
def e0516_validation(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), validation=1.5)


@case
def e0517_scipy(patch: pytest.MonkeyPatch) -> object:
    patch.setitem(sys.modules, "scipy.optimize", None)
    return fit(kernels.ridge(), regression_data(10), optimizer="lbfgs")


@case
def e0517_matplotlib(patch: pytest.MonkeyPatch) -> object:
    patch.setitem(sys.modules, "matplotlib.figure", None)
    return fit(kernels.ridge(), regression_data(10), epochs=1).history.plot()


@case
def e0518_nothing_to_train(_: Any) -> object:
    return ridge(w=np.zeros(3), b=np.float64(0))


@case
def e0519_metric(_: Any) -> object:
    return fit(kernels.accuracy(), classes_data(10))


@case
def e0519_model(_: Any) -> object:
    return fit(kernels.linear_model(), classes_data(10))  # type: ignore[arg-type]


@case
def e0520_no_prediction(_: Any) -> object:
    return predicted({"logit": np.zeros((10, 3))})


@case
def e0520_prediction_shape(_: Any) -> object:
    return predicted(np.zeros((7, 3)))


@case
def e0520_missing_gradient(_: Any) -> object:
    return predicted(gradient={"weight": np.zeros((3, 4))})


@case
def e0520_gradient_shape(_: Any) -> object:
    return predicted(gradient={"weight": np.zeros((4, 3)), "shift": np.zeros(3)})


@case
def e0521_not_a_number(_: Any) -> object:
    metrics = {"residual": lambda values: values["y"]}
    return fit(kernels.ridge(), regression_data(10), metrics=metrics)


@case
def e0521_missing_input(_: Any) -> object:
    kernel = kernels.softmax_regression()
    return fit(kernel, classes_data(10), metrics=[kernels.accuracy()])


@case
def e0521_name_of_a_term(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), metrics={"fit": lambda values: 0.0})


@case
def e0522_unknown(_: Any) -> object:
    stopping = EarlyStopping(on="validation.valeu")
    return fit(kernels.ridge(), regression_data(10), validation=0.2, early_stopping=stopping)


@case
def e0522_direction(_: Any) -> object:
    stopping = EarlyStopping(on="train.spread")
    metrics = {"spread": lambda values: 0.0}
    return fit(kernels.ridge(), regression_data(10), metrics=metrics, early_stopping=stopping)


@case
def e0523_length(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), weight=np.ones(9))


@case
def e0523_negative(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), weight=np.arange(10) - 3)


@case
def e0523_zero(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), weight=np.zeros(10))


@case
def e0523_sum(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), weight=np.full(10, 1e308))


@case
def e0516_dtype(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), dtype="float16")  # type: ignore[arg-type]


@case
def e0516_checkpoint(_: Any) -> object:
    return fit(kernels.ridge(), regression_data(10), checkpoint=".")
