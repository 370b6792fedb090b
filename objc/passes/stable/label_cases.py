"""A sum over classes with quotients by what the label has cases in is the term of the label and the sum of
all others: `p[k]/m[k]` with a mixture `m[k] = w·(if k == y then 1 else 0) + (1 − w)·p[k]`.

By cases each has a form of its own (Englesson and Azizpour 2021: the logarithm of p/((1 − w)·p) is a number,
whatever p is); within one formula of both p would vanish above and below.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.atoms import Branch
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Condition, Expression, IndexValue
from objc.passes.delta import domains_of, resolve, under


def labels_by_cases(program: Program) -> Program:
    """The program with such sums by cases."""
    inside = members(program)
    names = Names.of(program)
    domains = domains_of(program)
    lets: list[Let] = []
    for let in program.lets:
        condition = None if let.name in inside else _condition(let)
        if condition is not None:
            own, over, guard = resolve(
                _arm(let.body, condition, 1), let.over, sympy.And(let.guard, condition), domains
            )
            if not over:
                others = replace(
                    let,
                    name=names.fresh(f"{let.name}_others"),
                    body=_arm(let.body, condition, 2),
                    guard=sympy.And(let.guard, sympy.Not(condition)),
                )
                body = others.read(*let.free) + under(guard, own)
                lets.append(others)
                let = Let(let.name, let.free, body, domain=let.domain, span=let.span)
        lets.append(let)
    return program.with_lets(lets)


def _condition(let: Let) -> Condition | None:
    """The condition on the index of a sum that what is divided by asks for."""
    if let.reduction != "sum" or len(let.over) != 1 or not let.body.has(Branch):
        return None
    place = IndexValue(let.over[0])
    for node in sorted(found_in(let.body, sympy.Pow), key=spelled):
        for branch in sorted(found_in(node, Branch), key=spelled) if node.exp.is_negative else ():
            condition = branch.args[0]
            if isinstance(condition, sympy.Eq) and place in condition.args:
                return condition
    return None


def _arm(body: Expression, condition: Condition, number: int) -> Expression:
    """What a body is where the condition holds (1), or does not (2)."""
    cases = {
        one: one.args[number]
        for one in found_in(body, Branch)
        if one.args[0] in (condition, condition.reversed)
    }
    return body.xreplace(cases)
