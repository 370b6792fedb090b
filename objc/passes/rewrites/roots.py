"""Roots: of sums of squares, which are lengths, and differences of roots."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, hypot, hypot1m1, quotient, sqrt1pm1
from objc.ir.symbols import Expression
from objc.passes.rewrites.forms import HALF, ONE, parts_with, without, without_factor


def root_of_square(body: Expression) -> Expression | None:
    """e where the body is e², up to the sign of e; None if it isn't a square as it stands."""
    roots = []
    for factor in sympy.Mul.make_args(body):
        base, exponent = factor.as_base_exp()
        if factor.is_number and factor.is_nonnegative:
            roots.append(sympy.sqrt(factor))
        elif exponent.is_Integer and exponent % 2 == 0 and base.is_real:
            roots.append(base ** (exponent / 2))
        else:
            return None
    return sympy.Mul(*roots)


def root_to_hypot(node: Any) -> Expression | None:
    """√(a² + b²) = hypot(a, b), in which no square overflows or vanishes."""
    if not (node.exp.is_Rational and node.exp.q == 2 and isinstance(node.base, sympy.Add)):
        return None
    roots = [root_of_square(addend) for addend in node.base.args]
    if len(roots) > 3 or node.base.is_number:
        return None
    if any(one is not None and not one.is_number for one in roots):
        roots = [
            sympy.sqrt(addend) if root is None and addend.is_positive else root
            for root, addend in zip(roots, node.base.args, strict=True)
        ]
    if None in roots:
        return None
    common = _common_factor(roots)
    whole, *others = (one / common for one in roots)
    for one in others:
        whole = hypot(whole, one)
    return (sympy.Abs(common) * whole) ** node.exp.p


def root_of_size(node: Any) -> Expression | None:
    """|a·b|ʳ = |a|ʳ·|b|ʳ for a root, or a power of one: the product may leave the range."""
    inside = node.base.args[0] if isinstance(node.base, sympy.Abs) else None
    if not isinstance(inside, sympy.Mul) or not node.exp.is_Rational or node.exp.is_Integer:
        return None
    return sympy.Mul(*(sympy.Abs(one) ** node.exp for one in inside.args))


def _common_factor(roots: Any) -> Expression:
    """The powers that every root has as a factor: √(x⁴ + x²) = |x|·√(x² + 1), of which no part is x²."""
    powers = [one.as_powers_dict() for one in roots]
    common = []
    for base in powers[0]:
        exponents = [sympy.sympify(one[base]) for one in powers]
        if not base.is_number and all(one.is_number and one.is_positive for one in exponents):
            common.append(base ** min(exponents))
    return sympy.Mul(*common)


def ratio_to_hypot(node: Any) -> Expression | None:
    """a/hypot(a, b) is divided first: it is at most one, whatever its parts are."""
    for power in node.args:
        base, exponent = power.as_base_exp()
        if not isinstance(base, hypot) or not (exponent.is_Integer and exponent < 0):
            continue
        for other in node.args:
            side, degree = other.as_base_exp()
            if side in base.args and not side.is_number and degree.is_Integer and degree > 0:
                times = min(degree, -exponent)
                rest = [f for f in node.args if f is not power and f is not other]
                ratio = quotient(side, base) ** times
                return sympy.Mul(*rest, ratio, base ** (exponent + times), side ** (degree - times))
    return None


def curvature_of_hypot(node: Any) -> Expression | None:
    """c/h − c·(a/h)²/h = c·(b/h)²/h with h = hypot(a, b), where only the one may know that h isn't zero."""
    for one in node.args:
        at_zero, away = _away_from_zero(one)
        for ratio in away.atoms(quotient):
            side, length = ratio.args
            if not isinstance(length, hypot) or side not in length.args:
                continue
            if at_zero not in (None, sympy.Eq(length, 0)):
                continue
            rest = without(node, one, -away / ratio**2)
            if rest is not None and not (away / ratio**2).has(ratio):
                other = -away / ratio**2 * quotient(_other_side(length, side), length) ** 2
                if at_zero is not None:
                    other = Branch(at_zero, -away / ratio**2, other)
                return sympy.Add(*rest, other)
    return None


def _away_from_zero(term: Any) -> tuple[Any, Expression]:
    """(c, e) of a term that is zero where c holds and e elsewhere; None for c where it has no branch."""
    for factor in sympy.Mul.make_args(term):
        if isinstance(factor, Branch) and factor.args[1] == 0:
            condition, _, away = factor.args
            return condition, without_factor(term, factor) * away
    return None, term


