"""Squares that leave the range where what is made of them does not: the last rewrites of a body.

`x²/(1 + x²)` is infinity over infinity beyond 1e154 (1e19 in float32), `1/(1 + x²)³` is 0 beyond 1e51.
Written in 1/x where |x| > 1 nothing overflows and nothing vanishes too early. Only the evaluation
changes, and no derivative is taken of the result: the branch is one for numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from objc.atoms import (
    Branch,
    extended,
    hypot,
    hypot1m1,
    log1p,
    maximum,
    minimum,
    quotient,
    xlogy,
)
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of
from objc.passes.rewrites.forms import ONE, is_short

_MOST_DEGREES = 8
_GREATEST = sympy.Integer(2) ** 127
"""A number of every type, and nearly the greatest of float32."""
_GREATEST_SQUARED, _GREATEST_CONSTANT = sympy.Integer(2) ** 63, sympy.Integer(2) ** 8
_LEAST = sympy.Rational(1, 2**100)


def keep_in_range(expression: Any, named: Mapping[Read, Expression]) -> Any:
    """The same value, by ratios instead of squares where squares may overflow. `named` tells what the
    reads of elementwise lets stand for. What is compared with the largest of many stays the number
    that it was among them."""
    return _in_range(_in_ratios(expression), named)


def _in_ratios(expression: Any) -> Any:
    """The same, with a ratio for every two equal powers of which one divides the other."""
    if not getattr(expression, "args", ()):
        return expression
    arguments = [_in_ratios(one) for one in expression.args]
    if arguments != list(expression.args):
        expression = expression.func(*arguments)
    is_product = isinstance(expression, sympy.Mul)
    return _ratio_of_powers(expression, alike=True) if is_product else expression


def _in_range(expression: Any, named: Mapping[Read, Expression]) -> Any:
    if not getattr(expression, "args", ()):
        return expression
    if getattr(expression, "is_Relational", False):
        if not isinstance(expression, sympy.Eq | sympy.Ne):
            sides = [_nested(one) if one.is_Add else one for one in expression.args]
            return expression.func(*sides)
        return expression.func(*(_in_range(one, named) for one in expression.args))
    if isinstance(expression, (sympy.Mul, sympy.Pow)):
        return _product(expression, named)
    if isinstance(expression, log1p):
        return _log_of_square(expression, named)
    if isinstance(expression, sympy.Add):
        expression = _nested(expression)
    # A square beside a constant is left whole: it is what the constant's branches look for.
    whole = expression.is_Add and expression.as_coeff_Add()[0].is_positive
    arguments = [
        one if whole and (_scaled_power(one) or _is_square(-one)) else _in_range(one, named)
        for one in expression.args
    ]
    return expression.func(*arguments) if arguments != list(expression.args) else expression


def _nested(total: Any) -> Any:
    """x⁴ − x² = (x² − 1)·x², for an entry x: of two powers that are infinite nothing is left."""
    powers: dict[Any, dict[int, Expression]] = {}
    for one in total.args:
        number, rest = one.as_coeff_Mul()
        x, degree = rest.as_base_exp()
        if isinstance(x, Read) and _is_from(degree, 2):
            powers.setdefault(x, {})[int(degree)] = number
    for x, numbers in sorted(powers.items(), key=lambda one: spelled(one[0])):
        if len({number.is_positive for number in numbers.values()}) < 2:
            continue
        highest, *lower = sorted(numbers, reverse=True)
        whole = numbers[highest]
        for degree in lower:
            whole = whole * x ** (highest - degree) + numbers[degree]
            highest = degree
        rest = total - sympy.Add(*(number * x**degree for degree, number in numbers.items()))
        total = rest + x**highest * whole
    return total


def _product(product: Any, named: Mapping[Read, Expression]) -> Any:
    """A product is looked at as a whole: its powers are not on their own."""
    factors = []
    for factor in sympy.Mul.make_args(_over_its_fractions(product)):
        base, exponent = factor.as_base_exp() if isinstance(factor, sympy.Pow) else (factor, ONE)
        factors.append(_in_range(base, named) ** exponent)
    whole = _ratio_of_powers(sympy.Mul(*factors))
    if not isinstance(whole, (sympy.Mul, sympy.Pow)):
        return whole
    changed = _powers_together(whole)
    if changed is None:
        changed = _by_half_exponentials(whole, named)
    if changed is None:
        changed = _rational(whole)
    if changed is None:
        changed = _beside_its_product(whole)
    if changed is None:
        changed = _over_powers_of_sums(whole, named)
    if changed is None:
        changed = _square_of_scale(whole)
    return _divided_in_turn(whole) if changed is None else changed


def _ratio_of_powers(product: Any, *, alike: bool = False) -> Any:
    """xⁿ/sᵐ = (x/s)ᵏ·xⁿ⁻ᵏ/sᵐ⁻ᵏ with k the lesser of both, unless both are 1, and of roots the same. What has
    the same power is brought together first, or only, if it is to be `alike`: x²/(s²·ν) is (x/s)²/ν."""
    powers = {one.as_base_exp()[0]: one.as_base_exp()[1] for one in sympy.Mul.make_args(product)}
    above = [base for base, n in powers.items() if isinstance(base, Read) and _is_half(n)]
    below = [base for base, n in powers.items() if isinstance(base, Read) and _is_half(-n)]
    # What is of one number for all of them, as the scale of a mean is, waits for what is of each.
    for x in sorted(above, key=lambda x: (-len(x.positions), -powers[x], spelled(x))):
        steep = [s for s in below if max(powers[x], -powers[s]) > 1]
        if alike:
            steep = [s for s in steep if powers[x] == -powers[s]]
        if not steep:
            continue
        s = min(steep, key=lambda s: (abs(powers[x] + powers[s]), spelled(s)))
        degree = min(powers[x], -powers[s])
        if not (degree.is_Integer or x.is_nonnegative):
            degree = sympy.floor(degree)  # there is no root of what may be negative
        if degree == 0:
            continue
        powers[s] += degree
        if powers[s] == 0 or not degree.is_Integer:
            below.remove(s)
        whole = quotient(x, s) ** degree
        if not degree.is_Integer:
            whole = quotient(sympy.sqrt(x), sympy.sqrt(s)) ** (2 * degree)
        product = product * x**-degree * s**degree * whole
    return product


def _divided_in_turn(product: Any) -> Any:
    """x/(a·b) = (x/a)/b, first by the divisor that x is a part of, where all three are entries of one tensor
    size: the product of the divisors may leave the range."""
    entries = [one for one in sympy.Mul.make_args(product) if isinstance(one, Read)]
    below = [1 / one for one in sympy.Mul.make_args(product) if one.as_base_exp()[1] == -1]
    for x in (one for one in entries if one.positions):
        alike = [one for one in below if indices_of(one) == indices_of(x) and not one.is_integer]
        if len(alike) > 1 and len(alike) == len(below):
            divisor = min(alike, key=lambda one: (x not in one.args, spelled(one)))
            below.remove(divisor)
            product = product / x * divisor * quotient(x, divisor)
    return product


def _over_powers_of_sums(product: Any, named: Mapping[Read, Expression]) -> Expression | None:
    """x/(1 + x)² = (x/(1 + x))/(1 + x), of which the square may leave the range, (1 − x)/(1 + x)² and
    x²/(1 + |x|): what is no larger than a sum of which nothing is negative is divided by it first. Of
    x·y/(x + y) that is the greater one."""
    whole = product
    factors = [one.as_base_exp() for one in sympy.Mul.make_args(product)]
    entries = sum(n for one, n in factors if indices_of(one) and _is_from(n, 1))
    for base, exponent in factors:
        total = named.get(base, base)
        if not (_is_from(-exponent, 1) and isinstance(total, sympy.Add)) or not all(
            one.is_nonnegative for one in total.args
        ):
            continue
        if exponent == -1 and entries < 2:
            continue
        parts = {_without_a_number(one) for one in total.args}
        inside = [one for one in factors if _is_from(one[1], 1) and _is_within(one[0], total)]
        within = [one for one, n in inside for _ in range(n)]
        within.sort(key=lambda one: (not isinstance(one, sympy.Add), bool(indices_of(one))))
        for left in range(min(-exponent, len(within)), 0, -1):
            x = within.pop(0)
            beside = [one for one in within if {sympy.Abs(x), sympy.Abs(one)} == parts]
            if left == 1 and beside and indices_of(x) and indices_of(beside[0]):
                sizes = sympy.Abs(x), sympy.Abs(beside[0])
                whole = whole / x / beside[0] * sympy.sign(x) * sympy.sign(beside[0])
                whole *= base * minimum(*sizes) * quotient(maximum(*sizes), base)
            else:
                whole = whole / x * base * quotient(x, base)
    return None if whole == product else whole


def _beside_its_product(product: Any) -> Expression | None:
    """y/(1 + x·y) is 1/x and y²/(1 + x·y)² is 1/x² where 1 is lost beside x·y, which may leave the range."""
    for factor in sympy.Mul.make_args(product):
        base, exponent = factor.as_base_exp()
        constant, rest = base.as_coeff_Add()
        if not (exponent in (-1, -2) and isinstance(base, sympy.Add) and constant.is_positive):
            continue
        if not _is_product_of_entries(rest.as_coeff_Mul()[1]):
            continue
        others = product / factor
        if not others.free_symbols & rest.free_symbols or constant > _GREATEST_CONSTANT:
            continue
        bound = _GREATEST if exponent == -1 else _GREATEST_SQUARED
        return Branch(sympy.Lt(base, bound), product, others * rest**exponent)
    return None


def _is_product_of_entries(product: Any) -> bool:
    """x·y of entries that are never negative."""
    return isinstance(product, sympy.Mul) and all(
        isinstance(one, Read) and one.is_nonnegative and not one.is_integer for one in product.args
    )


def _square_of_scale(product: Any) -> Expression | None:
    """s²·(√(1 + (r/s)²) − 1) = r·(r/(1 + √(1 + (r/s)²))), and s·|r| far out: s² may leave the range."""
    powers = product.as_powers_dict()
    for factor in sympy.Mul.make_args(product):
        if not isinstance(factor, hypot1m1):
            continue
        (u,) = factor.args
        r, s = u.args if isinstance(u, quotient) else u.as_numer_denom()
        if isinstance(s, Read) and powers.get(s, 0) == 2 and r.is_real:
            near = r * quotient(r, 1 + hypot(1, u))
            whole = Branch(sympy.Lt(sympy.Abs(u), _GREATEST), near, s * sympy.Abs(r))
            return product / factor / s**2 * whole
    return None


def _without_a_number(term: Any) -> Any:
    """x of c·x, for an entry x that is never negative, or the size of one; None of a number."""
    x = term.as_coeff_Mul()[1]
    size = x.args[0] if isinstance(x, sympy.Abs) else x
    return x if isinstance(size, Read) and x.is_nonnegative else None


def _is_within(factor: Any, total: Any) -> bool:
    """Whether a factor is at most so many times a sum: an entry, or a sum, of parts of that."""
    number, rest = factor.as_coeff_Add()
    if rest == 0 or (number != 0 and total.as_coeff_Add()[0] == 0):
        return False
    parts = {_without_a_number(one) for one in total.args} - {None}
    addends = (one.as_coeff_Mul()[1] for one in sympy.Add.make_args(rest))
    return all(_without_a_number(sympy.Abs(one)) in parts for one in addends)


def _is_half(exponent: Any) -> bool:
    """1/2, 1, 3/2, …"""
    return bool(exponent.is_Rational and exponent.is_positive and exponent.q <= 2)


def _powers_together(product: Any) -> Expression | None:
    """pᵃ·qᵇ with symbolic exponents, where one of them leaves the range: exp(a·log p + b·log q)."""
    powers = [
        one
        for one in sympy.Mul.make_args(product)
        if isinstance(one, sympy.Pow) and not one.exp.is_number and one.base.is_nonnegative
    ]
    if len(powers) < 2:
        return None
    together = sympy.Mul(*powers)
    logarithm = sympy.Add(*(xlogy(extended(one.exp), one.base) for one in powers))
    inside = sympy.And(sympy.Gt(together, 0), sympy.Le(together, _GREATEST))
    rest = sympy.Mul(*(one for one in sympy.Mul.make_args(product) if one not in powers))
    return rest * Branch(inside, together, sympy.exp(logarithm))


def _by_half_exponentials(product: Any, named: Mapping[Read, Expression]) -> Expression | None:
    """x²·exp(u) = (x/exp(−u/2))², and x·exp(u) the same in two steps where the square stands beside it:
    either factor may leave the range of which the product does not. What is a square under the
    exponential itself is dealt with below."""
    found = _half_exponential(product, named)
    if found is None:
        return None
    x, exponent, u, factors = found
    half = sympy.exp(-u / 2)
    rest = sympy.Mul(*factors)
    if exponent == 2:
        return rest * quotient(x, half) ** 2
    pairs = (
        _half_exponential(one, named) for body in named.values() for one in body.atoms(sympy.Mul)
    )
    beside = any(one is not None and one[:3] == (x, 2, u) for one in pairs)
    return rest * quotient(quotient(x, half), half) if beside else None


def _half_exponential(
    product: Any, named: Mapping[Read, Expression]
) -> tuple[Any, Any, Any, list[Any]] | None:
    """(x, n, u, the rest) of a product of xⁿ, for n 1 or 2, and one exp(u)."""
    factors = list(sympy.Mul.make_args(product))
    powers = [one for one in factors if isinstance(named.get(one, one), sympy.exp)]
    if len(powers) != 1:
        return None
    (u,) = named.get(powers[0], powers[0]).args
    for one in factors:
        x, exponent = one.as_base_exp()
        fits = one is not powers[0] and exponent in (1, 2) and _is_generator(x)
        if fits and u.free_symbols and not u.has(x) and not x.is_positive:
            return x, exponent, u, [f for f in factors if f is not one and f is not powers[0]]
    return None


def _is_from(exponent: Any, least: int) -> bool:
    return bool(exponent.is_Integer and exponent >= least)


def _log_of_square(node: Any, named: Mapping[Read, Expression]) -> Any:
    """log(1 + k·x²) = 2·log(1 + (√(1 + k·x²) − 1)), in which the square is never made; log(1 + k·y/x) is
    log k·y − log x where y/x may leave the range, log(1 + k·x·y) by √x·√y."""
    found = _scaled_power(node.args[0])
    if found is not None and found[2] == 2:
        x, rate, _ = found
        return 2 * log1p(hypot1m1(_in_range(sympy.sqrt(rate) * x, named)))
    node = node.func(_in_range(node.args[0], named))
    rate, rest = node.args[0].as_coeff_Mul()
    if rate.is_positive and _is_product_of_entries(rest) and len(rest.args) == 2:
        # By the roots of both the far arm has no logarithm of its own: arms may be computed together.
        beyond = sympy.Gt(node.args[0], _GREATEST)
        product = sympy.Mul(sympy.sqrt(rate), *(sympy.sqrt(one) for one in rest.args))
        number, argument = Branch(beyond, 2, ONE), Branch(beyond, product - 1, node.args[0])
        return number * log1p(argument)
    above, below = rest.as_numer_denom()
    if not (rate.is_positive and isinstance(below, Read) and below.is_positive):
        return node
    if above == 1:
        return Branch(sympy.Lt(below, _LEAST * rate), sympy.log(rate) - sympy.log(below), node)
    # Of the size over a number that all examples have, a logarithm more would be a price for all of them.
    if isinstance(above, Read) or indices_of(below):
        if above != _without_a_number(above):
            return node
        apart = sympy.log(above) - sympy.log(below) + sympy.log(rate)
        ratio = rate * quotient(above, below)
        return Branch(sympy.Gt(ratio, _GREATEST), apart, log1p(ratio))
    return node


def _is_generator(base: Any) -> bool:
    return isinstance(base, (Read, quotient)) and bool(base.is_real)


def _stays_representable(product: Any, power: Any, x: Any) -> bool:
    """Whether 1/(c + k·xᵐ) stands alone, with m > 2: it is 0 where it is below the range."""
    is_square = any(one.exp == 2 for one in power.base.atoms(sympy.Pow) if one.base == x)
    return power.exp == -1 and not is_square and not (product / power).has(x)


def _is_rate(base: Any) -> bool:
    """Whether an entry, or a ratio of entries, is never negative."""
    sides = base.args if isinstance(base, quotient) else (base,)
    return all(one.is_nonnegative for one in sides)


def _rational(product: Any) -> Expression | None:
    """xᵃ·P(x)/(c + k·xᵐ)ⁿ by the reciprocal of x where |x| > 1."""
    for power in sympy.Mul.make_args(product):
        x = _sum_of_power(power)
        if x is None or _stays_representable(product, power, x):
            continue
        parts = [_in_reciprocal(factor, x) for factor in sympy.Mul.make_args(product)]
        known = [one for one in parts if one is not None]
        if len(known) < len(parts):
            return None
        degree = sum(n for n, _ in known)
        inverse = _reciprocal(x)
        far = sympy.Mul(*(bounded for _, bounded in known))
        far *= x**degree if degree > 0 else inverse**-degree
        return Branch(sympy.Gt(sympy.Abs(x), 1), far, product)
    return None


def _over_its_fractions(product: Any) -> Any:
    """(a + b/B)/B = (a·B + b)/B² for a B = c + k·x²: what is not bounded far out is a polynomial then, and
    not a difference of ratios."""
    powers = {}
    for factor in sympy.Mul.make_args(product):
        x = _sum_of_power(factor)
        if x is not None:
            powers[factor.as_base_exp()[0]] = x
    for factor in sympy.Mul.make_args(product):
        if not isinstance(factor, sympy.Add) or not is_short(factor):
            continue
        for base, x in powers.items():
            degrees = [-one.exp for one in factor.atoms(sympy.Pow) if one.base == base]
            if not degrees or not all(_is_from(one, 1) for one in degrees):
                continue
            above = sympy.Add(*(base ** max(degrees) * one for one in factor.args))
            if _in_reciprocal(above, x) is not None:
                return product / factor * sympy.expand(above) * base ** -max(degrees)
    return product


def _reciprocal(x: Any) -> Expression:
    return quotient(*reversed(x.args)) if isinstance(x, quotient) else quotient(ONE, x)


def _sum_of_power(power: Any) -> Any:
    """x of (c + k·xᵐ)⁻ⁿ with positive numbers c and k, and an xᵐ that is never negative."""
    base, exponent = power.as_base_exp()
    if not (_is_from(-exponent, 1) and isinstance(base, sympy.Add) and len(base.args) == 2):
        return None
    constant, rest = base.as_coeff_Add()
    found = _scaled_power(rest)
    if found is None or not (constant.is_positive and found[1].is_number):
        return None
    # Of the square of a ratio `lengths` has made what is in range.
    return None if isinstance(found[0], quotient) and found[2] == 2 else found[0]


def _scaled_power(product: Any) -> tuple[Any, Expression, Any] | None:
    """(x, k, m) where a product is k·xᵐ ≥ 0, for a whole m > 1 and a positive k that x is not in."""
    for factor in sympy.Mul.make_args(product):
        x, exponent = factor.as_base_exp()
        if _is_from(exponent, 2) and _is_generator(x) and (exponent % 2 == 0 or _is_rate(x)):
            rate = product / factor
            if rate.is_positive and not rate.has(x):
                return x, rate, exponent
    return None


def _is_square(product: Any) -> bool:
    """Whether a product is k·xᵐ ≥ 0 with a number k."""
    found = _scaled_power(product)
    return found is not None and bool(found[1].is_number)


def _in_reciprocal(factor: Any, x: Any) -> tuple[int, Expression] | None:
    """(n, e) with factor = xⁿ·e, where e is bounded for |x| > 1 if the factor is a polynomial in x or
    a power of one; what x is not in stays. None if it is neither."""
    base, exponent = factor.as_base_exp()
    if not factor.has(x):
        return 0, factor
    if not exponent.is_Integer or not is_short(base):
        return None
    symbol = sympy.Dummy(real=True)
    opened = base.xreplace({x: symbol})
    if opened.free_symbols & x.free_symbols or not opened.is_polynomial(symbol):
        return None
    polynomial = sympy.Poly(opened, symbol)
    degree = polynomial.degree()
    if degree * abs(exponent) > (_MOST_DEGREES if exponent > 0 else 2 * _MOST_DEGREES):
        return None
    inverse = _reciprocal(x)
    reversed_ = sympy.Add(*(c * inverse ** (degree - n) for (n,), c in polynomial.terms()))
    return int(degree * exponent), reversed_**exponent
