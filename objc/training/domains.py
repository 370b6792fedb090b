"""Data is checked against the declared domains before training starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.training.objective import InputRecord

Array = NDArray[Any]


@dataclass(frozen=True)
class Violation:
    """The first value outside its domain: its position, the value, what was expected."""

    position: tuple[int, ...]
    value: str
    expected: str
    mend: str | None = None


def first_violation(values: Array, record: InputRecord, size: int | None) -> Violation | None:
    """The first entry of `values` outside the input's domain, or None.

    `size` is the extent that an `index` points into, where it is known. NaN is outside every domain but
    `real`, for which a NaN is left to the loop, that names its row when it does harm.
    """
    if record.is_integer and values.dtype.kind not in "iub":
        bad = ~(np.isfinite(values) & (values == np.floor(values)))
        if bad.any():
            return _violation(values, bad, "an integer")
    match record.kind:
        case "index":
            return _index_violation(values, size)
        case "sign":
            mend = "map {0, 1} to {-1, 1}: 2 * y - 1" if _is_binary(values) else None
            return _violation(values, ~((values == 1) | (values == -1)), "-1 or 1", mend)
        case "binary":
            mend = "map {-1, 1} to {0, 1}: (y + 1) / 2" if _is_sign(values) else None
            return _violation(values, ~((values == 0) | (values == 1)), "0 or 1", mend)
        case "count" if record.high is not None:
            bad = ~((values >= 0) & (values <= record.high))
            return _violation(values, bad, f"a whole number from 0 to {record.high:g}")
        case "ordered":
            bad = np.zeros(values.shape, bool)
            bad[..., 1:] = ~(values[..., 1:] > values[..., :-1])
            return _violation(values, bad, "more than the entry before it")
        case "count" | "nonnegative":
            return _violation(values, ~(values >= 0), "a number of at least 0")
        case "positive":
            return _violation(values, ~(values > 0), "a number above 0")
        case "probability":
            return _violation(values, ~((values >= 0) & (values <= 1)), "a number from 0 to 1")
        case "simplex":
            return _simplex_violation(values)
        case "interval":
            return _interval_violation(values, record)
        case _:
            return None


def violation_beside(
    record: InputRecord, arrays: Mapping[str, Array], records: Mapping[str, InputRecord]
) -> Violation | None:
    """The first entry outside of the ends that other inputs of the data are, or None. What an end names that
    the data does not have is not looked at."""
    from objc.kernel.formula import values_of

    values, beside = arrays[record.name], dict[str, Any](arrays)
    for name, one in records.items():
        if name in arrays and arrays[name].ndim > one.rank and record.rank > one.rank:
            own = arrays[name]  # of every example, for all its entries
            beside[name] = own.reshape(*own.shape, *[1] * (record.rank - one.rank))
    low = values_of(record.least, beside) if record.least is not None else -np.inf
    high = values_of(record.most, beside) if record.most is not None else np.inf
    bad = np.asarray((values < low) | (values > high))
    while bad.ndim > values.ndim:  # beside some example, where it is shared by all of them
        bad = np.asarray(bad.any(axis=0))
    what = "a whole number" if record.is_integer else "a number"
    return _violation(values, bad, f"{what} within `{record.declared}`")


def _index_violation(values: Array, size: int | None) -> Violation | None:
    if size is None:
        return _violation(values, ~(values >= 0), "an index of at least 0")
    mend = None
    if values.size and values.min() == 1 and values.max() == size:
        mend = "indices count from 0: subtract 1"
    bad = ~((values >= 0) & (values < size))
    return _violation(values, bad, f"an index from 0 to {size - 1}", mend)


def _simplex_violation(values: Array) -> Violation | None:
    if (found := _violation(values, ~(values >= 0), "a number of at least 0")) is not None:
        return found
    totals = values.sum(axis=-1, dtype=np.float64)
    tolerance = 1e-5 if values.dtype.kind == "f" and values.dtype.itemsize < 8 else 1e-9
    bad = ~(np.abs(totals - 1.0) <= tolerance)
    return _violation(totals, bad, "probabilities that sum to 1", "divide each row by its sum")


def _interval_violation(values: Array, record: InputRecord) -> Violation | None:
    low = -np.inf if record.low is None else record.low
    high = np.inf if record.high is None else record.high
    bad = ~((values >= low) & (values <= high))
    return _violation(values, bad, f"a number from {low:g} to {high:g}")


def _violation(
    values: Array, bad: Array, expected: str, mend: str | None = None
) -> Violation | None:
    if not bad.any():
        return None
    position = tuple(int(axis) for axis in np.unravel_index(int(np.argmax(bad)), bad.shape))
    return Violation(position, f"{values[position]:.6g}", expected, mend)


def _is_binary(values: Array) -> bool:
    return bool(((values == 0) | (values == 1)).all())


def _is_sign(values: Array) -> bool:
    return bool(((values == -1) | (values == 1)).all())
