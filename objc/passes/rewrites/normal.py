"""Tails of the normal distribution: their logarithm, what they are divided by; and the affinity of two.

Everything is said by log Φ and the hazard φ(x)/Φ(−x), which neither underflow nor cancel; what erfc
stands for is 2·Φ(−√2·u).
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import (
    Branch,
    erfc,
    expm1,
    hazard,
    hazard_excess,
    hypot,
    log1mexp,
    log1p,
    log_ndtr,
    quotient,
)
from objc.ir.symbols import Expression, Read
from objc.passes.rewrites.forms import HALF, ONE, ZERO, is_short, parts_with, without

ROOT = sympy.sqrt(2)


def log_of_tail(node: Any) -> Expression | None:
    """log(c·erfc(u)·b) = log 2c + log Φ(−√2·u) + log b for b > 0; log erfc(u), which has a root at 0, by
    log1p there."""
    (argument,) = node.args
    coefficient, product = argument.as_coeff_Mul()
    tails = [one for one in sympy.Mul.make_args(product) if isinstance(one, erfc)]
    rest = sympy.Mul(*(one for one in sympy.Mul.make_args(product) if one not in tails))
    if len(tails) != 1 or not (coefficient.is_positive and rest.is_positive):
        return None
    (u,) = tails[0].args
    far = sympy.log(2 * coefficient) + log_ndtr(-ROOT * u)
    if coefficient == ONE:
        far = Branch(sympy.Lt(u, HALF), log1p(-sympy.erf(u)), far)
    return far + sympy.log(rest)


def log_of_improvement(node: Any) -> Expression | None:
    """log(b·exp(−u²) − √π·b·u·erfc(u)) = log √(2π)·b + log Φ(−x) + log(hazard(x) − x) with x = √2·u, for
    b > 0: of φ(x) − x·Φ(−x), the expected improvement (Ament et al. 2023), little is left in the tail."""
    factors = sympy.Mul.make_args(node.args[0])
    totals = [one for one in factors if isinstance(one, sympy.Add) and len(one.args) == 2]
    rest = sympy.Mul(*(one for one in factors if one not in totals))
    if len(totals) != 1 or not rest.is_positive:
        return None
    (total,) = totals
    for one, coefficient, tail in parts_with(total, erfc):
        (u,) = tail.args
        density = total - one
        b = sympy.Mul(*(f for f in sympy.Mul.make_args(density) if not isinstance(f, sympy.exp)))
        power = density / b
        if not isinstance(power, sympy.exp) or not b.is_positive or not is_short(u):
            continue
        if (
            sympy.expand(power.args[0] + u**2) == 0
            and sympy.cancel(coefficient + sympy.sqrt(sympy.pi) * u * b) == 0
        ):
            x = ROOT * u
            scale = sympy.log(rest * sympy.sqrt(2 * sympy.pi) * b)
            return scale + log_ndtr(-x) + sympy.log(hazard_excess(x))
    return None


def log_of_interval(node: Any) -> Expression | None:
    """log(c·erf(u) − c·erf(v)) = log 2c + log(Φ(p) − Φ(q)) with p = √2·u and q = √2·v: log Φ(p) and a
    complement, in the left tail, where neither has come to one; between near ones the density at the middle.
    Where u < v neither side is a number."""
    coefficient, total = node.args[0].as_coeff_Mul()
    if not isinstance(total, sympy.Add) or len(total.args) != 2:
        return None
    terms = [one.as_coeff_Mul() for one in total.args]
    if terms[0][0] + terms[1][0] != 0 or not all(isinstance(f, sympy.erf) for _, f in terms):
        return None
    (scale, f), (_, g) = sorted(terms, key=lambda one: not (coefficient * one[0]).is_positive)
    p, q = (ROOT * one.args[0] for one in (f, g))
    if not is_short(p + q) or not (coefficient * scale).is_positive:
        return None
    arms = (_log_between(*ends) for ends in ((-q, -p), (p, q)))
    middle = sympy.factor_terms(sympy.expand((p + q) / 2))
    width = sympy.factor_terms(sympy.expand(p - q))
    return sympy.log(2 * coefficient * scale) + Branch(
        sympy.Lt(width**2 * (1 + middle**2), _NEAR),
        _log_near(middle, width),
        Branch(sympy.Gt(middle, 0), *arms),
    )


_NEAR = sympy.Rational(1, 256)
"""The square of a distance, in units in which a density changes, below which three terms are all there is."""


def _log_near(middle: Any, width: Any) -> Expression:
    """The same of p and q that are near: the width times the density at the middle, times
    1 + Σ He₂ₖ(m)·(w/2)²ᵏ/(2k + 1)!"""
    m, w = middle**2, width**2 / 4
    more = (m * (m * (m - 15) + 45) - 15) / 5040
    for hermite in ((m * (m - 6) + 3) / 120, (m - 1) / 6):
        more = hermite + w * more
    return sympy.log(width) - m / 2 - sympy.log(2 * sympy.pi) / 2 + log1p(w * more)


def _log_between(p: Any, q: Any) -> Expression:
    """log(Φ(p) − Φ(q)) of a q that is at least as far from zero as p, on the left if p is on the right: with
    both beyond the last p of which Φ(−p) is a number it is zero, as between two infinities."""
    return Branch(sympy.Gt(p, _LAST), ZERO, log_ndtr(p) + log1mexp(log_ndtr(q) - log_ndtr(p)))


_LAST = sympy.Integer(39)


def ratio_to_hazard(node: Any) -> Expression | None:
    """exp(w − u²)/erfc(u) = √(π/2)·exp(w)·hazard(√2·u): 0/0 in the tail as it stands."""
    for power in node.args:
        base, exponent = power.as_base_exp()
        if not isinstance(base, erfc) or not (exponent.is_Integer and exponent < 0):
            continue
        square = base.args[0] ** 2
        for one in node.args:
            if not isinstance(one, sympy.exp):
                continue
            left = sympy.expand(one.args[0] + square)
            if len(sympy.Add.make_args(left)) < len(sympy.Add.make_args(one.args[0])) or left == 0:
                rest = [f for f in node.args if f is not power and f is not one]
                known = sympy.sqrt(sympy.pi / 2) * hazard(ROOT * base.args[0])
                return sympy.Mul(*rest, known, sympy.exp(left), base ** (exponent + 1))
    return None


def hazard_less_argument(node: Any) -> Expression | None:
    """c·hazard(u) − c·u = c·(hazard(u) − u), which does not cancel in the tail."""
    for one, coefficient, factor in parts_with(node, hazard):
        (u,) = factor.args
        removed = sympy.Add.make_args(sympy.expand_mul(-coefficient * u))
        rest = without(node, one, *removed)
        if rest is not None:
            return sympy.Add(*rest, coefficient * hazard_excess(u))
    return None


def hazard_less_slope(node: Any) -> Expression | None:
    """c·hazard(x) − c·(hazard(x)·e − 1)/e = c/e for e = hazard(x) − x, of which that is the slope over e."""
    for one in node.args:
        for factor in sympy.Mul.make_args(one):
            base, exponent = factor.as_base_exp()
            if not isinstance(base, hazard_excess) or exponent != -ONE:
                continue
            rate = hazard(*base.args)
            slope = [f for f in sympy.Mul.make_args(one) if f in (rate * base - 1, 1 - rate * base)]
            if len(slope) == 1:
                sign = 1 if slope[0] == rate * base - 1 else -1
                coefficient = sign * one / slope[0] / factor
                rest = without(node, one, -coefficient * rate)
                if rest is not None:
                    return sympy.Add(*rest, -coefficient / base)
    return None


def hazard_over_excess(node: Any) -> Expression | None:
    """c + c·x/e = c·hazard(x)/e for e = hazard(x) − x: left of zero the two sides cancel."""
    for one in node.args:
        for factor in sympy.Mul.make_args(one):
            base, exponent = factor.as_base_exp()
            if isinstance(base, hazard_excess) and exponent == -ONE:
                (x,) = base.args
                coefficient = one * base / x
                rest = without(node, one, coefficient)
                if rest is not None:
                    return sympy.Add(*rest, coefficient * hazard(x) / base)
    return None


def squared_difference(above: Any, below: Any) -> Expression | None:
    """(a − b)/b where a is s² + t² and b is 2·s·t, or half of them: (s − t)²/(2·s·t)."""
    number, product = below.as_coeff_Mul()
    powers = [one.as_base_exp() for one in sympy.Mul.make_args(product)]
    exponents = {n for _, n in powers}
    if len(powers) != 2 or exponents not in ({ONE}, {HALF}):
        return None
    s, t = (base for base, _ in powers)
    (exponent,) = exponents
    squares = s ** (2 * exponent) + t ** (2 * exponent)
    if not (isinstance(s, Read) and isinstance(t, Read)):
        return None
    if sympy.expand(above - number / 2 * squares) != 0:
        return None
    if exponent == ONE:
        return quotient(s - t, s) * quotient(s - t, t) / 2
    gap = quotient(s - t, sympy.sqrt(s) + sympy.sqrt(t))
    return quotient(gap, sympy.sqrt(s)) * quotient(gap, sympy.sqrt(t)) / 2


def less_affinity(node: Any) -> Expression | None:
    """c − c·exp(u)·√(2·s·t/(s² + t²)) = −c·expm1(u − log1p((s − t)²/(2·s·t))/2): one less the affinity of two
    normal distributions."""
    for term in node.args:
        if not isinstance(term, sympy.Mul):
            continue
        roots = [one for one in term.args if _is_root(one)]
        powers = [one for one in term.args if isinstance(one, sympy.exp)]
        share = sympy.Mul(*roots)
        weight = -term / sympy.Mul(*roots, *powers)
        squared = share.replace(hypot, lambda s, t: sympy.sqrt(s**2 + t**2)) ** 2
        below, above = squared.as_numer_denom()
        apart = squared_difference(sympy.expand(above), below)
        rest = None if apart is None or len(powers) > 1 else without(node, term, weight)
        if rest is not None:
            exponent = sympy.Add(*(one.args[0] for one in powers)) - log1p(apart) / 2
            return sympy.Add(*rest, -weight * expm1(exponent))
    return None


def _is_root(factor: Any) -> bool:
    """Whether a factor is a root, or a length, or divides by one."""
    base, exponent = factor.as_base_exp()
    return isinstance(base, hypot) or (exponent.is_Rational and exponent.q in (2, 4))
