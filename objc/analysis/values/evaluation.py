"""Programs at drawn points, through the interpreter: many points in one run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import mpmath

from objc.analysis.values.enclosures import Enclosing, Undecided
from objc.analysis.values.membership import are_members, number
from objc.analysis.values.samples import Values
from objc.ir.evaluate import evaluate
from objc.ir.index import BATCH, Index, Position, at
from objc.ir.program import Names, Program
from objc.ir.symbols import Read
from objc.target import IndexOutOfRange

PRECISION = 50
"""Decimal digits in which a counterexample is confirmed."""

_RISING = (PRECISION, 150, 600)
_SHARP = mpmath.mpf("1e-25")

Outputs = dict[str, Any]


def outputs(program: Program, values: Values, precision: int | None = None) -> Outputs | None:
    """Every output, or None where a position is out of range at these inputs."""
    try:
        return evaluate(program, values, precision)
    except (IndexOutOfRange, ValueError):
        return None


def certified(program: Program, values: Values) -> Outputs | None:
    """Every scalar output, right to 25 digits (of its size, or of one): enclosed in rising precision.
    None where the enclosures stay wide, or don't tell which branch is taken, and outside the declared
    domains: what no input can be contradicts nothing."""
    if not are_members(program, values):
        return None
    values = {name: _as_read(value) for name, value in values.items()}
    for digits in _RISING:
        try:
            found = evaluate(program, values, numbers=Enclosing(digits))
        except Undecided:
            continue
        except (IndexOutOfRange, ValueError):
            return None
        with mpmath.workdps(PRECISION):
            if all(one.radius <= _SHARP * (1 + abs(one.middle)) for one in found.values()):
                return {key: +one.middle for key, one in found.items()}
    return None


def outputs_of_all(program: Program, places: Sequence[Values]) -> list[Outputs | None]:
    """`outputs` at many places in float64: those of the same shapes go through one run, along an index
    that every let of a twin of the program carries."""
    twin = _alongside(program)
    result: list[Outputs | None] = [None] * len(places)
    groups: dict[Any, list[int]] = {}
    for position, values in enumerate(places):
        groups.setdefault(shapes_of(values), []).append(position)
    for positions in groups.values():
        stacked = {name: [places[one][name] for one in positions] for name in program.input}
        together = outputs(twin, stacked)
        for place, position in enumerate(positions):
            if together is None:  # one of them leaves a dimension: each by itself
                result[position] = outputs(program, places[position])
            else:
                result[position] = {key: value[place] for key, value in together.items()}
    return result


def _as_read(value: Any) -> Any:
    """A number in double precision as the decimal that it reads, as which it is shown and measured."""
    if isinstance(value, list):
        return [_as_read(one) for one in value]
    return number(value) if isinstance(value, float) and math.isfinite(value) else value


def _alongside(program: Program) -> Program:
    """The program with one index more, the first, on every input and every let."""
    index = Index(Names.of(program).fresh("n"), BATCH)

    def moved(read: Read) -> Read:
        positions = [
            Position(moved(one.base), one.offset) if isinstance(one.base, Read) else one
            for one in read.positions
        ]
        return read.at((at(index), *positions))

    def shifted(expression: Any) -> Any:
        return expression.xreplace({read: moved(read) for read in expression.atoms(Read)})

    inputs = [
        replace(one, dimensions=(BATCH, *one.dimensions), default=None) for one in program.inputs
    ]
    lets = [
        replace(let, free=(index, *let.free), body=shifted(let.body), guard=shifted(let.guard))
        for let in program.lets
    ]
    return replace(program, inputs=tuple(inputs), lets=tuple(lets))


def entries(value: Any) -> Iterator[Any]:
    """The numbers of a scalar or a tensor."""
    flat = getattr(value, "reshape", None)
    yield from (value.reshape(-1).tolist() if flat is not None else (value,))


def is_nan(value: Any) -> bool:
    return bool(value != value) or bool(mpmath.isnan(value))


def is_finite(value: Any) -> bool:
    return not is_nan(value) and abs(value) != math.inf


def shapes_of(values: Values) -> tuple[tuple[int, ...], ...]:
    """The shape of each input, those of numbers empty."""
    return tuple(_shape(one) for one in values.values())


def _shape(value: Any) -> tuple[int, ...]:
    return (len(value), *_shape(value[0])) if isinstance(value, list) else ()
