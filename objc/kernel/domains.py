"""Whether values lie in their declared domains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import InputError
from objc.kernel.arrays import Locate, first_true
from objc.kernel.formula import value_of, values_of
from objc.kernel.signature import InputSignature, Signature
from objc.kernel.value_errors import DataDomain, HyperparameterDomain, LabelOutOfRange, NotFinite

Array = NDArray[Any]

SIMPLEX_TOLERANCE = 1e-3
"""How far from 1 the entries of a simplex may sum: rounding in low precision, not a mistake."""


def accepts(one: InputSignature, value: float, values: Mapping[str, Any]) -> bool:
    """Whether a number lies in the domain. `values` holds the hyperparameters by name."""
    if not math.isfinite(value):
        return False
    match one.kind:
        case "real":
            return True
        case "positive":
            return value > 0
        case "nonnegative":
            return value >= 0
        case "probability" | "simplex":
            return 0 <= value <= 1
        case "interval":
            low, high = ends(one, values)
            return not value < low and not value > high
        case "sign":
            return value in (-1, 1)
        case "binary":
            return value in (0, 1)
        case "count" | "index":
            return value >= 0 and value == int(value) and not value > ends(one, values)[1]
        case "integer":
            return value == int(value)
        case "negative":
            return value < 0
        case _:
            return value <= 0


def ends(one: InputSignature, values: Mapping[str, Any]) -> tuple[float, float]:
    """The ends of an interval or a count, NaN or infinite where they bound nothing."""
    low = -math.inf if one.low is None else value_of(one.low, values)
    high = math.inf if one.high is None else value_of(one.high, values)
    return low, high


def outside(one: InputSignature, array: Array, values: Mapping[str, Any]) -> Array:
    """True where an entry lies outside the domain, whatever other inputs say of it."""
    with np.errstate(invalid="ignore"):
        wrong = np.asarray(~np.isfinite(array))
        match one.kind:
            case "positive":
                wrong |= array <= 0
            case "nonnegative" | "index":
                wrong |= array < 0
            case "count":
                wrong |= (array < 0) | (array > ends(one, values)[1])
            case "probability" | "simplex":
                wrong |= (array < 0) | (array > 1)
            case "interval":
                low, high = ends(one, values)
                wrong &= ~at_infinite_end(one, array, values)
                wrong |= (array < low) | (array > high)
            case "sign":
                wrong |= np.abs(array) != 1
            case "binary":
                wrong |= (array != 0) & (array != 1)
    return wrong


def at_infinite_end(one: InputSignature, array: Array, values: Mapping[str, Any]) -> Array:
    """True where data is the infinite end of its interval: a bound of which nothing is known."""
    found = np.zeros(array.shape, bool)
    if one.kind == "interval" and one.role != "hyperparameter":
        low, high = ends(one, values)
        for end, is_own in ((low, one.least is None), (high, one.most is None)):
            if is_own and math.isinf(end):
                found |= array == end
    return found


def check_hyperparameter(
    signature: Signature, one: InputSignature, value: Any, values: Mapping[str, Any]
) -> None:
    """Raises InputError for a value outside the domain of a hyperparameter."""
    if isinstance(value, np.ndarray):
        wrong = outside(one, value, values)
        if not wrong.any():
            return
        position = first_true(wrong)
        found = f"{value[position]:g}"
    elif accepts(one, value, values):
        return
    else:
        position, found = (), f"{value:g}"
    raise InputError(
        HyperparameterDomain(
            signature.span(one.place), signature.name, one.keyword, found,
            _with_ends(one, values), position,
        )
    )  # fmt: skip


def check_data(
    signature: Signature,
    one: InputSignature,
    array: Array,
    values: Mapping[str, Any],
    locate: Locate,
) -> None:
    """Raises InputError for the first entry outside the domain, or the first row of a simplex that
    does not sum to 1. `values` are hyperparameters, extents, and the other inputs as they are held."""
    wrong, shown = outside(one, array, values), array
    verb = "is"
    if one.kind == "ordered" and array.ndim and not wrong.any():
        wrong[..., 1:] = ~(array[..., 1:] > array[..., :-1])
    beyond = None
    if not wrong.any() and (one.least is not None or one.most is not None):
        beyond = ends_of_entries(signature, one, array, values)
        with np.errstate(invalid="ignore"):
            wrong = _of_entries((array < beyond[0]) | (array > beyond[1]), array)
    if one.kind == "simplex" and array.ndim and not wrong.any():
        shown = array.sum(axis=-1, dtype=np.float64)
        wrong = np.asarray(np.abs(shown - 1) > SIMPLEX_TOLERANCE)
        verb = "sums to"
    if wrong.any():
        position = first_true(wrong)
        raise InputError(
            DataDomain(
                signature.span(one.place), signature.name, one.keyword,
                f"{verb} {shown[position]:g}", _with_ends(one, values), locate(position),
                int(np.count_nonzero(wrong)), _here(one, array, position, beyond),
            )
        )  # fmt: skip


def ends_of_entries(
    signature: Signature, one: InputSignature, array: Array, values: Mapping[str, Any]
) -> tuple[Any, Any]:
    """The ends that other inputs are, beside every entry of an array; infinite where they bound nothing."""
    beside = dict(values)
    for other in signature.inputs:
        value = np.asarray(beside.get(other.name, math.nan))
        if (
            value.ndim > other.rank and one.rank > other.rank
        ):  # of every example, for all its entries
            beside[other.name] = value.reshape(*value.shape, *[1] * (one.rank - other.rank))
    least = -math.inf if one.least is None else values_of(one.least, beside)
    return least, math.inf if one.most is None else values_of(one.most, beside)


def _of_entries(wrong: Any, array: Array) -> Array:
    """Where an entry is wrong beside some example, where it is shared by all of them."""
    return np.asarray(wrong.any(axis=0) if np.ndim(wrong) > array.ndim else wrong)


def _here(
    one: InputSignature, array: Array, position: tuple[int, ...], beyond: tuple[Any, Any] | None
) -> str:
    """What the domain is at an entry, where that depends on others."""
    if one.kind == "ordered" and position and position[-1]:
        return f"as {array[(*position[:-1], position[-1] - 1)]:g} comes before it"
    if beyond is None:
        return ""
    low, high = (
        end if np.ndim(end) > array.ndim else np.broadcast_to(end, array.shape)[position]
        for end in beyond
    )
    if one.kind == "count":
        return f"here count({np.min(high):g})"
    return f"here interval({np.max(low):g}, {np.min(high):g})"


def check_finite(
    signature: Signature, one: InputSignature, array: Array, locate: Locate, allowed: Any = False
) -> None:
    """Raises InputError for the first entry that is infinite or not a number, where that is not allowed."""
    if array.dtype.kind != "f":
        return
    wrong = np.asarray(~np.isfinite(array) & ~np.asarray(allowed))
    if wrong.any():
        position, count = first_true(wrong), int(np.count_nonzero(wrong))
        raise InputError(
            NotFinite(
                signature.span(one.place), signature.name, one.keyword, f"{array[position]:g}",
                locate(position), count,
            )
        )  # fmt: skip


def check_range(
    signature: Signature, one: InputSignature, array: Array, extent: int, locate: Locate
) -> None:
    """Raises InputError for the first index outside 0 … extent − 1."""
    if array.size and (int(array.min()) < 0 or int(array.max()) >= extent):
        position = first_true((array < 0) | (array >= extent))
        value = int(array[position])
        raise out_of_range(signature, one, value, extent, locate(position))


def out_of_range(
    signature: Signature, one: InputSignature, value: int, extent: int, position: tuple[int, ...]
) -> InputError:
    return InputError(
        LabelOutOfRange(
            signature.span(one.place), signature.name, one.keyword, value, extent,
            one.extent or "the extent", position, bool(one.dimensions),
        )
    )  # fmt: skip


def _with_ends(one: InputSignature, values: Mapping[str, Any]) -> str:
    """The domain, with ends of hyperparameters as numbers."""
    if one.least is not None or one.most is not None:
        return one.domain
    low, high = ends(one, values)
    if one.kind == "count" and high < math.inf:
        return f"count({high:g})"
    return f"interval({low:g}, {high:g})" if one.kind == "interval" else one.domain
