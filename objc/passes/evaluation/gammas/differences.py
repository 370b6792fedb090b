"""Differences of log-gamma functions, and of their derivatives, far out: of two, and of several together.

Γ(a + y)/Γ(a)·Γ(b + n − y)/Γ(b) over Γ(a + b + n)/Γ(a + b), as in a beta-binomial probability (Skellam 1948),
is binomial where a and b are large: what is about y·log a of a pair stands in logarithms of ratios,
y·log((a + y)/(a + b + n)), and what is left is s²/x and less. So it is with the derivatives along a scale of
a and b, of which the first fractions s/x add up to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import sympy

from objc.atoms import Branch, log1p, loggamma, quotient
from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression
from objc.passes.evaluation.gammas.series import (
    difference,
    is_far,
    of_order,
    rest_of_difference,
)
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import ZERO, is_short
from objc.passes.stable.differences import written_out
from objc.passes.tidying.inline import size

_FUNCTIONS = (loggamma, sympy.polygamma)
_MOST_OF_A_SIGN = 6


@dataclass(frozen=True)
class _Pair:
    """c·(f(x + s) − f(x)) of one function f."""

    weight: Expression
    x: Any
    s: Any
    upper: Any


def differences_of_gammas(program: Program) -> Program:
    """The program with such differences by their series, where the arguments are large."""
    return change_nodes(
        program,
        lambda node: _together(node, program) or _pair(node, program),
        beside=_FUNCTIONS,
        order=lambda one: (-size(one), spelled(one)),
    )


def _pair(node: Any, program: Program) -> Expression | None:
    addends = list(_addends(node))
    terms = [(one, *_gamma_in(one)) for one in addends]
    for whole, weight, order, upper in terms:
        for other, other_weight, other_order, lower in terms:
            if upper is None or lower is None or order != other_order:
                continue
            if weight + other_weight != 0 or not lower.is_positive:
                continue
            apart = _apart(upper, lower, program)
            if not apart.is_nonnegative or apart == 0:
                continue
            rest = [one for one in addends if one is not whole and one is not other]
            found = weight * difference(order, lower, apart, upper)
            swapped = -weight * loggamma(apart)
            if order == -1 and swapped in rest:  # a logarithm of the beta function
                rest.remove(swapped)
                turned = weight * difference(order, apart, lower, upper) - weight * loggamma(lower)
                found = Branch(sympy.Ge(lower, apart), found + swapped, turned)
            return sympy.Add(*rest, found)
    return None


def _apart(upper: Any, lower: Any, program: Program) -> Any:
    apart = written_out(upper - lower, program)
    return sympy.expand(apart) if is_short(apart) else ZERO


def _together(node: Any, program: Program) -> Expression | None:
    """A sum of two and more such differences of one function, as one."""
    addends = list(_addends(node))
    terms = [(*_gamma_in(one), one) for one in addends]
    for order in (-1, 0, 1):
        alike = [(weight, x, one) for weight, n, x, one in terms if x is not None and n == order]
        pairs = _matched(alike, program)
        if len(pairs) < 2:
            continue
        used = [one for pair, ends in pairs for one in ends]
        found = [pair for pair, _ in pairs]
        joined = _of_logarithms(found, program) if order == -1 else _of_fractions(order, found)
        if joined is None:
            apart = (one.weight * difference(order, one.x, one.s, one.upper) for one in found)
            joined = sympy.Add(*apart)
        rest = sympy.Add(*(one for one in addends if one not in used))
        others = _together(rest, program) if isinstance(rest, sympy.Add) else None
        return joined + (rest if others is None else others)
    return None


def _addends(node: Any) -> Iterator[Any]:
    """The addends of a sum; of a product with a sum of such functions, the products with those of it."""
    for one in sympy.Add.make_args(node):
        factors = sympy.Mul.make_args(one)
        sums = [f for f in factors if isinstance(f, sympy.Add) and f.has(*_FUNCTIONS)]
        if len(sums) != 1 or any(f.has(*_FUNCTIONS) for f in factors if f is not sums[0]):
            yield one
            continue
        rest = sympy.Mul(*(f for f in factors if f is not sums[0]))
        yield from _addends(sympy.Add(*(rest * inner for inner in sums[0].args)))


def _matched(
    terms: Sequence[tuple[Any, Any, Any]], program: Program
) -> list[tuple[_Pair, tuple[Any, Any]]]:
    """As many of these as there are in pairs, of which the arguments differ by as few entries as can be, and
    by none that the lower is made of."""
    found: list[tuple[_Pair, tuple[Any, Any]]] = []
    left = list(terms)
    while left:
        weight = left[0][0]
        same = [one for one in left if sympy.expand(one[0] - weight) == 0]
        opposite = [one for one in left if sympy.expand(one[0] + weight) == 0]
        left = [one for one in left if one not in same and one not in opposite]
        if max(len(same), len(opposite)) <= _MOST_OF_A_SIGN:
            found += _best(same, opposite, program)
    return found


def _best(
    first: Sequence[Any], second: Sequence[Any], program: Program
) -> list[tuple[_Pair, tuple[Any, Any]]]:
    fewer, more = sorted((first, second), key=len)
    known = {(a[2], b[2]): _paired(a, b, program) for a in fewer for b in more}
    best: list[tuple[_Pair, tuple[Any, Any]]] = []
    best_cost = (0, 0)
    for order in permutations(more, len(fewer)):
        pairs = [
            (pair, (a[2], b[2]))
            for a, b in zip(fewer, order, strict=True)
            if (pair := known[a[2], b[2]])
        ]
        cost = (-len(pairs), sum(len(pair.s.free_symbols) for pair, _ in pairs))
        if cost < best_cost:
            best, best_cost = pairs, cost
    return best


def _paired(first: Any, second: Any, program: Program) -> _Pair | None:
    """Two terms as a pair, if the argument of one has all addends of the other's."""
    opened = [written_out(one[1], program) for one in (first, second)]
    if not all(is_short(one) for one in opened):
        return None
    addends = [set(sympy.Add.make_args(sympy.expand(one))) for one in opened]
    if addends[0] < addends[1]:
        first, second, addends = second, first, addends[::-1]
    apart = sympy.Add(*(addends[0] - addends[1]))
    below = sympy.Add(*addends[1])
    if (
        not addends[1] < addends[0]
        or not below.free_symbols
        or below.free_symbols & apart.free_symbols
    ):
        return None
    return _Pair(first[0], second[1], apart, first[1])


