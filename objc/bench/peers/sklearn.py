"""scikit-learn's own losses, compiled and parallel, as its gradient boosting calls them.

Its losses give a value and derivatives for each example, into arrays that are kept; the mean and its
scale are left to the caller, as boosting does, and are not timed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn._loss import loss as losses

from objc.bench.cases import BOOSTING
from objc.bench.machine import available
from objc.bench.problem import Absent, Problem

LOSSES: Mapping[str, tuple[str, str, str]] = {
    "binary_cross_entropy": ("HalfBinomialLoss", "logit", "target"),
    "cross_entropy": ("HalfMultinomialLoss", "logits", "label"),
    "half_squared_error": ("HalfSquaredError", "prediction", "target"),
    "poisson": ("HalfPoissonLoss", "log_rate", "count"),
}
"""The class, and the inputs that are its raw prediction and its truth."""


class Boosting:
    form = "by hand"

    def __init__(self, problem: Problem) -> None:
        kind, self.raw, self.truth = LOSSES[problem.case.form or ""]
        classes = {"n_classes": problem.sizes["K"]} if "K" in problem.sizes else {}
        loss = getattr(losses, kind)(**classes)
        self.both = problem.case.results == BOOSTING
        self.sets = [
            (np.ascontiguousarray(data[self.truth], problem.dtype), np.asarray(data[self.raw]))
            for data in problem.data
        ]
        truth, raw = self.sets[0]
        first = np.empty_like(raw if self.both else truth)
        names = ("gradient_out", "hessian_out") if self.both else ("loss_out", "gradient_out")
        arrays = dict(zip(names, (first, np.empty_like(raw)), strict=True))
        self.options = {**arrays, "n_threads": available()}
        self.call = loss.gradient_hessian if self.both else loss.loss_gradient

    def run(self, number: int) -> Any:
        truth, raw = self.sets[number % len(self.sets)]
        return self.call(y_true=truth, raw_prediction=raw, **self.options)

    def results(self, found: Any) -> dict[str, Any]:
        first, second = found
        count = len(first)
        if self.both:
            names = (f"gradient:{self.raw}", f"hessian_diagonal:{self.raw}")
            return dict(zip(names, (first / count, second / count), strict=True))
        value = float(np.mean(first, dtype=np.float64))
        return {"value": value, f"gradient:{self.raw}": second / count}


def build(problem: Problem, name: str) -> Boosting:
    if (problem.case.form or "") not in LOSSES:
        raise Absent("no form by hand for this case")
    return Boosting(problem)
