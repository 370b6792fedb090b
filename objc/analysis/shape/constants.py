"""Candidates for constants that nobody claims: how steep, how bent, how strongly convex.

What the extremes of a derivative, the structure of the Hessian and interval arithmetic give is exact; what
is read off drawn points is the number of a short list that is just above the greatest slope met there, times
a power of a hyperparameter. Each is a guess: the provers of the property decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.decision import Decision, refuted
from objc.analysis.facts import Fact
from objc.analysis.formulas import in_atoms
from objc.analysis.hessians.strictness import constant_hessian
from objc.analysis.shape import extremes
from objc.analysis.shape.differentiability import broken
from objc.analysis.shape.growth import sides_of
from objc.analysis.shape.steepness import joint_square
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import is_finite, outputs_of_all
from objc.analysis.values.samples import Values, samples
from objc.analysis.values.words import readable
from objc.ir.program import Claim
from objc.ir.symbols import Expression, Read

_PLACES = sorted({s * k / 8 for k in range(81) for s in (-1, 1)} | {-300.0, -40.0, 40.0, 300.0})
_SETTINGS = 4
_NEAR = 1e-7
_FACTORS = sorted(
    {sympy.Rational(p, q) for p in range(1, 9) for q in (1, 2, 3, 4, 8, 16)}
    | {sympy.sqrt(2), sympy.sqrt(3), 2 * sympy.sqrt(3) / 9, 3 * sympy.sqrt(3) / 8},
    key=float,
)


def steepest(subject: Subject, word: str, names: tuple[str, ...]) -> Iterator[Claim]:
    """`lipschitz L` and `smooth L`, for what the constant may be: what costs little first."""
    if len(names) != 1:
        ends = constant_hessian(subject, names) if word == "smooth" else None
        if ends:
            yield Claim(False, (word,), (max(map(sympy.Abs, ends), key=float),), None, names)
        if word == "lipschitz" and subject.is_short:
            square = joint_square(subject, names)
            if square != sympy.oo:
                bound = readable(sympy.sqrt(square), ROUND_CEILING)
                yield Claim(False, (word,), (bound,), None, names)
        return
    order, tried = (1 if word == "lipschitz" else 2), set()
    for exact in _greatest(subject, names[0], order):
        bound = readable(exact, ROUND_CEILING)
        if bound not in tried:
            tried.add(bound)
            yield Claim(False, (word,), (bound,), None, names)


def moduli(subject: Subject, word: str, names: tuple[str, ...]) -> Iterator[Claim]:
    """`strongly_convex M`, for what the modulus may be: the greatest first."""
    if not subject.is_short:
        return
    if len(names) != 1:
        ends = constant_hessian(subject, names)
        if ends and ends[0].is_positive:
            yield Claim(False, (word,), (ends[0],), None, names)
        return
    found = [subject.bounds(names[0]).low]
    second = subject.second(names)
    if second is not None:
        found += [_number(subject.ranges.of(second).low), second]
    found = [readable(one, ROUND_FLOOR) for one in found]
    known = [one for one in found if one.is_positive and _is_free(subject, one)]
    for modulus in sorted(known, key=lambda one: -_at_defaults(subject, one)):
        yield Claim(False, (word,), (modulus,), None, names)


def no_bound(
    subject: Subject, word: str, names: tuple[str, ...], facts: Sequence[Fact]
) -> Decision | None:
    """No `lipschitz L`, or no `smooth L`, holds: a derivative grows without bound, or one below it jumps."""
    if len(names) != 1:
        return _in_one_alone(word, names, facts)
    (name,) = names
    kinds = ("jump",) if word == "lipschitz" else ("kink", "jump")
    if (found := broken(subject, name, kinds)) is not None:
        return refuted(found)
    slope = subject.slope(name) if word == "lipschitz" else subject.second_slope(name)
    which = "slope" if word == "lipschitz" else "second derivative"
    for one in () if slope is None else sides_of(subject, name, slope):
        if one.value in (sympy.oo, -sympy.oo):
            return refuted(f"of the {which}, {one.in_words(name)}")
    return None


def no_modulus(
    subject: Subject, word: str, names: tuple[str, ...], facts: Sequence[Fact]
) -> Decision | None:
    """No `strongly_convex M` holds of what isn't strictly convex, or grows no faster than a line."""
    if (alone := _in_one_alone(word, names, facts)) is not None:
        return alone
    is_whole = all(subject.program.input[name].domain.kind == "real" for name in names)
    for one in facts:
        if one.of != names or one.verdict == "unknown":
            continue
        if one.property in ("convex", "strictly_convex") and one.verdict == "refuted":
            return refuted(str(one.counterexample))
        if one.property == "coercive" and one.verdict == "refuted" and is_whole:
            return refuted(str(one.counterexample))
        if one.property == "lipschitz" and one.verdict == "proved" and is_whole:
            return refuted(f"it is lipschitz {one.value}, and its domain without bounds")
    return None


