"""Simplification of lets: conditions become guards, δ is resolved, and tensors of which only a
diagonal is read are computed on that diagonal only."""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.ir.index import Index, Position
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.passes.delta import Domains, resolve, under
from objc.passes.probabilities import without_probabilities


def simplify(program: Program) -> Program:
    """Diagonals first: fixing two indices to one often makes a δ that can be resolved."""
    return _resolve_sums(_contract_diagonals(program))


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
            lets += _resolve_sum(let, names, domains, whole)
        else:
            lets.append(let)
    return program.with_lets(lets)


def _resolve_sum(let: Let, names: Names, domains: Domains, whole: Expression) -> list[Let]:
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
        loops.insert(0, replace(let, body=sympy.Add(*kept)))
    if not fixed and len(loops) == 1:
        return loops
    for number, loop in enumerate(loops):
        loops[number] = replace(loop, name=names.fresh(f"{let.name}_sum"))
        fixed.append(loops[number].read(*let.free))
    body = sympy.Add(*fixed)
    total = Let(let.name, let.free, body, domain=let.domain, span=let.span)
    return [*loops, total]


# ------------------------------------------------------------------ diagonals


def _contract_diagonals(program: Program) -> Program:
    """Drop an axis of a let when every read has the same position there as in another axis."""
    kept = {*program.outputs.values(), *members(program)}
    lets = list(program.lets)
    for number in reversed(range(len(lets))):
        let = lets[number]
        if let.name in kept or len(let.free) < 2 or let.reduction == "argsort":
            continue
        while (pair := _equal_axes(let, lets[number + 1 :])) is not None:
            keep, drop = pair
            lets[number + 1 :] = [_without_axis(one, let.name, drop) for one in lets[number + 1 :]]
            let = _on_diagonal(let, keep, drop)
            lets[number] = let
    return program.with_lets(lets)


def _equal_axes(let: Let, later: list[Let]) -> tuple[int, int] | None:
    reads = [read for one in later for read in one.reads if read.tensor == let.name]
    if not reads:
        return None
    for keep in range(len(let.free)):
        for drop in range(keep + 1, len(let.free)):
            same = let.free[keep].dimension == let.free[drop].dimension
            if same and all(read.positions[keep] == read.positions[drop] for read in reads):
                return keep, drop
    return None


def _on_diagonal(let: Let, keep: int, drop: int) -> Let:
    mapping: dict[Index, Position] = {let.free[drop]: Position(let.free[keep])}
    free = tuple(index for number, index in enumerate(let.free) if number != drop)
    return replace(
        let,
        free=free,
        body=substitute_positions(let.body, mapping),
        guard=substitute_positions(let.guard, mapping),
    )


def _without_axis(let: Let, name: str, axis: int) -> Let:
    replacements: dict[Read, Read] = {}
    for read in let.body.atoms(Read) | let.guard.atoms(Read):
        moved = _drop(read, name, axis)
        if moved != read:
            replacements[read] = moved
    if not replacements:
        return let
    return replace(
        let, body=let.body.xreplace(replacements), guard=let.guard.xreplace(replacements)
    )


def _drop(read: Read, name: str, axis: int) -> Read:
    positions = tuple(
        replace(one, base=_drop(one.base, name, axis)) if isinstance(one.base, Read) else one
        for one in read.positions
    )
    if read.tensor == name:
        positions = tuple(one for number, one in enumerate(positions) if number != axis)
    return read.at(positions)
