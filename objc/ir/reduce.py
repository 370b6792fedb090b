"""What each reduction makes of the bodies at the points that are taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath

from objc.ir.numbers import Number, Numbers


def _isnan(value: Number) -> bool:
    return bool(value != value) or bool(mpmath.isnan(value))


def extreme_place(taken: list[tuple[int, Number]], greatest: bool) -> int:
    """The first place of the extreme value; a NaN counts as extreme, as NumPy has it.

    -1 over nothing: equal to no index, and refused as a position.
    """
    if not taken:
        return -1
    for place, value in taken:
        if _isnan(value):
            return place
    values = [value for _, value in taken]
    extreme = max(values) if greatest else min(values)
    return next(place for place, value in taken if value == extreme)


def in_order(values: list[Number]) -> list[int]:
    """The places of the values from the smallest on; equal ones keep their order, NaN come last."""
    keys = [(True, 0) if _isnan(value) else (False, value) for value in values]
    return sorted(range(len(values)), key=lambda place: keys[place])


def _extreme(choose: Callable[[list[Number]], Number], empty: str) -> Any:
    def reduce(numbers: Numbers, values: list[Number]) -> Number:
        for value in values:
            if _isnan(value):
                return value
        return choose(values) if values else numbers.number(float(empty))

    return reduce


_greatest = _extreme(max, "-inf")
_least = _extreme(min, "inf")


def _sum(numbers: Numbers, values: list[Number]) -> Number:
    return numbers.total(values)


def _mean(numbers: Numbers, values: list[Number]) -> Number:
    """NaN over nothing."""
    return numbers.divide(numbers.total(values), numbers.number(len(values)))


def _product(numbers: Numbers, values: list[Number]) -> Number:
    result = numbers.number(1)
    for value in values:
        result = result * value
    return result


def _logsumexp(numbers: Numbers, values: list[Number]) -> Number:
    greatest = _greatest(numbers, values)
    if _isnan(greatest) or abs(greatest) == numbers.number(float("inf")):
        return greatest
    exp, log1p = numbers.function("exp"), numbers.function("log1p")
    rest = list(values)
    rest.remove(greatest)  # its term is 1, which log1p adds without rounding
    return greatest + log1p(numbers.total([exp(value - greatest) for value in rest]))


def _norm(numbers: Numbers, values: list[Number]) -> Number:
    """Scaled by the greatest, so that squares neither overflow nor vanish."""
    scale = _greatest(numbers, [numbers.number(0), *map(abs, values)])
    if _isnan(scale) or scale == 0 or scale == numbers.number(float("inf")):
        return scale
    return scale * numbers.root(numbers.total([(value / scale) ** 2 for value in values]))


REDUCE: dict[str, Callable[[Numbers, list[Number]], Number]] = {
    "sum": _sum,
    "mean": _mean,
    "prod": _product,
    "max": _greatest,
    "min": _least,
    "logsumexp": _logsumexp,
    "norm": _norm,
    "any": lambda numbers, values: numbers.number(int(any(value != 0 for value in values))),
    "all": lambda numbers, values: numbers.number(int(all(value != 0 for value in values))),
    "count": lambda numbers, values: numbers.number(sum(1 for value in values if value != 0)),
}
