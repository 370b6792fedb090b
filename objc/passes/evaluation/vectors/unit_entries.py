"""What is divided by a length and multiplied with an entry: the entry by the length, where what is left of
the coefficient may be anything.

The second derivatives of distances and cosines have coefficients that many entries v share: `c/n²`, and
`c/n` with a hyperparameter in a sum of c, as a margin that a distance does not reach. Where a length is
1e-200 such a coefficient is infinite, and no number where v is zero; of c·(v/n) nothing is larger than the
whole. Other coefficients stay: 1/n is a number where n is a normal one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import quotient
from objc.ir.factors import is_setting
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Condition, Expression, Read, indices_of, substitute_positions
from objc.passes.delta import split_guard, under
from objc.passes.evaluation.differences.monomials import as_fraction


def divide_entries_by_lengths(program: Program) -> Program:
    """The program with such products."""
    norms = {let.name for let in program.lets if let.reduction == "norm"}
    inside = members(program)
    names = Names.of(program)
    made: dict[str, tuple[Let, Read, Condition]] = {}
    lets: list[Let] = []
    for let in program.lets:
        body = _divided(let.body, made)
        if let.reduction is None and let.name not in inside:
            found = _without_a_length(let, norms, program)
            if found is not None:
                rest, norm, condition = found
                body_of_unit = under(condition, rest)
                named = replace(let, name=names.fresh(f"{let.name}_of_unit"), body=body_of_unit)
                lets.append(named)
                made[let.name] = named, norm, condition
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


def _without_a_length(
    let: Let, norms: set[str], program: Program
) -> tuple[Expression, Read, Condition] | None:
    """c/n and n of a let c/n² that is one number for all entries, c and n of c/n with such a sum in c; and
    where that is not zero."""
    core, condition = split_guard(let.body)
    core = as_fraction(core)
    for factor in sympy.Mul.make_args(core):
        norm, degree = (1 / factor).as_base_exp()
        if getattr(norm, "tensor", "") not in norms or not indices_of(core) <= indices_of(norm):
            continue
        rest = core * norm**degree
        entry = min(
            (one for one in sympy.Mul.make_args(rest) if _is_entry(one)), key=spelled, default=None
        )
        if degree == 2 and entry is not None:
            return rest / entry * quotient(entry, norm), norm, condition
        if degree == 1 and _has_setting(rest, program):
            return rest, norm, condition
    return None


def _is_entry(factor: Any) -> bool:
    return isinstance(factor, Read) and bool(factor.positions)


def _has_setting(expression: Any, program: Program) -> bool:
    """Whether a hyperparameter of any size is in a sum that an expression is of."""
    lets = (program.let.get(read.tensor) for read in expression.atoms(Read))
    bodies = [let.body for let in lets if let is not None and let.reduction is None]
    sums = {total for one in (expression, *bodies) for total in one.atoms(sympy.Add)}
    return any(is_setting(one, program) for total in sums for one in total.args)


def _divided(node: Any, made: Mapping[str, tuple[Let, Read, Condition]]) -> Any:
    if not any(read.tensor in made for read in node.atoms(Read)):
        return node
    if not isinstance(node, sympy.Mul):
        return node.func(*(_divided(one, made) for one in node.args)) if node.args else node
    for read in node.args:
        if not isinstance(read, Read) or read.tensor not in made:
            continue
        named, norm, condition = made[read.tensor]
        places = dict(zip(named.free, read.positions, strict=True))
        entries = [
            one
            for one in sorted(node.args, key=spelled)
            if _is_entry(one) and indices_of(one) > indices_of(read)
        ]
        if entries:
            rest = node / read / entries[0] * named.read(*read.positions)
            divided = rest * quotient(entries[0], substitute_positions(norm, places))
            return under(
                substitute_positions(condition, places), divided
            )  # n may be zero elsewhere
    return node
