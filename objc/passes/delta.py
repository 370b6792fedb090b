"""Kronecker's δ against a loop: `sum[k | k == q] e(k)` is `e(q)`.

The adjoint of a gather, the tangent along one coordinate and the derivative of a maximum all make
sums of this form. They are resolved here instead of being run.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from objc.atoms import Branch
from objc.ir.domain import Domain
from objc.ir.index import Dimension, Index, Position
from objc.ir.program import Program
from objc.ir.symbols import (
    Condition,
    Expression,
    Extent,
    IndexValue,
    Read,
    conjuncts,
    disjuncts,
    indices_of,
    substitute_positions,
)

Domains = Mapping[str, Domain]


def domains_of(program: Program) -> Domains:
    """The domains of what a program reads and makes."""
    inputs = {one.name: one.domain for one in program.inputs}
    return inputs | {let.name: let.domain for let in program.lets}


def resolve(
    body: Expression, over: tuple[Index, ...], guard: Condition, domains: Domains
) -> tuple[Expression, tuple[Index, ...], Condition]:
    """Remove every index of `over` that the guard fixes to something outside of `over`.

    `domains` tells which reads are indices of which dimension. Returns the body, the indices left
    and the guard left; with no index left the guard holds for the body itself.
    """
    body, inner = split_guard(body)
    guard = _each_once(sympy.And(guard, inner))
    if inner != sympy.true:
        body = body.xreplace(told_by(inner))
    while (found := _first_fixed(guard, over, domains)) is not None:
        part, index, position = found
        over = tuple(one for one in over if one != index)
        rest = sympy.And(*(p for p in sympy.And.make_args(guard) if p != part))
        body = substitute_positions(body, {index: position})
        guard = substitute_positions(rest, {index: position})
    return body, over, guard


def fixed_place(condition: Condition, index: Index, domains: Domains) -> Position | None:
    """The place where an equality holds an index, in the range of its dimension; None if it doesn't."""
    found = _first_fixed(condition, (index,), domains)
    return None if found is None or found[0] != condition else found[2]


def without_idle(
    body: Expression, over: tuple[Index, ...], guard: Condition
) -> tuple[Expression, tuple[Index, ...]]:
    """A sum over an index that nothing depends on is a product with its extent."""
    for index in over:
        if index not in indices_of(body) and index not in indices_of(guard):
            over = tuple(one for one in over if one != index)
            body = body * Extent(index.dimension)
    return body, over


def split_guard(body: Expression) -> tuple[Expression, Condition]:
    """`[c] · e` as (e, c): the conditions outside of which a body is zero."""
    condition: Condition = sympy.true
    factors = []
    for factor in sympy.Mul.make_args(body):
        if isinstance(factor, Branch) and factor.args[2] == 0:
            inner, deeper = split_guard(factor.args[1])
            condition = sympy.And(condition, factor.args[0], deeper)
            factors.append(inner)
        elif isinstance(factor, Branch) and factor.args[1] == 0 and _is_equality(factor.args[0]):
            inner, deeper = split_guard(factor.args[2])
            condition = sympy.And(condition, sympy.Not(factor.args[0]), deeper)
            factors.append(inner)
        else:
            factors.append(factor)
    return sympy.Mul(*factors), condition


def _is_equality(condition: Condition) -> bool:
    """Whether `not` may be moved into it: NaN is neither `<=` nor `>`, but it is `!=`."""
    return isinstance(condition, (sympy.Eq, sympy.Ne))


def _each_once(condition: Condition) -> Condition:
    """A conjunction without what it says twice, the other way round or as one of several ways."""
    given = sympy.And.make_args(condition)
    parts: list[Condition] = []
    for part in given:
        again = _is_equality(part) and part.reversed in parts
        if not again and not any(way in given for way in disjuncts(part) if way != part):
            parts.append(part)
    return condition if len(parts) == len(given) else sympy.And(*parts)


def told_by(condition: Condition) -> dict[Condition, Condition]:
    """What is true where a condition holds, and what is false there."""
    told = dict.fromkeys(conjuncts(condition), sympy.true)
    for part in list(told):
        if isinstance(part, sympy.Eq | sympy.Ne):  # of others a NaN is neither below nor above
            told[part.reversed] = sympy.true
            told[sympy.Not(part)] = told[sympy.Not(part).reversed] = sympy.false
        told |= _told_by_order(part)
    return told


def _told_by_order(part: Condition) -> dict[Condition, Condition]:
    """What lies before or behind another is not it, and what is it lies neither before nor behind."""
    if not isinstance(part, sympy.Eq | sympy.StrictGreaterThan | sympy.StrictLessThan):
        return {}
    left, right = part.args
    is_equal = isinstance(part, sympy.Eq)
    unlike = (sympy.Gt, sympy.Lt) if is_equal else (sympy.Eq,)
    told = {one(*sides): sympy.false for one in unlike for sides in ((left, right), (right, left))}
    if not is_equal:
        told |= {sympy.Ne(left, right): sympy.true, sympy.Ne(right, left): sympy.true}
    return told


def nonzero_where(body: Expression) -> Condition:
    """A condition outside of which a body is zero; true where none is seen."""
    conditions = [split_guard(addend)[1] for addend in sympy.Add.make_args(body)]
    return sympy.Or(*conditions)


def under(condition: Condition, body: Expression) -> Expression:
    """`body` where the condition holds, else 0."""
    return Branch(condition, body, sympy.Integer(0))


def _first_fixed(
    guard: Condition, over: tuple[Index, ...], domains: Domains
) -> tuple[Condition, Index, Position] | None:
    for part in sympy.And.make_args(guard):
        if not isinstance(part, sympy.Eq):
            continue
        for left, right in (part.args, part.args[::-1]):
            if not isinstance(left, IndexValue) or left.index not in over:
                continue
            position = _position(right, left.index.dimension, domains)
            if position is not None and not indices_of(right) & set(over):
                return part, left.index, position
    return None


def _position(value: Expression, dimension: Dimension, domains: Domains) -> Position | None:
    """The expression as a position known to be in the dimension's range, or None.

    A read of `index(K)` counts as in range: reading there is checked when it runs.
    """
    if isinstance(value, IndexValue):
        return Position(value.index) if value.index.dimension == dimension else None
    if isinstance(value, Read):
        domain = domains[value.tensor]
        known = domain.kind == "index" and domain.dimension == dimension
        return Position(value) if known else None
    if value == 0:
        return Position(None, 0)
    if value == Extent(dimension) - 1:
        return Position(dimension, -1)
    return None
