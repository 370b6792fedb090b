"""Guards on constants: exact arithmetic must neither run away nor leave the numbers that kernels have."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from objc.atoms import Branch, expm1, loggamma, maximum, minimum, softplus, stop_gradient
from objc.errors import Collector
from objc.ir.symbols import Expression
from objc.passes.lower import errors
from objc.source import Span

MOST_BITS = 4096
_LARGEST = sympy.Integer(2) ** 1024
_EXPONENT = re.compile(r"[eE]([+-]?\d+)$")


def literal(text: str, span: Span, collector: Collector) -> Expression:
    """A number as written, exact; refused where no kernel can hold it."""
    exponent = _EXPONENT.search(text)
    digits = len(text)
    power = int(exponent[1]) if exponent and len(exponent[1]) < 9 else (10**9 if exponent else 0)
    if abs(power) + digits > MOST_BITS // 4:
        collector.add(errors.HugeConstant(span))
        return sympy.Integer(1)
    value = Fraction(text)
    return checked(sympy.Rational(value.numerator, value.denominator), span, collector)


def checked(value: Expression, span: Span | None, collector: Collector) -> Expression:
    """The value, or 1 with a diagnostic, if it is a constant that no kernel can hold."""
    if value is sympy.nan or value is sympy.zoo:
        collector.add(errors.NotReal(span))
        return sympy.Integer(1)
    huge = not _fits(value) if value.is_Rational else _overflows(value)
    if huge:
        collector.add(errors.HugeConstant(span))
        return sympy.Integer(1)
    return value


def _overflows(value: Expression) -> bool:
    """Whether a constant such as exp(exp(10)) is beyond float64. SymPy would try to compute it."""
    if not value.is_number or value.is_infinite:
        return False
    return math.isinf(_size(value))


def _size(value: Expression) -> float:
    """About the absolute value of a constant, infinite where that overflows. Parts that can't be large
    count as one."""
    if value.is_Rational:
        return float(abs(value)) if _fits(value) else math.inf
    if value.is_Add:
        return sum(_size(one) for one in value.args)
    if value.is_Mul:
        return math.prod((_size(one) for one in value.args), start=1.0)
    if value.is_Pow or value.func is sympy.exp:
        return _size_of_power(*value.as_base_exp())
    if value.func in (sympy.cosh, sympy.sinh, expm1):
        return _size_of_power(sympy.E, value.args[0])
    if value.func in (sympy.Abs, maximum, minimum, softplus, sympy.asinh, Branch, stop_gradient):
        return max(_size(one) for one in value.args if one.is_number)
    return 10.0


def _size_of_power(base: Expression, exponent: Expression) -> float:
    size, times = float(_size(base)) if base != sympy.E else math.e, _size(exponent)
    if exponent.could_extract_minus_sign():
        times = -times
    try:
        return math.pow(size, times)
    except (OverflowError, ValueError):
        return math.inf if (size > 1) == (times > 0) else 0.0


def _fits(value: Any) -> bool:
    if value.p.bit_length() > MOST_BITS or value.q.bit_length() > MOST_BITS:
        return False
    return bool(abs(value) < _LARGEST) and bool(value == 0 or abs(value) * _LARGEST > 1)


def power(
    base: Expression, exponent: Expression, span: Span | None, collector: Collector
) -> Expression:
    """base ^ exponent, refused before it is computed where the exact number would be enormous."""
    if base.is_number and exponent.is_number and not exponent.is_infinite:
        try:
            with mpmath.workprec(53):
                times = abs(float(exponent))
                size = abs(math.log2(abs(float(base)))) if base.is_finite and base != 0 else 0.0
        except (OverflowError, TypeError, ValueError):
            times, size = math.inf, 1.0
        too_long = base.is_Rational and times * max(_bits(base), 1) > MOST_BITS and base != 1
        if times * size > 1024 or (too_long and abs(base) != 1 and base != 0):
            collector.add(errors.HugeConstant(span))
            return sympy.Integer(1)
    return checked(sympy.Pow(base, exponent), span, collector)


def _bits(value: Any) -> int:
    return max(int(value.p).bit_length(), int(value.q).bit_length()) - 1


def function_of_number(function: Any, argument: Expression) -> Expression:
    """`lgamma` or `digamma` at a rational constant, to 60 digits: SymPy would compute the factorial
    of a large integer, or bring in constants such as Euler's."""
    if not argument.is_Rational:
        return function(argument)
    logarithm = function is loggamma
    if argument.is_integer and argument <= 0:
        return sympy.oo if logarithm else sympy.zoo
    with mpmath.workdps(60):
        point = mpmath.mpf(int(argument.p)) / int(argument.q)
        value = mpmath.loggamma(point) if logarithm else mpmath.digamma(point)
        if mpmath.im(value) != 0:
            return sympy.nan
        return sympy.Rational(sympy.Float(value, 60))


def check_body(body: Expression, collector: Collector, span: Span | None) -> None:
    """Refuse a body in which the constants have met to something that is not a real number."""
    roots = any(
        one.base.is_Rational and one.base < 0 and one.exp.is_integer is False
        for one in body.atoms(sympy.Pow)
    )
    if roots or body.has(sympy.nan, sympy.zoo, sympy.I):
        collector.add(errors.NotReal(span))
        return
    for value in body.atoms(sympy.Rational):
        if not _fits(value):
            collector.add(errors.HugeConstant(span))
            return
