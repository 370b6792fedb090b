"""Tensors of which the value of a program sees no common shift along an axis: of its slopes by them all add
up to zero along that axis, and so do the entries of a product with its Hessian.

What is made of a softmax alone is such a value, whatever is made of it: that is a theorem about the program
and not about its derivatives, in which it would have to be found term by term. A shift by a number that any
other index may reach is followed let by let: a logsumexp of what is shifted is shifted, a difference of two
is not, what is no sum of such must not be reached. Steps of a recurrence are taken to be unmoved, and shown
to be so on that assumption.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sympy

from objc.atoms import Branch, maximum, minimum
from objc.ir.index import Position, at
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions

ZERO = sympy.Integer(0)
_ALONG = frozenset({"logsumexp", "max", "min", "mean"})
"""Reductions of what is shifted everywhere alike that are shifted as much."""


def balanced(program: Program, output: str, active: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The tensors, and for each the place of the axis, along which a common shift changes nothing; of those
    that are active and that a logsumexp normalizes along that axis."""
    wanted = set(active)
    found: dict[tuple[str, int], None] = {}
    for let in program.lets:
        if let.reduction == "logsumexp" and len(let.over) == 1:
            along = at(let.over[0])
            found |= dict.fromkeys(
                (read.tensor, read.positions.index(along))
                for read in let.reads
                if read.tensor in wanted and read.positions.count(along) == 1
            )
    recurrent = frozenset(members(program)) if found else frozenset()
    for tensor, axis in found:
        if tensor not in recurrent and _Shift(program, tensor, axis, recurrent).leaves(output):
            yield tensor, axis


class _Moved(Exception):
    """What a shift does to some part is no shift, or isn't known."""


class _Shift:
    """What a tensor's shift by c[other places] along one axis does to every let after it."""

    def __init__(self, program: Program, tensor: str, axis: int, recurrent: frozenset[str]) -> None:
        self.program = program
        self.tensor = tensor
        self.axis = axis
        self.recurrent = recurrent
        self.effects: dict[str, Expression] = {}

    def leaves(self, output: str) -> bool:
        """Whether the output is as it was."""
        reached = self.program.beyond([self.tensor])
        needed = self.program.behind([self.program.let[output]]) | {output}
        try:
            for let in self.program.lets:
                if let.name in reached & needed and let.name != self.tensor:
                    self.effects[let.name] = self._of_let(let)
                    if let.name in self.recurrent and self.effects[let.name] != 0:
                        return False
        except _Moved:
            return False
        return self.effects.get(output, ZERO) == 0

    def _of_let(self, let: Let) -> Expression:
        self._settled(let.guard)
        effect = self._of(let.body)
        if effect == 0 or let.reduction is None:
            return effect
        weights = self._weights(let, effect)
        if weights is not None:
            return weights
        if let.reduction in _ALONG and not set(let.over) & indices_of(effect):
            return effect
        raise _Moved

    def _weights(self, let: Let, effect: Any) -> Expression | None:
        """The shift itself, of a sum of its shares by a distribution along the index."""
        if let.reduction != "sum" or len(let.over) != 1 or let.guard != sympy.true:
            return None
        for factor in sympy.Mul.make_args(effect):
            given = self.program.input.get(getattr(factor, "tensor", ""))
            if given is None or given.domain.kind != "simplex":
                continue
            rest = effect / factor
            if factor.positions[-1] == at(let.over[0]) and let.over[0] not in indices_of(rest):
                return rest
        return None

    def _of(self, node: Any) -> Expression:
        """What is added to an expression."""
        if isinstance(node, Read):
            return self._of_read(node)
        if not node.args or node.is_number:
            return ZERO
        if isinstance(node, sympy.Add):
            return sympy.expand(sympy.Add(*map(self._of, node.args)))
        if isinstance(node, sympy.Mul):
            moved = [(one, self._of(one)) for one in node.args]
            moved = [(one, effect) for one, effect in moved if effect != 0]
            if not moved:
                return ZERO
            if len(moved) == 1:
                return sympy.expand(node / moved[0][0] * moved[0][1])
            raise _Moved
        if isinstance(node, Branch):
            self._settled(node.args[0])
            return self._alike(node.args[1:])
        if isinstance(node, maximum | minimum):
            return self._alike(node.args)
        if any(self._of(one) != 0 for one in node.args):
            raise _Moved
        return ZERO

    def _alike(self, arms: Iterable[Any]) -> Expression:
        effects = {self._of(one) for one in arms}
        if len(effects) > 1:
            raise _Moved
        return effects.pop()

    def _of_read(self, read: Read) -> Expression:
        for position in read.positions:
            if isinstance(position.base, Read) and self._of(position.base) != 0:
                raise _Moved
        if read.tensor == self.tensor:
            others = read.positions[: self.axis] + read.positions[self.axis + 1 :]
            return Read(f"shift of {self.tensor}", others, {"real": True})
        effect = self.effects.get(read.tensor, ZERO)
        if effect == 0:
            return ZERO
        places: dict[Any, Position] = dict(
            zip(self.program.let[read.tensor].free, read.positions, strict=True)
        )
        return substitute_positions(effect, places)

    def _settled(self, condition: Any) -> None:
        """Raises where the shift may change whether a condition holds."""
        for one in condition.atoms(sympy.core.relational.Relational):
            if sympy.expand(self._of(one.lhs) - self._of(one.rhs)) != 0:
                raise _Moved
