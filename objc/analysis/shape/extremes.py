"""The greatest values of a derivative in the residual, exactly, for every scale.

A loss of r = prediction − target and of one positive hyperparameter s is taken at r = s·u. Where its
derivative over the bound is free of s, it is a function of u alone; if it is a product of powers of
polynomials and of an exponential of one, its extremes are at the roots of a polynomial, the ends of its
pieces, and the limits at infinity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.signs.elementary import is_nonnegative, is_zero, pieces, plain
from objc.analysis.signs.far import limit_at
from objc.analysis.subject import Subject
from objc.ir.symbols import Expression, Read

_U = sympy.Dummy("u", real=True)
_MOST_ROOTS = 8


@dataclass(frozen=True)
class Stretch:
    """A smooth function of u on an interval."""

    value: Any
    low: Any
    high: Any


def is_bounded_by(subject: Subject, name: str, order: int, bound: Expression) -> bool:
    """Whether a derivative in a prediction is at most a bound in size, wherever there is one."""
    greatest = _greatest(subject, name, order, bound)
    return greatest is not None and all(_is_at_most_one(one) for one in greatest)


def beyond(subject: Subject, name: str, order: int, bound: Expression) -> str | None:
    """By how much a derivative exceeds a bound, exactly, where it is known to."""
    greatest = _greatest(subject, name, order, bound) or []
    room = sympy.Float("1e-20")
    excesses = [(one, sympy.N(one, 40) - 1) for one in greatest]
    over = [one for one, excess in excesses if excess.is_comparable and excess > room]
    if not over:
        return None
    which = "derivative" if order == 1 else "second derivative"
    most = sympy.simplify(max(over, key=lambda one: sympy.N(one, 40)))
    return f"the {which} in {name} comes to {most} times the bound"


def is_bounded(subject: Subject, name: str) -> bool:
    """Whether the slope in a prediction is bounded, for each value of the hyperparameters."""
    return any(
        _greatest(subject, name, 1, bound) is not None
        for bound in _scales(subject) or [sympy.Integer(1)]
    )


def suprema(subject: Subject, name: str, order: int) -> Iterator[Expression]:
    """What the size of a derivative comes to at most, exactly, for each value of the hyperparameters."""
    for scale in _scales(subject):
        sizes = _greatest(subject, name, order, scale)
        if sizes:
            yield scale * max(sizes, key=lambda one: sympy.N(one, 30))


def _scales(subject: Subject) -> list[Expression]:
    found = [sympy.Integer(1)]
    for one in subject.program.inputs:
        if one.role == "hyperparameter" and not one.dimensions:
            found += [one.read(), 1 / one.read()]
    return found


def _greatest(subject: Subject, name: str, order: int, bound: Expression) -> list[Any] | None:
    """Sizes of the derivative over the bound, one of which is its supremum: found once for each power of the
    scale that a bound is a multiple of."""
    number, scale = sympy.sympify(bound).as_coeff_Mul()
    factors = [one for one in sympy.Mul.make_args(scale) if one.is_number]
    number, scale = number * sympy.Mul(*factors), scale / sympy.Mul(*factors)
    if number.is_positive is not True:
        return None
    key = ("greatest", name, order, scale)
    if key not in subject.known:
        subject.known[key] = _sizes(subject, name, order, scale)
    sizes = subject.known[key]
    return None if sizes is None else [one / number for one in sizes]


def _sizes(subject: Subject, name: str, order: int, bound: Expression) -> list[Any] | None:
    value = _of_residual(subject, name)
    if value is None:
        return None
    residual, parts = value
    scale = _scale_of(subject)
    sizes: list[Any] = []
    for condition, part in parts:
        ratio = sympy.diff(part, residual, order).xreplace({residual: scale * _U}) / bound
        where = condition.xreplace({residual: scale * _U})
        stretch = _stretch(sympy.simplify(ratio), where, scale)
        found = None if stretch is None else _extremes(stretch)
        if found is None:
            return None
        sizes += found
    return sizes


def _scale_of(subject: Subject) -> Any:
    scales = [one.read() for one in subject.program.inputs if one.role == "hyperparameter"]
    return scales[0] if len(scales) == 1 and scales[0].is_positive else sympy.Integer(1)


def _of_residual(subject: Subject, name: str) -> tuple[Any, list[tuple[Any, Any]]] | None:
    """The loss as pieces of one residual, of which the prediction is the target and more."""
    data = [one for one in subject.program.inputs if one.role == "data"]
    if len(data) != 1 or data[0].dimensions or len(subject.program.lets) != 1:
        return None
    if not subject.is_short:
        return None
    one = subject.program.input[name]
    if one.dimensions or one.domain.kind != "real" or data[0].domain.kind != "real":
        return None
    residual = sympy.Dummy("r", real=True)
    value = plain(subject.value).xreplace({one.read(): data[0].read() + residual})
    parts = pieces(value)
    if parts is None:
        return None
    there = [(condition, sympy.simplify(part)) for condition, part in parts]
    known = {read for part in there for read in sympy.sympify(part[1]).atoms(Read)}
    known |= {read for part in there for read in part[0].atoms(Read)}
    hyper = {one.read() for one in subject.program.inputs if one.role == "hyperparameter"}
    return (residual, there) if known <= hyper else None


def _stretch(ratio: Any, condition: Any, scale: Any) -> Stretch | None:
    """A piece with the interval of u on which it holds; None where that isn't free of the scale."""
    if ratio.free_symbols - {_U}:
        return None
    low, high = -sympy.oo, sympy.oo
    parts = condition.args if isinstance(condition, sympy.And) else (condition,)
    for one in parts:
        if one == sympy.true:
            continue
        if not isinstance(one, sympy.core.relational.Relational):
            return None
        difference = sympy.simplify((one.lhs - one.rhs) / scale)
        if difference.free_symbols != {_U} or not difference.is_polynomial(_U):
            return None
        slope = sympy.diff(difference, _U)
        if not slope.is_number or slope.is_zero or isinstance(one, sympy.Eq | sympy.Ne):
            return None
        end = sympy.solve(difference, _U)[0]
        is_above = isinstance(one, sympy.Ge | sympy.Gt) == bool(slope.is_positive)
        low, high = (sympy.Max(low, end), high) if is_above else (low, sympy.Min(high, end))
    return Stretch(ratio, low, high)


