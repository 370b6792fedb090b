"""Learning-rate schedules: the factor by which the base learning rate is multiplied at a step.

A schedule is called with the number of steps done (from 0) and the total number of steps of the run.
Any function of the two will do; those here are frozen records, so that a checkpoint can compare them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Schedule = Callable[[int, int], float]


@dataclass(frozen=True)
class Constant:
    """Always 1."""

    def __call__(self, step: int, total: int) -> float:
        return 1.0


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from 1 to `final` (Loshchilov & Hutter 2017, one cycle)."""

    final: float = 0.0

    def __call__(self, step: int, total: int) -> float:
        done = min(step / total, 1.0) if total else 1.0
        return self.final + (1.0 - self.final) * 0.5 * (1.0 + math.cos(math.pi * done))


@dataclass(frozen=True)
class Linear:
    """A straight line from 1 to `final`."""

    final: float = 0.0

    def __call__(self, step: int, total: int) -> float:
        done = min(step / total, 1.0) if total else 1.0
        return 1.0 + (self.final - 1.0) * done


@dataclass(frozen=True)
class StepDecay:
    """Multiplied by `factor` at each of `drops` evenly spaced steps of the run, or after every `every`
    steps where that is given."""

    factor: float = 0.1
    drops: int = 2
    every: int | None = None

    def __call__(self, step: int, total: int) -> float:
        every = self.every if self.every is not None else -(-total // (self.drops + 1))
        return float(self.factor ** (step // max(every, 1)))


@dataclass(frozen=True)
class Exponential:
    """Multiplied by `factor` at every step."""

    factor: float = 0.999

    def __call__(self, step: int, total: int) -> float:
        return float(self.factor**step)


@dataclass(frozen=True)
class WarmUp:
    """Linear from 1/`steps` to 1 over the first `steps` steps, then another schedule over the rest
    (Goyal et al. 2017)."""

    steps: int
    then: Schedule = field(default_factory=Constant)

    def __post_init__(self) -> None:
        if self.steps < 0:
            raise ValueError(f"a warm-up of {self.steps} steps")

    def __call__(self, step: int, total: int) -> float:
        if step < self.steps:
            return (step + 1) / self.steps
        return self.then(step - self.steps, total - self.steps)


SCHEDULES: Mapping[str, Schedule] = {
    "constant": Constant(),
    "cosine": Cosine(),
    "linear": Linear(),
    "step": StepDecay(),
    "exponential": Exponential(),
}
"""The schedules by the name that `fit(schedule=…)` and the command line take."""
