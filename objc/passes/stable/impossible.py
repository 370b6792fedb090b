"""−∞ as the logarithm of what can't be: states that nothing leads to, in recurrences and by cases.

A sum of exponentials of such is zero. Its logarithm is −∞ as the text has it, and has no derivative: what
would move it has no part in it.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.atoms import Branch
from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Condition, Expression, reads

LEAST = -(sympy.Integer(2) ** 1023)
"""Above −∞ in every type: SymPy takes what is read for finite."""


def impossible_somewhere(program: Program) -> set[str]:
    """The lets that the text makes −∞ somewhere, or that are made of such."""
    found: set[str] = set()
    size = -1
    while size < len(found):  # in a recurrence what comes later is read
        size = len(found)
        for let in program.lets:
            if let.body.has(-sympy.oo) or any(read.tensor in found for read in let.reads):
                found.add(let.name)
    return found


def impossible_states(program: Program) -> set[str]:
    """Those of recurrences: states that nothing leads to. A row outside of one is −∞ by fault alone."""
    inside = members(program)
    return impossible_somewhere(program) & set(inside) if inside else set()


def logarithms_of_nothing(program: Program) -> Program:
    """log(exp a + exp b) := if a > −∞ or b > −∞ then log(exp a + exp b) else −∞, where both may be −∞."""
    impossible = impossible_somewhere(program)
    if not impossible:
        return program
    lets: list[Let] = []
    for let in program.lets:
        swaps = {}
        for node in found_in(let.body, sympy.log):
            is_something = _is_something(node.args[0], impossible)
            if is_something != sympy.true:
                swaps[node] = Branch(is_something, node, -sympy.oo)
        lets.append(replace(let, body=let.body.xreplace(swaps)) if swaps else let)
    return program.with_lets(lets)


def _is_something(total: Expression, impossible: set[str]) -> Condition:
    """Where a sum of weighted exponentials, of which some may be those of −∞, is not zero; true where nothing
    is known of it."""
    if isinstance(total, sympy.exp):
        exponent = total.args[0]
        if exponent.has(-sympy.oo) or any(one.tensor in impossible for one in reads(exponent)):
            return sympy.Gt(exponent, LEAST)
    elif isinstance(total, sympy.Add):
        return sympy.Or(*(_is_something(one, impossible) for one in total.args))
    elif isinstance(total, sympy.Mul):
        return sympy.And(*(_is_something(one, impossible) for one in total.args))
    elif isinstance(total, Branch) and total.has(sympy.exp):
        condition, *arms = total.args
        then, otherwise = (_is_something(one, impossible) for one in arms)
        return sympy.Or(sympy.And(condition, then), sympy.And(sympy.Not(condition), otherwise))
    return sympy.false if total == 0 else sympy.true
