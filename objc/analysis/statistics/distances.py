"""The triangle inequality: d(x, z) ≤ d(x, y) + d(y, z).

|h(x) − h(y)|ᵃ is a metric of scalars for 0 < a ≤ 1; sums and maxima of metrics over the entries are; the
a-th root of a sum of |h(x) − h(y)|ᵃ is, for a ≥ 1 (Minkowski); and a concave increasing function of a
metric that is 0 at 0 is again one. What it is refuted by is three points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.signs.elementary import is_nonnegative, is_positive, is_zero, plain
from objc.analysis.signs.far import limit_at
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import certified, is_finite
from objc.analysis.values.samples import Values, samples, shown
from objc.atoms import Branch, expm1, maximum, minimum
from objc.ir.program import Claim, Program
from objc.ir.symbols import reads

FOLDS = (sympy.Abs, sympy.sign, maximum, minimum, Branch)

_TRIES = 24


@dataclass(frozen=True)
class Power:
    """c·|h(x) − h(y)|ᵃ, a term of one place."""

    power: Any
    inner: Any


def norm_of_a_difference(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) != 2 or not _is_alike(subject.program, *claim.inputs):
        return None
    program, value = subject.program, subject.value
    if len(program.lets) == 1 and not program.input[claim.inputs[0]].dimensions:
        x, y = (program.input[one].read() for one in claim.inputs)
        term = _power(program, plain(value), x, y)
        if term is None:
            return _of_size(program, plain(value), x, y)
        if not is_nonnegative(1 - term.power):
            return None
        return proved(f"it is |{_shown(term, x)} - {_shown(term, x, y)}| to a power of at most 1")
    return _of_sum(program, value, claim.inputs)


def _of_size(program: Program, value: Any, x: Any, y: Any) -> Decision | None:
    """A function of |h(x) − h(y)| alone."""
    size = sympy.Dummy("d", positive=True)
    for one in sorted(value.atoms(sympy.Abs), key=str):
        term = _power(program, one, x, y)
        around = value.xreplace({one: size})
        if term is not None and term.power == 1 and _is_concave_from_zero(program, around, size):
            return proved(
                "it is a concave function that never falls, 0 at 0, of"
                f" |{_shown(term, x)} - {_shown(term, x, y)}|"
            )
    return None


def _of_sum(program: Program, value: Any, names: tuple[str, ...]) -> Decision | None:
    if len(program.lets) != 2 or len(program.lets[0].over) != 1 or program.lets[0].free:
        return None
    total = program.lets[0]
    (index,) = total.over
    x, y = (program.input[one].read(index) for one in names)
    unequal = (sympy.Ne(x, y), sympy.Ne(y, x))
    if total.guard != sympy.true and (total.guard not in unequal or total.reduction != "sum"):
        return None
    if total.reduction not in ("sum", "mean", "max", "norm"):
        return None
    term = _power(program, plain(total.body), x, y)
    if term is None:
        return None
    if total.reduction == "norm":
        if term.power != 1:
            return None
        order, term = sympy.Integer(1), Power(sympy.Integer(1), term.inner)
    elif total.reduction == "max":
        order = term.power
        if not is_nonnegative(1 - order):
            return None
    else:
        order = term.power
    size = sympy.Dummy("s", positive=True)
    around = value.xreplace({total.read(): size})
    # Of the metric d that a sum of a-th powers is the a-th power of, the loss has to be concave.
    if is_positive(order - 1):
        around = around.xreplace({size: size**order})
    elif not is_nonnegative(1 - order):
        return None
    if not _is_concave_from_zero(program, around, size):
        return None
    return proved(
        f"it is a concave increasing function, 0 at 0, of a norm of h({names[0]}) - h({names[1]}),"
        f" h(x) = {_shown(term, x)}"
    )


def _is_concave_from_zero(program: Program, around: Any, size: Any) -> bool:
    if not _is_bare(program, around, {size}):
        return False
    if isinstance(around, minimum):
        arms = [one for one in around.args if one.has(size)]
        held = [one for one in around.args if not one.has(size)]
        return bool(arms) and (
            all(_is_concave_from_zero(program, one, size) for one in arms)
            and all(is_nonnegative(one) for one in held)
        )
    if around.atoms(*FOLDS):
        return False
    around = sympy.powdenest(around, force=True)
    first = sympy.simplify(sympy.diff(around, size))
    second = sympy.simplify(sympy.diff(first, size))
    at_zero = limit_at(around, size, 0) if around.has(size) else None
    is_rising = is_zero(first) or is_nonnegative(first)
    return at_zero == 0 and is_rising and (is_zero(second) or is_nonnegative(-second))


def _power(program: Program, term: Any, x: Any, y: Any) -> Power | None:
    """A term as a positive multiple of |h(x) − h(y)|ᵃ."""
    factor, rest = sympy.factor_terms(term).as_independent(x, y, as_Add=False)
    if not _is_bare(program, factor, set()) or not is_positive(factor):
        return None
    power, base, is_absolute = _base(rest)
    if not is_positive(power) or power.has(x, y):
        return None
    if not is_absolute and not (power.is_Integer and power % 2 == 0):
        return None
    inner = base.xreplace({y: sympy.Integer(0)}) - sympy.Rational(1, 2) * (
        base.xreplace({x: sympy.Integer(0), y: sympy.Integer(0)})
    )
    if not _is_bare(program, base, {x, y}) or inner.has(sympy.nan, sympy.zoo, sympy.oo):
        return None
    mirrored = inner.xreplace({x: y})
    return Power(power, inner) if is_zero(base - inner + mirrored) else None


def _base(expression: Any) -> tuple[Any, Any, bool]:
    """An expression as |base|^power: the power, the base, and whether the bars are there."""
    if isinstance(expression, sympy.Mul):  # an odd power of |u|, of a real u, is kept as u² |u|
        parts = [_base(one) for one in expression.args]
        bases = {one for _, one, _ in parts}
        if len(bases) == 1 and any(is_absolute for _, _, is_absolute in parts):
            even = [p for p, _, is_absolute in parts if not is_absolute]
            if all(one.is_Integer and one % 2 == 0 for one in even):
                return sympy.Add(*(p for p, _, _ in parts)), bases.pop(), True
    power, base = sympy.Integer(1), expression
    if isinstance(base, sympy.Pow) and base.base != sympy.E:
        power, base = base.exp, base.base
    return (power, base.args[0], True) if isinstance(base, sympy.Abs) else (power, base, False)


def _is_bare(program: Program, expression: Any, allowed: set[Any]) -> bool:
    known = {one.name for one in program.inputs if one.role == "hyperparameter"}
    return all(one in allowed or one.tensor in known for one in reads(expression))


def _is_alike(program: Program, first: str, second: str) -> bool:
    one, other = program.input[first], program.input[second]
    return one.domain == other.domain and one.dimensions == other.dimensions


def _shown(term: Power, x: Any, other: Any = None) -> str:
    symbol = sympy.Symbol(other.name if other is not None else "x")
    inner = term.inner.xreplace({x: symbol})
    return f"({inner})" if isinstance(inner, (sympy.Add, expm1)) else str(inner)


# ------------------------------------------------------------------ counterexamples


def three_points(subject: Subject, claim: Claim) -> Decision | None:
    """Points of which the third is further from the first than the way by the second is long."""
    if len(claim.inputs) != 2 or not _is_alike(subject.program, *claim.inputs):
        return None
    first, second = claim.inputs
    for values, x, y, z in _triples(subject.program, first, second):
        ends = ((x, z), (x, y), (y, z))
        found = [certified(subject.program, {**values, first: a, second: b}) for a, b in ends]
        totals = [one["total"] for one in found if one is not None and is_finite(one["total"])]
        if len(totals) == 3 and totals[0] - totals[1] - totals[2] > 1e-12 * (1 + abs(totals[0])):
            whole, *parts = (f"{float(one):.10g}" for one in totals)
            points = ", ".join(shown({"x": x, "y": y, "z": z}, "xyz").split(", "))
            rest = shown(values, set(values) - {first, second})
            return refuted(
                f"at {points} it is {whole} > {parts[0]} + {parts[1]}{', with ' + rest if rest else ''}"
            )
    return None


def _triples(program: Program, first: str, second: str) -> Iterator[tuple[Values, Any, Any, Any]]:
    drawn = list(samples(program, _TRIES))
    for values, other in zip(drawn, drawn[2:], strict=False):
        points = [values[first], values[second], other[first], other[second]]
        if len({_length(one) for one in points}) > 1:
            continue
        for x, y, z in ((0, 1, 2), (0, 2, 1), (1, 0, 3), (2, 0, 1), (0, 3, 2)):
            yield values, points[x], points[y], points[z]
        halves = _middle(points[0], points[1])
        if halves is not None:
            yield values, points[0], halves, points[1]


def _length(value: Any) -> Any:
    return tuple(map(_length, value)) if isinstance(value, list) else 0


def _middle(one: Any, other: Any) -> Any:
    if isinstance(one, list):
        return [_middle(a, b) for a, b in zip(one, other, strict=True)]
    return (one + other) / 2 if isinstance(one, float) else None
