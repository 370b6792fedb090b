"""Inlining of elementwise lets.

`inline_all` shows whole formulas to the rewrites that come before differentiation; `inline_single`
removes the lets that are read only once, in a loop of the same indices, so that no work moves into
an inner loop and none is repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import sympy

from objc.atoms import Branch
from objc.ir.index import Index
from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions
from objc.passes.delta import split_guard, told_by
from objc.passes.stable.differences import is_difference, is_weighted_exponent, log_ratios
from objc.passes.tidying.untaken import decided

Wanted = Callable[[Let, Expression, Let], bool]
"""Whether to inline a let, whose body at the read is given, into a reader."""

SIZE_LIMIT = 400
"""Nodes of an expression beyond which a let is kept as it is: inlining must not explode."""

DEPTH_LIMIT = 24
"""Levels of an expression beyond which a let is kept as it is."""

SLOPE_LIMIT = 500
"""Nodes of its derivative beyond which a let is kept as it is, about: each leaf brings the levels
above it."""


def size(expression: Expression) -> int:
    """The number of nodes of an expression tree, counted up to a little over the limit."""
    count = 0
    stack = [expression]
    while stack and count <= SIZE_LIMIT:
        count += 1
        stack.extend(stack.pop().args)
    return count


def _is_small(expression: Expression) -> bool:
    """Whether an expression, and its derivative, are within the limits."""
    count, slope, depth, level = 0, 0, 0, [expression]
    while level:
        count, depth = count + len(level), depth + 1
        slope += depth * sum(not node.args for node in level)
        if count > SIZE_LIMIT or depth > DEPTH_LIMIT or slope > SLOPE_LIMIT:
            return False
        level = [part for node in level for part in node.args]
    return True


def _is_real(expression: Expression) -> bool:
    """Whether SymPy knows that every absolute value and sign is of something real: else, as for √(1 − p)
    of a probability p, it writes them with complex arguments; and that nothing is divided by what is zero
    whatever the inputs are. Behind the name of a let all is real, and 1/0 what the target makes of it."""
    if expression.has(
        sympy.zoo, sympy.nan, sympy.re, sympy.im, sympy.arg, sympy.atan2, sympy.conjugate
    ):
        return False
    return all(one.args[0].is_extended_real for one in found_in(expression, sympy.Abs, sympy.sign))


def inline_all(program: Program) -> Program:
    """Replace reads of elementwise lets by their bodies, as long as the result stays small."""
    return _inline(program, lambda let, body, reader: True)


def inline_same_loop(program: Program) -> Program:
    """Inline where the body varies over all of the reader's indices, or is trivial: the costly coefficients
    of a row stay lets of the row, and the formula of an entry stays short. Differences keep their
    names, so that nothing multiplies them out."""

    compared = {name for let in program.lets for name in _compared(let)}
    compared |= {let.name for let in program.lets if _is_tangent(let, program)}
    compared |= log_ratios(program)

    def wanted(let: Let, body: Expression, reader: Let) -> bool:
        if let.name in compared:
            return False
        if not body.args or (_is_cheap(body) and (not is_difference(body) or _is_adjoint(let))):
            return True
        is_kept = is_difference(body) or is_weighted_exponent(split_guard(body)[0])
        return indices_of(body) == set(reader.indices) and not is_kept

    return _inline(program, wanted)


def _compared(let: Let) -> Iterator[str]:
    """What the largest is found of, to be subtracted from it: of numbers that were made again, or added up in
    another order, it would not be one."""
    if let.reduction == "logsumexp":
        factors = sympy.Mul.make_args(let.body)
        entries = [one for one in factors if set(let.over) & indices_of(one)]
        parts = [part for one in entries for part in sympy.Add.make_args(one)]
        reads = [one for one in parts if isinstance(one, Read)]
        if len(entries) == len(reads) == 1:
            yield reads[0].tensor


def _is_tangent(let: Let, program: Program) -> bool:
    """Whether a short sum is the tangent of short logits with a name, the largest of which one asks for."""
    return _is_cheap(let.body) and any(
        one.reduction == "max"
        and getattr(one.body, "tensor", None) == let.name
        and isinstance(one.guard, sympy.Eq)
        and all(_is_named(side, program) for side in one.guard.args)
        for one in program.lets
    )


def _is_named(side: Expression, program: Program) -> bool:
    let = program.let.get(getattr(side, "tensor", ""))
    return let is not None and (let.reduction is not None or _is_cheap(let.body))


def _is_adjoint(let: Let) -> bool:
    """Whether a sum was made by differentiation, of parts that all have one sign, or of a mean and the scale:
    a mean and a constant that others may cancel with."""
    if let.span is not None:
        return False
    addends = sympy.Add.make_args(let.body)
    entries = [one for one in addends if any(read.positions for read in found_in(one, Read))]
    constants = len(addends) - len(entries)
    if len(entries) == 1 and constants == 1:
        return True
    return not any(one.could_extract_minus_sign() for one in addends)


def _is_cheap(body: Expression) -> bool:
    """A short product of reads: a coefficient that the machine keeps in a register. Others should see
    what it is made of."""
    if size(body) > 12:
        return False
    # A mask goes along: under the same mask nothing is left of it, and of what is one where something is.
    masks = [one for one in sympy.Mul.make_args(body) if isinstance(one, Branch)]
    if all(one.args[1:] == (1, 0) for one in masks):
        body = sympy.Mul(*(one for one in sympy.Mul.make_args(body) if one not in masks))
    body = sympy.Add(*(one for one in sympy.Add.make_args(body) if not _is_constant(one)))
    nodes = sympy.preorder_traversal(body)
    return all(not node.args or isinstance(node, (sympy.Add, sympy.Mul)) for node in nodes)


def _is_constant(addend: Expression) -> bool:
    """Whether an addend is a number where a sum has something to add up, and 0 where it has not."""
    return (
        isinstance(addend, Branch)
        and isinstance(addend.args[0], sympy.Gt)
        and all(one.is_number for one in (addend.args[0].rhs, *addend.args[1:]))
    )


def inline_single(program: Program) -> Program:
    """Inline lets that are trivial, or read once by a let over the same indices."""
    counts = Counter(
        symbol.tensor
        for let in program.lets
        for expression in (let.body, let.guard)
        for symbol in _occurrences(expression)
    )

    def wanted(let: Let, body: Expression, reader: Let) -> bool:
        if not body.args or body.is_number:
            return True
        return counts[let.name] == 1 and indices_of(body) == set(reader.indices)

    return _inline(program, wanted)


def _occurrences(expression: Expression) -> list[Read]:
    """Reads as often as they occur in the tree (an occurrence in a gather counts too)."""
    found = []
    stack = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, Read):
            found.append(node)
            stack.extend(p.base for p in node.positions if isinstance(p.base, Read))
        stack.extend(node.args)
    return found


def _inline(program: Program, wanted: Wanted) -> Program:
    kept = program.gathered | members(program)
    candidates: dict[str, Let] = {}
    result = []
    for let in program.lets:
        let = _expand(let, candidates, wanted)
        if let.reduction is None and let.name not in kept:
            candidates[let.name] = let
        result.append(let)
    return program.with_lets(result)


def _expand(let: Let, candidates: Mapping[str, Let], wanted: Wanted) -> Let:
    mapping = {}
    for read in found_in(let.body, Read) | found_in(let.guard, Read):
        found = candidates.get(read.tensor)
        if found is None:
            continue
        body = _body_at(found, read)
        if wanted(found, body, let):
            mapping[read] = body
    if not mapping:
        return let
    body = let.body.xreplace(mapping)
    guard = let.guard.xreplace(mapping)
    if not _is_small(body) and body.has(Branch):
        body = decided(body)
    if not _is_small(body) or not _is_small(guard) or not _is_real(body):
        return let
    if guard != sympy.true and body.has(Branch):
        body = body.xreplace(told_by(guard))  # what was read within the same guard
    return replace(let, body=body, guard=guard)


def _body_at(let: Let, read: Read) -> Expression:
    mapping: dict[Index, object] = dict(zip(let.free, read.positions, strict=True))
    return substitute_positions(let.body, mapping)  # type: ignore[arg-type]
