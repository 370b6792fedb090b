"""NumPy as one writes it by hand: the gradient derived on paper, as few passes as NumPy allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from objc.bench.peers.written import keyed, require_gradients
from objc.bench.problem import Absent, Problem

Inputs = Mapping[str, Any]
Found = tuple[float, dict[str, Any]]


def _sum(terms: Any) -> float:
    return float(np.sum(terms, dtype=np.float64))


def _binary_cross_entropy(i: Inputs) -> Found:
    z, y = i["logit"], i["target"]
    small = np.exp(-np.abs(z))
    value = _sum(np.maximum(z, 0) - z * y + np.log1p(small)) / z.size
    p = np.where(z >= 0, 1, small) / (1 + small)
    p -= y
    p /= z.size
    return value, {"logit": p}


def _cross_entropy(i: Inputs) -> Found:
    z, label = i["logits"], i["label"]
    rows = np.arange(len(z))
    shifted = z - z.max(1, keepdims=True)
    at_label = shifted[rows, label]
    np.exp(shifted, out=shifted)
    total = shifted.sum(1, keepdims=True)
    value = _sum(np.log(total[:, 0]) - at_label) / len(z)
    shifted /= total
    shifted[rows, label] -= 1
    shifted /= len(z)
    return value, {"logits": shifted}


def _half_squared_error(i: Inputs) -> Found:
    r = i["prediction"] - i["target"]
    value = float(np.dot(r, r)) / (2 * r.size)
    r /= r.size
    return value, {"prediction": r}


def _logistic_regression(i: Inputs) -> Found:
    x, y = i["x"], i["label"]
    z = x @ i["weight"]
    value, slope = _binary_cross_entropy({"logit": z, "target": y})
    return value, {"weight": slope["logit"] @ x}


def _ppo(i: Inputs) -> Found:
    a, epsilon = i["advantage"], i["epsilon"]
    ratio = np.exp(i["log_probability"] - i["old_log_probability"])
    plain = ratio * a
    clipped = np.clip(ratio, 1 - epsilon, 1 + epsilon) * a
    value = _sum(np.minimum(plain, clipped)) / a.size
    plain[plain > clipped] = 0
    plain /= a.size
    return value, {"log_probability": plain}


FORMS: Mapping[str, Callable[[Inputs], Found]] = {
    "binary_cross_entropy": _binary_cross_entropy,
    "cross_entropy": _cross_entropy,
    "half_squared_error": _half_squared_error,
    "logistic_regression": _logistic_regression,
    "ppo_clip": _ppo,
}


class ByHand:
    form = "by hand"

    def __init__(self, problem: Problem, step: Callable[[Inputs], Found]) -> None:
        self.step = step
        self.sets = problem.data

    def run(self, number: int) -> Any:
        return self.step(self.sets[number % len(self.sets)])

    def results(self, found: Any) -> dict[str, Any]:
        return keyed(*found)


def build(problem: Problem, name: str) -> ByHand:
    require_gradients(problem)
    step = FORMS.get(problem.case.form or "")
    if step is None:
        raise Absent("no form by hand for this case")
    return ByHand(problem, step)
