"""What is true: the formulas as written, in as many decimal digits as it takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

import mpmath
import numpy as np
import sympy

from objc.atoms import (
    erfc,
    expm1,
    hazard,
    hazard_excess,
    log1mexp,
    log_cosh,
    log_ndtr,
    sigmoid,
    softplus,
)
from objc.ir.evaluate import evaluate, evaluate_each
from objc.ir.numbers import Arbitrary, Rounding
from objc.ir.program import Program
from objc.passes.batch import batch
from objc.passes.derivatives.differentiate import gradient, hessian_vector_product, vectors_of
from objc.passes.tidying.prune import prune
from objc.passes.tidying.untaken import sink
from objc.target import IndexOutOfRange

Truth = dict[str, np.ndarray]
"""By output: mpf with a batch axis; NaN where there is no true value or it couldn't be settled."""

Second = Literal["hessian_vector_product", "hessian_diagonal"]

PRODUCTS: tuple[Second, ...] = ("hessian_vector_product",)
DIAGONAL: tuple[Second, ...] = ("hessian_diagonal",)

_FEWEST = 50
_MOST = 1600
_AGREEMENT = mpmath.mpf(10) ** -30
_NOTHING = mpmath.mpf(10) ** -360
"""Smaller than anything a float64 tells from zero: a sum that cancels exactly never settles."""

_DIRECTIONS: tuple[Rounding, Rounding] = ("d", "u")

_GREATEST_EXPONENT = 750.0
"""Beyond it an exponential is no number of float64 any more."""

_EXPONENTIALS = (
    sympy.exp, sympy.sinh, sympy.cosh, sympy.tanh, sympy.erf, expm1, erfc, sigmoid, softplus, log_cosh,
    log1mexp, log_ndtr, hazard, hazard_excess,
)  # fmt: skip

_FIRST = ("per_example", "gradient")

_VECTOR = (1.0, -0.5, 0.75, 2.0)


def vector_like(values: Any) -> Any:
    """The vector of the Hessian products: small numbers of both signs, exact in any floating type."""
    found = np.resize(np.array(_VECTOR), np.shape(values)[1:])
    return np.broadcast_to(found, np.shape(values)).astype(np.asarray(values).dtype)


