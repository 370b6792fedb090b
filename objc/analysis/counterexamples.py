"""Counterexamples to claims: sought in float64 at drawn inputs, confirmed in 50 digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import mpmath
import sympy

from objc.analysis.decision import Violation
from objc.analysis.shape.witnesses import Witness
from objc.analysis.subject import Subject
from objc.analysis.values.constants import at_constants
from objc.analysis.values.evaluation import (
    PRECISION,
    Outputs,
    certified,
    is_finite,
    is_nan,
    outputs_of_all,
    shapes_of,
)
from objc.analysis.values.membership import stays_inside
from objc.analysis.values.samples import Values, carried, samples, shown
from objc.ir.domain import number_of
from objc.ir.program import Program
from objc.ir.symbols import Expression

TRIES = 60
_GRID = sorted(
    {k / 20 for k in range(-600, 601)} | {s * 2.0**k for k in range(-14, 8) for s in (-1, 1)}
)
_STEPS = (1, 4, 32, 256, 4096)
"""How far the ends of a chord lie from its midpoint, one over these."""
_ROOM = 10**40
_FIRST = 16
"""Attempts that are made before all others are evaluated."""
_HARDLY = -1e-15
"""The share of its size that float64 doesn't tell a value from a bound by."""
_SURE = mpmath.mpf("1e-20")
_NEAR = tuple(Fraction(1, 2**power) for power in (2, 6, 10, 14, 18, 24, 30))
"""How far from a seam the ends of chords across it lie."""
_AROUND = ((-1, 1), (-2, 0), (0, 2), (-1, 3), (-3, 1))
_Attempt: TypeAlias = "tuple[tuple[Values, ...], Callable[[Sequence[Outputs]], Any]]"
"""Places to evaluate at, and by how much their outputs contradict a claim."""
_CONVEX_SETS = frozenset(
    {"real", "positive", "nonnegative", "probability", "simplex", "ordered", "interval"}
)


def beyond(subject: Subject, low: Expression, high: Expression) -> Violation | None:
    """Inputs at which the value leaves [low, high]."""
    program = subject.extended({"value": subject.value, "low": low, "high": high})

    def excess(found: Sequence[Outputs]) -> Any:
        (only,) = found
        return max(only["low"] - only["value"], only["value"] - only["high"])

    found = contradicting(program, [((values,), excess) for values in _drawn(subject)])
    if found is None:
        return None
    (values,) = found
    value = certified(program, values) or {}
    return Violation(f"{shown(values, values)} gives {float(value['value']):.10g}", found)


def chord(
    subject: Subject,
    names: Sequence[str],
    *,
    concave: bool = False,
    quasi: bool = False,
    modulus: Expression | None = None,
) -> Violation | None:
    """Two inputs whose midpoint lies above the chord (below it, for concavity; above both ends, for
    quasiconvexity; above the chord less modulus/8 times the squared distance)."""
    if any(subject.program.input[one].domain.kind not in _CONVEX_SETS for one in names):
        return None
    chords = _Chords(subject, tuple(names), concave, quasi, modulus)
    return chords.first(_pairs(subject, names), 1e-9)


def on_chords(
    subject: Subject,
    names: Sequence[str],
    pairs: Iterable[tuple[Values, Values]],
    *,
    concave: bool = False,
) -> Violation | None:
    """The same for ends that are given: near ones, too."""
    return _Chords(subject, tuple(names), concave).first(pairs, 1e-15)


def across(
    subject: Subject, name: str, *, concave: bool = False, quasi: bool = False
) -> Violation | None:
    """The same with the ends on both sides of a seam at which the value is known to jump or the slope to
    break, near enough that this is all there is."""
    if subject.program.input[name].domain.kind not in _CONVEX_SETS - {"simplex"}:
        return None
    chords = _Chords(subject, (name,), concave, quasi)
    for kink in subject.kinks(name):
        is_broken = kink.order is None or kink.order < 1
        witness = subject.witness(name, kink) if is_broken else None
        if witness is None:
            continue
        pairs = [
            (witness.moved(name, start * step), witness.moved(name, end * step))
            for step in _NEAR
            for start, end in _AROUND
            if _is_inside(subject, name, witness, 3 * step)
        ]
        if (found := chords.first(pairs, 1e-15)) is not None:
            return found
    return None


def _is_inside(subject: Subject, name: str, witness: Witness, room: Fraction) -> bool:
    """Whether a seam lies so far inside the domain."""
    ends = subject.program.input[name].domain.bounds
    low, high = (number_of(one, witness.values, {}) for one in ends)
    if low is None or high is None:
        return False
    is_between = bool(low < witness.origin - room and witness.origin + room < high)
    return is_between and stays_inside(subject.program, witness.values, name, witness.origin, room)


