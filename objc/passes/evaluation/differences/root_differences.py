"""Differences of roots of entries: √p − √q is (p − q)/(√p + √q), of which the numerator is exact where it
cancels.

So a mean less the geometric mean, (p + q)/2 − √(p·q), is (√p − √q)²/2, and one less the affinity of two
distributions, 1 − Σ √(p·q), the sum of that (Hellinger 1909; Bhattacharyya 1943).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, hypot, hypot1m1, quotient
from objc.ir.domain import Domain
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read
from objc.passes.rewrites.forms import HALF, ZERO, is_short


def over_sums_of_roots(program: Program) -> Program:
    """The program with differences of roots by the differences of what they are of."""
    names = Names.of(program)
    affinities = {
        let.name: pair
        for let in program.lets
        if (pair := _sides_of_affinity(let, program)) is not None
    }
    lets: list[Let] = []
    for let in program.lets:
        body = let.body
        for node in sorted(found_in(body, sympy.Add), key=spelled):
            changed = _changed(node)
            if changed is None:
                changed = _less_reciprocal(node)
            if changed is None:
                changed = _less_geometric_means(node, program)
            if changed is None and affinities:
                found = _less_affinity(node, program, affinities, names)
                if found is not None:
                    changed = found[0]
                    lets.append(found[1])
            if changed is not None:
                body = body.xreplace({node: changed})
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


def _less_reciprocal(node: Any) -> Expression | None:
    """c − c/√(1 + u²) = c·(√(1 + u²) − 1)/√(1 + u²)."""
    for one in node.args:
        for length in found_in(one, hypot):
            number, u = length.args
            weight = one * length
            if number == 1 and not weight.has(length) and -weight in node.args:
                rest = [other for other in node.args if other not in (one, -weight)]
                return sympy.Add(*rest, -weight * quotient(hypot1m1(u), length))
    return None


def _changed(node: Any) -> Expression | None:
    roots = [(one, *_weight_and_root(one)) for one in node.args]
    for whole, weight, p in roots:
        for other, other_weight, q in roots:
            fits = p is not None and q is not None and weight + other_weight == 0
            if not fits or weight.could_extract_minus_sign():
                continue
            first, second = sympy.sqrt(p), sympy.sqrt(q)
            near = quotient(p - q, first + second)
            if not (p.is_positive or q.is_positive):  # both may be zero
                near = Branch(sympy.Lt(sympy.Abs(p - q), HALF * p), near, first - second)
            rest = [one for one in node.args if one is not whole and one is not other]
            return sympy.Add(*rest, weight * near)
    return None


def _weight_and_root(term: Any) -> tuple[Any, Any]:
    """(c, p) where the term is c·√p of an entry p ≥ 0."""
    factors = sympy.Mul.make_args(term)
    for one in factors:
        base, exponent = one.as_base_exp()
        if exponent == HALF and isinstance(base, Read) and base.is_nonnegative:
            return sympy.Mul(*(f for f in factors if f is not one)), base
    return term, None


def _less_geometric_means(node: Any, program: Program) -> Expression | None:
    """c·Σ (a + b)/2 − c·Σ √(a·b), of a few a and b, as c·Σ (√a − √b)²/2, beside squares of other entries."""
    found = {one: _geometric_mean(one, program) for one in node.args}
    means = {one: mean for one, mean in found.items() if mean is not None}
    weights = {-weight for weight, _ in means.values()}
    if len(weights) != 1 or not is_short(node):
        return None
    (weight,) = weights
    sides = [side for _, pair in means.values() for side in pair]
    entries = frozenset[Any]().union(*(one.free_symbols for one in sides))
    beside = [one for one in node.args if one not in means and not one.free_symbols & entries]
    rest = sympy.Add(*(one for one in node.args if one not in means and one not in beside))
    if sympy.expand(rest - weight * sympy.Add(*sides) / 2) != 0:
        # Numbers may be of the means themselves: (1 − p + 1 − q)/2.
        rest, beside = sympy.Add(rest, *beside), []
        if sympy.expand(rest - weight * sympy.Add(*sides) / 2) != 0:
            return None
    squares = (_squared_difference(*pair) for _, pair in means.values())
    return sympy.Add(*beside, weight / 2 * sympy.Add(*squares))


def _geometric_mean(term: Any, program: Program) -> tuple[Expression, Sequence[Any]] | None:
    """(c, (a, b)) of a term c·√a·√b with an entry, or one less an entry, for a and b."""
    under: list[Any] = []
    factors = sympy.Mul.make_args(term)
    roots = [one for one in factors if isinstance(one, sympy.Pow) and one.exp == HALF]
    for root in roots:
        under += sympy.Mul.make_args(root.base)
    if len(under) != 2 or not all(_is_share(one, program) for one in under):
        return None
    return sympy.Mul(*(one for one in factors if one not in roots)), under


def _is_share(entry: Any, program: Program) -> bool:
    """Whether an entry is not negative, or one less a probability."""
    read = sympy.expand(1 - entry)
    given = program.input.get(getattr(read, "tensor", ""))
    return bool(entry.is_nonnegative) or (given is not None and given.domain.kind == "probability")


def _squared_difference(a: Any, b: Any) -> Expression:
    """(√a − √b)²."""
    whole = sympy.sqrt(a) + sympy.sqrt(b)
    near = quotient(sympy.expand(a - b), whole) ** 2
    return near if a.is_positive or b.is_positive else Branch(sympy.Gt(whole, 0), near, ZERO)


def _sides_of_affinity(let: Let, program: Program) -> Sequence[Any] | None:
    """(p, q) of a let that is Σ √(p·q) of two distributions, over all that they are over."""
    if let.reduction != "sum" or let.guard != sympy.true or len(let.over) != 1:
        return None
    found = _geometric_mean(let.body, program)
    if found is None or found[0] != 1 or let.name in members(program):
        return None
    return found[1] if all(_is_distribution(one, let, program) for one in found[1]) else None


def _is_distribution(entry: Any, let: Let, program: Program) -> bool:
    given = program.input.get(getattr(entry, "tensor", ""))
    simplex = given is not None and given.domain.kind == "simplex"
    return simplex and entry.positions[-1].index == let.over[0]


def _less_affinity(
    node: Any, program: Program, affinities: Mapping[str, Sequence[Any]], names: Names
) -> tuple[Expression, Let] | None:
    """c − c·Σ √(p·q), and the sum that it is."""
    for term in node.args:
        for read in sympy.Mul.make_args(term):
            pair = affinities.get(getattr(read, "tensor", ""))
            weight = -term / read
            if pair is None or weight not in node.args:
                continue
            let = program.let[read.tensor]
            body, domain = _squared_difference(*pair) / 2, Domain("nonnegative")
            whole = replace(
                let, name=names.fresh(f"{let.name}_complement"), body=body, domain=domain
            )
            rest = [one for one in node.args if one is not term and one != weight]
            return sympy.Add(*rest, weight * whole.read(*read.positions)), whole
    return None
