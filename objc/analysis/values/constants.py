"""The text's own constants as inputs: where a condition is at its edge, and between that and zero."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.values.membership import are_members
from objc.analysis.values.samples import Values, samples
from objc.atoms import Branch
from objc.ir.program import Input, Program
from objc.ir.symbols import Read

_MOST = 24
_BASES = (6, 9)
"""Samples that are changed: one at the defaults of the hyperparameters, one beside them."""
_SHARES = (Fraction(1), Fraction(1, 2), Fraction(-1, 2), Fraction(-1))


def at_constants(program: Program) -> Iterator[Values]:
    """Inputs of which one is what a condition compares it to, or half of that; the rest is drawn."""
    relations = sorted(
        {
            one
            for let in program.lets
            for side in (let.body, let.guard)
            for one in side.atoms(sympy.core.relational.Relational)
        },
        key=str,
    )
    if not relations:
        return
    drawn = [one for n, one in enumerate(samples(program, _BASES[-1] + 1)) if n in _BASES]
    found = {(name, value): None for one in relations for name, value in _constants(program, one)}
    for name, value in list(found)[:_MOST]:
        for base in drawn:
            for share in _SHARES:
                here = {**base, name: _put(program.input[name], base[name], share * value)}
                if here[name] != base[name] and are_members(program, here):
                    yield here


def _constants(program: Program, relation: Any) -> Iterator[tuple[str, Fraction]]:
    """The inputs of a relation with a number that it is at its edge at, the others at zero."""
    difference = relation.lhs - relation.rhs
    if difference.has(Branch):  # an edge of its own for each arm
        return
    for sign in (1, -1):
        line = difference.replace(sympy.Abs, lambda one, sign=sign: sign * one)
        for read in sorted(line.atoms(Read), key=str):
            one = program.input.get(read.tensor)
            slope = sympy.diff(line, read) if one is not None else None
            if one is None or slope is None or not slope.is_Rational or slope == 0:
                continue
            rest = line.xreplace(dict.fromkeys(line.atoms(Read), sympy.Integer(0)))
            place = -rest / slope if rest.is_Rational else sympy.Integer(0)
            if place != 0:
                yield one.name, Fraction(int(place.p), int(place.q))


def _put(one: Input, value: Any, constant: Fraction) -> Any:
    """A number in the place of a scalar, or of the first entry of an array."""
    if isinstance(value, list):
        return [_put(one, value[0], constant), *value[1:]] if value else value
    return int(constant) if one.domain.is_integer else constant
