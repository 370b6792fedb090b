"""Which inputs reach the result, and which of them through a slope."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sympy

from objc.analysis.errors import NoInfluence, UnusedInput
from objc.analysis.formulas import influences, spread
from objc.atoms import Branch, stop_gradient
from objc.errors import Diagnostic
from objc.ir.program import Let, Program, Term
from objc.ir.reductions import REDUCTIONS
from objc.ir.symbols import Read


def influence_warnings(program: Program) -> Iterator[Diagnostic]:
    """Inputs that are never read, and differentiable ones whose gradient is zero everywhere."""
    read = _read_anywhere(program)
    sloped = _with_slope(program)
    is_trained = program.kind in ("loss", "objective", "player")
    for one in program.inputs:
        if one.role == "internal":
            continue
        if one.name not in read:
            yield UnusedInput(one.span, program.name, one.name)
        elif one.is_differentiable and is_trained and one.name not in sloped:
            yield NoInfluence(one.span, program.name, one.name)


def _read_anywhere(program: Program) -> frozenset[str]:
    """The inputs that a result depends on, with those that domains, dimensions and weights name."""
    depends = influences(program)
    found: set[str] = set()
    for name in (*program.outputs.values(), *(one.let for one in program.terms)):
        found |= depends[name]
    expressions: list[Any] = [part for one in program.terms for part in (one.weight, one.offset)]
    for one in program.inputs:
        found |= one.domain.names
        expressions += [one.default] if one.default is not None else []
    for claim in program.claims:
        expressions += claim.arguments
    for expression in expressions:
        found |= {read.tensor for read in expression.atoms(Read)}
    return frozenset(found)


def sloped_inputs(program: Program, terms: Sequence[Term]) -> frozenset[str]:
    """The inputs on which terms depend through functions that have a slope somewhere."""
    known = _sloped(program)
    result: set[str] = set()
    for term in terms:
        result |= known[term.let]
        for part in (term.weight, term.offset):
            result |= {read.tensor for read in part.atoms(Read)}
    return frozenset(result)


def _with_slope(program: Program) -> frozenset[str]:
    """The inputs that the results depend on through functions that have a slope somewhere."""
    known = _sloped(program)
    outputs = (known[name] for name in program.outputs.values())
    return sloped_inputs(program, program.terms).union(*outputs)


def _sloped(program: Program) -> dict[str, frozenset[str]]:
    def sources(let: Let) -> list[str]:
        has_slope = let.reduction is None or REDUCTIONS[let.reduction].differentiable
        return [read.tensor for read in sloped_reads(let.body)] if has_slope else []

    return spread(program, sources)


def sloped_reads(expression: Any) -> Iterator[Read]:
    if isinstance(expression, Read):
        yield expression
        return
    if isinstance(expression, stop_gradient | sympy.sign):
        return
    arguments = expression.args[1:] if isinstance(expression, Branch) else expression.args
    for one in arguments:
        yield from sloped_reads(one)
