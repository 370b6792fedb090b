"""Stop when a quantity has not improved for some epochs, and go back to the parameters at its best."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class EarlyStopping:
    """What to watch: a quantity of the epoch record, such as `validation.value` (the objective on the
    validation data), `validation.TERM` or `validation.METRIC`.

    `direction` may be left out for the objective and its terms, which have the objective's; a metric
    needs one. An improvement smaller than `least` does not count. With `restore`, the result has the
    parameters of the best epoch, also when the run ends otherwise.
    """

    on: str = "validation.value"
    patience: int = 10
    least: float = 0.0
    direction: Literal["minimize", "maximize"] | None = None
    restore: bool = True

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise ValueError(f"patience is {self.patience}; it must be at least 1")
        if not self.least >= 0.0:
            raise ValueError(f"least is {self.least}; it must be at least 0")


@dataclass
class Watch:
    """The state of early stopping within one run."""

    stopping: EarlyStopping
    direction: Literal["minimize", "maximize"]
    best: float = math.nan
    best_epoch: int = 0
    parameters: dict[str, Array] = field(default_factory=dict)

    def see(self, epoch: int, value: float, parameters: dict[str, Array]) -> bool:
        """Take note of an epoch (from 1). True if the run should stop."""
        if self._improves(value):
            self.best, self.best_epoch = value, epoch
            if self.stopping.restore:
                self.parameters = {name: np.copy(one) for name, one in parameters.items()}
        return epoch - self.best_epoch >= self.stopping.patience

    def _improves(self, value: float) -> bool:
        if math.isnan(value):
            return False
        if math.isnan(self.best):
            return True
        gain = self.best - value if self.direction == "minimize" else value - self.best
        return gain > self.stopping.least
