"""First-order optimizers: how a gradient becomes the next value of a parameter.

An optimizer is a frozen record of its settings; what it remembers between steps stands in `Slots`, so
that a checkpoint can hold all of it. Each `update` is the published rule, in the floating type of the
parameter. A new rule is a new class and one entry of `OPTIMIZERS`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Slots = dict[str, Array]
"""What is remembered of one parameter, by name; each array has the parameter's shape and type."""


class Optimizer(Protocol):
    """The contract of a rule. It never sees a direction: the loop hands in the gradient to descend."""

    name: ClassVar[str]
    default_learning_rate: ClassVar[float]

    def start(self, parameter: Array) -> Slots:
        """The slots before the first step."""

    def update(
        self, parameter: Array, gradient: Array, slots: Slots, rate: float, step: int
    ) -> Array:
        """The parameter after step number `step` (from 1), a new array; `slots` change in place."""


def _within(name: str, value: float, low: float, high: float) -> None:
    """Refuse a setting outside [low, high), or that is not a number."""
    if not low <= value < high:
        raise ValueError(f"{name} is {value!r}; it must be at least {low} and below {high}")


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent (Robbins & Monro 1951), with Polyak's momentum (1964) or Nesterov's
    (1983, in the form of Sutskever et al. 2013 that keeps the gradient at the current point)."""

    momentum: float = 0.0
    nesterov: bool = False

    name: ClassVar[str] = "sgd"
    default_learning_rate: ClassVar[float] = 0.01

    def __post_init__(self) -> None:
        _within("momentum", self.momentum, 0.0, 1.0)
        if self.nesterov and self.momentum == 0.0:
            raise ValueError("nesterov needs a momentum above 0")

    def start(self, parameter: Array) -> Slots:
        return {"velocity": np.zeros_like(parameter)} if self.momentum else {}

    def update(
        self, parameter: Array, gradient: Array, slots: Slots, rate: float, step: int
    ) -> Array:
        if not self.momentum:
            return parameter - rate * gradient
        velocity = slots["velocity"]
        velocity *= self.momentum
        velocity += gradient
        direction = gradient + self.momentum * velocity if self.nesterov else velocity
        return parameter - rate * direction


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma & Ba 2015, algorithm 1, with epsilon outside the corrected root)."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    name: ClassVar[str] = "adam"
    default_learning_rate: ClassVar[float] = 1e-3

    def __post_init__(self) -> None:
        _within("beta1", self.beta1, 0.0, 1.0)
        _within("beta2", self.beta2, 0.0, 1.0)
        _within("epsilon", self.epsilon, 0.0, math.inf)

    def start(self, parameter: Array) -> Slots:
        return {
            "first_moment": np.zeros_like(parameter),
            "second_moment": np.zeros_like(parameter),
        }

    def update(
        self, parameter: Array, gradient: Array, slots: Slots, rate: float, step: int
    ) -> Array:
        first, second = slots["first_moment"], slots["second_moment"]
        first *= self.beta1
        first += (1.0 - self.beta1) * gradient
        second *= self.beta2
        second += (1.0 - self.beta2) * gradient * gradient
        root = np.sqrt(second) / math.sqrt(1.0 - self.beta2**step) + self.epsilon
        return parameter - (rate / (1.0 - self.beta1**step)) * (first / root)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019): the decay is scaled by the learning
    rate and does not pass through the moments."""

    weight_decay: float = 0.01

    name: ClassVar[str] = "adamw"

    def __post_init__(self) -> None:
        super().__post_init__()
        _within("weight_decay", self.weight_decay, 0.0, math.inf)

    def update(
        self, parameter: Array, gradient: Array, slots: Slots, rate: float, step: int
    ) -> Array:
        decayed = parameter * (1.0 - rate * self.weight_decay)
        return super().update(decayed, gradient, slots, rate, step)


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS with bounds (Byrd, Lu, Nocedal & Zhu 1995), SciPy's: every step sees all the
    data, the line search chooses the step length, and it stops by itself where it has converged.

    `memory` is the number of correction pairs, `tolerance` the largest entry of the projected gradient
    at which it stops, `relative_decrease` the decrease of the value, relative to its size, at which it
    stops. Needs `scipy`.
    """

    memory: int = 10
    tolerance: float = 1e-6
    relative_decrease: float = 1e-12

    name: ClassVar[str] = "lbfgs"

    def __post_init__(self) -> None:
        _within("memory", self.memory, 1, math.inf)
        _within("tolerance", self.tolerance, 0.0, math.inf)
        _within("relative_decrease", self.relative_decrease, 0.0, math.inf)


OPTIMIZERS: Mapping[str, Optimizer | LBFGS] = {
    "sgd": SGD(),
    "momentum": SGD(momentum=0.9),
    "nesterov": SGD(momentum=0.9, nesterov=True),
    "adam": Adam(),
    "adamw": AdamW(),
    "lbfgs": LBFGS(),
}
"""The rules by the name that `fit(optimizer=…)` and the command line take."""
