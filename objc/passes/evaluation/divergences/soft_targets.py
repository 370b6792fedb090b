"""The divergence of a softmax from a distribution that is given, where the two are nearly the same.

`Σ t·log t − Σ t·b + l` with l the logsumexp of b is of second order in what t and the softmax q differ by. As
t and q add up to one, it is Σ (t·u + q − t) with u = log t − log q, of which no term is negative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, maximum, xlogy
from objc.ir.domain import REAL, Domain
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.passes.evaluation.divergences.relative_entropies import EXCESS_NEAR, series_of_excess

_SMALL = sympy.Rational(1, 64)
"""Beyond it the difference loses six bits, and the terms are not asked for one by one."""
_LEAST = sympy.Integer(2) ** -126
"""In the place of nothing, of which the logarithm is multiplied by nothing."""


def soft_targets_by_parts(program: Program) -> Program:
    """The program with such divergences as sums of what is never negative where they are small."""
    changing = _Changing(program)
    if not changing.sums:
        return program
    inside = members(program)
    for let in program.lets:
        body = let.body
        if let.reduction is None and let.name not in inside:
            for node in sorted(body.atoms(sympy.Add), key=spelled):
                body = body.xreplace({node: changing.of(node)})
        changing.lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(changing.lets)


class _Changing:
    """Makes the lets; `lets` are those of the program so far, with them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = Names.of(program)
        self.lets: list[Let] = []
        self.normalizers = {
            let.name: let
            for let in program.lets
            if let.reduction == "logsumexp" and let.guard == sympy.true and len(let.over) == 1
        }
        self.sums = {
            let.name: found
            for let in program.lets
            if self.normalizers and (found := self._target_and_logit(let)) is not None
        }
        self.made: dict[tuple[str, str], Let] = {}

    def of(self, node: Any) -> Any:
        """A sum with c·Σ (t·log t − t·b) + c·l, by the let of the divergence."""
        for term, read in _reads(node, self.sums):
            for other, normalizer in _reads(node, self.normalizers):
                fits = term / read == other / normalizer and read.positions == normalizer.positions
                if fits and self._belong(read.tensor, normalizer.tensor):
                    whole = self._let(read.tensor, normalizer.tensor)
                    rest = [one for one in node.args if one is not term and one is not other]
                    return sympy.Add(*rest, term / read * whole.read(*read.positions))
        return node

    def _target_and_logit(self, let: Let) -> tuple[Read, Expression] | None:
        """(t, b) of a sum of t·log t − t·b with a given distribution t over all that it runs over."""
        if let.reduction != "sum" or len(let.over) != 1:
            return None
        for one in let.body.atoms(xlogy):
            target = one.args[0]
            if not isinstance(target, Read) or one.args[1] != target:
                continue
            given = self.program.input.get(target.tensor)
            whole = given is not None and given.domain.kind == "simplex"
            last = target.positions[-1].index if target.positions else None
            if not whole or (last,) != let.over or let.guard not in (sympy.true, target > 0):
                continue
            rest = sympy.expand((let.body - one) / target)
            if rest != 0 and not rest.has(target):
                return target, -rest
        return None

    def _belong(self, total: str, name: str) -> bool:
        """Whether a logsumexp is of the logits of a sum."""
        let, normalizer = self.program.let[total], self.normalizers[name]
        dimensions = [[index.dimension for index in one.indices] for one in (let, normalizer)]
        if dimensions[0] != dimensions[1]:
            return False
        return bool(self._logits(normalizer, let) == self.sums[total][1])

    def _logits(self, normalizer: Let, like: Let) -> Expression:
        places: dict[Index, Position] = {
            old: at(new) for old, new in zip(normalizer.indices, like.indices, strict=True)
        }
        return substitute_positions(normalizer.body, places)

    def _let(self, total: str, name: str) -> Let:
        if (total, name) not in self.made:
            let, normalizer = self.program.let[total], self.normalizers[name]
            target, logit = self.sums[total]
            free = let.free
            plain = let.read(*free) + normalizer.read(*free)
            crude = Let(self.names.fresh(f"{total}_plain"), free, plain)
            small = sympy.Lt(crude.read(*free), _SMALL)
            exponent = logit - normalizer.read(*free)
            apart = sympy.log(maximum(_LEAST, target)) - exponent
            near = target * (apart**2 * series_of_excess(apart))
            far = target * apart + (sympy.exp(exponent) - target)
            parts = replace(
                let,
                name=self.names.fresh(f"{total}_parts"),
                body=Branch(sympy.Lt(sympy.Abs(apart), EXCESS_NEAR), near, far),
                guard=small,
                domain=Domain("nonnegative"),
            )
            body = Branch(small, parts.read(*free), crude.read(*free))
            whole = Let(self.names.fresh(f"{total}_divergence"), free, body, domain=REAL)
            self.lets += [crude, parts, whole]
            self.made[total, name] = whole
        return self.made[total, name]


def _reads(node: Any, known: Any) -> Iterator[tuple[Expression, Read]]:
    """(c·r, r) of every addend that is a read of these tensors, times something."""
    for term in node.args if isinstance(node, sympy.Add) else ():
        for one in sympy.Mul.make_args(term):
            if isinstance(one, Read) and one.tensor in known:
                yield term, one
