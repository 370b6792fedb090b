"""Drawn values, brought into the domains that lean on other inputs: what is inside stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

from objc.ir.declared import in_order
from objc.ir.domain import Domain
from objc.ir.index import BATCH, Dimension
from objc.ir.program import Input, Program
from objc.ir.symbols import Expression, Extent, Read

_ALIKE = ("real", "positive", "nonnegative", "probability")


def brought_inside(
    program: Program,
    drawn: Mapping[str, Any],
    sizes: Mapping[Dimension, int],
    setting: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Arrays that were drawn from what bounds the domains, each in its domain, given the others: an entry
    beyond an end of its interval is mirrored at it, or comes between the two, and ordered ones are sorted.
    Arrays may have a batch axis, the first, all of the same length. `setting` holds what does not move.
    """
    values = {**drawn, **(setting or {})}
    for one in in_order(program.inputs):
        if one.name not in drawn or not _leans(one.domain):
            continue
        value = np.asarray(values[one.name])
        if one.domain.kind == "ordered":
            values[one.name] = _rising(value)
            continue
        _put_in_order(one.domain, program, values)
        low, high = (_end(end, one, value, program, values, sizes) for end in one.domain.ends)
        if low is not None and high is not None:
            found = (
                _counted(value, high) if one.domain.kind == "count" else _between(value, low, high)
            )
            found = np.asarray(found).astype(value.dtype)
            values[one.name] = found if found.shape else found.item()
    return {name: values[name] for name in drawn}


def _leans(domain: Domain) -> bool:
    is_named = domain.least is not None or domain.most is not None
    return (
        is_named or domain.kind == "ordered" or (domain.kind == "count" and domain.high is not None)
    )


def _rising(value: Any) -> Any:
    """Sorted along the last axis, each entry above the one before it."""
    value = np.sort(value, axis=-1)
    if value.dtype == object or (np.diff(value, axis=-1) > 0).all():
        return value
    for k in range(1, value.shape[-1]):
        least = np.nextafter(value[..., k - 1], value.dtype.type(np.inf))
        value[..., k] = np.maximum(value[..., k], np.minimum(least, np.finfo(value.dtype).max))
    for k in range(value.shape[-1] - 1, 0, -1):
        most = np.nextafter(value[..., k], value.dtype.type(-np.inf))
        value[..., k - 1] = np.minimum(value[..., k - 1], most)
    return value


def _put_in_order(domain: Domain, program: Program, values: dict[str, Any]) -> None:
    """Ends that are two inputs of one domain, exchanged where the first is above the second."""
    low, high = domain.least, domain.most
    if not (isinstance(low, Read) and isinstance(high, Read)):
        return
    first, second = program.input[low.tensor], program.input[high.tensor]
    is_free = first.domain == second.domain and first.domain.kind in _ALIKE
    if is_free and first.dimensions == second.dimensions and not domain.names - set(values):
        a, b = np.asarray(values[first.name]), np.asarray(values[second.name])
        if a.shape == b.shape:
            values[first.name], values[second.name] = np.minimum(a, b), np.maximum(a, b)


def _end(
    end: Expression,
    one: Input,
    value: Any,
    program: Program,
    values: Mapping[str, Any],
    sizes: Mapping[Dimension, int],
) -> Any:
    """An end for every entry of a value; None where it is not known."""
    if end.is_number:
        return float(end)
    known: dict[Any, Any] = {}
    for symbol in sorted(end.free_symbols, key=str):
        if isinstance(symbol, Extent) and symbol.dimension in sizes:
            known[symbol] = sizes[symbol.dimension]
        elif isinstance(symbol, Read) and symbol.tensor in values:
            other = np.asarray(values[symbol.tensor])
            rank = len([each for each in program.input[symbol.tensor].dimensions if each != BATCH])
            own = len([each for each in one.dimensions if each != BATCH])
            if other.ndim > rank and own > rank:  # a scalar of every example, for all its entries
                other = other.reshape(*other.shape, *[1] * (own - rank))
            known[symbol] = other
        else:
            return None
    if isinstance(end, Read | Extent):
        return known[end]
    return sympy.lambdify(list(known), end, "numpy")(*known.values())


def _counted(value: Any, high: Any) -> Any:
    return np.where(value <= high, value, np.mod(value, np.maximum(np.floor(high), 0) + 1))


def _between(value: Any, low: Any, high: Any) -> Any:
    with np.errstate(all="ignore"):
        outside = ~((value >= low) & (value <= high))
        share = np.abs(value) / (1 + np.abs(value))
        share = np.where(share == share, share, 0.5)
        across = np.clip(low * (1 - share) + high * share, low, np.maximum(low, high))
        up, down = low + np.abs(low - value), high - np.abs(value - high)
        has_low, has_high = np.asarray(low > -np.inf), np.asarray(high < np.inf)
        inside = np.where(has_low & has_high, across, np.where(has_low, up, down))
        if np.asarray(value).dtype != object:
            limit = np.finfo(np.asarray(value).dtype).max
            inside = np.clip(inside, -limit, limit)
        return np.where(outside, inside, value)
