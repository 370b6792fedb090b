"""Signs of formulas of one variable without other symbols, on the inside of its domain: what algebra of
assumptions leaves open is decided by isolating roots, or on a bounded interval by bisection in balls."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.formulas import is_short
from objc.analysis.signs.elementary import is_zero, plain
from objc.analysis.signs.roots import Line, Span, enclosed
from objc.analysis.values.enclosures import Undecided

_DEEPEST = 10
_DIGITS = 30
_HYPERBOLIC = (sympy.sinh, sympy.cosh, sympy.tanh)


def is_curved_inside(value: Any, variable: Any, low: Any, high: Any, least: Any = 0) -> bool:
    """Whether a formula of one variable is smooth between two ends, which are numbers or infinite, and
    its second derivative at least something there. False where nothing that is tried tells."""
    if value.free_symbols - {variable} or not is_short(value):
        return False
    span, second = span_of(low, high), plain(sympy.diff(value, variable, 2) - least)
    if span is None:
        return False
    x = sympy.Dummy("x", real=True, positive=True if span.low == 0 else None)
    value, second = (_plainer(plain(one).xreplace({variable: x}), x) for one in (value, second))
    if not _is_smooth(value, x, span):
        return False
    if second == 0:
        return True
    if second.has(sympy.sin, sympy.cos):
        return _by_bisection(second, x, span)
    for formula, symbol, over in _forms(second, x, span):
        try:
            return Line(symbol, over).is_nonnegative(formula)
        except Undecided:
            continue
    return False


def is_nonnegative_inside(function: Any, variable: Any, low: Any, high: Any) -> bool:
    """Whether a smooth formula of one variable is at least zero between two ends. False where nothing
    that is tried tells."""
    span = span_of(low, high)
    if span is None or function.free_symbols - {variable} or not is_short(function):
        return False
    x = sympy.Dummy("x", real=True, positive=True if span.low == 0 else None)
    here = _plainer(plain(function).xreplace({variable: x}), x)
    if here.is_nonnegative:
        return True
    if here.has(sympy.sin, sympy.cos):
        return _by_bisection(here, x, span)
    for formula, symbol, over in _forms(here, x, span):
        try:
            return Line(symbol, over).is_nonnegative(formula)
        except Undecided:
            continue
    return False


def signs_inside(function: Any, variable: Any, low: Any, high: Any) -> list[int] | None:
    """The signs of a smooth formula of one variable between its roots, from one end to the other. None where
    nothing that is tried tells."""
    span = span_of(low, high)
    if span is None or function.free_symbols - {variable} or not is_short(function):
        return None
    x = sympy.Dummy("x", real=True, positive=True if span.low == 0 else None)
    here = _plainer(plain(function).xreplace({variable: x}), x)
    # The other symbols rise with the variable, which keeps the order.
    for formula, symbol, over in _forms(here, x, span):
        try:
            return Line(symbol, over).signs(formula)
        except Undecided:
            continue
    return None


def is_smooth_inside(function: Any, variable: Any, low: Any, high: Any) -> bool:
    """Whether a formula without folds is smooth between two ends."""
    span = span_of(low, high)
    if span is None or function.free_symbols - {variable}:
        return False
    x = sympy.Dummy("x", real=True, positive=True if span.low == 0 else None)
    return _is_smooth(_plainer(plain(function).xreplace({variable: x}), x), x, span)


def _is_smooth(function: Any, x: Any, span: Span) -> bool:
    try:
        Line(x, span).require_smooth(function)
    except Undecided:
        return False
    return True


def span_of(low: Any, high: Any) -> Span | None:
    """The interval between two ends, where they are rational or infinite."""
    is_known = (low.is_Rational or low == -sympy.oo) and (high.is_Rational or high == sympy.oo)
    return Span(_end(low), _end(high)) if is_known else None


def _end(end: Any) -> Fraction | None:
    return Fraction(int(end.p), int(end.q)) if end.is_Rational else None


def _plainer(function: Any, x: Any) -> Any:
    """A formula with exponentials in the place of what is made of them."""
    return function.rewrite(_HYPERBOLIC, sympy.exp).replace(
        lambda one: isinstance(one, sympy.Pow) and one.base != sympy.E and one.exp.has(x),
        lambda one: sympy.exp(one.exp * sympy.log(one.base)),
    )


def _forms(here: Any, x: Any, span: Span) -> list[tuple[Any, Any, Span]]:
    """A formula, and others that are simpler in another symbol; none of what SymPy can't differentiate."""
    if here.has(sympy.Derivative, sympy.Subs):
        return []
    forms = [(here, x, span)]
    t = sympy.Dummy("t", positive=True)
    if span == Span(None, None):
        forms += _of_exponential(here, x, t)
        forms += _of_length(here, x, t)
    return [*_of_root(here, x, t, span), *forms]


