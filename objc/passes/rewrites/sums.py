"""Sums in which something cancels, brought to forms in which nothing does."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, expm1, quotient, sigmoid, softplus
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression
from objc.passes.rewrites.forms import ONE, ZERO, Rewrite, factored, is_short, parts_with, without


def difference_to_expm1(node: Any) -> Expression | None:
    """c·exp(a) − c = c·expm1(a), and c·exp(m·b) − c·exp(b) = c·exp(b)·expm1((m − 1)·b) for a number
    m > 1. (For unrelated a and b the product might be zero times infinity.)"""
    terms = [(one, *_coefficient_and_exponent(one)) for one in node.args]
    for first, coefficient, exponent in terms:
        if exponent == 0:
            continue
        constants = sympy.Add(*(one for one, _, other in terms if other == 0))
        left = _less(constants, coefficient)
        if left is not None:
            rest = [one for one, _, other in terms if other != 0 and one is not first]
            return sympy.Add(*rest, left, coefficient * expm1(exponent))
        for second, other_coefficient, other_exponent in terms:
            if second is first or coefficient + other_coefficient != 0:
                continue
            if not _is_multiple(exponent, other_exponent):
                continue
            rest = [one for one in node.args if one is not first and one is not second]
            factor = coefficient * sympy.exp(other_exponent)
            return sympy.Add(*rest, factor * expm1(exponent - other_exponent))
    return _less_several(terms)


def _less_several(terms: list[tuple[Any, Any, Any]]) -> Expression | None:
    """(a + b)·exp(u) less a·exp(m·u) and b·exp(m·u), which have been multiplied out."""
    for first, coefficient, exponent in terms:
        factors = sympy.Mul.make_args(coefficient)
        if exponent == 0 or not any(isinstance(one, sympy.Add) for one in factors):
            continue
        for other in dict.fromkeys(each for _, _, each in terms if each not in (0, exponent)):
            parts = [(one, part) for one, part, each in terms if each == other]
            total = sympy.Add(*(part for _, part in parts))
            if len(parts) < 2 or _less(total, coefficient) != 0:
                continue
            low, high = (exponent, other) if _is_multiple(other, exponent) else (other, exponent)
            if _is_multiple(high, low):
                used = [first, *(one for one, _ in parts)]
                rest = [one for one, _, _ in terms if one not in used]
                signed = coefficient if high == exponent else -coefficient
                return sympy.Add(*rest, signed * sympy.exp(low) * expm1(high - low))
    return None


def _less(amount: Expression, coefficient: Expression) -> Expression | None:
    """amount + coefficient, if terms of the two cancel and nothing is left of the coefficient."""
    if amount == 0:
        return None
    if amount + coefficient == 0:
        return ZERO
    if not coefficient.free_symbols <= amount.free_symbols:
        return None
    if amount.has(Branch) or coefficient.has(Branch) or not is_short(amount + coefficient):
        return None
    # Of exp(a − m) alone, either half may leave the range.
    apart = sympy.expand(amount, power_exp=False)
    left = sympy.expand(apart + coefficient, power_exp=False)
    before = len(sympy.Add.make_args(apart)) if apart != 0 else 0
    after = len(sympy.Add.make_args(left)) if left != 0 else 0
    removed = len(sympy.Add.make_args(sympy.expand(coefficient, power_exp=False)))
    return factored(left) if after == before - removed else None


def _is_multiple(exponent: Expression, base: Expression) -> bool:
    if base == 0:
        return True
    alike = exponent.free_symbols == base.free_symbols and is_short(exponent) and is_short(base)
    ratio = sympy.cancel(exponent / base) if alike else ZERO
    return bool(ratio.is_number and ratio > 1)


def _coefficient_and_exponent(term: Any) -> tuple[Expression, Expression]:
    """(c, u) where the term is c·exp(u); a term without exponentials has u = 0."""
    factors = sympy.Mul.make_args(term)
    exponentials = [f for f in factors if isinstance(f, sympy.exp)]
    rest = sympy.Mul(*(f for f in factors if not isinstance(f, sympy.exp)))
    return rest, sympy.Add(*(f.args[0] for f in exponentials))


def part_of_ratio(node: Any) -> Expression | None:
    """c·(A − b)/n + c·b/n = c·A/n, of a ratio that keeps its range."""
    for one, coefficient, ratio in parts_with(node, quotient):
        above, below = ratio.args
        if not isinstance(above, sympy.Add):
            continue
        for other in node.args:
            part = -other * below / coefficient
            if other is not one and part in above.args:
                rest = [addend for addend in node.args if addend not in (one, other)]
                return sympy.Add(*rest, coefficient * quotient(above - part, below))
    return None


def complement_of_sigmoid(node: Any) -> Expression | None:
    """c − c·σ(u) = c·σ(−u)."""
    for one, coefficient, factor in parts_with(node, sigmoid):
        rest = without(node, -coefficient, one)
        if rest is not None:
            return sympy.Add(*rest, -coefficient * sigmoid(-factor.args[0]))
    return None


def power_of_sigmoid_less_one(node: Any) -> Expression | None:
    """c·σ(u)ⁿ − c = c·expm1(−n·softplus(−u)) for n < 0, which is c·exp(−u) for n = −1."""
    for one, coefficient, power in parts_with(node, sympy.Pow):
        gate, exponent = power.as_base_exp()
        if not isinstance(gate, sigmoid) or not (exponent.is_Rational and exponent.is_negative):
            continue
        rest = without(node, -coefficient, one)
        if rest is not None:
            u = -gate.args[0]
            less = sympy.exp(u) if exponent == -1 else expm1(-exponent * softplus(u))
            return sympy.Add(*rest, coefficient * less)
    return None


def products_by_corners(node: Any) -> Expression | None:
    """What is linear in a sigmoid p and in a label y by its values where either is 0 or 1: of
    1 − p·y − (1 − p)·(1 − y), which is p·(1 − y) + (1 − p)·y, nothing cancels where both are between them."""
    if node.as_coeff_Add()[0] == 0 or not node.has(sigmoid) or not is_short(node):
        return None
    arguments = {one.args[0] for one in node.atoms(sigmoid)}
    z = min(arguments, key=spelled)
    labels = [one for one in node.free_symbols - z.free_symbols if one.is_nonnegative]
    if not arguments <= {z, -z} or len(node.free_symbols - z.free_symbols) != 1 or not labels:
        return None
    (y,), p = labels, sympy.Dummy()
    opened = node.xreplace({sigmoid(z): p, sigmoid(-z): 1 - p})
    if opened.has(z) or not opened.is_polynomial(p, y):
        return None
    linear = sympy.Poly(opened, p, y)
    corners = {(a, b): linear.eval({p: a, y: b}) for a in (ZERO, ONE) for b in (ZERO, ONE)}
    signs = {sympy.sign(one) for one in corners.values()}
    is_linear = linear.degree(p) == 1 and linear.degree(y) == 1
    if not is_linear or linear.coeff_monomial(p * y) == 0:
        return None
    if ZERO not in signs or not signs < {ZERO, ONE, -ONE}:
        return None
    shares, parts = {ONE: sigmoid(z), ZERO: sigmoid(-z)}, {ONE: y, ZERO: 1 - y}
    return sympy.Add(*(value * shares[a] * parts[b] for (a, b), value in corners.items()))


def complement_of_softplus(node: Any) -> Expression | None:
    """c·softplus(u) − c·u = c·softplus(−u)."""
    for one, coefficient, factor in parts_with(node, softplus):
        rest = _without_all(node, -coefficient * factor.args[0], one)
        if rest is not None:
            return sympy.Add(*rest, coefficient * softplus(-factor.args[0]))
    return None


def _without_all(node: Any, amount: Any, first: Any) -> list[Expression] | None:
    return without(node, first, *sympy.Add.make_args(amount))


def constant_that_cancels(node: Any) -> Expression | None:
    """1 − (1 − x)³ = x·(3 − 3x + x²): multiply out where the constant vanishes exactly. What stands
    beside the constant in the power is one symbol: it isn't multiplied out itself."""
    if node.as_coeff_Add()[0] == 0:
        return None
    opaque: dict[Any, Any] = {}
    for power in node.atoms(sympy.Pow):
        if not _small_power_of_sum(power):
            continue
        constant, rest = power.base.as_coeff_Add()
        coefficient, rest = rest.as_coeff_Mul()
        symbol = sympy.Dummy(real=True)
        opaque[power] = (constant + coefficient * symbol) ** power.exp
        opaque[symbol] = rest
    if len(opaque) != 2:
        return None
    (power, polynomial), (symbol, rest) = opaque.items()
    opened = node.xreplace({power: polynomial}).xreplace({rest: symbol})
    expanded = sympy.expand(opened) if is_short(opened) else ONE
    if not expanded.is_polynomial(symbol) or expanded.subs(symbol, 0) != 0:
        return None
    factored = symbol * sympy.horner(sympy.expand(expanded / symbol), wrt=symbol)
    return factored.xreplace({symbol: rest})