@dataclass(frozen=True)
class _Chords:
    """What is asked of chords of a loss in some of its inputs."""

    subject: Subject
    names: tuple[str, ...]
    concave: bool = False
    quasi: bool = False
    modulus: Expression | None = None

    def first(self, pairs: Iterable[tuple[Values, Values]], rough: float) -> Violation | None:
        """The first pair of ends whose midpoint is on the wrong side."""
        sign = -1 if self.concave else 1
        bound = sympy.Integer(0) if self.modulus is None else self.modulus
        program = self.subject.extended({"value": sign * self.subject.value, "modulus": bound})
        found = contradicting(program, [self._attempt(*pair) for pair in pairs], rough)
        if found is None:
            return None
        side = "below" if self.concave else "above"
        line = "both ends" if self.quasi else "the chord"
        ends = f"{shown(found[0], self.names)} and {shown(found[1], self.names)}"
        elsewhere = _elsewhere(found[0], self.names)
        return Violation(f"the midpoint of {ends} lies {side} {line}{elsewhere}", found)

    def _attempt(self, one: Values, other: Values) -> _Attempt:
        between = {name: _combined(one[name], other[name]) for name in self.names}
        distance = sum(_squared_distance(one[name], other[name]) for name in self.names)

        def excess(found: Sequence[Outputs]) -> Any:
            first, second, middle = (place["value"] for place in found)
            if self.quasi:
                return middle - max(first, second)
            gap = _product(found[0]["modulus"], distance) / 8
            return middle - (first + second) / 2 + gap

        return (one, other, {**one, **between}), excess


def bent(subject: Subject, name: str, concave: bool = False) -> Violation | None:
    """Two values of a scalar input whose midpoint lies above the chord, sought where the second derivative
    is least: a sliver is enough."""
    one = subject.program.input[name]
    second = subject.second_slope(name)
    if second is None or one.domain.kind not in _CONVEX_SETS:
        return None
    sign = -1 if concave else 1
    program = subject.extended({"value": sign * subject.value, "bend": sign * second})
    for values in samples(subject.program, 2, seed=3):
        low, high = (number_of(end, values, {}) or 0.0 for end in one.domain.bounds)
        places = [place for place in _GRID if low < place < high]
        places += [low + (high - low) * share / 64 for share in range(1, 64) if high - low < 1e3]
        drawn = [{**values, name: place} for place in places]
        found = zip(drawn, outputs_of_all(program, drawn), strict=True)
        bends = [(each["bend"], here[name]) for here, each in found if each and each["bend"] < 0]
        attempts = [
            _around(values, name, place, Fraction(1, step))
            for _, place in sorted(bends)[:3]
            for step in _STEPS
            if low < place - 1 / step and place + 1 / step < high
        ]
        chosen = contradicting(program, attempts, 1e-15)
        if chosen is None and subject.is_smooth(name, 2):
            for _, place in sorted(bends)[:3]:
                here = certified(program, {**values, name: Fraction(str(place))})
                if here is not None and here["bend"] < -_SURE * (1 + abs(here["value"])):
                    which = "positive" if concave else "negative"
                    where = shown({**values, name: place}, values)
                    return Violation(f"the second derivative is {which} at {where}", ())
        if chosen is not None:
            side = "below" if concave else "above"
            ends = f"{shown(chosen[0], (name,))} and {shown(chosen[1], (name,))}"
            text = f"the midpoint of {ends} lies {side} the chord{_elsewhere(chosen[0], (name,))}"
            return Violation(text, chosen)
    return None


def _around(values: Values, name: str, place: float, step: Fraction) -> _Attempt:
    middle = Fraction(str(place))
    ends = [{**values, name: middle + sign * step} for sign in (-1, 1)]

    def excess(found: Sequence[Outputs]) -> Any:
        first, second, between = (one["value"] for one in found)
        return between - (first + second) / 2

    return (*ends, {**values, name: middle}), excess


