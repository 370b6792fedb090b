"""Roots: of sums of squares, which are lengths, and differences of roots."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import (
    Branch,
    expm1,
    hypot,
    hypot1m1,
    log1p,
    maximum,
    minimum,
    quotient,
    sqrt1pm1,
    stop_gradient,
)
from objc.ir.parts import found_in
from objc.ir.symbols import Expression, Read
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
    """√(a² + b²) = hypot(a, b), in which no square overflows or vanishes, and a root of it where both are
    squares as they stand."""
    if not (node.exp.is_Rational and node.exp.q in (2, 4) and isinstance(node.base, sympy.Add)):
        return None
    roots = [root_of_square(addend) for addend in node.base.args]
    as_they_stand = all(one is not None and not one.is_number for one in roots)
    if node.exp.q == 4 and (node.base.has(maximum) or not as_they_stand):
        return None
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
    return (sympy.Abs(common) * whole) ** (2 * node.exp)


def root_of_powers(node: Any) -> Expression | None:
    """(a·xᵖ + b·yᵖ)^(n/p) = mⁿ·(a·(x/m)ᵖ + b·(y/m)ᵖ)^(n/p) with m the greater one, or the less where p is
    negative: a power of what is at most one stays in range. It holds for every m above zero, so that m is
    held. Where a + b is one, and p may be next to zero, (x/m)ᵖ is counted from one."""
    terms = [_weight_and_power(one) for one in sympy.Add.make_args(node.base)]
    if len(terms) != 2 or None in terms or node.base.has(maximum, minimum):
        return None
    weights, sides, exponents = zip(*terms, strict=True)
    (p, other), n = exponents, node.exp * exponents[0]
    if p != other or sides[0] == sides[1] or not n.is_number or n.is_integer is None:
        return None
    longest = stop_gradient(maximum(*sides))
    if not p.is_nonnegative:
        longest = Branch(sympy.Gt(p, 0), longest, stop_gradient(minimum(*sides)))
    ratios = [quotient(side, longest) for side in sides]
    if p.is_number or sympy.expand(sympy.Add(*weights)) != 1:
        shorter = sympy.Add(*(w * u**p for w, u in zip(weights, ratios, strict=True))) ** node.exp
    else:
        parts = (w * expm1(p * sympy.log(u)) for w, u in zip(weights, ratios, strict=True))
        shorter = sympy.exp(node.exp * log1p(sympy.Add(*parts)))
    whole = longest**n * shorter
    if all(one.is_positive for one in sides):
        return whole
    return Branch(sympy.Gt(maximum(*sides), 0), whole, sympy.Integer(0) if n > 0 else sympy.oo)


def _weight_and_power(term: Any) -> tuple[Expression, Expression, Expression] | None:
    """(w, x, p) of w·xᵖ with an entry x that is not negative, or the size of one, and a p above 2 or that is
    no number."""
    for factor in sympy.Mul.make_args(term):
        entry, p = factor.as_base_exp()
        entry = entry.args[0] if isinstance(entry, sympy.Abs) else entry
        x = sympy.Abs(entry)
        if p.is_number and x in sympy.Mul.make_args(term):  # SymPy writes |x|³ as x²·|x|
            p += 1
        weight = term / x**p
        is_degree = p > 2 if p.is_number else p.is_real
        if isinstance(entry, Read) and is_degree and not weight.has(entry):
            return weight, x, p
    return None


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
        for ratio in found_in(away, quotient):
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
    for one, coefficient, factor in parts_with(node, hypot, sympy.Pow):
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
    """c·Aⁿ − c·Bⁿ, with A − B a number, or one term above zero, without the subtraction: for roots, and their
    reciprocals."""
    terms = [_coefficient_and_power(one) for one in node.args]
    for first, (coefficient, base, exponent) in zip(node.args, terms, strict=True):
        if not _is_root(exponent):
            continue
        for second, (other, other_base, other_exponent) in zip(node.args, terms, strict=True):
            if other_exponent != exponent or coefficient + other != 0:
                continue
            apart = sympy.expand(base - other_base)
            is_term = apart.is_positive and not isinstance(apart, sympy.Add)
            if is_term and other_base.is_nonnegative:
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
    """±1/2, ±1/3, … ±1/5."""
    return bool(exponent.is_Rational and abs(exponent.p) == 1 and 2 <= exponent.q <= 5)


def _difference(a: Any, b: Any, exponent: Any, apart: Any) -> Expression:
    """aⁿ − bⁿ with a − b known: over the sum of products of roots that it is a factor of."""
    degree = int(exponent.q)
    roots = a ** sympy.Rational(1, degree), b ** sympy.Rational(1, degree)
    whole = sympy.Add(*(roots[0] ** k * roots[1] ** (degree - 1 - k) for k in range(degree)))
    if exponent > 0:
        return apart / whole
    return -apart / (roots[0] * roots[1] * whole)
