"""L-BFGS with bounds over all the data at once, by SciPy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import ObjcError
from objc.training.clipping import global_norm
from objc.training.errors import BadOption, MissingPackage
from objc.training.optimizers import LBFGS
from objc.training.projection import SIMPLEX

if TYPE_CHECKING:
    from objc.training.objective import Evaluation
    from objc.training.run import Run

Array = NDArray[Any]


class _Stopped(Exception):
    """Leaves SciPy's loop after an epoch at which the run was to stop."""


def train_lbfgs(run: Run) -> None:
    """Minimize (or maximize) over all the training data; an iteration is an epoch.

    Raises:
        ObjcError: SciPy is missing (E0517), or a simplex starts with a zero (E0516).
        NonFiniteError: a value or gradient is not finite.
    """
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise ObjcError(MissingPackage(None, "scipy", "L-BFGS", "train")) from None
    optimizer = run.settings.optimizer
    assert isinstance(optimizer, LBFGS)
    problem = _Problem(run)
    options = {
        "maxiter": run.settings.epochs,
        "maxfun": 20 * max(run.settings.epochs, 1),
        "maxcor": optimizer.memory,
        "gtol": optimizer.tolerance,
        "ftol": optimizer.relative_decrease,
    }
    run.reporter.start(run.settings.epochs, 0, run.settings.epochs, 0)
    if run.settings.epochs == 0:
        return
    try:
        found = minimize(
            problem.value_and_gradient,
            problem.start,
            jac=True,
            method="L-BFGS-B",
            bounds=problem.bounds,
            callback=problem.iterated,
            options=options,
        )
    except _Stopped:
        return
    problem.set(problem.last_good)
    if not run.stopped:
        run.stopped = {0: "converged", 1: "completed"}.get(found.status, "stalled")


class _Problem:
    """The objective as a function of one vector of float64."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._sign = -1.0 if run.evaluator.objective.maximize else 1.0
        moving = run.evaluator.parameters.moving
        self._shapes = {name: one.shape for name, one in moving.items()}
        self._dtypes = {name: one.dtype for name, one in moving.items()}
        self.start = self._flat(moving)
        self.last_good = self.start
        self.bounds = self._bounds()
        self._evaluations: dict[bytes, tuple[Evaluation, float]] = {}
        self._clock = time.perf_counter()

    def value_and_gradient(self, vector: Array) -> tuple[float, Array]:
        self.set(vector)
        try:
            evaluation, gradients = self._run.gradient(self._run.training)
        except ObjcError as failure:
            self.set(self.last_good)
            if hasattr(failure, "parameters"):
                failure.parameters = self._run.evaluator.parameters.copy()
            raise
        self._evaluations[vector.tobytes()] = (evaluation, global_norm(gradients))
        along = self._run.evaluator.parameters.along_domains(gradients)
        return self._sign * evaluation.value, self._sign * self._flat(along)

    def iterated(self, vector: Array) -> None:
        """SciPy has taken a step to `vector`: note it as an epoch."""
        self.last_good = np.copy(vector)
        self.set(vector)
        if vector.tobytes() not in self._evaluations:
            self.value_and_gradient(vector)
        evaluation, norm = self._evaluations[vector.tobytes()]
        self._evaluations.clear()
        run = self._run
        run.step += 1
        run.record_step(run.training, evaluation, norm, run.settings.learning_rate)
        now = time.perf_counter()
        run.finish_epoch(now - self._clock)
        self._clock = now
        if run.stopped:
            raise _Stopped

    def set(self, vector: Array) -> None:
        parameters, moving = self._run.evaluator.parameters, self._parts(vector)
        parameters.move(moving, parameters.at(moving))

    def _parts(self, vector: Array) -> dict[str, Array]:
        parts, start = {}, 0
        for name, shape in self._shapes.items():
            count = int(np.prod(shape, dtype=np.int64))
            piece = vector[start : start + count].reshape(shape)
            parts[name] = piece.astype(self._dtypes[name])
            start += count
        return parts

    def _flat(self, arrays: dict[str, Array]) -> Array:
        pieces = [np.asarray(arrays[name], dtype=np.float64).ravel() for name in self._shapes]
        return np.concatenate(pieces)

    def _bounds(self) -> list[tuple[float, float]]:
        found = []
        for name, shape in self._shapes.items():
            kind, low, high = self._run.evaluator.parameters.bounds(name)
            if kind == SIMPLEX:
                expected = "a first-order optimizer, or a start without zeros in the simplex"
                raise ObjcError(BadOption(None, f"the optimizer of `{name}`", "'lbfgs'", expected))
            found += [(low, high)] * int(np.prod(shape, dtype=np.int64))
        return found
