"""The objective as the loop sees it: inputs as plain records, and one way to evaluate a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import ObjcError
from objc.training.errors import NotTrainable
from objc.training.protocols import Kernel

Array = NDArray[Any]

INTEGER_KINDS = frozenset({"index", "count", "integer"})
"""Domains held as 64-bit integers; `sign` and `binary` are held in the floating type."""


@dataclass(frozen=True)
class InputRecord:
    """An input: its shape as names and literal sizes, and its domain as numbers where they are known.

    `index_dimension` is what an `index(K)` points into. `default` is None where there is none or where
    it is an expression that only the kernel can evaluate. `least` and `most` are ends that other inputs
    are, as formulas of the kernel's, and `domain` is the text of a domain that has such.
    """

    name: str
    shape: tuple[str | int, ...]
    kind: str
    role: str
    low: float | None
    high: float | None
    index_dimension: str | int | None
    default: float | None
    least: Any = None
    most: Any = None
    domain: str = ""

    @property
    def is_integer(self) -> bool:
        return self.kind in INTEGER_KINDS

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def leans(self) -> bool:
        """Whether other inputs are ends of its domain."""
        return self.least is not None or self.most is not None

    @property
    def declared(self) -> str:
        """As the user's text has it: `x: real[D]`."""
        kind = f"index({self.index_dimension})" if self.kind == "index" else self.kind
        if self.kind == "interval":
            kind = f"interval({_end(self.low)}, {_end(self.high)})"
        if self.leans:
            kind = self.domain
        shape = f"[{', '.join(map(str, self.shape))}]" if self.shape else ""
        return f"{self.name}: {kind}{shape}"


@dataclass(frozen=True)
class Evaluation:
    """The value of the objective on a batch, of each of its terms, and the gradients asked for."""

    value: float
    terms: Mapping[str, float]
    gradients: Mapping[str, Array]

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.value)) and all(
            bool(np.isfinite(one).all()) for one in self.gradients.values()
        )


class Objective:
    """A kernel that can be trained on, with its hyperparameters bound.

    Raises:
        ObjcError: the kernel is a metric, a function or a model (E0519).
    """

    def __init__(self, kernel: Kernel, hyperparameters: Mapping[str, Any]) -> None:
        signature = kernel.signature
        if signature.kind not in ("loss", "objective", "player"):
            raise ObjcError(
                NotTrainable(None, signature.name, signature.kind, tuple(signature.surrogates))
            )
        self.kernel = kernel
        self.hyperparameters = dict(hyperparameters)
        self.name = signature.name
        self.maximize = signature.direction == "maximize"
        self.inputs = records_of(kernel, hyperparameters)
        self.terms = tuple(signature.terms)

    def of_role(self, *roles: str) -> list[InputRecord]:
        return [one for one in self.inputs.values() if one.role in roles]

    def evaluate(
        self, arguments: Mapping[str, Any], wrt: Sequence[str], weight: Array | None
    ) -> Evaluation:
        """The mean over the batch (with `weight`, the weighted mean), terms and gradients."""
        value, terms, gradients = self.kernel.evaluate(
            {**arguments, **self.hyperparameters}, wrt=tuple(wrt), weight=weight
        )
        return Evaluation(
            float(value),
            {name: float(one) for name, one in terms.items()},
            {name: np.asarray(gradients[name]) for name in wrt},
        )

    @property
    def fingerprint(self) -> str:
        """A digest of what the objective computes, for checkpoints."""
        return blake2b(str(self.kernel.program).encode(), digest_size=16).hexdigest()


def records_of(
    kernel: Kernel, hyperparameters: Mapping[str, Any] | None = None
) -> dict[str, InputRecord]:
    """The inputs of a kernel by name, as plain records."""
    values = dict(hyperparameters or {})
    records = {}
    for one in kernel.signature.inputs:
        default = _number(one.default, values)
        if one.role == "hyperparameter" and default is not None:
            values.setdefault(one.name, default)
        records[one.name] = InputRecord(
            name=one.name,
            shape=tuple(
                name if size is None else size
                for name, size in zip(one.dimensions, one.sizes, strict=True)
            ),
            kind=one.kind,
            role=one.role,
            low=_number(one.low, values),
            high=_number(one.high, values),
            index_dimension=one.extent if one.extent_size is None else one.extent_size,
            default=default,
            least=_with_numbers(one.least, values),
            most=_with_numbers(one.most, values),
            domain=one.domain,
        )
    return records


def by_name(kernel: Kernel, given: Mapping[str, Any]) -> dict[str, Any]:
    """The same values under the names of the text: `lambda_`, as Python calls it, is `lambda`."""
    names = {one.keyword: one.name for one in kernel.signature.inputs}
    return {names.get(key, key): one for key, one in given.items()}


def _number(formula: Any, values: Mapping[str, Any]) -> float | None:
    """A formula of hyperparameters as a number; None where it is absent or they are not known."""
    if formula is None:
        return None
    if not isinstance(formula, list):
        return float(formula)
    from objc.kernel.formula import value_of

    try:
        number = value_of(formula, values)
    except (KeyError, TypeError):
        return None
    return None if math.isnan(number) else number


def _with_numbers(formula: Any, values: Mapping[str, Any]) -> Any:
    """A formula with its hyperparameters as numbers."""
    if not isinstance(formula, list):
        return formula
    if formula[0] == "read":
        known = values.get(formula[1])
        return formula if known is None else float(known)
    return [formula[0], *(_with_numbers(one, values) for one in formula[1:])]


def _end(value: float | None) -> str:
    return "…" if value is None else f"{value:g}"
