"""A hyperparameter that stands before each of two entries, `h*a - h*b`: their difference is taken first.

It is exact where the entries are near each other, and the whole has one rounding then; of h·a and h·b the
difference has that of the larger. Numbers before entries are taken out where a sum is written (see
`objc.ir.order`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.ir.program import Program
from objc.ir.symbols import Expression, Read


def factor_differences(program: Program) -> Program:
    """The program with hyperparameters before such differences, not before each part."""
    lets = []
    for let in program.lets:
        body, guard = (_factored(one, program) for one in (let.body, let.guard))
        lets.append(let if body == let.body else replace(let, body=body, guard=guard))
    return program.with_lets(lets)


def _factored(node: Any, program: Program) -> Any:
    if not getattr(node, "args", ()) or isinstance(node, Read):
        return node
    arguments = [_factored(one, program) for one in node.args]
    if arguments != list(node.args):
        node = node.func(*arguments)
    if not isinstance(node, sympy.Add):
        return node
    parts: dict[Expression, list[Expression]] = {}
    alone = []
    for addend in node.args:
        factor, entry = _split(addend, program)
        if factor == 1:
            alone.append(addend)
        else:
            parts.setdefault(factor, []).append(entry)
    if all(len(entries) < 2 for entries in parts.values()):
        return node
    rest = list(alone)
    for factor, entries in parts.items():
        others = [one for group in parts.values() if group is not entries for one in group]
        if _may_cancel(entries) and _reads(entries).isdisjoint(_reads([*alone, *others])):
            rest.append(sympy.Mul(factor, sympy.Add(*entries)))
        else:
            rest += [factor * entry for entry in entries]
    return sympy.Add(*rest)


def _split(addend: Any, program: Program) -> tuple[Expression, Expression]:
    """The hyperparameters of a product of them, a number and an entry, or of them and a number, and the rest;
    one and the whole of anything else."""
    factors = [
        one
        for one in sympy.Mul.make_args(addend)
        if _is_hyperparameter(one.as_base_exp()[0], program)
    ]
    factor = sympy.Mul(*factors)
    entry = addend / factor
    if not isinstance(entry.as_coeff_Mul()[1], Read) or not all(
        one.as_base_exp()[1].is_Integer for one in factors
    ):
        return sympy.Integer(1), addend
    return factor, entry


def _is_hyperparameter(base: Any, program: Program) -> bool:
    given = program.input.get(getattr(base, "tensor", ""))
    return given is not None and given.role == "hyperparameter"


def _reads(entries: list[Expression]) -> set[Read]:
    """What is read, of which a convex combination, `h*p + (1 - h)*q`, is no difference."""
    return {read for one in entries for read in one.atoms(Read)}


def _may_cancel(entries: list[Expression]) -> bool:
    if len(entries) < 2:
        return False
    signs = (
        all(one.is_nonnegative for one in entries),
        all(one.is_nonpositive for one in entries),
    )
    return not any(signs)