def _small_power_of_sum(power: Any) -> bool:
    return bool(
        isinstance(power.base, sympy.Add)
        and power.exp.is_Integer
        and 2 <= power.exp <= 4
        and power.base.as_coeff_Add()[0] != 0
    )


def common_power(node: Any) -> Expression | None:
    """a·Bⁿ + b·Bⁿ⁻¹ = (a·B + b)·Bⁿ⁻¹ for a sum B under a root or in a denominator, when terms of the
    numerator cancel: 1/s − r²/s³ = ε²/s³ with s = √(r² + ε²)."""
    groups: dict[Any, list[tuple[Any, Any, Any]]] = {}
    for one in node.args:
        for factor in sympy.Mul.make_args(one):
            base, exponent = factor.as_base_exp()
            if isinstance(factor, sympy.Pow) and isinstance(base, sympy.Add) and exponent.is_number:
                rest = sympy.Mul(*(f for f in sympy.Mul.make_args(one) if f is not factor))
                groups.setdefault(base, []).append((one, exponent, rest))
    for base, members in groups.items():
        used = [one for one, _, _ in members]
        members += [(one, ZERO, one) for one in node.args if one.is_number and one not in used]
        lowest = min(exponent for _, exponent, _ in members)
        if len(members) < 2 or not lowest < 0:
            continue
        if not all((exponent - lowest).is_Integer for _, exponent, _ in members):
            continue
        whole = [rest * base ** (exponent - lowest) for _, exponent, rest in members]
        if any(part.has(Branch) for part in whole) or not is_short(sympy.Add(*whole)):
            continue
        # Of exp(a − m) alone, either half may leave the range.
        numerator, *parts = (
            sympy.expand(one, power_exp=False) for one in (sympy.Add(*whole), *whole)
        )
        # That two numbers are one is no gain where powers are multiplied out: 4 − 4·s³ would be longer.
        numbers = sum(one.as_coeff_Add()[0] != 0 for one in parts)
        has_number = numerator.as_coeff_Add()[0] != 0
        is_long = any(exponent - lowest > 1 for _, exponent, _ in members)
        merged = numbers - 1 if is_long and has_number else 0
        if _addends(numerator) < sum(map(_addends, parts)) - merged:
            used = [one for one, _, _ in members]
            others = [one for one in node.args if one not in used]
            return sympy.Add(*others, factored(numerator) * base**lowest)
    return None


