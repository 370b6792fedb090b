"""Simplification of lets: conditions become guards, δ is resolved, and tensors of which only a
diagonal is read are computed on that diagonal only."""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Expression
from objc.passes.delta import Domains, resolve, under
from objc.passes.diagonals import contract_diagonals
from objc.passes.probabilities import constants_of_softmaxes, without_probabilities


def simplify(program: Program) -> Program:
    """Diagonals first: fixing two indices to one often makes a δ that can be resolved."""
    return _resolve_sums(contract_diagonals(program))


# -------------------------------------------------------------------------- δ


def _resolve_sums(program: Program) -> Program:
    names = Names.of(program)
    domains: Domains = {
        **{one.name: one.domain for one in program.inputs},
        **{one.name: one.domain for one in program.lets},
    }
    lets: list[Let] = []
    for let in program.lets:
        if let.reduction == "sum":
            let, whole = without_probabilities(let, program)
            lets += _resolve_sum(let, names, domains, whole, program)
        else:
            lets.append(let)
    return program.with_lets(lets)


def _resolve_sum(
    let: Let, names: Names, domains: Domains, whole: Expression, program: Program
) -> list[Let]:
    """The sum without the addends that a δ fixes, and those added to it, with `whole`."""
    kept: list[Expression] = []
    fixed: list[Expression] = [] if whole == 0 else [whole]
    loops: list[Let] = []
    for addend in sympy.Add.make_args(let.body):
        body, over, guard = resolve(addend, let.over, let.guard, domains)
        if body == 0 or guard == sympy.false:
            continue
        if not over:
            fixed.append(under(guard, body))
        elif over == let.over and guard == let.guard:
            kept.append(body)
        else:
            loops.append(replace(let, body=body, over=over, guard=guard))
    if kept:
        rest = replace(let, body=sympy.Add(*kept))
        constants = constants_of_softmaxes(rest, program)
        if constants is None:
            loops.insert(0, rest)
        else:
            fixed.append(constants)
    if not fixed and len(loops) == 1:
        return loops
    for number, loop in enumerate(loops):
        loops[number] = replace(loop, name=names.fresh(f"{let.name}_sum"))
        fixed.append(loops[number].read(*let.free))
    body = sympy.Add(*fixed)
    total = Let(let.name, let.free, body, domain=let.domain, span=let.span)
    return [*loops, total]
