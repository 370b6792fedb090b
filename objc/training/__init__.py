"""Training: adjust parameters to data through a compiled objective.

::

    import objc
    from objc.training import fit

    module = objc.compile("examples/regression.objc")
    result = fit(module.ridge, {"x": x, "y": y}, hyperparameters={"l2": 0.1}, optimizer="lbfgs")
    result.parameters["w"]
"""

from __future__ import annotations

from objc.training.checkpoint import load_parameters
from objc.training.early_stopping import EarlyStopping
from objc.training.games import fit_game
from objc.training.history import History
from objc.training.load import load_data
from objc.training.loop import Interrupted, Result, fit
from objc.training.nonfinite import NonFiniteError
from objc.training.optimizers import LBFGS, SGD, Adam, AdamW, Optimizer
from objc.training.protocols import Predictor
from objc.training.schedules import Constant, Cosine, Exponential, Linear, StepDecay, WarmUp
from objc.training.settings import Epoch
from objc.training.stages import fit_stages

__all__ = [
    "LBFGS",
    "SGD",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "EarlyStopping",
    "Epoch",
    "Exponential",
    "History",
    "Interrupted",
    "Linear",
    "NonFiniteError",
    "Optimizer",
    "Predictor",
    "Result",
    "StepDecay",
    "WarmUp",
    "fit",
    "fit_game",
    "fit_stages",
    "load_data",
    "load_parameters",
]
