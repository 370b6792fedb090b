"""Finding what made a value or a gradient infinite or not a number: term, example, inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import ObjcError
from objc.training.data import Dataset
from objc.training.errors import NonFinite, listed
from objc.training.evaluation import Evaluator
from objc.training.history import History
from objc.training.objective import Evaluation

Array = NDArray[Any]


class NonFiniteError(ObjcError):
    """Training met a value or gradient that is not finite.

    Attributes:
        parameters: the last good ones, from before the step that failed.
        history: the record up to there.
        epoch, step: where it happened; the epoch from 1, the number of updates done.
        row: the row in the data whose own value or gradient is not finite; None if only the sum is.
        term: the term that is not finite; None where it is a gradient.
    """

    def __init__(
        self,
        diagnostic: NonFinite,
        parameters: dict[str, Array],
        history: History,
        epoch: int,
        step: int,
        row: int | None,
        term: str | None,
    ) -> None:
        super().__init__(diagnostic)
        self.parameters = parameters
        self.history = history
        self.epoch = epoch
        self.step = step
        self.row = row
        self.term = term

    def __reduce__(self) -> Any:
        rest = (self.parameters, self.history, self.epoch, self.step, self.row, self.term)
        return type(self), (self.diagnostics[0], *rest)


@dataclass(frozen=True)
class Finding:
    """What was found about a failed batch."""

    what: str
    term: str | None
    row: int | None
    place: str
    inputs: tuple[str, ...]
    remarks: tuple[str, ...]


def investigate(
    evaluator: Evaluator, batch: Dataset, gradients: Mapping[str, Array] | None
) -> Finding:
    """Look for the first example of a batch that by itself is not finite.

    Halves of the batch are evaluated again, so this costs about twice the batch, once. Examples of
    weight 0 are not looked at. `gradients` are those of the parameters where a gradient was asked for.
    """
    batch, predictions = _weighed(evaluator, batch)
    wrt = () if gradients is None else (*evaluator.parameters.own_names, *evaluator.predicted)

    def evaluate(start: int, stop: int) -> Evaluation:
        piece = batch.take(slice(start, stop))
        return evaluator.of_predictions(
            piece, _sliced(evaluator, predictions, batch, start, stop), wrt
        )

    separable = bool(batch.columns) and all(
        predictions[name].ndim > evaluator.objective.inputs[name].rank for name in predictions
    )
    position = _first(len(batch), lambda lo, hi: not evaluate(lo, hi).is_finite, separable)
    if position is None:
        whole = evaluate(0, len(batch)) if batch.columns else None
        what, term = _what(evaluator, whole, gradients)
        place = f"a batch of {len(batch)} examples of {batch.name}, though no single one is so"
        if not separable:
            place = f"{batch.name}, as a whole"
        values = {**evaluator.parameters.own}
        return Finding(what, term, None, place, _described(values), ())
    evaluation = evaluate(position, position + 1)
    what, term = _what(evaluator, evaluation, None)
    row = int(batch.rows[position])
    values = {name: one[position] for name, one in batch.columns.items()}
    values.update({name: one[position] for name, one in predictions.items()})
    values.update(batch.shared)
    values.update(evaluator.parameters.own)
    place = f"row {row} of {batch.name}"
    remarks = _remarks(evaluator, evaluation, values, term)
    return Finding(what, term, row, place, _described(values), remarks)


def _first(count: int, is_bad: Callable[[int, int], bool], separable: bool) -> int | None:
    """The position of the first bad example by bisection; None where no example alone is bad."""
    if not separable or not is_bad(0, count):
        return None
    low, high = 0, count
    while high - low > 1:
        middle = (low + high) // 2
        if is_bad(low, middle):
            high = middle
        elif is_bad(middle, high):
            low = middle
        else:
            return None
    return low


def _weighed(evaluator: Evaluator, batch: Dataset) -> tuple[Dataset, dict[str, Array]]:
    """The examples that count, and their predictions, without weights: a bad one is bad alone."""
    if batch.weight is None:
        return batch, evaluator.predictions
    kept = np.flatnonzero(batch.weight > 0)
    inputs = evaluator.objective.inputs
    predictions = {
        name: one[kept] if one.ndim > inputs[name].rank else one
        for name, one in evaluator.predictions.items()
    }
    return replace(batch.take(kept), weight=None), predictions


def _sliced(
    evaluator: Evaluator, predictions: Mapping[str, Array], batch: Dataset, start: int, stop: int
) -> dict[str, Array]:
    inputs = evaluator.objective.inputs
    return {
        name: one[start:stop] if one.ndim > inputs[name].rank and batch.columns else one
        for name, one in predictions.items()
    }


def _what(
    evaluator: Evaluator, evaluation: Evaluation | None, gradients: Mapping[str, Array] | None
) -> tuple[str, str | None]:
    """Name what is not finite: a term, the value, or a gradient."""
    if evaluation is not None:
        for name, value in evaluation.terms.items():
            if not np.isfinite(value):
                if len(evaluation.terms) == 1:
                    return f"`{evaluator.objective.name}` is {value}", name
                return f"the term `{name}` of `{evaluator.objective.name}` is {value}", name
        if not np.isfinite(evaluation.value):
            return f"`{evaluator.objective.name}` is {evaluation.value}", None
    for name, one in {**(gradients or {}), **(evaluation.gradients if evaluation else {})}.items():
        if not np.isfinite(one).all():
            worst = "nan" if np.isnan(one).any() else "infinite"
            return f"the gradient with respect to `{name}` is {worst}", None
    return f"`{evaluator.objective.name}` is not finite", None


def _remarks(
    evaluator: Evaluator, evaluation: Evaluation, values: Mapping[str, Array], term: str | None
) -> tuple[str, ...]:
    remarks = []
    bad = [name for name, one in values.items() if not np.isfinite(one).all()]
    if bad:
        remarks.append(f"{listed(bad)} {'has' if len(bad) == 1 else 'have'} entries not finite")
    if term is None and len(evaluation.terms) > 1:
        shown = ", ".join(f"{name} = {value:.6g}" for name, value in evaluation.terms.items())
        remarks.append(f"the terms there: {shown}")
    return tuple(remarks)


def _described(values: Mapping[str, Array]) -> tuple[str, ...]:
    width = max(map(len, values), default=0)
    return tuple(f"{name:<{width}} = {describe(one)}" for name, one in values.items())


def describe(value: Any) -> str:
    """A scalar or a short vector in full; else shape, range, and where it is not finite."""
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{array[()]:.9g}"
    finite = np.isfinite(array) if array.dtype.kind == "f" else np.ones(array.shape, dtype=bool)
    if array.ndim == 1 and array.size <= 8:
        return f"[{', '.join(f'{one:.6g}' for one in array)}]"
    shape = " × ".join(map(str, array.shape))
    text = f"{shape} numbers"
    if finite.any():
        text += f" from {array[finite].min():.6g} to {array[finite].max():.6g}"
    if not finite.all():
        first = tuple(int(axis) for axis in np.argwhere(~finite)[0])
        place = ", ".join(map(str, first))
        text += f", {np.count_nonzero(~finite)} not finite (first: [{place}] = {array[first]})"
    return text
