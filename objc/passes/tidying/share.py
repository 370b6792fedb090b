"""Compute once what is computed twice: equal lets are merged, and costly subexpressions that several
bodies over the same indices have in common become lets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import BY_FUNCTION, Branch, quotient
from objc.ir.domain import domain_of
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import (
    Expression,
    Read,
    indices_of,
    substitute_positions,
)


def share(program: Program) -> Program:
    """Merge equal lets, then make lets of common subexpressions."""
    return _common_subexpressions(_merge(program))


# ----------------------------------------------------------------- equal lets


def same_numbers(program: Program) -> Program:
    """The program in which a number that two adjoints are multiplied with has one name."""
    return _merge(program, lambda let: not let.free and let.reduction is None)


def multiples_of_numbers(program: Program) -> Program:
    """The program in which a product that is another's multiple by a number is that: what two adjoints are
    multiplied with cancels with what their sum is."""
    plain: dict[Expression, Expression] = {}
    first: dict[Any, tuple[Expression, Let]] = {}
    swaps: dict[str, tuple[Expression, Let]] = {}
    for let in program.lets:
        body = let.body.xreplace(plain)
        if let.reduction is not None or not isinstance(body, sympy.Mul) or body.has(Branch):
            continue
        if not let.free:
            plain[let.read()] = body
        number, rest = body.as_coeff_Mul()
        key = _canonical(replace(let, body=rest)), tuple(one.dimension for one in let.free)
        if key in first:
            swaps[let.name] = number / first[key][0], first[key][1]
        else:
            first[key] = number, let
    swaps = {name: one for name, one in swaps.items() if one[0] != 1}
    if not swaps:
        return program
    return program.with_lets(_by_multiples(let, swaps) for let in program.lets)


def _by_multiples(let: Let, swaps: dict[str, tuple[Expression, Let]]) -> Let:
    mapping = {
        read: swaps[read.tensor][0] * swaps[read.tensor][1].read(*read.positions)
        for read in let.body.atoms(Read)
        if read.tensor in swaps
    }
    return replace(let, body=let.body.xreplace(mapping)) if mapping else let


def same_entries(program: Program) -> Program:
    """The program in which what is written twice of the entries of tensors has one name."""
    return _merge(program, lambda let: let.reduction is None)


def same_sums(program: Program) -> Program:
    """The program in which a sum that is written twice is made once."""
    return _merge(program, lambda let: let.reduction == "sum")


def _merge(program: Program, wanted: Callable[[Let], bool] = lambda let: True) -> Program:
    """Lets that differ only in the names of their indices are one let."""
    seen: dict[Any, list[Let]] = {}
    renamed: dict[str, str] = {}
    lets = []
    for let in program.lets:
        let = rename_reads(let, renamed)
        if not wanted(let):
            lets.append(let)
            continue
        alike = seen.setdefault(_outline(let), [])
        equal = next((one for one in alike if _canonical(one) == _canonical(let)), None)
        if equal is not None:
            renamed[let.name] = equal.name
        else:
            alike.append(let)
            lets.append(let)
    lets = [rename_reads(let, renamed) for let in lets]  # a step may read what comes after it
    outputs = {key: renamed.get(name, name) for key, name in program.outputs.items()}
    terms = tuple(replace(t, let=renamed.get(t.let, t.let)) for t in program.terms)
    return replace(program, lets=tuple(lets), outputs=outputs, terms=terms)


def _outline(let: Let) -> Any:
    """What is seen of a let at a glance, and equal lets have in common."""
    dimensions = tuple(index.dimension for index in let.indices)
    tensors = frozenset(read.tensor for read in let.reads)
    return let.reduction, len(let.free), dimensions, let.domain, let.body.func, tensors


def _canonical(let: Let) -> Any:
    """A let but for the names of its indices."""
    mapping = {
        index: at(Index(f"·{number}", index.dimension)) for number, index in enumerate(let.indices)
    }
    body = substitute_positions(let.body, mapping)
    guard = substitute_positions(let.guard, mapping)
    return body, guard


def rename_reads(let: Let, renamed: dict[str, str]) -> Let:
    """The let with every read of a renamed tensor, in gathers too."""
    if not any(read.tensor in renamed for read in let.reads):
        return let
    replacements = {
        read: _renamed(read, renamed) for read in let.body.atoms(Read) | let.guard.atoms(Read)
    }
    return replace(
        let, body=let.body.xreplace(replacements), guard=let.guard.xreplace(replacements)
    )


def _renamed(read: Read, renamed: dict[str, str]) -> Read:
    positions = tuple(
        Position(_renamed(one.base, renamed), one.offset) if isinstance(one.base, Read) else one
        for one in read.positions
    )
    return Read(renamed.get(read.tensor, read.tensor), positions, read._assumptions_orig)


# ------------------------------------------------------ common subexpressions


def _common_subexpressions(program: Program) -> Program:
    found = {let.name: Counter(_costly(let.body)) for let in program.lets}
    counts: Counter[Any] = Counter()
    for each in found.values():
        counts.update(each)
    common = [node for node, number in counts.items() if number > 1]
    # The largest first: what stands only inside of a shared expression need not be shared itself.
    common.sort(key=lambda node: (-_weight(node), spelled(node)))
    names = Names.of(program)
    lets = list(program.lets)
    for node in common:
        if sum(found[let.name][node] for let in lets) > 1:
            lets = _extract(lets, node, names, found)
    return program.with_lets(lets)


def _costly(expression: Expression) -> list[Any]:
    """The subexpressions worth sharing: calls of functions, roots and quotients, outside of the
    arms of branches (which are evaluated only where they are taken)."""
    found = []
    stack = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, Branch):
            continue
        if is_costly(node):
            found.append(node)
        stack.extend(node.args)
    return found


_CHEAP = {sympy.Abs, sympy.sign, quotient}


def is_costly(node: Any) -> bool:
    """Whether a node is a call of a function, or a root, as such."""
    if isinstance(node, sympy.Pow):
        return not node.exp.is_Integer
    return node.func in BY_FUNCTION and node.func not in _CHEAP


def _weight(node: Any) -> int:
    return sum(1 for _ in sympy.preorder_traversal(node))


def _extract(lets: list[Let], node: Any, names: Names, found: dict[str, Counter[Any]]) -> list[Let]:
    """Define a let for the node before its first use and read it wherever it stands. `found` are the
    costly subexpressions of each let, brought up to date.

    It is defined before an earlier let that has it in the arm of a branch, too, if it can be: sums are
    added in the order of definition, and what such a let cancels with must not come after what is small.
    """
    indices = indices_of(node)
    first = next(number for number, let in enumerate(lets) if found[let.name][node])
    free = tuple(index for index in lets[first].indices if index in indices)
    if set(free) != indices:
        return lets
    name = names.fresh(_name_for(node))
    shared = Let(name, free, node, domain=domain_of(node), span=lets[first].span)
    read = shared.read(*free)
    before = min(first, _earliest(lets, shared))
    result = [*lets[:before], shared]
    found[name] = Counter(_costly(node))
    for let in lets[before:]:
        if let.body.has(node):
            if indices < set(let.indices):  # made outside of its loop, for its arms too
                body = let.body.xreplace({node: read})
            else:
                body = _outside_branches(let.body, node, read)
            if body is not let.body:
                let = replace(let, body=body)
                found[let.name] = Counter(_costly(body))
        result.append(let)
    return result


def _earliest(lets: list[Let], shared: Let) -> int:
    """The first let that has an expression anywhere, once all that it reads is defined: the arm of a
    recurrence may have it before."""
    node, needed = shared.body, {read.tensor for read in shared.reads}
    defined = max((at for at, let in enumerate(lets) if let.name in needed), default=-1)
    later = (at for at, let in enumerate(lets) if at > defined and let.body.has(node))
    return next(later, len(lets))


def _name_for(node: Any) -> str:
    row = BY_FUNCTION.get(node.func)
    return f"{row.name}_of" if row is not None else "power_of"


def _outside_branches(expression: Any, node: Any, read: Any) -> Any:
    """With the read in place of the node, but in arms that stand for one another. The arm of a branch that
    is zero otherwise, as a mask says, is taken as a rule."""
    if expression == node:
        return read
    if not expression.args or not expression.has(node):
        return expression
    if isinstance(expression, Branch) and 0 not in expression.args[1:]:
        return expression
    return expression.func(*(_outside_branches(one, node, read) for one in expression.args))
