"""Provers of `symmetric`: exchanging two inputs changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from objc.analysis import counterexamples
from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.shape import exchange
from objc.analysis.subject import Subject
from objc.ir.program import Claim, Let, Program
from objc.ir.symbols import Read


def _pairs(claim: Claim) -> list[tuple[str, str]]:
    return list(zip(claim.inputs, claim.inputs[1:], strict=False))


def same_formula(subject: Subject, claim: Claim) -> Decision | None:
    if all(_is_swappable(subject, first, second) for first, second in _pairs(claim)):
        return proved("exchanging the two gives the same formula")
    return None


def same_formulas(subject: Subject, claim: Claim) -> Decision | None:
    pairs = _pairs(claim)
    if subject.is_short and all(exchange.is_unchanged(subject.program, *pair) for pair in pairs):
        return proved("exchanging the two gives the same formulas, in another order")
    return None


def drawn_inputs(subject: Subject, claim: Claim) -> Decision | None:
    for first, second in _pairs(claim):
        if _is_alike(subject.program, first, second):
            found = counterexamples.swapped(subject, first, second)
            if found is not None:
                return refuted(found)
    return None


def _is_swappable(subject: Subject, first: str, second: str) -> bool:
    program = subject.program
    one, other = program.input[first], program.input[second]
    if one.dimensions or other.dimensions or not _is_alike(program, first, second):
        return False
    if any(_is_read_at(let, (first, second)) for let in program.lets):
        return False
    exchanged = {one.read(): other.read(), other.read(): one.read()}
    inner = [let for let in program.lets if let.name != subject.let.name]
    if any(side.xreplace(exchanged) != side for let in inner for side in (let.body, let.guard)):
        return False
    return bool(sympy.expand(subject.value.xreplace(exchanged) - subject.value) == 0)


def _is_read_at(let: Let, names: Sequence[str]) -> bool:
    """Whether something is gathered at a position that one of these inputs gives."""
    positions = [position for read in let.reads for position in read.positions]
    return any(isinstance(one.base, Read) and one.base.tensor in names for one in positions)


def _is_alike(program: Program, first: str, second: str) -> bool:
    one, other = program.input[first], program.input[second]
    return one.domain == other.domain and one.dimensions == other.dimensions
