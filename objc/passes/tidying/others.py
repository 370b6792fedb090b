"""Products of all factors but one, which derivatives of products ask for at each place.

Made one by one they take as long as the square of the row. Here each is the product of all factors that
are not zero, divided by its own: where one factor is zero the others are left at its place alone, and
where two are there is nothing. What has left the range is divided as a sum of logarithms.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.atoms import Branch, iverson
from objc.ir.domain import Domain, domain_of_let
from objc.ir.index import Index, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import (
    Condition,
    Expression,
    IndexValue,
    conjuncts,
    indices_of,
    substitute_positions,
)
from objc.passes.tidying.expand import is_ordinary

ZERO = sympy.Integer(0)


def divide_products(program: Program) -> Program:
    """The program without loops over a row at each of its places."""
    names = Names.of(program)
    inside = members(program)
    lets: list[Let] = []
    for let in program.lets:
        place = None if let.name in inside else _left_out(let)
        lets += [let] if place is None else _divided(let, *place, names)
    return program.with_lets(lets)


def _left_out(let: Let) -> tuple[Index, Condition] | None:
    """The free index whose own factor a product leaves out, and what else it waits for."""
    if let.reduction != "prod" or len(let.over) != 1 or let.domain.is_integer:
        return None
    (index,) = let.over
    parts = conjuncts(let.guard)
    for part in parts:
        if not isinstance(part, sympy.Ne) or not all(isinstance(p, IndexValue) for p in part.args):
            continue
        others = {one.index for one in part.args} - {index}
        if len(others) != 1 or not others <= set(let.free):
            continue
        (own,) = others
        rest = sympy.And(*(one for one in parts if one != part))
        if own.dimension == index.dimension and own not in indices_of(let.body) | indices_of(rest):
            return own, rest
    return None


def _divided(let: Let, own: Index, guard: Condition, names: Names) -> list[Let]:
    free = tuple(index for index in let.free if index != own)
    (index,) = let.over

    def part(word: str, body: Expression, reduction: str, where: Condition, domain: Domain) -> Let:
        name = names.fresh(f"{word}_{let.name}")
        return Let(name, free, body, reduction, let.over, where, domain, let.span)

    some = sympy.And(guard, sympy.Ne(let.body, 0))
    whole = part("whole", let.body, "prod", some, domain_of_let(let.body, "prod", True))
    zeros = part("zeros", iverson(sympy.Eq(let.body, 0)), "sum", guard, Domain("nonnegative"))
    product, number = whole.read(*free), zeros.read(*free)
    is_near = is_ordinary(product)
    far = sympy.And(some, sympy.Not(is_near))
    logarithm = sympy.log(sympy.Abs(let.body))
    logarithms = part("log", logarithm, "sum", far, Domain("real"))
    signs = part("sign", sympy.sign(let.body), "prod", far, Domain("real"))
    here = {index: at(own)}
    factor, sign = (substitute_positions(one, here) for one in (let.body, signs.body))
    by_logarithms = (
        signs.read(*free)
        * sign
        * sympy.exp(logarithms.read(*free) - substitute_positions(logarithm, here))
    )
    none = sympy.Gt(number, 0)
    body = Branch(
        sympy.Eq(factor, 0),
        Branch(sympy.Eq(number, 1), product, ZERO),
        Branch(none, ZERO, Branch(is_near, product / factor, by_logarithms)),
    )
    if guard != sympy.true:  # where a place is not among the factors none is left out
        body = Branch(substitute_positions(guard, here), body, Branch(none, ZERO, product))
    found = replace(let, reduction=None, over=(), guard=sympy.true, body=body)
    return [whole, zeros, logarithms, signs, found]
