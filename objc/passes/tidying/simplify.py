"""Simplification of lets: conditions become guards, δ is resolved, and tensors of which only a
diagonal is read are computed on that diagonal only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy

from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Expression, indices_of
from objc.passes.delta import Domains, domains_of, resolve, split_guard, under
from objc.passes.derivatives.diagonals import contract_diagonals
from objc.passes.rewrites.forms import without_factor
from objc.passes.stable.probabilities import constants_of_softmaxes, without_probabilities


def simplify(program: Program) -> Program:
    """Diagonals first: fixing two indices to one often makes a δ that can be resolved."""
    return _resolve_sums(contract_diagonals(program))


# -------------------------------------------------------------------------- δ


def fixed_sums(program: Program) -> Program:
    """`sum[k | k == y](b[k])` is `b[y]`: what a condition tells the index of has no loop, and is read by
    the rules for whole formulas as what it is."""
    domains = domains_of(program)
    lets = []
    for let in program.lets:
        if let.reduction == "sum":
            body, over, guard = resolve(let.body, let.over, let.guard, domains)
            if not over:
                let = Let(let.name, let.free, under(guard, body), domain=let.domain, span=let.span)
        lets.append(let)
    return program.with_lets(lets)


def sums_within_cases(program: Program) -> Program:
    """`sum[i](if c then b[i] else 0)` is `sum[i | c](b[i])`: rules see what is added up."""
    lets = []
    for let in program.lets:
        if let.reduction == "sum":
            body, condition = split_guard(let.body)
            if condition != sympy.true and set(let.over) & indices_of(condition):
                let = replace(let, body=body, guard=sympy.And(let.guard, condition))
        lets.append(let)
    return program.with_lets(lets)


def _resolve_sums(program: Program) -> Program:
    names = Names.of(program)
    domains = domains_of(program)
    lets: list[Let] = []
    for let in program.lets:
        if let.reduction == "sum":
            let, whole = without_probabilities(let, program)
            lets += _resolve_sum(let, names, domains, whole, program)
        else:
            lets.append(let)
    return program.with_lets(lets)


def _addends(body: Expression) -> Iterator[Expression]:
    """The addends of a body; a sum of δs and numbers is multiplied out: each δ is resolved by itself."""
    for addend in sympy.Add.make_args(body):
        deltas = [one for one in sympy.Mul.make_args(addend) if _is_sum_of_deltas(one)]
        if deltas:
            rest = without_factor(addend, deltas[0])
            yield from (rest * one for one in deltas[0].args)
        else:
            yield addend


def _is_sum_of_deltas(factor: Expression) -> bool:
    if not isinstance(factor, sympy.Add):
        return False
    parts = [split_guard(one) for one in factor.args]
    return all(body.is_number for body, _ in parts) and any(
        guard.has(sympy.Eq) for _, guard in parts
    )


def _resolve_sum(
    let: Let, names: Names, domains: Domains, whole: Expression, program: Program
) -> list[Let]:
    """The sum without the addends that a δ fixes, and those added to it, with `whole`."""
    kept: list[Expression] = []
    fixed: list[Expression] = [] if whole == 0 else [whole]
    loops: list[Let] = []
    for addend in _addends(let.body):
        body, over, guard = resolve(addend, let.over, let.guard, domains)
        if body == 0 or guard == sympy.false:
            continue
        if not over:
            fixed.append(under(guard, body))
        elif over == let.over and guard == let.guard:
            kept.append(body)
        else:
            loop, constant = without_probabilities(
                replace(let, body=body, over=over, guard=guard), program
            )
            fixed += [constant] if constant != 0 else []
            loops += [loop] if loop.body != 0 else []
    if kept:
        loops.insert(0, replace(let, body=sympy.Add(*kept)))
    constants = [constants_of_softmaxes(one, program) for one in loops]
    fixed += [one for one in constants if one is not None]
    loops = [one for one, known in zip(loops, constants, strict=True) if known is None]
    if not fixed and len(loops) == 1:
        return loops
    for number, loop in enumerate(loops):
        loops[number] = replace(loop, name=names.fresh(f"{let.name}_sum"))
        fixed.append(loops[number].read(*let.free))
    body = sympy.Add(*fixed)
    total = Let(let.name, let.free, body, domain=let.domain, span=let.span)
    return [*loops, total]