def _of_root(function: Any, x: Any, t: Any, span: Span) -> list[tuple[Any, Any, Span]]:
    """With x + c = tⁿ, where powers of x + c with the denominator n occur."""
    powers = [one for one in function.atoms(sympy.Pow) if one.exp.is_Rational and one.exp.q > 1]
    bases = {one.base for one in powers if one.base.has(x)}
    if len(bases) != 1 or span.low is None or span.high is not None:
        return []
    (base,) = bases
    order, constant = math.lcm(*(one.exp.q for one in powers)), base - x
    if not constant.is_Rational:
        return []
    start = (sympy.Rational(span.low.numerator, span.low.denominator) + constant) ** sympy.Rational(
        1, order
    )
    if not (start.is_Rational and start >= 0):
        return []
    there = function.replace(
        lambda one: isinstance(one, sympy.Pow) and one.base == base,
        lambda one: t ** (order * one.exp),
    )
    return [(there.xreplace({x: t**order - constant}), t, Span(_end(start), None))]


def _of_exponential(function: Any, x: Any, t: Any) -> list[tuple[Any, Any, Span]]:
    """With t = eˣ."""
    there = sympy.expand_power_exp(function).replace(
        lambda one: isinstance(one, sympy.exp) and one.args[0].is_polynomial(x),
        lambda one: t ** sympy.expand(one.args[0] / x) if one.args[0].subs(x, 0) == 0 else one,
    )
    there = there.xreplace({x: sympy.log(t)})
    is_power = all(one.exp.is_Integer for one in there.atoms(sympy.Pow) if one.base == t)
    return [(there, t, Span(Fraction(0), None))] if is_power else []


def _of_length(function: Any, x: Any, t: Any) -> list[tuple[Any, Any, Span]]:
    """With x = (t − c/t)/2, for which √(x² + c) = (t + c/t)/2."""
    roots = {
        one.base
        for one in function.atoms(sympy.Pow)
        if one.exp.is_Rational and one.exp.q == 2 and one.base.has(x)
    }
    if len(roots) != 1:
        return []
    (inside,) = roots
    constant = sympy.expand(inside - x**2)
    if constant.has(x) or not constant.is_positive:
        return []
    length = (t + constant / t) / 2
    there = function.replace(
        lambda one: isinstance(one, sympy.Pow) and one.base == inside and one.exp.is_Rational,
        lambda one: length ** (2 * one.exp),
    )
    return [(there.xreplace({x: (t - constant / t) / 2}), t, Span(Fraction(0), None))]


# ------------------------------------------------------------------ bounded intervals


def _by_bisection(function: Any, variable: Any, span: Span) -> bool:
    """In balls, on pieces of the closed interval; where it is zero at an end, by the sign of its slope."""
    if span.low is None or span.high is None:
        return False
    return _is_nonnegative(function, variable, span.low, span.high, _DEEPEST)


def _is_nonnegative(function: Any, x: Any, low: Fraction, high: Fraction, depth: int) -> bool:
    found = enclosed(function, x, low, high, _DIGITS)
    if found is not None and found.low >= 0:
        return True
    if found is not None and found.high < 0:
        return False
    for end, side in ((low, 1), (high, -1)):
        place = sympy.Rational(end.numerator, end.denominator)
        if is_zero(function.xreplace({x: place})):
            slope = enclosed(sympy.diff(function, x), x, low, high, _DIGITS)
            if slope is not None and (slope.low >= 0 if side > 0 else slope.high <= 0):
                return True
    if depth == 0:
        return False
    middle = (low + high) / 2
    return _is_nonnegative(function, x, low, middle, depth - 1) and _is_nonnegative(
        function, x, middle, high, depth - 1
    )
