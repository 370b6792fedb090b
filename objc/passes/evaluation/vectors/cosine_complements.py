"""One less a cosine: half the squared distance of the two directions, where they are nearly the same.

The cosine of nearly parallel vectors is one but for the square of what tells them apart, of which rounding
leaves half the digits, or nothing. The difference of two unit vectors keeps them: the rounding of a length is
common to all entries, and is squared there.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, log1p, quotient
from objc.ir.domain import Domain
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Program
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions
from objc.passes.evaluation.nodes import Making
from objc.passes.stable.differences import written_out

_HALF = sympy.Rational(1, 2)


def complements_of_cosines(program: Program) -> Program:
    """The program with such differences by the distance where the cosine is above one half."""
    making = _Making(program)
    return making.changed() if making.cosines else program


class _Making(Making):
    kinds = (sympy.Add, sympy.log)

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.cosines = {
            let.name: units for let in program.lets if (units := self._units_of(let)) is not None
        }
        self.distances: dict[Expression, Read] = {}

    def change(self, node: Any, reader: Let) -> Expression | None:
        """c − c·cos, c − c·cos², and log cos."""
        if isinstance(node, sympy.log):
            (read,) = node.args
            if getattr(read, "tensor", "") not in self.cosines:
                return None
            near = log1p(-self._distance(read, 1) / 2)
            return Branch(sympy.Gt(read, _HALF), near, node)
        for addend in node.args:
            for factor in sympy.Mul.make_args(addend):
                read, power = factor.as_base_exp()
                if getattr(read, "tensor", "") not in self.cosines or power not in (1, 2):
                    continue
                weight = -addend / factor
                if weight in node.args:
                    rest = [one for one in node.args if one not in (addend, weight)]
                    small = self._complement(read, 1)
                    if power == 2:
                        small *= self._complement(read, -1)
                    return sympy.Add(*rest, weight * small)
        return None

    def _complement(self, read: Read, sign: int) -> Expression:
        """1 ∓ cos"""
        near = sympy.Gt(sign * read, _HALF)
        return Branch(near, self._distance(read, sign) / 2, 1 - sign * read)

    def _distance(self, read: Read, sign: int) -> Read:
        """Σ (u ∓ v)² of what a cosine that is read is of."""
        cosine = self.known[read.tensor]
        places: dict[Index, Position] = dict(zip(cosine.free, read.positions, strict=True))
        first, second = (substitute_positions(one, places) for one in self.cosines[cosine.name])
        guard = substitute_positions(cosine.guard, places)
        body = (first - sign * second) ** 2
        if body not in self.distances:
            free = tuple(sorted(indices_of(body) - set(cosine.over), key=lambda index: index.name))
            name = self.names.fresh(f"distance_{cosine.name}")
            domain = Domain("nonnegative")
            let = Let(name, free, body, "sum", cosine.over, guard, domain, cosine.span)
            self.lets.append(let)
            self.distances[body] = let.read(*free)
        return self.distances[body]

    def _units_of(self, let: Let) -> tuple[Expression, Expression] | None:
        """The entries of two unit vectors, where a sum is of their products."""
        if let.reduction != "sum" or len(let.over) != 1:
            return None
        factors: Any = let.body.args if isinstance(let.body, sympy.Mul) else ()
        if len(factors) != 2 or not all(self._is_unit(one, let.over[0]) for one in factors):
            return None
        first, second = factors
        return first, second

    def _is_unit(self, entry: Any, over: Index) -> bool:
        """Whether an entry is one of x over the length of x, along an index; or zero, where x is."""
        if isinstance(entry, Read):
            let = self.program.let.get(entry.tensor)
            if let is None or let.reduction is not None:
                return False
            entry = substitute_positions(
                let.body, dict(zip(let.free, entry.positions, strict=True))
            )
        if isinstance(entry, Branch) and entry.args[1] == 0:
            entry = entry.args[2]
        if not isinstance(entry, quotient):
            return False
        x, length = entry.args
        norm = self.program.let.get(getattr(length, "tensor", ""))
        if norm is None or norm.reduction != "norm" or len(norm.over) != 1:
            return False
        if norm.guard != sympy.true or norm.over[0].dimension != over.dimension:
            return False
        places: dict[Index, Position] = dict(zip(norm.free, length.positions, strict=True))
        places[norm.over[0]] = at(over)
        whole, x = (
            written_out(one, self.program) for one in (substitute_positions(norm.body, places), x)
        )
        return whole in (x, -x)