class Reference:
    """Value, gradient and second derivatives of a program that no rewrite has touched.

    The derivatives are of the text as lowered, not of its stable form, so a wrong rewrite shows here.
    Where the text itself has no value (0/0 in a norm at zero), or its derivatives read a place beyond an
    axis that its value does not, the stable form is asked instead.
    `second` names the second derivatives, if there are to be any: products with a Hessian, its diagonal.
    The diagonal is read off products with the unit vectors: a formula of its own for it has one index
    more in every let, and of losses over pairs of vectors a hundred times as much to evaluate.
    """

    def __init__(
        self,
        program: Program,
        derived: Program,
        wrt: tuple[str, ...],
        *,
        second: Collection[Second] = PRODUCTS,
    ) -> None:
        self.batched = frozenset(one.name for one in program.inputs if one.role != "hyperparameter")
        plain = batch(program, self.batched)
        if wrt:
            plain = gradient(plain, wrt)
        if wrt and second:
            plain = hessian_vector_product(plain, wrt)
        self.second = frozenset(second) if wrt else frozenset()
        self.wrt = wrt
        self._programs = (sink(_pruned(plain)), _pruned(derived))  # what isn't taken isn't read
        bodies = [let.body for one in self._programs for let in one.lets]
        self._has_exponentials = any(body.has(*_EXPONENTIALS) for body in bodies) or any(
            let.reduction == "logsumexp" for one in self._programs for let in one.lets
        )

    @property
    def written(self) -> Program:
        """The program of the text, with its derivatives."""
        return self._programs[0]

    def at(self, inputs: Mapping[str, Any], most: int = _MOST) -> tuple[Truth, np.ndarray]:
        """The truth for every example, and digits that are enough for an estimate. Digits are doubled
        until they change nothing, or there are more than `most`.

        They are rounded towards zero and away from it by turns: to the nearest, a probability that is all
        but one is one in twice the digits too, and what is made of the rest agrees with itself and not
        with the truth (Vignes, A stochastic arithmetic for reliable scientific computation, 1993)."""
        first = np.minimum(self._digits(inputs), most)
        digits = first.copy()
        rounding, other = _DIRECTIONS
        truth = self.once(inputs, digits, rounding)
        waiting = np.arange(len(digits))
        while waiting.size:
            digits[waiting] *= 2
            rows = {name: value[waiting] for name, value in self._examples(inputs).items()}
            rounding, other = other, rounding
            after = self.once({**inputs, **rows}, digits[waiting], rounding)
            agreed = np.ones(len(waiting), bool)
            for key, values in after.items():
                same = _map2(_agree, truth[key][waiting], values)
                agreed &= same.reshape(len(waiting), -1).all(axis=1)
                if digits[waiting[0]] > most:
                    values[~same] = mpmath.nan
                truth[key][waiting] = values
            waiting = waiting[~agreed & (digits[waiting] <= most)]
        return truth, first

    def once(
        self, inputs: Mapping[str, Any], digits: np.ndarray, rounding: Rounding = "n"
    ) -> Truth:
        """Every example in its number of digits, settled or not."""
        found: Truth = {}
        examples = self._examples(inputs)
        for precision in np.unique(digits):
            (rows,) = np.nonzero(digits == precision)
            given = {**inputs, **{name: value[rows] for name, value in examples.items()}}
            for key, values in self._run(given, Arbitrary(int(precision), rounding)).items():
                shape = (len(digits), *values.shape[1:])
                found.setdefault(key, np.full(shape, mpmath.nan, object))[rows] = values
        return found

    def _run(self, inputs: Mapping[str, Any], numbers: Arbitrary) -> Truth:
        written, stable = self._programs
        try:
            result = self._of(written, inputs, numbers)
        except IndexOutOfRange:
            return self._of(stable, inputs, numbers)
        if any(_map(mpmath.isnan, one).any() for one in result.values()):
            for key, values in self._of(stable, inputs, numbers).items():
                missing = _map(mpmath.isnan, result[key])
                result[key][missing] = values[missing]
        return result

    def _of(self, program: Program, inputs: Mapping[str, Any], numbers: Arbitrary) -> Truth:
        """What one of the programs says, with a product for every entry of a diagonal."""
        given = {
            one.name: inputs.get(one.name, 1.0)
            for one in program.inputs
            if one.name in inputs or (one.role == "internal" and not one.dimensions)
        }
        if not any(_kind(key) in PRODUCTS for key in program.outputs):
            return _as_arrays(evaluate(program, given, numbers=numbers))
        shapes = {name: np.shape(inputs[name]) for name in self.wrt}
        vectors = [{name: vector_like(inputs[name]) for name in self.wrt}]
        entries: list[tuple[str, tuple[Any, ...]]] = []
        if "hessian_diagonal" in self.second:
            for name, shape in shapes.items():
                entries += [(name, (slice(None), *place)) for place in np.ndindex(shape[1:])]
        for name, entry in entries:
            unit = {each: np.zeros(shape) for each, shape in shapes.items()}
            unit[name][entry] = 1.0
            vectors.append(unit)
        names = vectors_of(program, self.wrt)
        named = [{names[name]: value for name, value in one.items()} for one in vectors]
        first, *products = map(_as_arrays, evaluate_each(program, given, named, numbers))
        for (name, entry), product in zip(entries, products, strict=True):
            diagonal = first.setdefault(f"hessian_diagonal:{name}", np.empty(shapes[name], object))
            diagonal[entry] = product[f"hessian_vector_product:{name}"][entry]
        return {key: one for key, one in first.items() if _kind(key) in {*_FIRST, *self.second}}

    def _digits(self, inputs: Mapping[str, Any]) -> np.ndarray:
        """Enough for a sum of the squares of numbers as far apart as the inputs of each example and the
        hyperparameters, or, where there are exponentials, as theirs within the range of float64."""
        spread = np.zeros(len(next(iter(self._examples(inputs).values()))))
        held = [np.asarray(inputs[name])[None] for name in inputs if name not in self.batched]
        for value in (*self._examples(inputs).values(), *held):
            flat = np.abs(value.astype(float)).reshape(len(value), -1)
            decades = np.abs(np.log10(np.where(flat == 0, 1.0, flat)))
            if self._has_exponentials:
                decades = np.maximum(decades, np.minimum(flat, _GREATEST_EXPONENT) / np.log(10))
            spread = np.maximum(spread, decades.max(axis=1, initial=0))
        steps = np.ceil(np.log2(np.maximum((_FEWEST + 2 * spread) / _FEWEST, 1)))
        return np.asarray(_FEWEST * 2**steps, int)

    def _examples(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        return {name: inputs[name] for name in self.batched}


def _as_arrays(found: Mapping[str, Any]) -> Truth:
    return {key: np.asarray(value) for key, value in found.items()}


def _pruned(program: Program) -> Program:
    outputs = program.outputs.items()
    return prune(program, {key: let for key, let in outputs if _measured(key)})


def _measured(output: str) -> bool:
    return _kind(output) in (*_FIRST, *PRODUCTS, *DIAGONAL)


def _kind(output: str) -> str:
    return output.partition(":")[0]


def _agree(first: Any, second: Any) -> bool:
    if mpmath.isnan(second) or first == second:
        return True  # not a number in any precision, or the same
    if not (mpmath.isfinite(first) and mpmath.isfinite(second)):
        return False
    return bool(abs(first - second) <= max(_AGREEMENT * abs(second), _NOTHING))


def _map(function: Callable[[Any], bool], values: np.ndarray) -> np.ndarray:
    return np.array([function(one) for one in values.ravel()], bool).reshape(values.shape)


def _map2(
    function: Callable[[Any, Any], bool], first: np.ndarray, second: np.ndarray
) -> np.ndarray:
    pairs = zip(first.ravel(), second.ravel(), strict=True)
    return np.array([function(a, b) for a, b in pairs], bool).reshape(second.shape)
