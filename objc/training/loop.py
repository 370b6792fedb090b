"""The training loop: predict, compare, adjust, repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from objc.errors import ObjcError
from objc.files import PathLike
from objc.interruption import interrupts_held
from objc.training.archives import write_arrays
from objc.training.data import Dataset, hold_out
from objc.training.early_stopping import EarlyStopping, Watch
from objc.training.errors import (
    BadMetric,
    BadOption,
    CannotResume,
    UnknownName,
    UnknownQuantity,
)
from objc.training.evaluation import Evaluator
from objc.training.history import History
from objc.training.lbfgs import train_lbfgs
from objc.training.metrics import Metric, Metrics, named_metrics
from objc.training.objective import Objective, by_name
from objc.training.optimizers import LBFGS, Optimizer
from objc.training.parameters import make_parameters, predicted_names
from objc.training.preparation import Sizes, floating_type, prepare
from objc.training.progress import choose
from objc.training.protocols import Kernel, Predictor
from objc.training.run import Run
from objc.training.schedules import Schedule
from objc.training.settings import Callback, OptimizerName, ScheduleName, Settings, resolve
from objc.training.stage_errors import NotAGame

Array = NDArray[Any]


@dataclass(frozen=True)
class Result:
    """A finished run.

    `parameters` are the trained arrays by name: those of the best epoch where early stopping restores
    them, else the last. `stopped` says why it ended: "completed" after all its epochs, "early",
    "callback", "converged", "stalled" where L-BFGS found no lower value along its direction, as at a
    kink, or "interrupted" (see `Interrupted`). `best_epoch` is early stopping's, counted from 1.
    """

    parameters: dict[str, Array]
    history: History
    epochs: int
    stopped: Literal["completed", "early", "callback", "converged", "stalled", "interrupted"]
    best_epoch: int | None = None

    def save(self, path: PathLike) -> None:
        """Write the parameters as an `.npz`, an array each by its name; `load_parameters` reads it."""
        write_arrays(path, self.parameters)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name}{list(one.shape)}" for name, one in self.parameters.items())
        return f"<Result {self.stopped} after {self.epochs} epochs: {shapes}>"


class Interrupted(KeyboardInterrupt):
    """Training was interrupted from the keyboard.

    `result` is what it came to: the parameters after the last epoch that was finished (of the best one,
    where early stopping restores that), or those it started with, and the history up to the interruption.
    """

    def __init__(self, result: Result) -> None:
        super().__init__(f"interrupted after {result.epochs} epochs")
        self.result = result


def fit(
    objective: Kernel,
    data: Mapping[str, Any],
    *,
    parameters: Mapping[str, Any] | None = None,
    predictor: Predictor | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    sizes: Mapping[str, int] | None = None,
    optimizer: OptimizerName | Optimizer | LBFGS = "adam",
    learning_rate: float | None = None,
    schedule: ScheduleName | Schedule = "constant",
    warmup: int = 0,
    epochs: int = 10,
    batch_size: int | None = 64,
    shuffle: bool = True,
    seed: int = 0,
    weight: str | Any = None,
    validation: Mapping[str, Any] | float | None = None,
    metrics: Mapping[str, Metric] | Sequence[Metric] | None = None,
    outputs: Mapping[str, Kernel] | None = None,
    train_metrics: bool = True,
    early_stopping: EarlyStopping | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    checkpoint: PathLike | None = None,
    checkpoint_every: int | None = None,
    resume: PathLike | None = None,
    progress: bool | None = None,
    callbacks: Sequence[Callback] = (),
    dtype: Literal["float32", "float64"] | None = None,
) -> Result:
    """Adjust the parameters of an objective to data.

    Trained are the `learn` parameters of the objective and its models, and every input before the bar
    that neither `data` nor `predictor` gives. A `maximize` objective is maximized.

    Parameters stay in their domains. A `positive` is trained as its logarithm, a `probability` or an
    interval with two ends as a logit, a `simplex` as a softmax; learning rate, clipping and decay act on
    those, and an end is approached without being met. A `nonnegative`, an interval with one end, and
    whatever starts on its border are projected after each step, and may lie on it.

    Args:
        objective: the kernel of an `objective` or a `loss`.
        data: an array for each data input by name: [examples, …], or at its declared rank where all
            examples share it. Further columns may be there for `predictor` and `metrics`.
        parameters: initial values by name; the others start at their declared value, or by shape.
        predictor: any model with `parameters`, `predict` and `vjp` (see `Predictor`); it gives the
            inputs before the bar, and its parameters are trained with the others.
        hyperparameters: values by name.
        sizes: extents of dimensions that the data does not show: `{"H": 64}`. The number of classes of
            an `index(K)` is the greatest label plus one where it is not given.
        optimizer: a name, or a rule with its settings: `Adam(beta2=0.99)`.
        learning_rate: the base rate; the optimizer's own default if left out (Adam 0.001, SGD 0.01).
            L-BFGS has none.
        schedule, warmup: the factor of the rate over the steps; the first `warmup` steps are linear.
        epochs: passes over the data; for L-BFGS the greatest number of iterations.
        batch_size: examples a step, None for all. The last batch is what is left, and its mean is over
            its own examples. L-BFGS always sees all.
        shuffle: draw a new order each epoch.
        seed: of initial values, orders and the validation split. The same seed gives the same bits.
        weight: of each example, an array or the name of a column: means become weighted means. With
            an array, validation data of its own is not weighted.
        validation: data like `data`, or the fraction of it to hold out.
        metrics: kernels (inputs found by name among parameters, data, predictions and `outputs`), or
            functions of a dict of those giving a number; evaluated after each epoch on training data
            (unless `train_metrics` is off) and validation data, and never differentiated.
        outputs: kernels of models whose results metrics may take: `{"logits": module.mlp}`.
        early_stopping: what to watch, and for how long.
        clip_norm, clip_value: bounds on the gradient: each entry first, then the norm of all.
        checkpoint: a path, written after each epoch, and within it every `checkpoint_every` steps.
        resume: a checkpoint to go on from: the result has the bits of a run never interrupted.
        progress: True, False, or None for a bar only where standard error is a terminal.
        callbacks: called with an `Epoch` after each; one that returns True ends the run.
        dtype: floating type of the run; by default float32 where all floating data is, else float64.

    Raises:
        ObjcError: something does not fit (E0510–E0523), or a checkpoint does not (E0540–E0542).
        NonFiniteError: a value or gradient is not finite (E0530); it has the last good parameters.
        Interrupted: by the user; a `KeyboardInterrupt` that has the result so far.
    """
    if getattr(objective, "kind", "") == "game":
        raise ObjcError(NotAGame(None, objective.name, "game"))  # type: ignore[attr-defined]
    settings = resolve(
        optimizer=optimizer, learning_rate=learning_rate, schedule=schedule, warmup=warmup,
        epochs=epochs, batch_size=batch_size, shuffle=shuffle, seed=seed, clip_norm=clip_norm,
        clip_value=clip_value, early_stopping=early_stopping, checkpoint=checkpoint,
        checkpoint_every=checkpoint_every, train_metrics=train_metrics,
    )  # fmt: skip
    bound = Objective(objective, _known_hyperparameters(objective, hyperparameters or {}))
    measured = Metrics(named_metrics(metrics), outputs or {}, bound.hyperparameters)
    initial = by_name(objective, parameters or {})
    prepared = _Prepared(bound, measured, initial, predictor, dict(sizes or {}))
    if isinstance(validation, Mapping):
        validation = by_name(objective, validation)
    named = by_name(objective, data)
    training, held_out = prepared.data(named, weight, validation, settings, dtype)
    evaluator = prepared.evaluator(training, seed)
    run = Run(evaluator, training, held_out, measured, settings, choose(progress), callbacks)
    if checkpoint is not None or resume is not None:
        run.identity = _identity(run)
    _check_metric_names(run)
    if early_stopping is not None:
        run.watch = Watch(early_stopping, _direction(run, early_stopping))
    start = run.parameters
    try:
        _train(run, resume)
    except KeyboardInterrupt:
        raise Interrupted(_interrupted(run, start)) from None
    return _result(run)


def _train(run: Run, resume: PathLike | None) -> None:
    whole_data = isinstance(run.settings.optimizer, LBFGS)
    if resume is not None:
        if whole_data:
            raise ObjcError(CannotResume(None, str(resume)))
        run.restore(resume)
    try:
        # The loop itself stops at what is not finite, and says more than NumPy's warnings.
        quiet = np.errstate(over="ignore", divide="ignore", invalid="ignore")
        with quiet, interrupts_held() as run.let_interrupts_through:
            if whole_data:
                train_lbfgs(run)
            else:
                run.train()
    finally:
        run.reporter.close()


def _interrupted(run: Run, start: Mapping[str, Array]) -> Result:
    epochs, completed = run.completed
    run.evaluator.parameters.replace(completed or start)
    run.epoch, run.stopped = epochs, "interrupted"
    return _result(run)


def _result(run: Run) -> Result:
    watch = run.watch
    if watch is not None and watch.parameters:
        run.evaluator.parameters.replace(watch.parameters)
    return Result(
        parameters=run.evaluator.parameters.copy(),
        history=run.history,
        epochs=run.epoch,
        stopped=run.stopped or "completed",  # type: ignore[arg-type]
        best_epoch=watch.best_epoch if watch is not None else None,
    )


@dataclass
class _Prepared:
    """What the data is checked against, and the sizes it reveals."""

    objective: Objective
    metrics: Metrics
    given: Mapping[str, Any]
    predictor: Predictor | None
    known_sizes: Mapping[str, int]

    def __post_init__(self) -> None:
        dimensions = {
            str(dimension)
            for one in self.objective.inputs.values()
            for dimension in (*one.shape, one.index_dimension)
            if isinstance(dimension, str)
        }
        for name, size in self.known_sizes.items():
            if name not in dimensions:
                known = tuple(sorted(dimensions))
                raise ObjcError(UnknownName(None, "dimension", name, self.objective.name, known))
            if size < 1:
                raise ObjcError(BadOption(None, f"the size of `{name}`", str(size), "at least 1"))
        self.sizes = Sizes(self.known_sizes)

    def data(
        self,
        data: Mapping[str, Any],
        weight: Any,
        validation: Mapping[str, Any] | float | None,
        settings: Settings,
        dtype: str | None,
    ) -> tuple[Dataset, Dataset | None]:
        """Training and validation data, checked and converted."""
        self.dtype = floating_type({**data, **self.given}, dtype)
        self.predicted = predicted_names(self.objective, self.given, data) if self.predictor else ()
        training = self._dataset(data, weight, "the data")
        if validation is None:
            return training, None
        if isinstance(validation, Mapping):
            weight = weight if isinstance(weight, str) else None
            return training, self._dataset(validation, weight, "the validation data")
        fraction = float(validation)
        if not 0.0 < fraction < 1.0 or len(training) < 2:
            expected = "data, or a fraction above 0 and below 1 of at least 2 examples"
            raise ObjcError(BadOption(None, "`validation`", f"{validation:g}", expected))
        return hold_out(training, fraction, settings.seed)

    def _dataset(self, data: Mapping[str, Any], weight: Any, name: str) -> Dataset:
        free = self.predictor is not None or self.metrics.takes_anything
        needed = [one.name for one in self.objective.of_role("data")]
        columns = dict(data)
        values = weight
        if isinstance(weight, str):
            if weight not in columns:
                known = tuple(columns)
                raise ObjcError(UnknownName(None, "weight column", weight, name, known))
            values = columns.pop(weight) if weight not in needed else columns[weight]
        return prepare(
            self.objective,
            columns,
            values,
            sizes=self.sizes,
            dtype=self.dtype,
            needed=needed,
            others=None if free else self.metrics.input_names,
            name=name,
        )

    def evaluator(self, training: Dataset, seed: int) -> Evaluator:
        parameters = make_parameters(
            self.objective,
            self.given,
            self.predictor,
            fixed=training.arrays,
            sizes=self.sizes,
            seed=seed,
            dtype=self.dtype,
        )
        return Evaluator(self.objective, parameters, self.predictor, self.predicted)


def _known_hyperparameters(kernel: Kernel, given: Mapping[str, Any]) -> Mapping[str, Any]:
    known = tuple(one.name for one in kernel.signature.inputs if one.role == "hyperparameter")
    found = by_name(kernel, given)
    for name in found:
        if name not in known:
            raise ObjcError(UnknownName(None, "hyperparameter", name, kernel.signature.name, known))
    return found


def _identity(run: Run) -> dict[str, str]:
    """What must agree for a checkpoint to be of this run."""
    return {
        "objective": run.evaluator.objective.fingerprint,
        "hyperparameters": repr(sorted(run.evaluator.objective.hyperparameters.items())),
        "data": run.training.digest(),
        "validation data": "none" if run.validation is None else run.validation.digest(),
        "metrics": ", ".join(run.metrics.metrics),
        **run.settings.described(),
    }


def _check_metric_names(run: Run) -> None:
    taken = {"value", *run.evaluator.objective.terms}
    for name in run.metrics.metrics:
        if name in taken:
            mend = "give it another name: metrics={'name': …}"
            raise ObjcError(BadMetric(None, name, "has the name of a term of the objective", mend))


def _direction(run: Run, stopping: EarlyStopping) -> Literal["minimize", "maximize"]:
    """The better direction of what is watched.

    Raises:
        ObjcError: there is no such quantity, or no direction for it (E0522).
    """
    parts = ["train", *(["validation"] if run.validation is not None else [])]
    terms = dict.fromkeys(["value", *run.evaluator.objective.terms])
    metrics = run.metrics.metrics
    known = [f"{part}.{name}" for part in parts for name in terms]
    measured = parts if run.settings.train_metrics else parts[1:]
    known += [f"{part}.{name}" for part in measured for name in metrics]
    if stopping.on not in known:
        raise ObjcError(UnknownQuantity(None, stopping.on, tuple(known)))
    if stopping.direction is not None:
        return stopping.direction
    if stopping.on.partition(".")[2] in metrics:
        problem = "is a metric, and may be better up or down"
        raise ObjcError(UnknownQuantity(None, stopping.on, (), problem))
    return "maximize" if run.evaluator.objective.maximize else "minimize"
