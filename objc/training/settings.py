"""The options of a run, checked and resolved."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, Literal

import numpy as np

from objc.errors import ObjcError
from objc.training.early_stopping import EarlyStopping
from objc.training.errors import BadOption
from objc.training.optimizers import LBFGS, OPTIMIZERS, Optimizer
from objc.training.schedules import SCHEDULES, Schedule, WarmUp

OptimizerName = Literal["sgd", "momentum", "nesterov", "adam", "adamw", "lbfgs"]
ScheduleName = Literal["constant", "cosine", "linear", "step", "exponential"]


@dataclass(frozen=True)
class Epoch:
    """What a callback gets after each epoch: its number from 1, its record, and the parameters (not
    copies). A callback that returns True ends the run."""

    number: int
    record: Mapping[str, float]
    parameters: Mapping[str, Any]


Callback = Callable[[Epoch], bool | None]


@dataclass(frozen=True)
class Settings:
    """How to train. See `fit` for what each means."""

    optimizer: Optimizer | LBFGS
    learning_rate: float
    schedule: Schedule
    epochs: int
    batch_size: int | None
    shuffle: bool
    seed: int
    clip_norm: float | None
    clip_value: float | None
    early_stopping: EarlyStopping | None
    checkpoint: Path | None
    checkpoint_every: int | None
    train_metrics: bool

    def described(self) -> dict[str, str]:
        """The settings that decide the bits of a run, for checkpoints. The number of epochs is not
        among them, so that a run can be prolonged."""
        names = ("optimizer", "learning_rate", "schedule", "batch_size", "shuffle", "seed")
        more = ("clip_norm", "clip_value", "early_stopping", "train_metrics")
        return {name: _described(getattr(self, name)) for name in (*names, *more)}


def resolve(
    *,
    optimizer: str | Optimizer | LBFGS,
    learning_rate: float | None,
    schedule: str | Schedule,
    warmup: int,
    epochs: int,
    batch_size: int | None,
    seed: int,
    clip_norm: float | None,
    clip_value: float | None,
    checkpoint: Any,
    checkpoint_every: int | None,
    shuffle: bool,
    early_stopping: EarlyStopping | None,
    train_metrics: bool,
) -> Settings:
    """Check the options and look up names.

    Raises:
        ObjcError: an option makes no sense (E0516).
    """
    rule = _look_up("the optimizer", optimizer, OPTIMIZERS)
    rate_schedule = _look_up("the schedule", schedule, SCHEDULES)
    epochs = _whole("epochs", epochs, 0, "an integer of at least 0")
    if batch_size is not None:
        batch_size = _whole("batch_size", batch_size, 1, "an integer of at least 1, or None")
    warmup = _whole("warmup", warmup, 0, "a number of steps of at least 0")
    seed = _whole("seed", seed, 0, "an integer of at least 0")
    if checkpoint_every is not None:
        expected = "a number of steps of at least 1, or None"
        checkpoint_every = _whole("checkpoint_every", checkpoint_every, 1, expected)
        _require("checkpoint", checkpoint, checkpoint is not None, "a path")
    if checkpoint is not None:
        folder = Path(checkpoint).absolute().parent
        usable = folder.is_dir() and os.access(folder, os.W_OK) and not Path(checkpoint).is_dir()
        _require(
            "checkpoint", str(checkpoint), usable, "a file in a directory that can be written to"
        )
    for name, clip in (("clip_norm", clip_norm), ("clip_value", clip_value)):
        _require(
            name, clip, clip is None or (_is_number(clip) and clip > 0), "a number above 0, or None"
        )
    if learning_rate is None:
        rate = 1.0 if isinstance(rule, LBFGS) else rule.default_learning_rate
    else:
        usable = _is_number(learning_rate) and math.isfinite(learning_rate) and learning_rate > 0
        _require("learning_rate", learning_rate, usable, "a finite number above 0")
        rate = float(learning_rate)
    return Settings(
        optimizer=rule,
        learning_rate=rate,
        schedule=WarmUp(warmup, rate_schedule) if warmup else rate_schedule,
        epochs=epochs,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        clip_norm=clip_norm,
        clip_value=clip_value,
        early_stopping=early_stopping,
        checkpoint=None if checkpoint is None else Path(checkpoint),
        checkpoint_every=checkpoint_every,
        train_metrics=train_metrics,
    )


def _look_up(what: str, given: Any, table: Mapping[str, Any]) -> Any:
    if not isinstance(given, str):
        return given
    if given not in table:
        expected = f"one of {', '.join(table)}"
        raise ObjcError(BadOption(None, what, repr(given), expected, tuple(table)))
    return table[given]


def _whole(name: str, value: Any, least: int, expected: str) -> int:
    """The option as an int, from whatever type of integer it is."""
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    _require(name, value, is_integer and value >= least, expected)
    return int(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _require(name: str, value: Any, holds: bool, expected: str) -> None:
    if not holds:
        raise ObjcError(BadOption(None, f"`{name}`", repr(value), expected))


def _described(value: Any) -> str:
    """A text that is the same in another process: a function's name rather than its address."""
    return str(getattr(value, "__qualname__", None) or repr(value))
