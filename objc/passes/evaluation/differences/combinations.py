"""Combinations of differences that share a term: (n − p) − (2a − n − p) is 2·(n − a).

Differences have names, so that rules don't multiply them out; where two of them are added or subtracted,
what they share cancels only after each has been rounded.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.ir.program import Program
from objc.ir.symbols import Expression, Read
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import factored
from objc.passes.stable.differences import is_difference, written_out


def combine_differences(program: Program) -> Program:
    """The program with such combinations written out."""
    named = {let.name for let in program.lets if let.reduction is None and is_difference(let.body)}
    if len(named) < 2:
        return program
    return change_nodes(program, lambda node: _combined(node, named, program))


def _combined(node: Any, named: set[str], program: Program) -> Expression | None:
    """The sum with the differences of a common factor as one, if something cancels."""
    groups: dict[Any, list[tuple[Any, Expression]]] = {}
    for one in node.args:
        number, product = one.as_coeff_Mul()
        factors = sympy.Mul.make_args(product)
        reads = [f for f in factors if isinstance(f, Read) and f.tensor in named]
        if len(reads) == 1:
            rest = sympy.Mul(*(f for f in factors if f is not reads[0]))
            opened = sympy.expand(number * written_out(reads[0], program))
            groups.setdefault(rest, []).append((one, opened))
    for rest, found in groups.items():
        taken = [one for each in groups.values() for one, _ in each]
        found += [
            (one, one / rest) for one in node.args if one not in taken and _is_plain(one / rest)
        ]
    changed, done = node, False
    for rest, members in groups.items():
        whole = sympy.Add(*(opened for _, opened in members))
        before = sum(len(sympy.Add.make_args(opened)) for _, opened in members)
        # Merged addends are fewer by one each; at least two terms must be gone as a whole.
        if len(members) > 1 and len(sympy.Add.make_args(whole)) <= before - len(members):
            others = [one for one in changed.args if one not in [first for first, _ in members]]
            changed, done = sympy.Add(*others, rest * factored(whole)), True
            if not isinstance(changed, sympy.Add):
                break
    return changed if done else None


def _is_plain(term: Any) -> bool:
    """Whether it is a read with a number, as the addends of a difference are."""
    return isinstance(term.as_coeff_Mul()[1], Read)
