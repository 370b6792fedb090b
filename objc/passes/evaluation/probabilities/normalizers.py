"""The difference of two normalizers, where what they normalize is nearly the same.

In `log p − log q = (a − b) − (l − m)`, with l and m the logsumexps of a and b, the first difference is exact
where a and b are near each other, the second has the rounding of both logsumexps. Of the sums that they
are made of, less their maxima, the difference is summed instead, term by term: exp(x) − exp(y) is the
greater of both by 1 − exp(−|x − y|), with a sign.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1p, maximum, quotient
from objc.ir.domain import REAL
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.passes.stable.impossible import LEAST

_NEAR = sympy.Rational(1, 2)
"""The share of a sum below which the difference of two is taken from them term by term."""


def subtract_normalizers(program: Program) -> Program:
    """The program with one let for each such difference."""
    inside = members(program)
    normalizers = {
        let.name: let
        for let in program.lets
        if let.reduction == "logsumexp" and let.guard == sympy.true and let.name not in inside
    }
    if len(normalizers) < 2:
        return program
    subtracting = _Subtracting(program, normalizers)
    for let in program.lets:
        body = let.body
        if let.name not in inside:
            for node in sorted(body.atoms(sympy.Add), key=spelled):
                body = body.xreplace({node: subtracting.of(node, let)})
        subtracting.lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(subtracting.lets)


class _Subtracting:
    """Makes the lets; `lets` are those of the program so far, with them."""

    def __init__(self, program: Program, normalizers: dict[str, Let]) -> None:
        self.normalizers = normalizers
        self.names = Names.of(program)
        self.lets: list[Let] = []
        self.made: dict[tuple[str, str], tuple[Let, Let]] = {}

    def of(self, node: Any, reader: Let) -> Any:
        """A sum in which a[k] − b[k] stands beside the difference of their normalizers, with that as one."""
        reads = {one.as_coeff_Mul() for one in node.args}
        ends = [
            (sign, read)
            for sign, read in reads
            if sign in (1, -1) and isinstance(read, Read) and read.tensor in self.normalizers
        ]
        for sign, read in ends:
            for other_sign, other in ends:
                if sign != 1 or other_sign != -1 or read.positions != other.positions:
                    continue
                if not self._stand_beside(node, read, other, reader):
                    continue
                parts = self._difference(read.tensor, other.tensor)
                rest = [one for one in node.args if one not in (read, -other)]
                return sympy.Add(*rest, *(one.read(*read.positions) for one in parts))
        return node

    def _stand_beside(self, node: Any, read: Read, other: Read, reader: Let) -> bool:
        """Whether what one normalizes is subtracted, at an index, and what the other does added."""
        first, second = self.normalizers[read.tensor], self.normalizers[other.tensor]
        dimensions = [[index.dimension for index in one.indices] for one in (first, second)]
        if dimensions[0] != dimensions[1] or len(first.over) != 1:
            return False
        for index in reader.indices:
            if index.dimension == first.over[0].dimension:
                addends = _moved(second, other, index) - _moved(first, read, index)
                if all(one in node.args for one in sympy.Add.make_args(addends)):
                    return True
        return False

    def _difference(self, first: str, second: str) -> tuple[Let, Let]:
        """The difference of the maxima, and what that of the normalizers is beyond it: as one number it would
        be lost beside the difference of the logits."""
        if (first, second) not in self.made:
            if (second, first) in self.made:
                step, rest = self.made[second, first]
                parts = self._negative(step), self._negative(rest)
                self.lets += parts
            else:
                parts = self._parts(self.normalizers[first], self.normalizers[second])
            self.made[first, second] = parts
        return self.made[first, second]

    def _negative(self, let: Let) -> Let:
        name = self.names.fresh(f"{let.name}_reversed")
        return replace(let, name=name, body=-let.read(*let.free))

    def _parts(self, first: Let, second: Let) -> tuple[Let, Let]:
        places: dict[Index, Position] = {
            old: at(new) for old, new in zip(second.indices, first.indices, strict=True)
        }
        a, b = first.body, substitute_positions(second.body, places)
        tops = [self._top(one) for one in (first, second)]
        top_a, top_b = (one.read(*first.free) for one in tops)
        stepped, above_all = self._step(first, a, b, top_a, top_b)
        step = Let(self.names.fresh(f"max_{first.name}_less"), first.free, stepped)
        body = a - b - step.read(*first.free)
        apart = Let(self.names.fresh(f"{first.name}_apart"), first.indices, body)
        distance = apart.read(*first.indices)
        less = expm1(-sympy.Abs(distance))
        above, below = -sympy.exp(a - top_a) * less, sympy.exp(b - top_b) * less
        surplus = replace(
            first,
            name=self.names.fresh(f"{first.name}_surplus"),
            reduction="sum",
            body=Branch(sympy.Gt(distance, 0), above, below),
            domain=REAL,
        )
        rest_a = first.read(*first.free) - top_a
        rest_b = second.read(*first.free) - top_b
        share = quotient(surplus.read(*first.free), sympy.exp(rest_b))
        near = sympy.Lt(sympy.Abs(share), _NEAR)
        rest = Branch(near, log1p(maximum(-_NEAR, share)), rest_a - rest_b)
        whole = Let(self.names.fresh(f"rest_{first.name}_less"), first.free, rest)
        # The maxima before the normalizers, which share the loop then, where all is there that they are of.
        read = {one.tensor for top in tops for one in top.reads}
        known = [place for place, let in enumerate(self.lets, start=1) if let.name in read]
        earliest = max(min(map(self.lets.index, (first, second))), *known, 0)
        self.lets[earliest:earliest] = [*tops, *above_all, step]
        self.lets += [apart, surplus, whole]
        return step, whole

    def _step(
        self, first: Let, a: Any, b: Any, top_a: Read, top_b: Read
    ) -> tuple[Expression, list[Let]]:
        """The difference of the maxima, with what finds it: at a place where both are, of what the logits
        have not in common."""
        apart = sympy.expand(a - b)
        if _length(apart) >= _length(a) + _length(b):
            return top_a - top_b, []
        both = sympy.And(sympy.Eq(a, top_a), sympy.Eq(b, top_b))
        name = self.names.fresh(f"both_{first.name}")
        place = replace(first, name=name, reduction="max", body=apart, guard=both)
        found = place.read(*first.free)
        return Branch(sympy.Gt(found, LEAST), found, top_a - top_b), [place]

    def _top(self, let: Let) -> Let:
        return replace(let, name=self.names.fresh(f"top_{let.name}"), reduction="max")


def _length(expression: Any) -> int:
    return len(sympy.Add.make_args(expression))


def _moved(let: Let, read: Read, index: Index) -> Expression:
    """What a logsumexp is of, at an index of the reader."""
    places: dict[Index, Position] = dict(zip(let.free, read.positions, strict=True))
    return substitute_positions(let.body, {**places, let.over[0]: at(index)})
