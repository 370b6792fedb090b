"""Parts of sums and products that tell a sign or a size: what is taken out of an extreme is at most it,
and a share of a sum of nonnegative parts is at most one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sympy

from objc.analysis.formulas import placed
from objc.analysis.values.interval import Interval
from objc.atoms import maximum, minimum
from objc.ir.index import Index, Position
from objc.ir.program import Let, Program
from objc.ir.symbols import Condition, Expression, Read, conjuncts, substitute_positions

_GREATEST = 30
"""Operations beyond which what stands under a root isn't compared."""


def parts_above(
    expression: Any, program: Program, here: Condition
) -> Iterator[tuple[Expression, int]]:
    """What is left of a sum when `c·(extreme over k of b) − c·b at some k` is taken out of it, with
    the sign of what was taken out."""
    for addend in expression.args:
        yield from _folds_above(expression, addend)
        yield from _roots_above(expression, addend)
        factor = _extreme_in(addend, program)
        if factor is None:
            continue
        let = program.let[factor.tensor]
        sign = 1 if let.reduction in ("max", "logsumexp") else -1
        scale = addend / factor
        if scale.is_nonnegative is not True and scale.is_nonpositive is not True:
            continue
        direction = sign if scale.is_nonnegative else -sign
        rest = expression - addend
        for body in _members(let, factor, rest, here):
            left = sympy.expand_mul(rest + scale * body)
            if len(sympy.Add.make_args(left)) < len(expression.args):
                yield left, direction


def _folds_above(expression: Any, addend: Any) -> Iterator[tuple[Expression, int]]:
    """The same for `c·max(a, b) − c·a`."""
    for fold in sympy.Mul.make_args(addend):
        if not isinstance(fold, maximum | minimum):
            continue
        scale = addend / fold
        if scale.is_nonnegative is not True and scale.is_nonpositive is not True:
            continue
        direction = 1 if isinstance(fold, maximum) == bool(scale.is_nonnegative) else -1
        for one in fold.args:
            left = expression - addend + scale * one
            if len(sympy.Add.make_args(left)) < len(expression.args):
                yield left, direction


def _roots_above(expression: Any, addend: Any) -> Iterator[tuple[Expression, int]]:
    """The same for `c·√b + e` where c²b is at least e², and c at least zero."""
    for root in sympy.Mul.make_args(addend):
        if not (isinstance(root, sympy.Pow) and root.exp is sympy.S.Half) or root.is_number:
            continue
        scale = addend / root
        if scale.is_nonnegative is not True or root.base.count_ops() > _GREATEST:
            continue
        for other in expression.args:
            gap = sympy.expand(root.base * scale**2 - other**2)
            if other != addend and gap.is_nonnegative:
                yield expression - addend - other, 1


def _extreme_in(product: Expression, program: Program) -> Read | None:
    for factor in sympy.Mul.make_args(product):
        if isinstance(factor, Read) and factor.tensor in program.let:
            let = program.let[factor.tensor]
            if let.reduction in ("max", "min", "logsumexp"):
                return factor
    return None


def _members(
    let: Let, read: Read, nearby: Expression, here: Condition = sympy.true
) -> Iterator[Expression]:
    """The body of a reduction at the positions that occur nearby and that it runs over, where a
    condition holds."""
    places: dict[Position, None] = {}
    for other in sorted(nearby.atoms(Read), key=lambda one: str(one.name)):
        places.update(dict.fromkeys(other.positions))
    candidates = list(itertools.islice(itertools.product(places, repeat=len(let.over)), 16))
    for positions in candidates:
        over = dict(zip(let.over, positions, strict=True))
        taken = _placed_guard(let, read, over)
        if taken == sympy.true or set(conjuncts(taken)) <= set(conjuncts(here)):
            yield placed(let, read, over)


def _placed_guard(let: Let, read: Read, over: Mapping[Index, Position]) -> Condition:
    """The guard of a reduction at the positions of a read, and at one point of what it runs over."""
    mapping = {**dict(zip(let.free, read.positions, strict=True)), **over}
    return substitute_positions(let.guard, mapping)


def share(
    product: Expression, program: Program, range_of: Callable[[Expression], Interval]
) -> Expression | None:
    """What is left of a product when `b at some k / sum over k of b`, of nonnegative b, is taken out
    of it."""
    for divisor in product.args:
        if not (isinstance(divisor, sympy.Pow) and divisor.exp == -1):
            continue
        read = divisor.base
        if not isinstance(read, Read) or read.tensor not in program.let:
            continue
        let = program.let[read.tensor]
        if let.reduction != "sum" or let.guard != sympy.true:
            continue
        if not range_of(let.body).is_nonnegative:
            continue
        rest = product / divisor
        for body in _members(let, read, rest):
            left = rest / body
            if not left.has(body) and len(sympy.Mul.make_args(left)) < len(product.args):
                return left
    return None
