"""The greatest of entries with margins, less an entry, by what entries are beyond the greatest of them.

`max[k](m[k] + s[k]) - s[y]` (Crammer and Singer 2001) rounds a margin to the digits that a large score leaves
of it. With t the greatest score, the greatest of `m[k] + (s[k] - t)` has those of the differences between
scores that matter, and t - s[y] is one more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import stop_gradient
from objc.ir.domain import REAL
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, reads


def margins_within(program: Program) -> Program:
    """The program with differences of extremes and of what they are of as extremes of differences."""
    uses = Counter(
        read.tensor
        for let in program.lets
        for part in (let.body, let.guard)
        for read in reads(part)
    )
    kept = {*members(program), *program.outputs.values()}
    extremes = {
        let.name: let
        for let in program.lets
        if let.reduction in ("max", "min") and uses[let.name] == 1 and let.name not in kept
    }
    if not extremes:
        return program
    names, lets = Names.of(program), list[Let]()
    for let in program.lets:
        for node in sorted(let.body.atoms(sympy.Add), key=spelled):
            found = _within(node, extremes, program, names)
            if found is not None:
                made, changed = found
                lets += made
                let = replace(let, body=let.body.xreplace({node: changed}))
        lets.append(let)
    return program.with_lets(lets)


def _within(
    node: Any, extremes: dict[str, Let], program: Program, names: Names
) -> tuple[tuple[Let, ...], Expression] | None:
    """The extreme of entries alone and of what they are beyond it, and a sum with both in its place."""
    terms = [(one, *one.as_coeff_Mul()) for one in node.args]
    for whole, number, read in terms:
        let = extremes.get(getattr(read, "tensor", ""))
        if let is None:
            continue
        for _, opposite, entry in terms:
            if opposite != -number or not _is_given(entry, program):
                continue
            own = _with_margin(let, entry.tensor)
            if own is not None:
                top = replace(let, name=names.fresh(f"top_{let.name}"), body=own, domain=REAL)
                held = Let(
                    names.fresh(f"held_{let.name}"), let.free, stop_gradient(top.read(*let.free))
                )
                body = let.body - held.read(*let.free)
                made = replace(let, name=names.fresh(f"{let.name}_less"), body=body, domain=REAL)
                rest = [one for one in node.args if one is not whole]
                apart = held.read(*read.positions) + made.read(*read.positions)
                return (top, held, made), sympy.Add(*rest, number * apart)
    return None


def _is_given(entry: Any, program: Program) -> bool:
    return isinstance(entry, Read) and entry.tensor in program.input and not entry.is_integer


def _with_margin(let: Let, tensor: str) -> Read | None:
    """The entry of a tensor in a body that is this and more."""
    addends = let.body.args if isinstance(let.body, sympy.Add) else ()
    found = [one for one in addends if isinstance(one, Read) and one.tensor == tensor]
    return found[0] if len(found) == 1 else None
