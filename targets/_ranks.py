"""Sorting by counting, for targets without a sort, and for rows of few entries.

The rank of an entry is the number of entries before it: the smaller ones, and the equal ones that stand
before it. Each entry is then put where its rank says. The work is quadratic in what is sorted.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.atoms import Branch, iverson
from objc.ir.domain import REAL, Domain
from objc.ir.index import Position
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import IndexValue, reads, substitute_positions


def ranked(program: Program) -> Program:
    """The same program without argsort."""
    names = Names.of(program)
    lets: list[Let] = []
    for let in program.lets:
        lets += _counted(let, program, names) if let.reduction == "argsort" else [let]
    return program.with_lets(lets)


def _counted(let: Let, program: Program, names: Names) -> list[Let]:
    (own,), rank = let.over, let.free[-1]
    outer = let.free[:-1]
    lets = [_key(let, program, names)]
    if not lets[0].domain.is_integer:
        lets.append(_without_nan(lets[0], names))
    key = lets[-1].read(*outer, own)
    other = names.index(own)
    moves = {own: Position(other)}
    before = sympy.Or(
        sympy.Lt(substitute_positions(key, moves), key),
        sympy.And(
            sympy.Lt(IndexValue(other), IndexValue(own)),
            sympy.Eq(substitute_positions(key, moves), key),
        ),
    )
    number = Let(
        names.fresh(f"rank_{let.name}"),
        (*outer, own),
        iverson(before),
        "sum",
        (other,),
        domain=Domain("index", dimension=own.dimension),
        span=let.span,
    )
    here = sympy.Eq(IndexValue(rank), number.read(*outer, own))
    placed = replace(let, body=IndexValue(own), reduction="sum", guard=here)
    return [*lets, number, placed]


def _key(let: Let, program: Program, names: Names) -> Let:
    """What is sorted, once an entry; as integers where it is made of them."""
    whole = let.body.is_integer and all(
        program.tensor(read.tensor).domain.is_integer for read in reads(let.body)
    )
    domain = Domain("integer") if whole else REAL
    free = (*let.free[:-1], *let.over)
    return Let(names.fresh(f"key_{let.name}"), free, let.body, domain=domain, span=let.span)


def _without_nan(key: Let, names: Names) -> Let:
    """NaN is neither positive nor not: it counts as infinite, so that it comes last."""
    value = key.read(*key.free)
    known = Branch(sympy.Le(value, 0), value, sympy.oo)
    body = Branch(sympy.Gt(value, 0), value, known)
    return Let(names.fresh(key.name), key.free, body, span=key.span)
