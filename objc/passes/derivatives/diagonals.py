"""Lets of which only diagonals are read: they are computed there only.

The tangent of a gradient along one coordinate is asked for at that coordinate. Of what it is made of, a let
of all rows and all coordinates is then read where the row is the coordinate's, or where a column is.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import sympy

from objc.ir.index import Index, Position
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Read, substitute_positions


def contract_diagonals(program: Program) -> Program:
    """Drop an axis of a let when every read has the same position there as in another axis; where it is
    now this axis, now that one, there are two lets instead."""
    kept = {*program.outputs.values(), *members(program)}
    names = Names.of(program)
    lets = list(program.lets)
    number = len(lets)
    while number > 0:
        number -= 1
        let = lets[number]
        if let.name in kept or len(let.free) < 2 or let.reduction == "argsort":
            continue
        while pairs := _equal_axes(let, lets[number + 1 :]):
            if len(pairs) > 1 and let.name in program.gathered:
                break
            if len(pairs) > 1:
                other = replace(let, name=names.fresh(let.name))
                later = [_from_other(one, let, other, pairs[0]) for one in lets[number + 1 :]]
                lets[number:] = [let, other, *later]
                number += 2
                break
            keep, drop = pairs[0]
            lets[number + 1 :] = [_without_axis(one, let.name, drop) for one in lets[number + 1 :]]
            let = _on_diagonal(let, keep, drop)
            lets[number] = let
    return program.with_lets(lets)


def _equal_axes(let: Let, later: list[Let]) -> list[tuple[int, int]]:
    """The two axes that are read at one position everywhere, or two such pairs of which every read has one;
    none otherwise."""
    reads = {read for one in later for read in one.reads if read.tensor == let.name}
    pairs = {
        (keep, drop): {one for one in reads if one.positions[keep] == one.positions[drop]}
        for keep, drop in itertools.combinations(range(len(let.free)), 2)
        if let.free[keep].dimension == let.free[drop].dimension
    }
    for number in (1, 2):
        for chosen in itertools.combinations(pairs, number) if reads else ():
            if set.union(*(pairs[one] for one in chosen)) == reads:
                return list(chosen)
    return []


def _from_other(reader: Let, let: Let, other: Let, axes: tuple[int, int]) -> Let:
    """A reader of a let that reads the other one wherever these axes are not at one position."""
    keep, drop = axes
    swaps = {
        read: other.read(*read.positions)
        for read in reader.reads
        if read.tensor == let.name and read.positions[keep] != read.positions[drop]
    }
    if not swaps:
        return reader
    return replace(reader, body=reader.body.xreplace(swaps), guard=reader.guard.xreplace(swaps))


def _on_diagonal(let: Let, keep: int, drop: int) -> Let:
    mapping: dict[Index, Position] = {let.free[drop]: Position(let.free[keep])}
    free = tuple(index for number, index in enumerate(let.free) if number != drop)
    return replace(
        let,
        free=free,
        body=substitute_positions(let.body, mapping),
        guard=substitute_positions(let.guard, mapping),
    )


def _without_axis(let: Let, name: str, axis: int) -> Let:
    replacements: dict[Read, Read] = {}
    for read in let.body.atoms(Read) | let.guard.atoms(Read):
        moved = _drop(read, name, axis)
        if moved != read:
            replacements[read] = moved
    if not replacements:
        return let
    return replace(
        let, body=let.body.xreplace(replacements), guard=let.guard.xreplace(replacements)
    )


def _drop(read: Read, name: str, axis: int) -> Read:
    positions = tuple(
        replace(one, base=_drop(one.base, name, axis)) if isinstance(one.base, Read) else one
        for one in read.positions
    )
    if read.tensor == name:
        positions = tuple(one for number, one in enumerate(positions) if number != axis)
    return read.at(positions)


def add_up(program: Program) -> Program:
    """One sum for two of derivatives that are added and have come to be over the same points."""
    counts = Counter(read.tensor for let in program.lets for read in let.reads)
    kept = {*program.outputs.values(), *members(program)}
    sums = {
        let.name: let
        for let in program.lets
        if let.reduction == "sum" and let.span is None and let.name not in kept
        if counts[let.name] == 1
    }
    place = {let.name: number for number, let in enumerate(program.lets)}
    merged: dict[str, Let] = {}
    gone: set[str] = set()
    readers: dict[str, Let] = {}
    for let in program.lets:
        groups: dict[Any, list[Read]] = {}
        for read in sympy.Add.make_args(let.body) if let.reduction is None else ():
            one = sums.get(getattr(read, "tensor", ""))
            if one is not None:
                groups.setdefault((one.free, one.over, one.guard, read.positions), []).append(read)
        for found in groups.values():
            *others, last = sorted(found, key=lambda read: place[read.tensor])
            parts = [sums[one.tensor].body for one in (*others, last)]
            if others:
                merged[last.tensor] = replace(sums[last.tensor], body=sympy.Add(*parts))
                gone |= {one.tensor for one in others}
                body = readers.get(let.name, let).body - sympy.Add(*others)
                readers[let.name] = replace(let, body=body)
    return program.with_lets(
        merged.get(let.name, readers.get(let.name, let))
        for let in program.lets
        if let.name not in gone
    )
