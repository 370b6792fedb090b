"""One batch through predictor and kernel: value, terms, and the gradient of every parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import InputError, ObjcError
from objc.training.data import Dataset
from objc.training.data_errors import OutOfDomain
from objc.training.domains import first_violation
from objc.training.errors import BadPrediction
from objc.training.objective import Evaluation, Objective
from objc.training.parameters import Parameters
from objc.training.protocols import Predictor

Array = NDArray[Any]


@dataclass
class Evaluator:
    """What computes the objective of some examples at the present parameters.

    `predicted` are the inputs that the predictor gives; without a predictor there are none.
    """

    objective: Objective
    parameters: Parameters
    predictor: Predictor | None
    predicted: tuple[str, ...]
    predictions: dict[str, Array] = field(default_factory=dict)

    def value(self, batch: Dataset) -> Evaluation:
        """Value and terms, without gradients, with the predictor in its evaluation mode."""
        self.predictions = self.predict(batch, training=False)
        return self.of_predictions(batch, self.predictions, ())

    def gradient(self, batch: Dataset) -> tuple[Evaluation, dict[str, Array]]:
        """The kernel's evaluation, with the gradients of its own parameters and of the predictions,
        and the gradients of all parameters."""
        self.predictions = self.predict(batch, training=True)
        wrt = (*self.parameters.own_names, *self.predicted)
        evaluation = self.of_predictions(batch, self.predictions, wrt)
        gradients = {name: evaluation.gradients[name] for name in self.parameters.own_names}
        if self.predictor is not None and evaluation.is_finite:
            cotangents = {name: evaluation.gradients[name] for name in self.predicted}
            gradients.update(self._pull_back(cotangents))
        return evaluation, gradients

    def of_predictions(
        self, batch: Dataset, predictions: Mapping[str, Array], wrt: tuple[str, ...]
    ) -> Evaluation:
        """The kernel alone. Columns that are not inputs of the objective stay out."""
        arguments = {
            name: one for name, one in batch.arrays.items() if name in self.objective.inputs
        }
        arguments.update(self.parameters.own)
        arguments.update(predictions)
        try:
            return self.objective.evaluate(arguments, wrt, batch.weight)
        except InputError:
            self._check_labels(batch, predictions)
            raise

    def predict(self, batch: Dataset, *, training: bool) -> dict[str, Array]:
        """The predictor's arrays by input; empty without a predictor.

        Raises:
            ObjcError: they are not what the objective needs (E0520).
        """
        if self.predictor is None:
            return {}
        if callable(mode := getattr(self.predictor, "mode", None)):
            mode(training)
        given = self.predictor.predict(batch.arrays)
        if isinstance(given, Mapping):
            wanted = ((name, one) for name, one in given.items() if name in self.predicted)
            found = {name: self._numbers(one, f"`{name}`") for name, one in wanted}
        elif len(self.predicted) == 1:
            found = {self.predicted[0]: self._numbers(given, f"`{self.predicted[0]}`")}
        else:
            raise ObjcError(self._bad("gives one array", f"for {list(self.predicted)}"))
        for name in self.predicted:
            if name not in found:
                mend = f"let it give `{name}`, or train it: parameters={{'{name}': …}}"
                raise ObjcError(self._bad(f"gives no `{name}`", "", mend))
            self._check_rank(name, found[name], len(batch))
        return {name: found[name] for name in self.predicted}

    def _check_rank(self, name: str, prediction: Array, count: int) -> None:
        record = self.objective.inputs[name]
        whole_batch = prediction.ndim == record.rank
        if not whole_batch and prediction.shape[:1] != (count,):
            problem = f"gives `{name}` with the shape {list(prediction.shape)}"
            expected = ", ".join([str(count), *map(str, record.shape)])
            raise ObjcError(self._bad(problem, f"for {count} examples; expected [{expected}]"))

    def _check_labels(self, batch: Dataset, predictions: Mapping[str, Array]) -> None:
        """Name the row of a label for which the predictor has no class: how many classes there are is
        not known before it predicts, and the kernel counts the rows of its batch.

        Raises:
            ObjcError: there is such a label (E0513).
        """
        sizes: dict[str | int, int] = {}
        for name, one in predictions.items():
            record = self.objective.inputs[name]
            sizes.update(zip(record.shape, one.shape[one.ndim - record.rank :], strict=True))
        for name, values in batch.columns.items():
            known = self.objective.inputs.get(name)
            if known is None or known.index_dimension not in sizes:
                continue
            found = first_violation(values, known, sizes[known.index_dimension])
            if found is not None:
                row = int(batch.rows[found.position[0]])
                place = f"row {row} of {batch.name}"
                mend = found.mend or f"`{'`, `'.join(predictions)}` has too few classes"
                raise ObjcError(OutOfDomain(None, name, place, found.value, found.expected, mend))

    def _pull_back(self, cotangents: dict[str, Array]) -> dict[str, Array]:
        assert self.predictor is not None
        gradients: Any = self.predictor.vjp(cotangents)
        if not isinstance(gradients, Mapping):
            problem = f"gives {type(gradients).__name__} from `vjp`"
            mend = "let it give the gradient of each of its parameters, by name"
            raise ObjcError(self._bad(problem, "; expected gradients by name", mend))
        found = {}
        for name, parameter in self.predictor.parameters.items():
            if name not in gradients:
                raise ObjcError(self._bad(f"gives no gradient of its parameter `{name}`", ""))
            found[name] = self._numbers(gradients[name], f"a gradient of `{name}`")
            if found[name].shape != parameter.shape:
                shape, expected = list(found[name].shape), list(parameter.shape)
                problem = f"gives a gradient of `{name}` with the shape {shape}, not {expected}"
                raise ObjcError(self._bad(problem, ""))
        return found

    def _numbers(self, given: Any, what: str) -> Array:
        """An array that a predictor gave.

        Raises:
            ObjcError: it is none, or not of real numbers (E0520).
        """
        try:
            found = np.asarray(given)
        except (TypeError, ValueError) as failure:
            raise ObjcError(self._bad(f"gives {what} that is no array: {failure}", "")) from None
        if found.dtype.kind not in "biuf":
            kind = type(given).__name__ if found.dtype.kind == "O" else str(found.dtype)
            raise ObjcError(self._bad(f"gives {what} as {kind}", "; expected an array of numbers"))
        return found

    def _bad(self, problem: str, rest: str, mend: str | None = None) -> BadPrediction:
        return BadPrediction(
            None,
            type(self.predictor).__name__,
            f"{problem} {rest}".strip().replace(" ;", ";"),
            mend,
        )
