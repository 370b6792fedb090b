"""Small formulas of hyperparameters, as data: the ends of a domain, a default.

They are evaluated at a call without SymPy, and kept in the disk cache as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Formula: TypeAlias = Any
"""A number, or a list: `["read", name]`, `["extent", dimension]`, or an operation's name followed by its
arguments."""

_FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log1p": math.log1p,
    "Abs": abs,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "tanh": math.tanh,
    "maximum": max,
    "minimum": min,
    "Max": max,
    "Min": min,
}


def encode(expression: Any) -> Formula | None:
    """A SymPy expression as a formula, or None where it says more than a formula can."""
    if expression is None:
        return None
    if expression.is_number:
        number = complex(expression)
        return None if number.imag else number.real
    if hasattr(expression, "tensor"):
        return None if expression.positions else ["read", expression.tensor]
    if hasattr(expression, "dimension"):
        return ["extent", expression.dimension.name]
    operation = type(expression).__name__
    if operation not in ("Add", "Mul", "Pow") and operation not in _FUNCTIONS:
        return None
    arguments = [encode(one) for one in expression.args]
    return None if None in arguments else [operation, *arguments]


def written(formula: Formula | None) -> str:
    """A formula of one name as the language writes it, a longer one in short."""
    if formula is None:
        return "…"
    if not isinstance(formula, list):
        return f"{formula:g}"
    return str(formula[1]) if formula[0] in ("read", "extent") else "…"


def names_of(formula: Formula | None) -> frozenset[str]:
    """The inputs that a formula reads."""
    if not isinstance(formula, list):
        return frozenset()
    if formula[0] in ("read", "extent"):
        return frozenset({formula[1]} if formula[0] == "read" else ())
    return frozenset().union(*map(names_of, formula[1:]))


def values_of(formula: Formula, values: Mapping[str, Any]) -> Any:
    """The same for arrays, entry by entry. Arrays must broadcast against each other."""
    import numpy as np

    if not isinstance(formula, list):
        return float(formula)
    operation, *arguments = formula
    if operation in ("read", "extent"):
        return values.get(arguments[0], math.nan)
    entries = [values_of(one, values) for one in arguments]
    return np.vectorize(lambda *some: value_of([operation, *map(float, some)], {}))(*entries)


def value_of(formula: Formula, values: Mapping[str, Any]) -> float:
    """The value where the hyperparameters have `values`; NaN where it has none."""
    if not isinstance(formula, list):
        return float(formula)
    operation, *arguments = formula
    if operation == "read":
        return float(values[arguments[0]])
    if operation == "extent":
        return float(values.get(arguments[0], math.nan))
    numbers = [value_of(one, values) for one in arguments]
    try:
        if operation == "Add":
            return math.fsum(numbers)
        if operation == "Mul":
            return math.prod(numbers)
        if operation == "Pow":
            return math.pow(*numbers)
        return _FUNCTIONS[operation](*numbers)
    except (ValueError, OverflowError, ZeroDivisionError):
        return math.nan
