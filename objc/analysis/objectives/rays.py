"""Rays of what is learned: where they start, which way they go, and how they are written.

Real inputs start at 0 and positive ones at 1; a bounded one starts in its middle, and tends to an end.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import sympy

from objc.analysis.objectives.unrolled import exact
from objc.analysis.values.samples import Values
from objc.ir.program import Input

_MOST_ENTRIES = 4
"""Entries of an input that rays of their own go along."""

Direction: TypeAlias = "Mapping[str, Any]"
"""For each input that moves, −1, 0 or 1 for every entry, nested as the input is."""


def directions(moving: Sequence[Input], values: Values) -> Iterator[Direction]:
    still = {one.name: filled(values[one.name], 0) for one in moving}
    for one in moving:
        if not may_move(one):
            continue
        for sign in (1, -1):
            yield {**still, one.name: filled(values[one.name], sign)}
            places = list(itertools.islice(_places(values[one.name]), _MOST_ENTRIES))
            if len(places) > 1:
                for place in places:
                    yield {**still, one.name: _unit(values[one.name], place, sign)}
    free = [one for one in moving if may_move(one)]
    if 2 <= len(free) <= 3:
        for signs in itertools.product((1, -1), repeat=len(free)):
            both = {
                one.name: filled(values[one.name], sign)
                for one, sign in zip(free, signs, strict=True)
            }
            yield {**still, **both}


def may_move(one: Input) -> bool:
    low, high = one.domain.bounds
    if one.domain.is_integer or one.domain.kind == "simplex":
        return False
    return all(end.is_infinite or end.is_Rational for end in (low, high))


def place_along(one: Input, value: Any, direction: Any, length: Any) -> Any:
    """An input so far along a ray: at its start for length 0, near an edge where there is one."""
    if isinstance(direction, list):
        pairs = zip(value, direction, strict=True)
        return [place_along(one, inner, step, length) for inner, step in pairs]
    low, high = one.domain.bounds
    if one.domain.kind == "simplex" or one.domain.is_integer or not may_move(one):
        return value
    if low.is_infinite and high.is_infinite:
        return direction * length
    if high.is_infinite:
        return (
            low + 1 + length if direction >= 0 and direction else low + 1 / (1 - direction * length)
        )
    if low.is_infinite:
        return high - 1 - length if direction < 0 else high - 1 / (1 + direction * length)
    share = sympy.Rational(1, 2) if direction == 0 else 1 / (2 + length)
    return low + (high - low) * share if direction <= 0 else high - (high - low) * share


def ray_text(moving: Sequence[Input], direction: Direction) -> str:
    """`s = -t, t → ∞, with w = [0, 0]`."""
    t = sympy.Symbol("t", positive=True)
    parts: dict[bool, list[str]] = {True: [], False: []}
    for one in moving:
        place = place_along(one, direction[one.name], direction[one.name], t)
        moves = any(step for _, step in entries(direction[one.name]))
        if moves or may_move(one):
            parts[moves].append(f"{one.name} = {_listed(place)}")
    held = f", with {', '.join(parts[False])}" if parts[False] else ""
    return ", ".join(parts[True]) + ", t → ∞" + held


def _listed(value: Any) -> str:
    return f"[{', '.join(map(_listed, value))}]" if isinstance(value, list) else str(value)


def entries(value: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    if not isinstance(value, list):
        yield (), value
        return
    for number, inner in enumerate(value):
        yield from (((number, *place), one) for place, one in entries(inner))


def _places(value: Any) -> Iterator[tuple[int, ...]]:
    return (place for place, _ in entries(value))


def filled(value: Any, number: int) -> Any:
    return [filled(one, number) for one in value] if isinstance(value, list) else number


def _unit(value: Any, place: tuple[int, ...], sign: int) -> Any:
    if not isinstance(value, list):
        return sign
    first, *rest = place
    return [
        _unit(one, tuple(rest), sign) if number == first else filled(one, 0)
        for number, one in enumerate(value)
    ]


def floats(value: Any) -> Any:
    return [floats(one) for one in value] if isinstance(value, list) else float(value)


def exact_of(value: Any) -> Any:
    return [exact_of(one) for one in value] if isinstance(value, list) else exact(value)


def sympified(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: sympified(one) for name, one in value.items()}
    return [sympified(one) for one in value] if isinstance(value, list) else sympy.sympify(value)