def slope_of_hypot(node: Any) -> Expression | None:
    """c·(√(1 + u²) − 1) − c·u²/√(1 + u²) = −c·(√(1 + u²) − 1)/√(1 + u²), where u may be huge."""
    for one, coefficient, factor in parts_with(node, hypot1m1):
        (side,) = factor.args
        length = hypot(1, side)
        rest = without(node, one, -coefficient * side * quotient(side, length))
        if rest is not None:
            return sympy.Add(*rest, -coefficient * quotient(factor, length))
    return None


def _other_side(length: Any, side: Any) -> Any:
    first, second = length.args
    return second if side == first else first


def root_minus_one(node: Any) -> Expression | None:
    """c·√(1 + t) − c = c·sqrt1pm1(t); c·hypot(k, u) − c·k = c·k·hypot1m1(u/k) for k > 0."""
    for one, coefficient, factor in parts_with(node):
        found = _less_one(node, one, factor, coefficient)
        if found is not None:
            return found
    return None


def _less_one(node: Any, one: Any, factor: Any, coefficient: Any) -> Expression | None:
    if isinstance(factor, hypot):
        for side in factor.args:
            rest = without(node, -coefficient * side, one) if side.is_positive else None
            if rest is not None:
                inner = _other_side(factor, side) / side
                return sympy.Add(*rest, coefficient * side * hypot1m1(inner))
    elif isinstance(factor, sympy.Pow) and factor.exp == HALF:
        constant, inner = factor.base.as_coeff_Add()
        if constant == 1 and not inner.is_number:
            rest = without(node, -coefficient, one)
            if rest is not None:
                return sympy.Add(*rest, coefficient * sqrt1pm1(inner))
    return None


def length_less_side(node: Any) -> Expression | None:
    """c·hypot(a, b) − c·a = c·b²/(hypot(a, b) + a) where a > 0, and of |a| wherever it is."""
    for one, coefficient, factor in parts_with(node, hypot):
        for side in factor.args:
            other = _other_side(factor, side)
            for sign in (1, -1):
                rest = without(node, one, -sign * coefficient * side)
                if rest is not None:
                    shorter = length_less(other, sign * side, factor)
                    return sympy.Add(*rest, coefficient * shorter)
            rest = without(node, one, -coefficient * sympy.Abs(side))
            if rest is not None:
                shorter = other * quotient(other, factor + sympy.Abs(side))
                return sympy.Add(*rest, coefficient * shorter)
    return None


def length_less(other: Any, side: Any, length: Any) -> Expression:
    """hypot(other, side) − side, in which nothing cancels."""
    shorter = other * quotient(other, length + sympy.Abs(side))
    return Branch(sympy.Gt(side, 0), shorter, length * (1 - quotient(side, length)))


def difference_of_powers(node: Any) -> Expression | None:
    """c·Aⁿ − c·Bⁿ, with A − B a number, without the subtraction: for roots, and their reciprocals."""
    terms = [_coefficient_and_power(one) for one in node.args]
    for first, (coefficient, base, exponent) in zip(node.args, terms, strict=True):
        if not _is_root(exponent):
            continue
        for second, (other, other_base, other_exponent) in zip(node.args, terms, strict=True):
            if other_exponent != exponent or coefficient + other != 0:
                continue
            apart = sympy.expand(base - other_base)
            if apart.is_positive and apart.is_number and other_base.is_nonnegative:
                rest = [one for one in node.args if one is not first and one is not second]
                difference = _difference(base, other_base, exponent, apart)
                return sympy.Add(*rest, coefficient * difference)
    return None


def _coefficient_and_power(term: Any) -> tuple[Expression, Expression, Expression]:
    """(c, B, n) where the term is c·Bⁿ with a broken number n; else n = 0."""
    factors = sympy.Mul.make_args(term)
    for factor in factors:
        base, exponent = factor.as_base_exp()
        if _is_root(exponent) and not base.is_number:
            return sympy.Mul(*(f for f in factors if f is not factor)), base, exponent
    return term, ONE, sympy.S.Zero


def _is_root(exponent: Any) -> bool:
    """±1/2 or ±1/3."""
    return bool(exponent.is_Rational and abs(exponent.p) == 1 and exponent.q in (2, 3))


def _difference(a: Any, b: Any, exponent: Any, apart: Any) -> Expression:
    """aⁿ − bⁿ with a − b known: over the sum of products of roots that it is a factor of."""
    degree = int(exponent.q)
    roots = a ** sympy.Rational(1, degree), b ** sympy.Rational(1, degree)
    whole = sympy.Add(*(roots[0] ** k * roots[1] ** (degree - 1 - k) for k in range(degree)))
    if exponent > 0:
        return apart / whole
    return -apart / (roots[0] * roots[1] * whole)
