"""Stable forms of products, quotients and powers."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, log1p, maximum, sigmoid, xlog1py, xlogy
from objc.ir.symbols import Expression
from objc.passes.rewrites.forms import ONE, ZERO, log_of_positive_term, two_exponentials


def merge_exponentials(node: Any) -> Expression | None:
    """exp a · exp b = exp(a + b)."""
    exponents = [one for one in node.args if isinstance(one, sympy.exp)]
    if len(exponents) < 2:
        return None
    others = [one for one in node.args if not isinstance(one, sympy.exp)]
    merged = sympy.exp(sympy.Add(*(one.args[0] for one in exponents)))
    return sympy.Mul(*others, merged)


def merge_powers(node: Any) -> Expression | None:
    """b·bᵖ⁻¹ = bᵖ for b ≥ 0 and a symbolic p: at b = 0 the factors may be zero and infinite."""
    symbolic = [f for f in node.args if isinstance(f, sympy.Pow) and not f.exp.is_number]
    for power in symbolic:
        if not power.base.is_nonnegative:
            continue
        for other in node.args:
            if other is not power and other.as_base_exp()[0] == power.base:
                rest = [f for f in node.args if f is not power and f is not other]
                merged = power.base ** (power.exp + other.as_base_exp()[1])
                return sympy.Mul(*rest, merged)
    return None


def power_into_sum(node: Any) -> Expression | None:
    """b·(c·bᵖ⁻¹ + d·bᵖ) = c·bᵖ + d·bᵖ⁺¹ for b ≥ 0 and a symbolic p: a power inside may be infinite at 0."""
    totals = [one for one in node.args if isinstance(one, sympy.Add)]
    for factor in node.args if totals else ():
        base, exponent = factor.as_base_exp()
        if not (exponent.is_number and exponent.is_positive):
            continue
        for total in totals:
            if all(_has_power_of(base, one) for one in total.args) and base.is_nonnegative:
                rest = [one for one in node.args if one is not factor and one is not total]
                return sympy.Mul(*rest, sympy.Add(*(factor * one for one in total.args)))
    return None


def _has_power_of(base: Any, addend: Any) -> bool:
    return any(
        isinstance(one, sympy.Pow) and one.base == base and not one.exp.is_number
        for one in sympy.Mul.make_args(addend)
    )


def power_beside_its_logarithm(node: Any) -> Expression | None:
    """exp(n·log1p(u))·(1 + u)ᵐ = exp((n + m)·log1p(u)) for a number m: either may leave the range."""
    for one in node.args:
        if not isinstance(one, sympy.exp):
            continue
        for factor in sympy.Mul.make_args(one.args[0]):
            if not isinstance(factor, log1p):
                continue
            for other in node.args:
                base, exponent = other.as_base_exp()
                if base == 1 + factor.args[0] and exponent.is_number:
                    rest = [f for f in node.args if f is not one and f is not other]
                    n = one.args[0] / factor
                    return sympy.Mul(*rest, sympy.exp((n + exponent) * factor))
    return None


def quotient_to_sigmoid(node: Any) -> Expression | None:
    """exp(n·u)·(1 + exp(u))⁻ᵐ = σ(u)ᵏ·exp((n − k)·u)·σ(−u)ᵐ⁻ᵏ with the lesser k of a whole n and m, which
    arrives as exp(n·u)·σ(−u)ᵐ: of its factors one overflows where another vanishes. It is (2·cosh(u/2))⁻ᵐ
    where m is 2·n."""
    for gate in node.args:
        base, power = gate.as_base_exp()
        if not (isinstance(base, sigmoid) and power.is_number and power.is_positive):
            continue
        argument = -base.args[0]
        for other in node.args:
            if not isinstance(other, sympy.exp):
                continue
            times, weight = _times(other.args[0], argument)
            if times.is_Integer and times.is_positive:
                less = min(times, power)
                rest = [f for f in node.args if f is not gate and f is not other]
                left = sympy.exp((times - less) * argument) * base ** (power - less)
                return sympy.Mul(weight, *rest, sigmoid(argument) ** less, left)
            if 2 * times == power:
                rest = [f for f in node.args if f is not gate and f is not other]
                return sympy.Mul(weight, *rest, (2 * sympy.cosh(argument / 2)) ** -power)
    return None


_HIGH = 4
"""Powers by a number from which on they leave the range in usual units."""


def share_of_powers(node: Any) -> Expression | None:
    """aⁿ/(aⁿ + bᵐ) = σ(n·log a − m·log b) for a and b above zero, as of cooperative binding (Hill 1910):
    either power may leave the range, and both may vanish."""
    for total in node.args:
        base, exponent = total.as_base_exp()
        is_pair = exponent == -1 and isinstance(base, sympy.Add) and len(base.args) == 2
        if not is_pair or not any(map(_is_high_power, base.args)):
            continue
        for own, other in (base.args, base.args[::-1]):
            rest = _without_power(node, own)
            if rest is not None and own.is_positive and other.is_positive:
                a, b = (
                    log_of_positive_term(one, powers=True) or sympy.log(one) for one in (own, other)
                )
                return sympy.Mul(*(one for one in rest if one != total), sigmoid(a - b))
    return None


def _is_high_power(term: Any) -> bool:
    factors = (one.as_base_exp() for one in sympy.Mul.make_args(term))
    return any(
        base.is_positive and not base.is_number and (not n.is_number or abs(n) >= _HIGH)
        for base, n in factors
    )


def _without_power(product: Any, own: Any) -> list[Any] | None:
    """The factors of a product without those of a power; None if it has not all of them."""
    factors = list(product.args)
    for one in sympy.Mul.make_args(own):
        if one not in factors:
            return None
        factors.remove(one)
    return factors


def _times(exponent: Any, argument: Any) -> tuple[Expression, Expression]:
    """(n, w) with exp(exponent) = w·exp(n·argument), of an argument that may have logarithms beside it."""
    plain = [one for one in sympy.Add.make_args(argument) if not _is_logarithm(one)]
    times = exponent / sympy.Add(*plain) if plain else ZERO
    if times.is_number and len(plain) < len(sympy.Add.make_args(argument)):
        return times, sympy.exp(times * (sympy.Add(*plain) - argument)).doit()
    return exponent / argument, ONE


def _is_logarithm(addend: Any) -> bool:
    return isinstance(addend.as_coeff_Mul()[1], sympy.log)


def reciprocal_to_sigmoid(node: Any) -> Expression | None:
    """(1 + exp u)⁻ⁿ = σ(−u)ⁿ, and (exp a + exp b)⁻ⁿ = exp(−n·a)·σ(a − b)ⁿ, or (2·cosh a)⁻ⁿ where b is −a."""
    base, power = node.base, node.exp
    pair = two_exponentials(base)
    if pair is None or not power.is_nonpositive:
        return None
    if pair[0] == -pair[1]:
        return (2 * sympy.cosh(pair[0])) ** power
    return sympy.exp(power * pair[0]) * sigmoid(pair[0] - pair[1]) ** (-power)


def power_of_product(node: Any) -> Expression | None:
    """exp(u)ᵖ = exp(p·u) for real p."""
    if isinstance(node.base, sympy.exp) and node.exp.is_real and node.base.args[0].is_real:
        return sympy.exp(node.base.args[0] * node.exp)
    return None


def product_with_log(node: Any) -> Expression | None:
    """x·log y where both may be zero: 0·log 0 = 0."""
    for function, atom in ((sympy.log, xlogy), (log1p, xlog1py)):
        for one in node.args:
            if not isinstance(one, function) or _away_from_infinity(one):
                continue
            others = [f for f in node.args if f is not one]
            vanishing = [f for f in others if not f.is_number and not f.is_nonzero]
            if vanishing:
                kept = [f for f in others if f not in vanishing]
                factor = sympy.Mul(*vanishing)
                return sympy.Mul(*kept, _safe_product(atom, factor, one.args[0]))
    return None


def _safe_product(atom: Any, factor: Any, argument: Any) -> Expression:
    """x·log(a/b) where all three may be zero: 0 where x is, whatever the quotient."""
    above, below = argument.as_numer_denom()
    if atom is not xlogy or below.is_nonzero:
        return atom(factor, argument)
    whole = atom(factor, argument)
    return Branch(sympy.Eq(factor, 0), atom(factor, above), whole)


def product_with_logs(node: Any) -> Expression | None:
    """x·(log a − log b) = xlogy(x, a) − xlogy(x, b), where all may be zero."""
    for one in node.args:
        if not isinstance(one, sympy.Add):
            continue
        logs = [_log_in(addend) for addend in one.args]
        if None in logs or all(_away_from_infinity(log) for log in logs):
            continue
        others = [f for f in node.args if f is not one]
        if any(not f.is_number and not f.is_nonzero for f in others):
            return sympy.Add(*(sympy.Mul(*others, addend) for addend in one.args))
    return None


def _log_in(addend: Any) -> Any:
    """The logarithm of a number times a logarithm."""
    rest = addend.as_coeff_Mul()[1]
    return rest if isinstance(rest, sympy.log | log1p) else None


def has_infinite_logarithm(factor: Any) -> bool:
    """Whether a factor is infinite where a logarithm in it is: a power of one, or a sum that one is
    an addend of."""
    for addend in sympy.Add.make_args(factor):
        for part in sympy.Mul.make_args(addend):
            base, exponent = part.as_base_exp()
            is_log = isinstance(base, sympy.log | log1p) and not _away_from_infinity(base)
            if is_log and exponent.is_positive:
                return True
    return False


def size_from_sign(node: Any) -> Expression | None:
    """sign(x)·x = |x|, so that powers of the size are seen to be of one base; and sign(x)·|x| = x, which has
    a slope at zero."""
    for one in node.args:
        if not isinstance(one, sympy.sign):
            continue
        (x,) = one.args
        for factor, joined in ((x, sympy.Abs(x)), (sympy.Abs(x), x)):
            if factor in node.args:
                rest = [f for f in node.args if f is not one and f != factor]
                return sympy.Mul(*rest, joined)
    return None


def power_of_reciprocal(node: Any) -> Expression | None:
    """(k + c/x)⁻ⁿ = xⁿ·(k·x + c)⁻ⁿ and (a/x + b/y)⁻ⁿ = (x·y)ⁿ·(a·y + b·x)⁻ⁿ for x and y above zero, where
    no addend is below: 1/x may overflow."""
    base, exponent = node.as_base_exp()
    is_whole = exponent.is_Integer and exponent.is_negative and isinstance(base, sympy.Add)
    if not is_whole or len(base.args) > 3 or not all(map(_is_side, base.args)):
        return None
    below = [_reciprocal_in(one) for one in base.args]
    number = base.as_coeff_Add()[0] != 0
    found = list(dict.fromkeys(one for one in below if one is not None))
    if not found or (number and len(base.args) > 2) or not (number or len(found) == len(below)):
        return None
    whole = sympy.Mul(*found)
    return whole**-exponent * sympy.Add(*(one * whole for one in base.args)) ** exponent


def _is_side(addend: Any) -> bool:
    """Whether an addend is above zero, or c·|x|/y: of squares the ratio is kept, which stays in range."""
    above = addend.as_numer_denom()[0].as_coeff_Mul()[1]
    return bool(addend.is_positive or (addend.is_nonnegative and isinstance(above, sympy.Abs)))


def _reciprocal_in(product: Any) -> Any:
    """x of c/x, for an x above zero."""
    for factor in sympy.Mul.make_args(product):
        x, exponent = factor.as_base_exp()
        if exponent == -1 and x.is_positive and not x.is_number:
            return x
    return None


def _away_from_infinity(logarithm: Any) -> bool:
    argument = logarithm.args[0]
    if isinstance(logarithm, log1p):
        if isinstance(argument, maximum):
            return any(one.is_number and one > -1 for one in argument.args)
        return bool(argument.is_nonnegative)
    return bool(argument.is_positive)
