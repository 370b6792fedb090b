"""What is subtracted from the greatest of entries with margins is subtracted from each of them.

`max[k](m[k] + s[k]) - s[y]` (Crammer and Singer 2001) rounds a margin to the digits that a large score leaves
of it. The greatest of `m[k] + (s[k] - s[y])` has those of the differences.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import sympy

from objc.ir.domain import REAL
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, reads, substitute_positions


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
                extreme, changed = found
                lets.append(extreme)
                let = replace(let, body=let.body.xreplace({node: changed}))
        lets.append(let)
    return program.with_lets(lets)


def _within(
    node: Any, extremes: dict[str, Let], program: Program, names: Names
) -> tuple[Let, Expression] | None:
    """An extreme of differences, and a sum with that in the place of two of its addends."""
    terms = [(one, *one.as_coeff_Mul()) for one in node.args]
    for whole, number, read in terms:
        let = extremes.get(getattr(read, "tensor", ""))
        if let is None:
            continue
        places = _places(read, let)
        for other, opposite, entry in terms:
            if opposite == -number and places is not None and _has_margin(let, entry, program):
                if not indices_of(entry) <= places.keys():
                    continue
                body = let.body - substitute_positions(entry, places)
                made = replace(let, name=names.fresh(f"{let.name}_less"), body=body, domain=REAL)
                rest = [one for one in node.args if one is not whole and one is not other]
                return made, sympy.Add(*rest, number * made.read(*read.positions))
    return None


def _places(read: Read, let: Let) -> dict[Index, Position] | None:
    """The let's own index for each at which it is read."""
    found: dict[Index, Position] = {}
    for place, own in zip(read.positions, let.free, strict=True):
        if place.index is None or place.offset or place.index in found:
            return None
        found[place.index] = at(own)
    return found


def _has_margin(let: Let, entry: Any, program: Program) -> bool:
    """Whether the body is an entry of the same tensor as a given one, and more."""
    given = isinstance(entry, Read) and entry.tensor in program.input and not entry.is_integer
    return given and any(
        isinstance(one, Read) and one.tensor == entry.tensor
        for one in let.body.args
        if isinstance(let.body, sympy.Add)
    )
