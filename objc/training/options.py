"""A training run as the command line states it: files and names in, files out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from objc.errors import ObjcError
from objc.training.checkpoint import load_parameters
from objc.training.early_stopping import EarlyStopping
from objc.training.errors import BadOption, UnknownName
from objc.training.load import load_data
from objc.training.loop import Interrupted, Result, fit
from objc.training.protocols import Kernel
from objc.training.settings import OptimizerName, ScheduleName


@dataclass(frozen=True)
class Options:
    """`objc train FILE:NAME …`. Each field is the option of its name.

    `columns` maps an input to where the file has it: a name, a pattern, or a list. `validation` is a
    second file or a fraction. `metrics` are kernels by name, whose inputs may be the objective's
    parameters. `patience` turns early stopping on, `watch` says of what: `QUANTITY`, or
    `QUANTITY:maximize`. The three last are files to write.
    """

    data: Path
    columns: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    validation: Path | float | None = None
    weight: str | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    hyperparameters: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, Kernel] = field(default_factory=dict)
    initial: Path | None = None
    optimizer: OptimizerName = "adam"
    learning_rate: float | None = None
    schedule: ScheduleName = "constant"
    warmup: int = 0
    epochs: int = 10
    batch_size: int | None = 64
    shuffle: bool = True
    seed: int = 0
    clip_norm: float | None = None
    clip_value: float | None = None
    watch: str | None = None
    patience: int | None = None
    checkpoint: Path | None = None
    checkpoint_every: int | None = None
    resume: Path | None = None
    dtype: Literal["float32", "float64"] | None = None
    progress: bool | None = True
    save: Path | None = None
    history: Path | None = None
    plot: Path | None = None


def run(objective: Kernel, options: Options) -> Result:
    """Load the data, train, and write what was asked for.

    An interrupted run writes what its finished epochs came to.

    Raises:
        Interrupted: the run was interrupted; its files are written if an epoch was finished.
        ObjcError: every finding, in the data (E0501–E0506), options and run (E0510–E0542).
    """
    try:
        result = _fit(objective, options)
    except Interrupted as interruption:
        if interruption.result.epochs:
            _write(interruption.result, options)
        raise
    _write(result, options)
    return result


def _fit(objective: Kernel, options: Options) -> Result:
    return fit(
        objective,
        _load(objective, options.data, options),
        parameters=None if options.initial is None else load_parameters(options.initial),
        hyperparameters=options.hyperparameters,
        sizes=options.sizes,
        optimizer=options.optimizer,
        learning_rate=options.learning_rate,
        schedule=options.schedule,
        warmup=options.warmup,
        epochs=options.epochs,
        batch_size=options.batch_size,
        shuffle=options.shuffle,
        seed=options.seed,
        weight=options.weight,
        validation=_validation(objective, options),
        metrics=options.metrics,
        early_stopping=_early_stopping(options),
        clip_norm=options.clip_norm,
        clip_value=options.clip_value,
        checkpoint=options.checkpoint,
        checkpoint_every=options.checkpoint_every,
        resume=options.resume,
        progress=options.progress,
        dtype=options.dtype,
    )


def _write(result: Result, options: Options) -> None:
    if options.save is not None:
        result.save(options.save)
    if options.history is not None:
        result.history.save(options.history)
    if options.plot is not None:
        result.history.plot(options.plot)


def _load(objective: Kernel, path: Path, options: Options) -> dict[str, Any]:
    also = [] if options.weight is None else [options.weight]
    found: dict[str, Any] = dict(load_data(path, objective, options.columns, also=also))
    _require_mapped(objective, options)
    parameters = {one.name for one in objective.signature.inputs if one.role != "data"}
    for metric in options.metrics.values():
        wanted = [one.name for one in metric.signature.inputs if one.role == "data"]
        if any(name not in found and name not in parameters for name in wanted):
            more = load_data(path, metric, options.columns, without=parameters)
            found.update({name: one for name, one in more.items() if name not in found})
    return found


def _require_mapped(objective: Kernel, options: Options) -> None:
    """Raises ObjcError where columns are given for an input that nothing has."""
    known = [
        one.name
        for kernel in (objective, *options.metrics.values())
        for one in kernel.signature.inputs
    ]
    if options.weight is not None:
        known.append(options.weight)
    for name in options.columns:
        if name not in known:
            shown = tuple(dict.fromkeys(known))
            raise ObjcError(UnknownName(None, "input", name, objective.signature.name, shown))


def _validation(objective: Kernel, options: Options) -> dict[str, Any] | float | None:
    if isinstance(options.validation, Path):
        return _load(objective, options.validation, options)
    return options.validation


def _early_stopping(options: Options) -> EarlyStopping | None:
    if options.patience is None:
        if options.watch is not None:
            raise ObjcError(BadOption(None, "`patience`", "left out", "a number of epochs"))
        return None
    default = "validation.value" if options.validation is not None else "train.value"
    on, _, direction = (options.watch or default).partition(":")
    if direction not in ("", "minimize", "maximize"):
        expected = "`minimize` or `maximize`"
        raise ObjcError(BadOption(None, "the direction of `watch`", repr(direction), expected))
    if options.patience < 1:
        raise ObjcError(BadOption(None, "`patience`", str(options.patience), "at least 1"))
    return EarlyStopping(on, options.patience, direction=direction or None)  # type: ignore[arg-type]