def _extremes(stretch: Stretch) -> list[Any] | None:
    """Where the size of a function may be greatest: its sizes there. None where that isn't known, or
    one of them is infinite."""
    if stretch.low >= stretch.high:
        return []
    value = stretch.value
    if not value.has(_U):
        return [sympy.Abs(value)]
    factored = sympy.factor(sympy.together(value))
    growth = sympy.Integer(0)
    for factor in sympy.Mul.make_args(factored):
        part = _growth_of(factor, stretch)
        if part is None:
            return None
        growth += part
    above, _ = sympy.fraction(sympy.together(growth))
    above = sympy.expand(above)
    places = [] if not above.has(_U) else _real_roots(above)
    if places is None:
        return None
    inside = [one for one in places if bool(stretch.low < one) and bool(one < stretch.high)]
    sizes = [sympy.Abs(factored.subs(_U, one)) for one in inside]
    for end, side in ((stretch.low, "+"), (stretch.high, "-")):
        sizes.append(sympy.Abs(limit_at(factored, _U, end, side)))
    return sizes if all(one.is_finite for one in sizes) else None


def _growth_of(factor: Any, stretch: Stretch) -> Any:
    """The logarithmic derivative of a factor; None where it isn't of the kind, or may be infinite."""
    if not factor.has(_U):
        return sympy.Integer(0)
    base, power = factor.as_base_exp()
    if base == sympy.E and power.is_polynomial(_U):
        return sympy.diff(power, _U)
    if power.has(_U) or not power.is_Rational or not base.is_polynomial(_U):
        return None
    if not (power.is_Integer and power.is_positive):
        roots = _real_roots(base)
        if roots is None or any(
            bool(stretch.low <= one) and bool(one <= stretch.high) for one in roots
        ):
            return None
    return power * sympy.diff(base, _U) / base


def _real_roots(polynomial: Any) -> list[Any] | None:
    try:
        found = sympy.Poly(polynomial, _U)
        if found.degree() > _MOST_ROOTS or not all(one.is_Rational for one in found.all_coeffs()):
            return None
        return list(dict.fromkeys(sympy.real_roots(found)))
    except sympy.PolynomialError:
        return None


def _is_at_most_one(size: Any) -> bool:
    room = 1 - size
    return is_zero(room) or is_nonnegative(room) or bool(sympy.N(room, 40) > sympy.Float("1e-20"))


# ------------------------------------------------------------------ one descent, one ascent


def falls_and_rises(subject: Subject, name: str) -> bool:
    """Whether a continuous loss never falls above the target, and never rises below it: then it is
    quasiconvex, and least where both agree."""
    data = [one for one in subject.program.inputs if one.role == "data"]
    one = subject.program.input[name]
    if len(data) != 1 or len(subject.program.lets) != 1 or one.dimensions or data[0].dimensions:
        return False
    if not subject.is_smooth(name, 0) or one.domain.bounds != data[0].domain.bounds:
        return False
    if not subject.is_short:
        return False
    q, y, t = one.read(), data[0].read(), sympy.Dummy("t", positive=True)
    value = plain(subject.value)
    above, below = (pieces(value.xreplace({q: y + sign * t})) for sign in (1, -1))
    if above is None or below is None:
        return False
    # The target fixed, the loss may not fall as the prediction goes away from it to either side.
    slopes = [sympy.diff(part, t) for _, part in above]
    slopes += [sympy.diff(part, t).xreplace({y: q + t}) for _, part in below]
    return all(any(_is_rising_from_zero(form, t) for form in _forms(slope)) for slope in slopes)


def _forms(slope: Any) -> Iterator[Any]:
    yield slope
    above, below = sympy.fraction(sympy.together(slope))
    if below.is_positive:
        yield above


def _is_rising_from_zero(slope: Any, t: Any) -> bool:
    if is_nonnegative(slope):
        return True
    here = slope.subs(t, 0)
    return is_zero(here) and is_nonnegative(sympy.diff(slope, t))