def _in_one_alone(word: str, names: tuple[str, ...], facts: Sequence[Fact]) -> Decision | None:
    """What holds for no number in one of the inputs alone holds for none in all of them."""
    for one in facts:
        is_part = len(one.of) < len(names) and set(one.of) < set(names)
        is_refuted = one.property == word and one.verdict == "refuted"
        if is_part and is_refuted and one.value is None:
            return refuted(f"already in {', '.join(one.of)} alone, {one.counterexample}")
    return None


def _greatest(subject: Subject, name: str, order: int) -> Iterator[Expression]:
    slope = subject.slope(name) if order == 1 else subject.second_slope(name)
    if slope is not None:
        yield from sorted(
            _read_off(subject, name, slope), key=lambda one: _at_defaults(subject, one)
        )
    if subject.is_short:
        bounds = subject.bounds(name)
        structural = (
            sympy.sqrt(bounds.squared_slope) if order == 1 else sympy.Max(bounds.high, -bounds.low)
        )
        if structural.is_finite is not False and _is_free(subject, structural):
            yield in_atoms(sympy.simplify(structural))
    if slope is None:
        return
    high = _number(subject.ranges.of(slope).absolute().high)
    if high != sympy.oo:
        yield high
    if len(subject.program.lets) == 1:
        yield from extremes.suprema(subject, name, order)
    yield from _read_off(subject, name, slope, is_rounded=True)


def _read_off(
    subject: Subject, name: str, slope: Expression, is_rounded: bool = False
) -> Iterator[Expression]:
    """A number times a power of a hyperparameter that is just above what is met at drawn points: one of the
    list, or where there is none a rounded one."""
    met = _met(subject, name, slope)
    if len(met) < 2 or min(most for _, most in met) <= 0:
        return
    for scale in _scales(subject):
        ratios = [most / _value(scale, values) for values, most in met]
        if max(ratios) > min(ratios) * 1.001:
            continue
        if is_rounded:
            yield _rounded_up(max(ratios)) * scale
            continue
        for factor in _FACTORS:
            if max(ratios) * (1 - _NEAR) <= float(factor) <= max(ratios) * 1.01:
                yield factor * scale
                break


def _rounded_up(number: float) -> Any:
    """A number of three digits that is a little above."""
    step = sympy.Integer(10) ** (math.floor(math.log10(number)) - 2)
    return sympy.ceiling(sympy.Rational(str(number * 1.0002)) / step) * step


def _met(subject: Subject, name: str, slope: Expression) -> list[tuple[Values, float]]:
    """The greatest size of the slope at drawn points, for some settings of the hyperparameters."""
    program = subject.extended({"slope": slope})
    low, high = (float(end) if end.is_number else 0.0 for end in _domain(subject, name))
    places = [one for one in _PLACES if low <= one <= high]
    found = []
    for values in samples(subject.program, _SETTINGS):
        points = [{**values, name: place} for place in places]
        sizes = [abs(one["slope"]) for one in outputs_of_all(program, points) if one]
        sizes = [one for one in sizes if is_finite(one)]
        if not sizes:
            return []
        found.append((values, max(sizes)))
    return found


def _domain(subject: Subject, name: str) -> Sequence[Any]:
    return subject.program.input[name].domain.bounds


def _scales(subject: Subject) -> list[Expression]:
    found: list[Expression] = [sympy.Integer(1)]
    for one in subject.program.inputs:
        if one.role == "hyperparameter" and not one.dimensions and one.read().is_positive:
            found += [one.read() ** power for power in (1, -1, 2, -2)]
    return found


def _value(scale: Expression, values: Values) -> float:
    mapping = {read: sympy.Float(values[read.tensor]) for read in scale.atoms(Read)}
    return float(scale.subs(mapping))


def _at_defaults(subject: Subject, expression: Expression) -> float:
    mapping = {
        one.read(): sympy.Integer(1) if one.default is None else one.default
        for one in subject.program.inputs
        if one.role == "hyperparameter" and not one.dimensions
    }
    found = expression.subs(mapping)
    return float(found) if found.is_number and found.is_extended_real else float("inf")


def _is_free(subject: Subject, expression: Expression) -> bool:
    """Whether an expression is a finite one of hyperparameters and numbers."""
    known = {one.name for one in subject.program.inputs if one.role == "hyperparameter"}
    is_number = not expression.has(sympy.oo, sympy.nan, sympy.zoo)
    return is_number and all(
        isinstance(one, Read) and one.tensor in known and not one.positions
        for one in expression.free_symbols
    )


def _number(end: Fraction | float) -> Any:
    return sympy.Rational(end.numerator, end.denominator) if isinstance(end, Fraction) else sympy.oo