def steep(
    subject: Subject,
    name: str,
    expression: Expression,
    bound: Expression,
    pairs: Iterable[tuple[Values, Values]] | None = None,
) -> Violation | None:
    """Two values of an input between which an expression grows faster than the bound: drawn ones, where none
    are given."""
    program = subject.extended({"value": expression, "bound": bound})

    def attempt(one: Values, other: Values) -> _Attempt:
        distance = _root(_squared_distance(one[name], other[name]))

        def excess(found: Sequence[Outputs]) -> Any:
            low, high = found
            change = abs(low["value"] - high["value"])
            return change - _product(low["bound"], distance)

        return (one, other), excess

    chosen = _pairs(subject, (name,)) if pairs is None else pairs
    found = contradicting(program, [attempt(*pair) for pair in chosen])
    if found is None:
        return None
    ends = f"{shown(found[0], (name,))} and {shown(found[1], (name,))}"
    return Violation(f"between {ends} it is steeper{_elsewhere(found[0], (name,))}", found)


def swapped(subject: Subject, first: str, second: str) -> Violation | None:
    """Inputs at which exchanging two of them changes the value."""
    program = subject.extended({"value": subject.value})

    def excess(found: Sequence[Outputs]) -> Any:
        return abs(found[0]["value"] - found[1]["value"])

    attempts: list[_Attempt] = [
        ((values, {**values, first: values[second], second: values[first]}), excess)
        for values in _drawn(subject)
    ]
    found = contradicting(program, attempts)
    if found is None:
        return None
    text = f"exchanging {first} and {second} changes the value at {shown(found[0], found[0])}"
    return Violation(text, found)


def _elsewhere(values: Values, names: Sequence[str]) -> str:
    others = shown(values, set(values) - set(names))
    return f", at {others}" if others else ""


def _drawn(subject: Subject) -> Iterator[Values]:
    yield from samples(subject.program, TRIES)
    yield from at_constants(subject.program)


def _pairs(subject: Subject, names: Sequence[str]) -> Iterator[tuple[Values, Values]]:
    """Pairs of inputs of the same shapes that differ in the named ones only."""
    by_shape: dict[Any, list[Values]] = {}
    for values in _drawn(subject):
        seen = by_shape.setdefault(shapes_of(values), [])
        for other in seen[-3:]:
            moved = carried(subject.program, values, other, names)
            if moved != values:
                yield values, moved
        seen.append(values)


def contradicting(
    program: Program, attempts: Sequence[_Attempt], rough: float = 1e-9
) -> tuple[Values, ...] | None:
    """The first attempt whose excess is positive, in float64 and then certified, with room to spare; the best
    one where none is that shows in float64."""
    best, nearest = None, _HARDLY
    for some in (attempts[:_FIRST], attempts[_FIRST:]):
        flat = iter(outputs_of_all(program, [one for places, _ in some for one in places]))
        for places, excess in some:
            gap = _excess([next(flat) for _ in places], excess)
            if gap > rough and _is_certain(program, places, excess):
                return places
            if nearest < gap <= rough:
                best, nearest = (places, excess), gap
    return best[0] if best is not None and _is_certain(program, *best) else None


def _is_certain(
    program: Program, places: Sequence[Values], excess: Callable[[Sequence[Outputs]], Any]
) -> bool:
    with mpmath.workdps(PRECISION):
        return bool(_excess([certified(program, one) for one in places], excess) > 1e-20)


def _excess(found: Sequence[Outputs | None], excess: Callable[[Sequence[Outputs]], Any]) -> Any:
    """By how much outputs contradict a claim, as a share of their size; −∞ where they have no value."""
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return -math.inf
    values = [value for one in known for value in one.values()]
    if not all(is_finite(one["value"]) for one in known):
        return -math.inf
    scale = 1 + max(abs(value) for value in values if is_finite(value))
    gap = excess(known) / scale
    return -math.inf if is_nan(gap) else gap


def _product(factor: Any, by: Fraction | int) -> Any:
    """Exact but for the factor's own digits; beyond the floating range an infinity."""
    if isinstance(factor, float):
        return float(factor) * float(by)
    return factor * by.numerator / by.denominator


def _combined(one: Any, other: Any) -> Any:
    """The midpoint, exactly."""
    if isinstance(one, list):
        return [_combined(a, b) for a, b in zip(one, other, strict=True)]
    return (Fraction(str(one)) + Fraction(str(other))) / 2


def _squared_distance(one: Any, other: Any) -> Fraction:
    if isinstance(one, list):
        return sum((_squared_distance(a, b) for a, b in zip(one, other, strict=True)), Fraction(0))
    return (Fraction(str(one)) - Fraction(str(other))) ** 2


def _root(square: Fraction) -> Fraction:
    """A square root, exact where it is rational, else above it in the fortieth digit."""
    whole = square.numerator * square.denominator * _ROOM**2
    root = math.isqrt(whole)
    return Fraction(root + (root**2 < whole), square.denominator * _ROOM)
