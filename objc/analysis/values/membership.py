"""Whether inputs lie in the declared domains: a counterexample that lies in none is no counterexample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import mpmath
import sympy

from objc.ir.declared import leaning
from objc.ir.domain import Domain
from objc.ir.index import Dimension
from objc.ir.program import Input, Program
from objc.ir.symbols import Expression, Extent, Read

_DIGITS = 60
_FINITE: dict[str, frozenset[int]] = {"sign": frozenset({-1, 1}), "binary": frozenset({0, 1})}


def are_members(program: Program, values: Mapping[str, Any]) -> bool:
    """Whether every input that is given lies in its domain, with the ends of intervals at these
    hyperparameters: exactly where the ends are rational, else in 60 digits. A decimal is what it reads."""
    sizes = dict(_sizes(program, values))
    return all(
        _are_members(one, values[one.name], values, sizes)
        for one in program.inputs
        if one.name in values
    )


def stays_inside(
    program: Program, values: Mapping[str, Any], name: str, origin: Fraction, room: Fraction
) -> bool:
    """Whether a scalar may move so far to both sides of a value where its domain leans on other inputs, or
    theirs on it. Of tensors that isn't known."""
    if name not in leaning(program):
        return True
    if program.input[name].dimensions:
        return False
    return all(
        are_members(program, {**values, name: place}) for place in (origin - room, origin + room)
    )


def _are_members(
    one: Input, value: Any, values: Mapping[str, Any], sizes: Mapping[Dimension, int]
) -> bool:
    if isinstance(value, list):
        if one.domain.kind == "simplex" and value and not isinstance(value[0], list):
            shares = [share for share in map(number, value) if share is not None and share >= 0]
            return len(shares) == len(value) and sum(shares) == 1
        if one.domain.kind == "ordered" and value and not isinstance(value[0], list):
            entries = [entry for entry in map(number, value) if entry is not None]
            rises = all(before < after for before, after in pairwise(entries))
            return len(entries) == len(value) and rises
        return all(
            _are_members(one, entry, beside(one.domain, values, place), sizes)
            for place, entry in enumerate(value)
        )
    return is_member(one.domain, value, values, sizes)


def beside(domain: Domain, values: Mapping[str, Any], place: int) -> Mapping[str, Any]:
    """What an entry at a place of the first axis lies beside: the same entry of what its ends name."""
    entries = {
        name: values[name][place]
        for name in domain.names
        if isinstance(values.get(name), list) and place < len(values[name])
    }
    return {**values, **entries} if entries else values


def is_member(
    domain: Domain, value: Any, values: Mapping[str, Any], sizes: Mapping[Dimension, int]
) -> bool:
    """Whether one entry lies in a domain."""
    entry = number(value)
    if entry is None:
        return False
    if domain.kind in _FINITE:
        return entry in _FINITE[domain.kind]
    if domain.is_integer and entry != int(entry):
        return False
    if domain.kind == "positive" and entry <= 0:
        return False
    low, high = (_end(one, values, sizes) for one in domain.ends)
    return (low is None or _is_ordered(low, entry)) and (high is None or _is_ordered(entry, high))


def _is_ordered(less: Any, greater: Any) -> bool:
    if isinstance(less, Fraction) and isinstance(greater, Fraction):
        return less <= greater
    with mpmath.workdps(_DIGITS):
        return bool(_in_digits(less) <= _in_digits(greater))


def _in_digits(value: Any) -> Any:
    is_exact = isinstance(value, Fraction)
    return mpmath.mpf(value.numerator) / value.denominator if is_exact else value


def _end(end: Expression, values: Mapping[str, Any], sizes: Mapping[Dimension, int]) -> Any:
    """The end of a domain here; None where it is not known."""
    if end.is_number:
        return _value(end)
    known: dict[Any, Any] = {}
    for symbol in end.free_symbols:
        if isinstance(symbol, Extent):
            known[symbol] = sympy.sympify(sizes.get(symbol.dimension))
        elif isinstance(symbol, Read):
            known[symbol] = sympy.sympify(number(values.get(symbol.tensor)))
    if None in known.values() or len(known) < len(end.free_symbols):
        return None
    return _value(end.xreplace(known))


@lru_cache(maxsize=4096)
def _value(end: Expression) -> Any:
    if isinstance(end, sympy.Rational):
        return Fraction(int(end.p), int(end.q))
    if end in (sympy.oo, -sympy.oo):
        return None
    with mpmath.workdps(_DIGITS):
        value = sympy.N(end, _DIGITS)
        return mpmath.mpf(value._mpf_) if value.is_Float else mpmath.nan  # nothing lies beside it


def number(value: Any) -> Fraction | None:
    """A finite number exactly, one in double precision as the decimal that it reads; None for all else."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, mpmath.mpf) and mpmath.isfinite(value) and value != float(value):
        return Fraction(*map(int, mpmath.libmp.to_rational(value._mpf_)))
    try:
        return Fraction(str(float(value) if isinstance(value, mpmath.mpf) else value))
    except ValueError:  # an infinity, or what is no number
        return None


def _sizes(program: Program, values: Mapping[str, Any]) -> Iterator[tuple[Dimension, int]]:
    for one in program.inputs:
        here = values.get(one.name)
        for dimension in one.dimensions:
            if dimension.size is not None:
                yield dimension, dimension.size
            if isinstance(here, list):
                yield dimension, len(here)
                here = here[0] if here else None
