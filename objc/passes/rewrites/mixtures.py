"""Mixtures and differences of exponentials and sigmoids, of which parts leave the range before the whole."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import (
    Branch,
    expm1,
    extended,
    log1mexp,
    log1p,
    log_cosh,
    maximum,
    minimum,
    sigmoid,
    softplus,
)
from objc.ir.parts import found_in
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression
from objc.passes.rewrites.forms import (
    HALF,
    ONE,
    ZERO,
    Rewrite,
    exponent_of,
    is_short,
    parts_with,
    without,
    without_factor,
)

_SMALL, _LARGE = sympy.Integer(-2), sympy.Integer(7)
_GREATEST_EXPONENT = sympy.Integer(50)
_LOG_OF_RATIO = (
    (1, sympy.Rational(-1, 2)), (2, sympy.Rational(1, 24)), (4, sympy.Rational(-1, 2880)),
    (6, sympy.Rational(1, 181440)), (8, sympy.Rational(-1, 9676800)),
    (10, sympy.Rational(1, 479001600)),
)  # fmt: skip
"""log((1 − exp(−t))/t) = Σ c·tⁿ: what is left out is below 2⁻⁶⁰ of its first term for t ≤ exp(−2)."""
_SMALL_EXPONENT = sympy.Integer(-5)
_LOG_OF_LOG1P = tuple(
    sympy.Rational(*c)
    for c in ((-1, 2), (5, 24), (-1, 8), (251, 2880), (-19, 288), (19087, 362880), (-751, 17280),
              (1070017, 29030400))
)  # fmt: skip
"""log(log(1 + q)/q) = Σ c·qⁿ from n = 1: what is left out is below 2⁻⁵⁸ of its first term for q ≤ exp(−5)."""


def log_of_complementary_log(u: Any) -> Expression:
    """log(1 − exp(−exp u)): u and a series in exp(u) where that is small, −exp(−exp u) where it is large."""
    series = sympy.Add(*(c * sympy.exp(n * u) for n, c in _LOG_OF_RATIO))
    far = -sympy.exp(-sympy.exp(minimum(u, _GREATEST_EXPONENT)))
    between = Branch(sympy.Gt(u, _LARGE), far, log1mexp(-sympy.exp(u)))
    return Branch(sympy.Lt(u, _SMALL), u + series, between)


def log_of_softplus(node: Any) -> Expression | None:
    """log softplus(v) = v + log(log(1 + q)/q) with q = exp(v), by a series where that is small: softplus(v)
    may vanish, and its slope over it is nearly one."""
    (argument,) = node.args
    if not isinstance(argument, softplus) or isinstance(argument.args[0], extended):
        return None
    (v,) = argument.args
    series = sympy.Add(*(c * sympy.exp(n * v) for n, c in enumerate(_LOG_OF_LOG1P, 1)))
    return Branch(sympy.Lt(v, _SMALL_EXPONENT), v + series, sympy.log(softplus(extended(v))))


def log_of_sinh(node: Any) -> Expression | None:
    """log(sinh(u)·b) = u + log(1 − exp(−2u)) − log 2 + log b for u > 0 and b > 0."""
    factors = sympy.Mul.make_args(node.args[0])
    waves = [one for one in factors if isinstance(one, sympy.sinh)]
    rest = sympy.Mul(*(one for one in factors if one not in waves))
    if len(waves) != 1 or not (waves[0].args[0].is_positive and rest.is_positive):
        return None
    (u,) = waves[0].args
    number, product = (rest / 2).as_coeff_Mul()
    powers = (one.as_base_exp() for one in sympy.Mul.make_args(product))
    logs = (n * sympy.log(base) for base, n in powers)
    return sympy.Add(u, log1mexp(-2 * u), sympy.log(number), *logs)


def difference_of_sigmoids(node: Any) -> Expression | None:
    """c·σ(a) − c·σ(b) = c·σ(a)·σ(−b)·(1 − exp(b − a)) where a > b; of a and −a it is a tanh."""
    for one, coefficient, first in parts_with(node, sigmoid):
        for other, other_coefficient, second in parts_with(node, sigmoid):
            a, b = first.args[0], second.args[0]
            if coefficient + other_coefficient != 0 or not is_short(a - b):
                continue
            apart = sympy.expand(a - b)
            if apart.is_positive and sympy.expand(a + b) != 0:
                rest = [part for part in node.args if part is not one and part is not other]
                product = sigmoid(a) * sigmoid(-b) * -expm1(-apart)
                return sympy.Add(*rest, coefficient * product)
    return None


def log_of_sigmoids_apart(node: Any) -> Expression | None:
    """log(c·σ(a) − c·σ(b)) = log c + log σ(a) + log σ(−b) + log(1 − exp(b − a)), as of a cumulative link:
    where a < b neither side is a number."""
    (total,) = node.args
    if not isinstance(total, sympy.Add) or len(total.args) != 2:
        return None
    terms = [one.as_coeff_Mul() for one in total.args]
    if terms[0][0] + terms[1][0] != 0 or not all(isinstance(f, sigmoid) for _, f in terms):
        return None
    (weight, first), (_, second) = sorted(terms, key=lambda one: not one[0].is_positive)
    a, b = first.args[0], second.args[0]
    if not is_short(a - b):
        return None
    apart = sympy.factor_terms(sympy.expand(b - a))
    return sympy.log(weight) - softplus(-a) - softplus(b) + log1mexp(apart)


def log_of_negative_product(node: Any) -> Expression | None:
    """log(−expm1(v)·b) = log(1 − exp v) + log b for v < 0 and b > 0."""
    factors = sympy.Mul.make_args(node.args[0])
    powers = [one for one in factors if isinstance(one, expm1) and one.args[0].is_negative]
    rest = -sympy.Mul(*(one for one in factors if one not in powers))
    if len(powers) != 1 or rest == 1 or not rest.is_positive:
        return None
    logs = [sympy.log(one) for one in sympy.Mul.make_args(rest)]
    return log1mexp(powers[0].args[0]) + sympy.Add(*logs)


_FAR_BELOW = sympy.Integer(-30)
"""Of the logarithm of a probability; what it is beside anything else is then a rounding."""


def log_of_weighted_pair(node: Any, rewrite: Rewrite) -> Expression | None:
    """log(p·exp a + q·exp b) with p + q = 1, for σ(x) and σ(−x), or w and 1 − w: near zero where a and b
    are near each other, and of the size of the greater where they are not."""
    (total,) = node.args
    if not isinstance(total, sympy.Add):
        return None
    pair = _sigmoids(total.args) or _complements(total.args)
    if pair is None:
        return None
    p, a, q, b = pair
    if ZERO in (a, b) and not isinstance(p, sigmoid):
        # One of both has no exponential: it is wrapped, not to be taken for such a pair again.
        p, a, q, b = (p, a, q, b) if a == 0 else (q, b, p, a)
        p = extended(p)
        if b.is_nonpositive:
            return _of_greater(p, q, a, b, ZERO, b)
    first, second = rewrite(sympy.log(p)) + a, rewrite(sympy.log(q)) + b
    gap = sympy.expand(b - a)
    arms = _of_greater(p, q, a, gap, first, second), _of_greater(q, p, b, -gap, second, first)
    return Branch(sympy.Ge(first, second), *arms)


def _of_greater(p: Any, q: Any, a: Any, gap: Any, greater: Any, lesser: Any) -> Expression:
    """log(p·exp a + q·exp(a + gap)) where the first addend is the greater."""
    near = a + log1p(q * expm1(gap))
    if isinstance(p, sigmoid):
        return Branch(sympy.Lt(sympy.Abs(gap), 1), near, greater + softplus(lesser - greater))
    small = sympy.Lt(sympy.Abs(q * expm1(gap)), HALF)
    return Branch(small, near, a + sympy.log(p + q * sympy.exp(gap)))


def _sigmoids(addends: Any) -> tuple[Any, Any, Any, Any] | None:
    if len(addends) != 2:
        return None
    found = []
    for one in addends:
        factors = sympy.Mul.make_args(one)
        gates = [f for f in factors if isinstance(f, sigmoid)]
        rest = sympy.Mul(*(f for f in factors if f not in gates))
        exponent = ZERO if rest == ONE else exponent_of(rest)
        if len(gates) != 1 or exponent is None:
            return None
        found += [gates[0], exponent]
    p, a, q, b = found
    return (p, a, q, b) if p.args[0] == -q.args[0] and (a != 0 or b != 0) else None


def _complements(addends: Any) -> tuple[Any, Any, Any, Any] | None:
    """Of w·exp(a) + (1 − w)·exp(b) for a symbol 0 ≤ w."""
    if len(addends) != 2:
        return None
    for one, other in (addends, addends[::-1]):
        for w in sympy.Mul.make_args(one):
            a = ZERO if one == w else exponent_of(one / w)
            if not (w.is_Symbol and w.is_nonnegative) or a is None:
                continue
            rest = other / (1 - w)
            b = None if rest.has(w) else ZERO if rest == ONE else exponent_of(rest)
            if b is not None and a != b:
                return w, a, 1 - w, b
    return None


def log_of_guessed(node: Any) -> Expression | None:
    """log(w + (1 − w)·σ(x)) = log(1 − (1 − w)·σ(−x)) for a symbol 0 ≤ w, where that is near zero."""
    (total,) = node.args
    addends = total.args if isinstance(total, sympy.Add) and len(total.args) == 2 else ()
    for w, other in (addends, addends[::-1]) if addends else ():
        gate = other / (1 - w)
        if w.is_Symbol and w.is_nonnegative and isinstance(gate, sigmoid):
            missed = (1 - w) * sigmoid(-gate.args[0])
            rest = sympy.log(extended(w) + (1 - w) * gate)
            return Branch(sympy.Lt(missed, HALF), log1p(-missed), rest)
    return None


def log_of_part(node: Any) -> Expression | None:
    """log(c·exp(u)/(a·exp(u) + b)) = u + log(c/(a·exp(u) + b)) far below, where b alone is left of the sum
    and nothing of the exponential: a probability over its mean with a label that is never sure. With
    a + b = c everywhere: the ratio is one where the exponential is."""
    (argument,) = node.args
    factors = sympy.Mul.make_args(argument)
    divisors = [one for one in factors if isinstance(one, sympy.Pow) and one.exp == -1]
    totals = [one.base for one in divisors if isinstance(one.base, sympy.Add)]
    above = [one for one in factors if isinstance(one, sympy.exp)]
    if len(totals) != 1 or len(above) > 1:
        return None
    (total,) = totals
    powers = above or sorted(found_in(total, sympy.exp), key=spelled)
    if not powers:
        return None
    power = powers[0]
    parts = [one for one in total.args if power in sympy.Mul.make_args(one)]
    others = [one for one in total.args if one not in parts]
    if not parts or not others or any(one.has(sympy.exp, sigmoid, Branch) for one in others):
        return None
    (u,) = power.args
    weight = (without_factor(argument, power) if above else argument) * total
    shares = (without_factor(one, power) for one in parts)
    if is_short(total) and sympy.expand(sympy.Add(*shares, *others) - weight) == 0:
        mean = sympy.log(sympy.Add(*(one / weight for one in total.args)))
        return u - mean if above else -mean
    if not above:
        return None
    far = u + sympy.log(weight / total)
    return Branch(sympy.Lt(u, _FAR_BELOW), far, sympy.log(extended(argument)))


def logsumexp_less_greater(node: Any) -> Expression | None:
    """c·log(exp a + exp b) − c·max(a, b) = c·softplus(−|a − b|); the logarithm arrives as a branch."""
    for one, coefficient, branch in parts_with(node, Branch):
        condition, then, otherwise = branch.args
        if not isinstance(condition, sympy.Ge):
            continue
        a, b = condition.args
        gaps = then - a, otherwise - b
        greater = [-coefficient * f for f in (maximum(a, b), maximum(b, a))]
        if gaps == (softplus(b - a), softplus(a - b)) and any(f in node.args for f in greater):
            used = next(f for f in greater if f in node.args)
            rest = [f for f in node.args if f is not one and f != used]
            return sympy.Add(*rest, coefficient * Branch(condition, *gaps))
    return None


def logsumexp_less_middle(node: Any) -> Expression | None:
    """c·log(exp a + exp b) − c·(a + b)/2 = c·log 2 + c·log cosh((a − b)/2), of which the slope vanishes where
    a and b are equal."""
    for one, coefficient, branch in parts_with(node, Branch):
        condition, then, otherwise = branch.args
        if not isinstance(condition, sympy.Ge):
            continue
        a, b = condition.args
        if (then, otherwise) != (a + softplus(b - a), b + softplus(a - b)):
            continue
        if not is_short(coefficient * (a + b)):
            continue
        middle = sympy.Add.make_args(sympy.expand(-coefficient * (a + b) / 2))
        rest = without(node, one, *middle)
        if rest is not None:
            gap = sympy.expand(a - b) / 2
            return sympy.Add(*rest, coefficient * (sympy.log(2) + log_cosh(gap)))
    return None


def weighted_by_exponentials(node: Any) -> Expression | None:
    """(x·exp a + y·exp b)·exp(−a)·σ(a − b) = x·σ(a − b) + y·exp(b − a)·σ(a − b): the exponentials are
    taken into the sum, of which each is a part of the sigmoid."""
    gates = [one for one in node.args if isinstance(one, sigmoid)]
    powers = [one for one in node.args if isinstance(one, sympy.exp)]
    sums = [one for one in node.args if isinstance(one, sympy.Add)]
    if len(gates) != 1 or len(powers) != 1 or len(sums) != 1:
        return None
    if not all(_has_power(one) for one in sums[0].args):
        return None
    (gap,), (exponent,) = gates[0].args, powers[0].args
    if not any(
        sympy.expand(one.args[0] + exponent) in (ZERO, sympy.expand(-gap))
        for one in sums[0].atoms(sympy.exp)
    ):
        return None
    rest = sympy.Mul(*(f for f in node.args if f not in (*powers, *sums, *gates)))
    inside = [_times(one, powers[0]) * gates[0] for one in sums[0].args]
    return sympy.Add(*(rest * one for one in inside))


def _has_power(addend: Any) -> bool:
    return sum(isinstance(f, sympy.exp) for f in sympy.Mul.make_args(addend)) == 1


def _times(addend: Any, power: Any) -> Expression:
    factors = sympy.Mul.make_args(addend)
    own = next(f for f in factors if isinstance(f, sympy.exp))
    others = sympy.Mul(*(f for f in factors if f is not own))
    return others * sympy.exp(sympy.expand(own.args[0] + power.args[0]))
