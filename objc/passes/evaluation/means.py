"""Means under a softmax of what is counted from its normalizer: counted from the largest instead.

A log-probability is never zero, but that of a row of nearly equal entries, or of the one that is much the
largest, is the logarithm of their number, or nothing, beside which what matters is lost.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.domain import REAL
from objc.ir.index import Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions
from objc.passes.probabilities import around, is_whole, written_out


def center_means(program: Program) -> Program:
    """`Σ p[k]·u[k] − u[j]` with u = b − l a log-probability, counted from the largest b instead of
    from l: the mean of the same under a softmax doesn't change, and where all b are nearly equal, or
    one is much the largest, nothing cancels."""
    normalizers = {one.name: one for one in program.lets if one.reduction == "logsumexp"}
    inside = members(program)
    if not normalizers:
        return program
    centering = _Centering(program, normalizers)
    for let in program.lets:
        body = let.body
        if let.reduction is None and let.name not in inside:
            for node in sorted(body.atoms(sympy.Add), key=spelled):
                changed = centering.of(node, let)
                if changed is not None:
                    body = body.xreplace({node: changed})
        centering.lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(centering.lets)


class _Centering:
    def __init__(self, program: Program, normalizers: dict[str, Let]) -> None:
        self.program = program
        self.normalizers = normalizers
        self.names = Names.of(program)
        self.lets: list[Let] = []

    def of(self, node: Any, reader: Let) -> Expression | None:
        """A sum with a mean and what it is the mean of, both counted from the largest."""
        for mean in node.args:
            total = self.program.let.get(mean.tensor) if isinstance(mean, Read) else None
            if total is None or total.reduction != "sum" or len(total.over) != 1:
                continue
            for addend in node.args:
                found = self._entry(total, mean, addend, reader)
                if found is not None:
                    u, place = found
                    rest = [one for one in node.args if one is not mean and one is not addend]
                    other, v = self._from_largest(total, u)
                    here = substitute_positions(v, {total.over[0]: place})
                    factor = addend / substitute_positions(u, {total.over[0]: place})
                    centered = sympy.Add(*rest, other.read(*mean.positions), factor * here)
                    outer = dict(zip(total.free, mean.positions, strict=True))
                    there = substitute_positions(around(total), outer)
                    return Branch(there, centered, sympy.Add(*rest, addend))
        return None

    def _entry(
        self, total: Let, mean: Read, addend: Expression, reader: Let
    ) -> tuple[Read, Position] | None:
        """u and where it is read, if the sum is of −addend·exp(u) over a whole softmax."""
        for index in reader.indices:
            if index.dimension != total.over[0].dimension:
                continue
            mapping = dict(zip(total.free, mean.positions, strict=True))
            moved = substitute_positions(total.body, {**mapping, total.over[0]: at(index)})
            for one in total.body.atoms(sympy.exp):
                u = one.args[0]
                there = substitute_positions(one, {**mapping, total.over[0]: at(index)})
                whole = isinstance(u, Read) and self._is_log_probability(u, total)
                if whole and moved == -addend * there and (total.body / (u * one)).is_finite:
                    constant = total.body / (u * one)
                    if not indices_of(constant) & set(total.over):
                        return u, at(index)
        return None

    def _is_log_probability(self, u: Read, total: Let) -> bool:
        exponent = written_out(u, self.program)
        return exponent is not u and any(
            is_whole(exponent, read, total, self.normalizers) for read in exponent.atoms(Read)
        )

    def _from_largest(self, total: Let, u: Read) -> tuple[Let, Expression]:
        """The mean of b less its largest, and b less its largest at the indices of the sum."""
        exponent = written_out(u, self.program)
        read = next(
            one for one in exponent.atoms(Read) if is_whole(exponent, one, total, self.normalizers)
        )
        normalizer = self.normalizers[read.tensor]
        top = replace(normalizer, name=self.names.fresh(f"max_{normalizer.name}"), reduction="max")
        # In a let of its own: the mean beside it is near zero where one entry is much the largest.
        below = Let(
            self.names.fresh(f"{normalizer.name}_below"),
            total.indices,
            exponent + read - top.read(*read.positions),
            domain=REAL,
        )
        v = below.read(*total.indices)
        other = replace(
            total, name=self.names.fresh(f"{total.name}_centered"), body=total.body / u * v
        )
        self.lets += [top, below, other]
        return other, v
