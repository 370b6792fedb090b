"""Whether an objective runs to −∞: a ray on which its limit is that, at data where it does.

Rays start where real inputs are 0 and positive ones 1, and go along an entry, along all entries of an
input, or down the slope. What falls on and on in float64 is taken as a formula of the ray's length, entry
by entry, its folds as they are far out, and the limit is taken.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sympy

from objc.analysis.formulas import influences
from objc.analysis.objectives.unrolled import NotUnrolled, exact, unrolled
from objc.analysis.signs.elementary import plain
from objc.analysis.signs.far import far_out, limit
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import is_nan, outputs_of_all
from objc.analysis.values.samples import Values, samples, shown
from objc.ir.program import Input, Program

_LENGTHS = (8.0, 64.0, 512.0, 4096.0)
_DRAWS = 6
_MOST_ENTRIES = 4
"""Entries of an input that rays of their own go along."""

Direction: TypeAlias = "Mapping[str, Any]"
"""For each input that moves, −1, 0 or 1 for every entry, nested as the input is."""


@dataclass(frozen=True)
class Runaway:
    """A ray on which the objective tends to −∞ (∞, if it is maximized); `always` if it does so at all
    the data that were drawn."""

    ray: str
    data: str
    always: bool
    upward: bool

    def __str__(self) -> str:
        end = "∞" if self.upward else "-∞"
        at = f", at {self.data}" if self.data else ""
        return f"it tends to {end} along {self.ray}{at}"


def runaway(subject: Subject) -> Runaway | None:
    """A ray on which what is minimized has no lower bound, if one is found and proved."""
    program = subject.program
    upward = subject.declared.direction == "maximize"
    moving = [one for one in program.inputs if one.is_differentiable]
    places = [one for number, one in enumerate(samples(program, 2 * _DRAWS + 6)) if number % 2 == 0]
    if not moving or not places:
        return None
    found: dict[str, tuple[Direction, list[Values]]] = {}
    for values in places[::-1]:  # the plainest, where everything ties, come last
        for direction in _directions(moving, values):
            if _falls(program, moving, values, direction, upward):
                text = _ray_text(moving, direction)
                found.setdefault(text, (direction, []))[1].append(values)
    ranked = sorted(found.items(), key=lambda one: -len(one[1][1]))
    for text, (direction, where) in ranked[:4]:
        # Zeros say little where data are drawn that do not fit.
        always = len(where) == len(places)
        tried = where[:2] if always else where[:1]
        if all(_is_proved(program, moving, one, direction, upward) for one in tried):
            reached = influences(program)[subject.let.name]
            names = reached - {one.name for one in moving}
            return Runaway(text, shown(tried[0], names), always, upward)
    return None


# ------------------------------------------------------------------ rays


def _directions(moving: Sequence[Input], values: Values) -> Iterator[Direction]:
    still = {one.name: _filled(values[one.name], 0) for one in moving}
    for one in moving:
        if not _may_move(one):
            continue
        for sign in (1, -1):
            yield {**still, one.name: _filled(values[one.name], sign)}
            places = list(itertools.islice(_places(values[one.name]), _MOST_ENTRIES))
            if len(places) > 1:
                for place in places:
                    yield {**still, one.name: _unit(values[one.name], place, sign)}
    free = [one for one in moving if _may_move(one)]
    if 2 <= len(free) <= 3:
        for signs in itertools.product((1, -1), repeat=len(free)):
            both = {
                one.name: _filled(values[one.name], sign)
                for one, sign in zip(free, signs, strict=True)
            }
            yield {**still, **both}


def _may_move(one: Input) -> bool:
    low, high = one.domain.bounds
    if one.domain.is_integer or one.domain.kind == "simplex":
        return False
    return all(end.is_infinite or end.is_Rational for end in (low, high))


def _there(one: Input, value: Any, direction: Any, length: Any) -> Any:
    """An input so far along a ray: at its start for length 0, near an edge where there is one."""
    if isinstance(direction, list):
        pairs = zip(value, direction, strict=True)
        return [_there(one, inner, step, length) for inner, step in pairs]
    low, high = one.domain.bounds
    if one.domain.kind == "simplex" or one.domain.is_integer or not _may_move(one):
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


def _ray_text(moving: Sequence[Input], direction: Direction) -> str:
    t = sympy.Symbol("t", positive=True)
    parts = []
    for one in moving:
        if any(step for _, step in _entries(direction[one.name])):
            there = _there(one, direction[one.name], direction[one.name], t)
            parts.append(f"{one.name} = {_listed(there)}")
    return ", ".join(parts) + ", t → ∞"


def _listed(value: Any) -> str:
    return f"[{', '.join(map(_listed, value))}]" if isinstance(value, list) else str(value)


def _entries(value: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    if not isinstance(value, list):
        yield (), value
        return
    for number, inner in enumerate(value):
        yield from (((number, *place), one) for place, one in _entries(inner))


def _places(value: Any) -> Iterator[tuple[int, ...]]:
    return (place for place, _ in _entries(value))


def _filled(value: Any, number: int) -> Any:
    return [_filled(one, number) for one in value] if isinstance(value, list) else number


def _unit(value: Any, place: tuple[int, ...], sign: int) -> Any:
    if not isinstance(value, list):
        return sign
    first, *rest = place
    return [
        _unit(one, tuple(rest), sign) if number == first else _filled(one, 0)
        for number, one in enumerate(value)
    ]


# ------------------------------------------------------------------ evidence, and proof


def _falls(
    program: Program, moving: Sequence[Input], values: Values, direction: Direction, upward: bool
) -> bool:
    """Whether the value falls along a ray, in float64, and no slower as it goes on by factors."""
    places = [
        {
            **values,
            **{
                one.name: _floats(_there(one, values[one.name], direction[one.name], length))
                for one in moving
            },
        }
        for length in _LENGTHS
    ]
    known = [one["total"] for one in outputs_of_all(program, places) if one is not None]
    found = [-one if upward else one for one in known]
    if len(found) < len(places) or any(is_nan(one) or one == math.inf for one in found):
        return False
    first, second, third, fourth = found
    if fourth == -math.inf:
        return bool(third < second < first)
    return bool(fourth < third < second < first and third - fourth >= (second - third) / 2)


def _floats(value: Any) -> Any:
    return [_floats(one) for one in value] if isinstance(value, list) else float(value)


def _is_proved(
    program: Program, moving: Sequence[Input], values: Values, direction: Direction, upward: bool
) -> bool:
    t = sympy.Dummy("t", positive=True)
    entries = {name: _exact(value) for name, value in values.items()}
    for one in moving:
        entries[one.name] = _there(one, entries[one.name], direction[one.name], t)
    try:
        (value,) = unrolled(program, _sympified(entries)).values()
    except NotUnrolled:
        return False
    far = far_out(plain(value), t)
    return far is not None and limit(-far if upward else far, t) == -sympy.oo


def _exact(value: Any) -> Any:
    return [_exact(one) for one in value] if isinstance(value, list) else exact(value)


def _sympified(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sympified(one) for name, one in value.items()}
    return [_sympified(one) for one in value] if isinstance(value, list) else sympy.sympify(value)
