"""The state of a training run, and what happens within and after each epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import ObjcError
from objc.training.checkpoint import Checkpoint
from objc.training.clipping import clip, global_norm
from objc.training.data import Dataset, epoch_order
from objc.training.early_stopping import Watch
from objc.training.errors import CheckpointMismatch, NonFinite
from objc.training.evaluation import Evaluator
from objc.training.history import History
from objc.training.metrics import Metrics
from objc.training.nonfinite import NonFiniteError, investigate
from objc.training.objective import Evaluation
from objc.training.optimizers import LBFGS, Slots
from objc.training.progress import Reporter
from objc.training.settings import Callback, Epoch, Settings

Array = NDArray[Any]

EVALUATION_CHUNK = 8192
"""Examples evaluated at once where no gradient is taken."""


@dataclass
class Run:
    """A run under way. `epoch`, `batch` and `step` count what is done."""

    evaluator: Evaluator
    training: Dataset
    validation: Dataset | None
    metrics: Metrics
    settings: Settings
    reporter: Reporter
    callbacks: Sequence[Callback]
    history: History = field(default_factory=History)
    watch: Watch | None = None
    slots: dict[str, Slots] = field(default_factory=dict)
    identity: dict[str, str] = field(default_factory=dict)
    epoch: int = 0
    batch: int = 0
    step: int = 0
    running: dict[str, float] = field(default_factory=dict)
    stopped: str = ""
    completed: tuple[int, dict[str, Array]] = (0, {})
    """The last epoch that was finished, and the parameters after it."""
    let_interrupts_through: Callable[[], None] = lambda: None
    """Called where an interrupt from the keyboard does no harm; see `interrupts_held`."""

    @property
    def parameters(self) -> dict[str, Array]:
        return self.evaluator.parameters.values

    @property
    def batch_size(self) -> int:
        return self.settings.batch_size or len(self.training)

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.training) // self.batch_size)

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.settings.epochs

    # ------------------------------------------------------------------ first-order steps

    def train(self) -> None:
        """Run the epochs that are left."""
        optimizer = self.settings.optimizer
        assert not isinstance(optimizer, LBFGS)
        if not self.slots:
            moving = self.evaluator.parameters.moving
            self.slots = {name: optimizer.start(one) for name, one in moving.items()}
        done = self.epoch * self.steps_per_epoch + self.batch
        self.reporter.start(self.settings.epochs, self.epoch, self.total_steps, done)
        while self.epoch < self.settings.epochs and not self.stopped:
            started = time.perf_counter()
            self._train_epoch()
            self.finish_epoch(time.perf_counter() - started)

    def _train_epoch(self) -> None:
        order = None
        if self.settings.shuffle:
            order = epoch_order(len(self.training), self.settings.seed, self.epoch)
        for batch in self.training.batches(self.batch_size, order, skip=self.batch):
            if batch.total_weight > 0:
                self._step(batch)
            self.batch += 1
            every = self.settings.checkpoint_every
            if every is not None and self.step % every == 0 and self.batch < self.steps_per_epoch:
                self.save()

    def _step(self, batch: Dataset) -> None:
        evaluation, gradients = self.gradient(batch)
        rate = self.settings.learning_rate * self.settings.schedule(self.step, self.total_steps)
        norm = global_norm(gradients)
        self._update(gradients, rate)
        self.step += 1
        self.record_step(batch, evaluation, norm, rate)

    def gradient(self, batch: Dataset) -> tuple[Evaluation, dict[str, Array]]:
        """Value and gradients of a batch.

        Raises:
            NonFiniteError: one of them is not finite.
        """
        self.let_interrupts_through()
        evaluation, gradients = self.evaluator.gradient(batch)
        finite = all(bool(np.isfinite(one).all()) for one in gradients.values())
        if not (evaluation.is_finite and finite):
            raise self._failure(batch, gradients)
        return evaluation, gradients

    def _update(self, gradients: Mapping[str, Array], rate: float) -> None:
        optimizer = self.settings.optimizer
        assert not isinstance(optimizer, LBFGS)
        parameters = self.evaluator.parameters
        along = parameters.along_domains(gradients)
        clipped = clip(along, norm=self.settings.clip_norm, value=self.settings.clip_value)
        moved = {}
        for name, old in parameters.moving.items():
            gradient = clipped[name].astype(old.dtype, copy=False)
            if self.evaluator.objective.maximize:
                gradient = -gradient
            new = optimizer.update(old, gradient, self.slots[name], rate, self.step + 1)
            moved[name] = np.asarray(new, dtype=old.dtype)
        values = parameters.at(moved)
        for name, value in values.items():
            if not (np.isfinite(moved[name]).all() and np.isfinite(value).all()):
                raise self._overflow(name, rate)
        parameters.move(moved, values)

    def record_step(self, batch: Dataset, evaluation: Evaluation, norm: float, rate: float) -> None:
        """Note a step in the history and in the sums of the epoch."""
        values = quantities(evaluation)
        weight = batch.total_weight
        for name, value in values.items():
            self.running[name] = self.running.get(name, 0.0) + weight * value
        self.running[_WEIGHT] = self.running.get(_WEIGHT, 0.0) + weight
        record = {"epoch": float(self.epoch + 1), "step": float(self.step), **values}
        rest = {"learning_rate": rate, "gradient_norm": norm, "examples": float(len(batch))}
        self.history.steps.append({**record, **rest})
        self.reporter.step(record)

    # ------------------------------------------------------------------ the end of an epoch

    def finish_epoch(self, seconds: float) -> None:
        """Evaluate, record, stop early where asked, save."""
        self.epoch += 1
        self.batch = 0
        record = {"epoch": float(self.epoch)}
        weight = self.running.pop(_WEIGHT, 0.0)
        record.update({f"train.{name}": one / weight for name, one in self.running.items()})
        self.running = {}
        if self.validation is not None:
            values = self.value_on(self.validation)
            record.update({f"validation.{name}": one for name, one in values.items()})
        record.update(self._metric_values())
        record.update(self._learned_scalars())
        steps = self.history.steps.last()
        record["learning_rate"] = steps.get("learning_rate", self.settings.learning_rate)
        record["seconds"] = seconds
        self.history.epochs.append(record)
        self.reporter.epoch(self.epoch, record)
        self.completed = (self.epoch, self.parameters)
        self._stop_if_asked(record)
        if self.settings.checkpoint is not None:
            self.save()

    def value_on(self, data: Dataset) -> dict[str, float]:
        """The objective and its terms on a whole data set, in pieces.

        Raises:
            NonFiniteError: the value is not finite.
        """
        totals: dict[str, float] = {}
        for piece in data.chunks(EVALUATION_CHUNK):
            if piece.total_weight > 0:
                evaluation = self.evaluator.value(piece)
                if not evaluation.is_finite:
                    raise self._failure(piece, None, f"at the end of epoch {self.epoch}")
                for name, value in quantities(evaluation).items():
                    totals[name] = totals.get(name, 0.0) + piece.total_weight * value
        return {name: total / data.total_weight for name, total in totals.items()}

    def _learned_scalars(self) -> dict[str, float]:
        """The learned parameters that are single numbers: log-variances, temperatures."""
        learned = (one.name for one in self.evaluator.objective.of_role("learned") if not one.rank)
        values = self.parameters
        return {f"parameter.{name}": float(values[name]) for name in learned if name in values}

    def _metric_values(self) -> dict[str, float]:
        found = {}
        if self.settings.train_metrics:
            values = self.metrics.evaluate(self.evaluator, self.training, EVALUATION_CHUNK)
            found.update({f"train.{name}": one for name, one in values.items()})
        if self.validation is not None:
            values = self.metrics.evaluate(self.evaluator, self.validation, EVALUATION_CHUNK)
            found.update({f"validation.{name}": one for name, one in values.items()})
        return found

    def _stop_if_asked(self, record: Mapping[str, float]) -> None:
        if self.watch is not None:
            watched = record[self.watch.stopping.on]
            if self.watch.see(self.epoch, watched, self.parameters):
                self.stopped = "early"
        for callback in self.callbacks:
            if callback(Epoch(self.epoch, record, self.parameters)) is True:
                self.stopped = self.stopped or "callback"

    # ------------------------------------------------------------------ checkpoints

    def save(self) -> None:
        """Write the checkpoint."""
        assert self.settings.checkpoint is not None
        watch = self.watch
        found = Checkpoint(
            parameters=self.parameters,
            coordinates=self.evaluator.parameters.coordinates,
            slots=self.slots,
            best={} if watch is None else watch.parameters,
            predictor=_predictor_state(self.evaluator.predictor),
            history=self.history,
            run=self.identity,
            epoch=self.epoch,
            batch=self.batch,
            step=self.step,
            running=self.running,
            best_value=None if watch is None else watch.best,
            best_epoch=0 if watch is None else watch.best_epoch,
            stopped=self.stopped,
        )
        found.save(self.settings.checkpoint)

    def restore(self, path: Any) -> None:
        """Go on from a checkpoint of this same run.

        Raises:
            ObjcError: it can't be read (E0540), or is of another run (E0541).
        """
        found = Checkpoint.load(path)
        differences = _differences(found.run, self.identity)
        shapes = {name: (one.shape, one.dtype) for name, one in found.parameters.items()}
        if shapes != {name: (one.shape, one.dtype) for name, one in self.parameters.items()}:
            differences = (*differences, "its parameters have other names, shapes or types")
        if differences:
            raise ObjcError(CheckpointMismatch(None, str(path), differences))
        self.evaluator.parameters.restore(found.parameters, found.coordinates)
        optimizer = self.settings.optimizer
        assert not isinstance(optimizer, LBFGS)
        fresh = {name: optimizer.start(one) for name, one in found.parameters.items()}
        self.slots = found.slots or fresh
        self.history, self.running = found.history, found.running
        self.epoch, self.batch, self.step = found.epoch, found.batch, found.step
        self.stopped = found.stopped
        self.completed = (found.epoch, found.parameters)
        if self.watch is not None and found.best_value is not None:
            self.watch = replace(
                self.watch,
                best=found.best_value,
                best_epoch=found.best_epoch,
                parameters=found.best,
            )
        load = getattr(self.evaluator.predictor, "load_state", None)
        if callable(load):
            load(found.predictor)

    # ------------------------------------------------------------------ failures

    def _failure(
        self, batch: Dataset, gradients: Mapping[str, Array] | None, when: str | None = None
    ) -> NonFiniteError:
        found = investigate(self.evaluator, batch, gradients)
        where = self._where(when)
        diagnostic = NonFinite(
            None, found.what, found.place, where, found.inputs, found.remarks, self._mend()
        )
        return self._error(diagnostic, found.row, found.term, self.epoch + (when is None))

    def _overflow(self, name: str, rate: float) -> NonFiniteError:
        what = f"the update of `{name}` is not finite"
        mend = "lower the learning rate, or clip the gradient (clip_norm=1)"
        diagnostic = NonFinite(None, what, f"learning rate {rate:g}", self._where(), (), (), mend)
        return self._error(diagnostic, None, None, self.epoch + 1)

    def _error(
        self, diagnostic: NonFinite, row: int | None, term: str | None, epoch: int
    ) -> NonFiniteError:
        parameters = self.evaluator.parameters.copy()
        return NonFiniteError(diagnostic, parameters, self.history, epoch, self.step, row, term)

    def _where(self, when: str | None = None) -> str:
        steps = f"{self.step} step{'s' if self.step != 1 else ''}"
        when = when or f"in epoch {self.epoch + 1}"
        return f"{when}, after {steps}; the parameters are kept"

    def _mend(self) -> str | None:
        steps = self.history.steps
        if len(steps) >= 2 and abs(steps["value"][-1]) > 1e3 * (abs(steps["value"][0]) + 1e-9):
            return "the value had been growing: lower the learning rate, or clip the gradient"
        return None


_WEIGHT = "weight "
"""The key of the sum of weights in `Run.running`; the blank keeps it apart from terms."""


def quantities(evaluation: Evaluation) -> dict[str, float]:
    """The value and every named term; a loss's only term is its value."""
    terms = {name: one for name, one in evaluation.terms.items() if name != "value"}
    return {"value": evaluation.value, **terms}


def _predictor_state(predictor: Any) -> dict[str, Array]:
    state = getattr(predictor, "state", None)
    return dict(state()) if callable(state) else {}


def _differences(saved: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    names = [name for name in {**saved, **now} if saved.get(name) != now.get(name)]
    return tuple(
        f"{name}: {saved.get(name, 'absent')} then, {now.get(name, 'absent')} now" for name in names
    )