def _of_logarithms(pairs: Sequence[_Pair], program: Program) -> Expression | None:
    """Of log Γ, what moves with each pair, s·log(x + s), in logarithms of ratios; None where the s do not add
    up to nothing."""
    weight = pairs[0].weight
    logarithms: dict[Any, list[tuple[Any, Any]]] = {}
    for pair in pairs:
        sign = sympy.cancel(pair.weight / weight)
        for term in sympy.Add.make_args(pair.s):
            number, rest = term.as_coeff_Mul()
            logarithms.setdefault(rest, []).append((sign * number, pair.upper))
    if any(sum(number for number, _ in one) != 0 for one in logarithms.values()):
        return None
    total = ZERO
    for pair in pairs:
        size = sympy.Abs(pair.upper)
        near = of_order(-1, pair.upper) - of_order(-1, pair.x) - pair.s * sympy.log(size)
        rest = rest_of_difference(-1, pair.x, pair.s, pair.upper)
        total += pair.weight * Branch(is_far(pair.x, pair.s, pair.upper), rest, near)
    for rest, found in logarithms.items():
        positive = [one for one in found if one[0] > 0]
        negative = [one for one in found if one[0] < 0]
        while positive:
            (number, above), (other, below) = positive.pop(), negative.pop()
            most = min(number, -other)
            total += weight * most * rest * _log_of_ratio(above, below, program)
            positive += [(number - most, above)] if number > most else []
            negative += [(other + most, below)] if -other > most else []
    return total


def _gamma_in(term: Any) -> tuple[Any, int, Any]:
    """(c, n, x) where the term is c·ψₙ(x), with −1 for the order of log Γ."""
    factors = sympy.Mul.make_args(term)
    for one in factors:
        rest = sympy.Mul(*(f for f in factors if f is not one))
        if isinstance(one, loggamma):
            return rest, -1, one.args[0]
        if isinstance(one, sympy.polygamma) and one.args[0] in (0, 1, 2):
            return rest, int(one.args[0]), one.args[1]
    return term, 0, None


def _log_of_ratio(above: Any, below: Any, program: Program) -> Expression:
    """log(a/b), by log1p where they are near each other."""
    apart = _apart(above, below, program)
    near = log1p(quotient(apart, below))
    far = sympy.log(sympy.Abs(above)) - sympy.log(sympy.Abs(below))
    return Branch(sympy.Lt(2 * sympy.Abs(apart), below), near, far)


def _of_fractions(order: int, pairs: Sequence[_Pair]) -> Expression | None:
    """Of the derivatives, where the first fractions of all pairs add up to nothing: what is left of each,
    where all are far out."""
    fractions = sympy.Add(*(one.weight * one.s / one.x ** (order + 1) for one in pairs))
    if not is_short(fractions) or sympy.cancel(sympy.together(fractions)) != 0:
        return None
    far = sympy.And(*(is_far(one.x, one.s, one.upper) for one in pairs))
    rests = (one.weight * rest_of_difference(order, one.x, one.s, one.upper) for one in pairs)
    apart = (one.weight * difference(order, one.x, one.s, one.upper) for one in pairs)
    return Branch(far, sympy.Add(*rests), sympy.Add(*apart))