def common_exponential(node: Any, rewrite: Rewrite) -> Expression | None:
    """c·exp(u) + d·exp(u) = (c + d)·exp(u), when the inner sum has a better form, or fewer terms."""
    groups: dict[Any, list[Expression]] = {}
    for one in node.args:
        coefficient, exponent = _coefficient_and_exponent(one)
        if exponent != 0:
            groups.setdefault(exponent, []).append(coefficient)
    for exponent, coefficients in groups.items():
        if len(coefficients) < 2:
            continue
        inner = sympy.Add(*coefficients)
        better = rewrite(inner)
        apart = sum(len(sympy.Add.make_args(one)) for one in coefficients)
        if better != inner or len(sympy.Add.make_args(inner)) < apart - 1:
            others = [one for one in node.args if _coefficient_and_exponent(one)[1] != exponent]
            return sympy.Add(*others, better * sympy.exp(exponent))
    return None


def fewer_terms(node: Any) -> Expression | None:
    """c·(1 − s) + c·s = c: multiply out where terms cancel, of sums without functions in them."""
    if not all(_is_polynomial(one) for one in node.args):
        return None
    factors = [f for one in node.args for f in sympy.Mul.make_args(one)]
    if not any(isinstance(f.as_base_exp()[0], sympy.Add) for f in factors):
        return None
    if not is_short(node):
        return None
    found = _with_fewer(node)
    if found is None or _addends(found) <= len(node.args):
        return None if found is None else factored(found)
    # What is left of squares that are multiplied out cancels: sums without a constant stay as they are.
    whole = {
        one: sympy.Dummy(real=True)
        for one in sorted(node.atoms(sympy.Add), key=spelled)
        if one != node and one.as_coeff_Add()[0] == 0
    }
    found = _with_fewer(node.xreplace(whole))
    return None if found is None else factored(found).xreplace({v: k for k, v in whole.items()})


