"""What is claimed for all hyperparameters, held to some: to closed ends of their domains, and to numbers
beside their defaults. What does not hold there does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy

from objc.analysis.claims import decide
from objc.analysis.decision import Decision, Violation, refuted
from objc.analysis.effort import Clock
from objc.analysis.subject import Subject
from objc.ir.program import Claim, Input, Program

_BESIDE = (sympy.Integer(1), sympy.Rational(1, 2))
_MOST = 4


def refuted_at_a_setting(subject: Subject, claim: Claim) -> Decision | None:
    """A refutation with one hyperparameter at a number; None where there is none."""
    clock = Clock(subject.effort.claim)
    tried = 0
    for one in subject.declared.inputs:
        if one.role != "hyperparameter" or one.dimensions or one.domain.is_integer:
            continue
        for value in _values(one):
            there = fixed(subject.declared, one, value)
            if there is None or tried >= _MOST:
                continue
            tried += 1
            numbers = tuple(each.xreplace({one.read(): value}) for each in claim.arguments)
            held = replace(claim, negated=False, arguments=numbers)
            found = decide(Subject(there, subject.effort), held, clock)
            if found.verdict == "refuted" and found.counterexample is not None:
                text = f"at {one.name} = {value}, {found.counterexample}"
                places = tuple({**place, one.name: _plain(value)} for place in found.places)
                return refuted(Violation(text, places))
    return None


def _plain(value: Any) -> Any:
    from fractions import Fraction

    return Fraction(int(value.p), int(value.q))


def _values(one: Input) -> Iterator[Any]:
    """The closed ends of a domain, and numbers inside it, that are rational and no default."""
    low, high = one.domain.bounds
    ends = () if one.domain.kind == "positive" else (low, high)
    for value in (*ends, *_BESIDE):
        if not value.is_Rational or value == one.default:
            continue
        is_inside = all(sympy.Le(*pair) == sympy.true for pair in ((low, value), (value, high)))
        if is_inside:
            yield value


def fixed(program: Program, one: Input, value: Any) -> Program | None:
    """The program with a number for a hyperparameter; None where that leaves it without a value, or another
    domain names it."""
    read = one.read()
    if program.kind not in ("loss", "metric"):
        return None
    if any(read in end.free_symbols for each in program.inputs for end in each.domain.bounds):
        return None
    mapping = {read: value}
    lets = [
        replace(let, body=let.body.xreplace(mapping), guard=let.guard.xreplace(mapping))
        for let in program.lets
    ]
    if any(let.body.has(sympy.zoo, sympy.nan, sympy.oo) for let in lets):
        return None
    inputs = tuple(each for each in program.inputs if each is not one)
    return replace(program, inputs=inputs, claims=()).with_lets(lets)
