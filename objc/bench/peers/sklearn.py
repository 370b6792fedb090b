"""scikit-learn's own losses, compiled and parallel, as its gradient boosting calls them.

Its losses give a value and a derivative for each example; the mean and its scale are left to the caller,
as boosting does, and are not timed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn._loss import loss as losses

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
        self.loss = getattr(losses, kind)(**classes)
        self.sets = [
            (
                np.ascontiguousarray(data[self.truth], problem.dtype),
                np.asarray(data[self.raw]),
            )
            for data in problem.data
        ]
        self.threads = available()

    def run(self, number: int) -> Any:
        truth, raw = self.sets[number % len(self.sets)]
        return self.loss.loss_gradient(y_true=truth, raw_prediction=raw, n_threads=self.threads)

    def results(self, found: Any) -> tuple[float, dict[str, Any]]:
        value, gradient = found
        count = len(value)
        return float(np.mean(value, dtype=np.float64)), {self.raw: gradient / count}


def build(problem: Problem, name: str) -> Boosting:
    if (problem.case.form or "") not in LOSSES:
        raise Absent("no form by hand for this case")
    return Boosting(problem)
