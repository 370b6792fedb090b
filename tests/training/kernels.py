"""Kernels written by hand in NumPy: the loop is tested against these, apart from the compiler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Values = Mapping[str, Any]
Outcome = tuple[Any, dict[str, Any], dict[str, Any]]


@dataclass(frozen=True)
class FakeInput:
    name: str
    dimensions: tuple[str, ...] = ()
    role: str = "data"
    kind: str = "real"
    low: Any = None
    high: Any = None
    least: Any = None
    most: Any = None
    domain: str = ""
    extent: str | None = None
    extent_size: int | None = None
    default: Any = None

    @property
    def keyword(self) -> str:
        return f"{self.name}_" if self.name == "lambda" else self.name

    @property
    def sizes(self) -> tuple[int | None, ...]:
        return tuple(int(name) if name.isdigit() else None for name in self.dimensions)


@dataclass(frozen=True)
class FakeSignature:
    name: str
    inputs: tuple[FakeInput, ...]
    terms: tuple[str, ...] = ("value",)
    kind: str = "objective"
    direction: str = "minimize"
    surrogates: tuple[str, ...] = ()


@dataclass
class FakeKernel:
    """`function(values, weight)` gives value, terms and gradients; `weight` sums to one."""

    signature: FakeSignature
    function: Callable[[Values, Any], Outcome]
    calls: list[int] = field(default_factory=list)

    @property
    def program(self) -> str:
        return f"program {self.signature.name}"

    def evaluate(
        self, inputs: Values, *, wrt: Sequence[str] = (), weight: Any = None
    ) -> tuple[float, Mapping[str, float], Mapping[str, Any]]:
        names = {one.name: one for one in self.signature.inputs}
        assert set(inputs) <= set(names), f"unknown inputs {set(inputs) - set(names)}"
        ranks = {name: len(names[name].dimensions) for name in inputs}
        batched = [name for name in inputs if np.ndim(inputs[name]) > ranks[name]]
        count = len(inputs[batched[0]]) if batched else 1
        self.calls.append(count)
        defaults = {n: one.default for n, one in names.items() if one.default is not None}
        weight = np.full(count, 1.0) if weight is None else np.asarray(weight)
        kept = weight > 0  # an example of weight 0 is not looked at
        inputs = {name: inputs[name][kept] if name in batched else inputs[name] for name in inputs}
        weight = weight[kept]
        with np.errstate(all="ignore"):
            value, terms, gradients = self.function(
                {**defaults, **inputs}, weight / weight.sum(dtype=np.float64)
            )
        return float(value), terms, {name: np.asarray(gradients[name]) for name in wrt}

    def __call__(self, **inputs: Any) -> float:
        weight = inputs.pop("weight", None)
        return self.evaluate(inputs, weight=weight)[0]


def _linear(values: Values, weight: Any) -> Outcome:
    w, b, x, y = (np.asarray(values[name], dtype=np.float64) for name in ("w", "b", "x", "y"))
    residual = x @ w + b - y
    fit = np.sum(weight * residual**2)
    ridge = values["l2"] / 2 * np.sum(w**2)
    d_prediction = 2 * weight * residual
    gradients = {"w": d_prediction @ x + values["l2"] * w, "b": d_prediction.sum()}
    gradients = {
        name: one.astype(np.asarray(values[name]).dtype) for name, one in gradients.items()
    }
    return fit + ridge, {"fit": fit, "ridge": ridge}, gradients


def ridge(direction: str = "minimize") -> FakeKernel:
    """(dot(w, x) + b − y)² and l2/2 Σ w² over parameters."""
    inputs = (
        FakeInput("w", ("D",), "differentiable"),
        FakeInput("b", (), "differentiable"),
        FakeInput("x", ("D",)),
        FakeInput("y"),
        FakeInput("l2", (), "hyperparameter", "nonnegative", default=0.0),
    )
    signature = FakeSignature("ridge", inputs, ("fit", "ridge"), direction=direction)
    if direction == "minimize":
        return FakeKernel(signature, _linear)

    def negated(values: Values, weight: Any) -> Outcome:
        value, terms, gradients = _linear(values, weight)
        return (
            -value,
            {name: -one for name, one in terms.items()},
            {name: -one for name, one in gradients.items()},
        )

    return FakeKernel(signature, negated)


def _cross_entropy(logits: Any, label: Any, weight: Any) -> tuple[Any, Any]:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_softmax = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    rows = np.arange(len(label))
    gradient = np.exp(log_softmax)
    gradient[rows, label] -= 1
    return -np.sum(weight * log_softmax[rows, label]), weight[:, None] * gradient


def softmax_regression() -> FakeKernel:
    """Cross-entropy of a linear model whose parameters are learned, with a ridge on the weights."""

    def function(values: Values, weight: Any) -> Outcome:
        logits = values["x"] @ values["kernel"].T + values["bias"]
        value, d_logits = _cross_entropy(logits, values["label"], weight)
        l2 = values["l2"]
        penalty = l2 / 2 * np.sum(values["kernel"] ** 2)
        gradients = {"kernel": d_logits.T @ values["x"] + l2 * values["kernel"]}
        gradients["bias"] = d_logits.sum(axis=0)
        return value + penalty, {"fit": value, "penalty": penalty}, gradients

    inputs = (
        FakeInput("kernel", ("K", "D"), "learned"),
        FakeInput("bias", ("K",), "learned"),
        FakeInput("x", ("D",)),
        FakeInput("label", (), "data", "index", extent="K"),
        FakeInput("l2", (), "hyperparameter", "nonnegative", default=0.0),
    )
    return FakeKernel(FakeSignature("softmax_regression", inputs, ("fit", "penalty")), function)


def cross_entropy() -> FakeKernel:
    """The loss alone, for predictors."""

    def function(values: Values, weight: Any) -> Outcome:
        value, gradient = _cross_entropy(values["logits"], values["label"], weight)
        return value, {"value": value}, {"logits": gradient}

    inputs = (
        FakeInput("logits", ("K",), "differentiable"),
        FakeInput("label", (), "data", "index", extent="K"),
    )
    return FakeKernel(FakeSignature("cross_entropy", inputs, kind="loss"), function)


def accuracy() -> FakeKernel:
    """A metric of logits."""

    def function(values: Values, weight: Any) -> Outcome:
        right = values["logits"].argmax(axis=-1) == values["label"]
        value = np.sum(weight * right)
        return value, {"value": value}, {}

    inputs = (
        FakeInput("logits", ("K",), "differentiable"),
        FakeInput("label", (), "data", "index", extent="K"),
    )
    surrogates = ("cross_entropy",)
    signature = FakeSignature("accuracy", inputs, kind="metric", surrogates=surrogates)
    return FakeKernel(signature, function)


@dataclass
class FakeModel:
    """A model's kernel: the result is an array."""

    signature: FakeSignature
    function: Callable[..., Any]
    program: str = "model"

    def __call__(self, **inputs: Any) -> Any:
        return self.function(**inputs)


def linear_model() -> FakeModel:
    inputs = (
        FakeInput("kernel", ("K", "D"), "learned"),
        FakeInput("bias", ("K",), "learned"),
        FakeInput("x", ("D",)),
    )
    return FakeModel(
        FakeSignature("linear", inputs, kind="model"), lambda kernel, bias, x: x @ kernel.T + bias
    )