def _with_fewer(node: Any) -> Expression | None:
    """A sum multiplied out where terms cancel."""
    expanded = sympy.expand(node)
    apart = sum(_addends(sympy.expand(one)) for one in sympy.Add.make_args(node))
    return expanded if _addends(expanded) < apart else None


def part_times_exponential(node: Any) -> Expression | None:
    """exp(u)·(x·exp(−u) + y) − x = exp(u)·y: a scale that is an exponential, times what was divided by it."""
    for one in node.args:
        factors = sympy.Mul.make_args(one)
        scales = [f for f in factors if isinstance(f, sympy.exp)]
        totals = [f for f in factors if isinstance(f, sympy.Add) and f.has(sympy.exp)]
        if len(scales) != 1 or len(totals) != 1:
            continue
        coefficient = sympy.Mul(*(f for f in factors if f is not totals[0]))
        for part in totals[0].args:
            rest = without(node, one, -coefficient * part)
            if rest is not None:
                return sympy.Add(*rest, coefficient * (totals[0] - part))
    return None


def _is_polynomial(term: Any) -> bool:
    return all(
        not node.args
        or isinstance(node, (sympy.Add, sympy.Mul))
        or (isinstance(node, sympy.Pow) and node.exp.is_Integer and abs(node.exp) <= 4)
        for node in sympy.preorder_traversal(term)
    )


def _addends(total: Any) -> int:
    return len(sympy.Add.make_args(total))


def common_denominator(node: Any) -> Expression | None:
    """1/x − 1/(x + 1) = 1/(x·(x + 1)): over all denominators, where those differ by numbers and the
    numerators cancel."""
    terms = [_fraction(one) for one in node.args]
    bases = {base for _, powers in terms for base in powers}
    if len(bases) < 2 or not _differ_by_numbers(bases) or not is_short(node):
        return None
    degrees = {base: max(powers.get(base, 0) for _, powers in terms) for base in bases}
    whole = [
        above * sympy.Mul(*(base ** (degrees[base] - powers.get(base, 0)) for base in bases))
        for above, powers in terms
    ]
    numerator = sympy.expand(sympy.Add(*whole))
    apart = [sympy.Add.make_args(sympy.expand(one)) for one in whole]
    if len(sympy.Add.make_args(numerator)) > max(map(len, apart)) - 1:
        return None
    below = sympy.Mul(*(base**-degree for base, degree in degrees.items()))
    return factored(numerator) * below


def _fraction(term: Any) -> tuple[Expression, dict[Any, int]]:
    """The numerator of a term, and the degrees of what it is divided by."""
    powers, above = {}, []
    for factor in sympy.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if exponent.is_Integer and -4 <= exponent < 0 and not base.is_number:
            powers[base] = -int(exponent)
        else:
            above.append(factor)
    return sympy.Mul(*above), powers


def _differ_by_numbers(bases: Any) -> bool:
    """Whether they are one symbol and numbers, up to the sign, so that no product of them
    is much smaller than they are."""
    first, *rest = bases
    return len(first.free_symbols) == 1 and all(
        (first - one).is_number or (first + one).is_number for one in rest
    )


def constant_of_branch(node: Any) -> Expression | None:
    """c·(if u then 0 else 1) − c = c·(if u then −1 else 0): beside what is near zero nothing is added to it
    that is taken away again."""
    for one, coefficient, branch in parts_with(node, Branch):
        condition, *arms = branch.args
        if not all(arm.is_number for arm in arms):
            continue
        for arm in arms:
            rest = without(node, one, -coefficient * arm) if arm != 0 else None
            if rest is not None:
                less = (other - arm for other in arms)
                return sympy.Add(*rest, coefficient * Branch(condition, *less))
    return None
