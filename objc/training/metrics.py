"""Metrics: evaluated at the end of an epoch, kept apart from the objective, never differentiated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from objc.errors import ObjcError
from objc.training.data import Dataset
from objc.training.errors import BadMetric
from objc.training.evaluation import Evaluator
from objc.training.objective import InputRecord, records_of
from objc.training.protocols import Kernel

Array = NDArray[Any]
Function = Callable[[Mapping[str, Array]], float]
Metric = Kernel | Function
"""A kernel whose inputs are found by name, or a function of everything by name that gives a number."""


@dataclass
class Metrics:
    """The metrics of a run.

    `outputs` are kernels of models whose results join the names that metrics can take: with
    `outputs={"logits": module.mlp}` a metric of `logits` sees the model's result.
    """

    metrics: Mapping[str, Metric]
    outputs: Mapping[str, Kernel]
    hyperparameters: Mapping[str, Any]

    @property
    def takes_anything(self) -> bool:
        """Whether a function among them may use any column."""
        return any(not is_kernel(one) for one in self.metrics.values())

    @property
    def input_names(self) -> set[str]:
        kernels = [one for one in self.metrics.values() if is_kernel(one)]
        return {name for one in [*kernels, *self.outputs.values()] for name in _inputs(one)}

    def evaluate(self, evaluator: Evaluator, data: Dataset, chunk: int) -> dict[str, float]:
        """Every metric on the data: a kernel's mean over the examples, weighted where they are."""
        if not self.metrics:
            return {}
        totals = dict.fromkeys(self.metrics, 0.0)
        kept: list[dict[str, Array]] = []
        for piece in data.chunks(chunk):
            values = self._values(evaluator, piece)
            if self.takes_anything:
                kept.append({name: values[name] for name in values if name not in data.shared})
            for name, metric in self.metrics.items():
                if is_kernel(metric) and piece.total_weight > 0:
                    mean = self._of_kernel(name, metric, values, piece.weight)
                    totals[name] += mean * piece.total_weight
        found = {name: total / data.total_weight for name, total in totals.items()}
        if self.takes_anything:
            everything = _joined(kept, evaluator.parameters.values)
            everything = {**data.shared, **evaluator.parameters.values, **everything}
            for name, metric in self.metrics.items():
                if not is_kernel(metric):
                    found[name] = _number(name, cast(Function, metric)(everything))
        return found

    def _values(self, evaluator: Evaluator, piece: Dataset) -> dict[str, Array]:
        """All that a metric can take: data, parameters, predictions, outputs of models."""
        values = {**evaluator.parameters.values, **piece.arrays}
        values.update(evaluator.predict(piece, training=False))
        for name, kernel in self.outputs.items():
            values[name] = np.asarray(kernel(**self._arguments(name, kernel, values)))
        return values

    def _of_kernel(
        self, name: str, kernel: Any, values: Mapping[str, Array], weight: Array | None
    ) -> float:
        arguments = self._arguments(name, kernel, values)
        return float(kernel.evaluate(arguments, weight=weight)[0])

    def _arguments(self, name: str, kernel: Any, values: Mapping[str, Array]) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for key, record in _inputs(kernel).items():
            if key in values:
                arguments[key] = values[key]
            elif key in self.hyperparameters:
                arguments[key] = self.hyperparameters[key]
            elif record.default is None and record.role != "hyperparameter":
                mend = f"give the model that computes it: outputs={{'{key}': module.…}}"
                raise ObjcError(BadMetric(None, name, f"needs `{record.declared}`", mend))
        return arguments


def named_metrics(given: Mapping[str, Metric] | Sequence[Metric] | None) -> dict[str, Metric]:
    """Metrics by name; those of a sequence are called as their declarations or functions are."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return dict(given)
    return {_name_of(one): one for one in given}


def is_kernel(metric: Any) -> bool:
    return hasattr(metric, "signature")


def _name_of(metric: Any) -> str:
    return str(metric.signature.name if is_kernel(metric) else getattr(metric, "__name__", metric))


def _inputs(kernel: Any) -> dict[str, InputRecord]:
    return records_of(kernel)


def _joined(pieces: list[dict[str, Array]], parameters: Mapping[str, Array]) -> dict[str, Array]:
    names = [name for name in pieces[0] if name not in parameters]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in names}


def _number(name: str, value: Any) -> float:
    if np.ndim(value) != 0:
        problem = f"gives an array of the shape {list(np.shape(value))}; expected one number"
        raise ObjcError(BadMetric(None, name, problem))
    if np.asarray(value).dtype.kind not in "biuf":
        problem = f"gives {str(value)!r:.60} ({type(value).__name__}); expected one number"
        raise ObjcError(BadMetric(None, name, problem))
    return float(value)
