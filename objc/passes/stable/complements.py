"""One less a part of what adds up to one is the sum of the rest: `1 - sum[k | k <= y](softmax(z)[k])`, the
probability to survive, is `sum[k | k > y](softmax(z)[k])`. (Not so of an input that is declared a simplex:
its derivatives are those of the text.)"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import (
    Condition,
    Expression,
    IndexValue,
    Read,
    conjuncts,
    disjuncts,
    indices_of,
)
from objc.passes.stable.probabilities import logits_of

_MOST_PARTS = 2
"""Conditions of a guard, of each of which the rest has a sum."""


def rests_of_softmaxes(program: Program) -> Program:
    """`c − c·S` as `c·R/(A + R)`, where S is the sum of a softmax under a guard, A that of its exponentials
    and R the sum of those that the guard leaves out: of logarithms, and alone. Products with others are
    multiplied out, and where S has nothing there is nothing to divide by."""
    inside = members(program)
    parts: dict[str, list[Let]] = {}
    for let in program.lets:
        if let.reduction != "sum" or let.name in inside or not (guards := _rests(let)):
            continue
        logits = logits_of(let.body, replace(let, guard=sympy.true), program)
        if logits is not None:
            whole = replace(let, body=sympy.exp(logits))
            parts[let.name] = [whole, *(replace(whole, guard=one) for one in guards)]
    if not parts:
        return program
    names = Names.of(program)
    made: set[str] = set()
    lets: list[Let] = []
    for let in program.lets:
        body = let.body
        alone = {body, *(one.args[0] for one in found_in(body, sympy.log))}
        for node in sorted(found_in(body, sympy.Add) & alone, key=spelled):
            read, times = _read_less(node, parts)
            if read is None:
                continue
            name = read.tensor
            if name not in made:
                parts[name] = [replace(one, name=names.fresh(f"{name}_of")) for one in parts[name]]
                lets += parts[name]
                made.add(name)
            own, *others = (one.read(*read.positions) for one in parts[name])
            rest = sympy.Add(*others)
            left = node + times * (read - 1) + times * rest / (own + rest)
            body = body.xreplace({node: left})
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


def _read_less(node: Any, parts: Any) -> tuple[Read | None, Expression]:
    """The read of a part that a sum has beside a number, subtracted about as many times, as in `1 - S + ε`:
    and how many."""
    number, rest = node.as_coeff_Add()
    for one in sympy.Add.make_args(rest) if number != 0 else ():
        times, read = one.as_coeff_Mul()
        is_part = isinstance(read, Read) and read.tensor in parts
        if is_part and number * times < 0 and abs(number + times) < abs(times) / 4:
            return read, -times
    return None, sympy.Integer(0)


def _rests(let: Let) -> list[Condition]:
    """Conditions of which exactly one holds where a guard on the index of a sum, among integers, does not."""
    own = conjuncts(let.guard)
    if let.guard == sympy.true or len(let.over) != 1 or len(own) > _MOST_PARTS:
        return []
    if not all(_is_of_place(way, let) for one in own for way in disjuncts(one)):
        return []
    return [sympy.And(*own[:number], sympy.Not(one)) for number, one in enumerate(own)]


def _is_of_place(condition: Any, let: Let) -> bool:
    """Whether a condition compares the index of a sum with an integer that it does not move."""
    if not isinstance(condition, sympy.core.relational.Relational):
        return False
    places = [IndexValue(one) for one in let.over]
    return any(
        side in places and other.is_integer and not indices_of(other) & set(let.over)
        for side, other in (condition.args, condition.args[::-1])
    )
