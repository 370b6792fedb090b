"""Second derivatives of a logsumexp along one coordinate: a variance under its softmax, as a sum of squares.

`Σ p[k]·v[k]·(v[k] − m)` with the mean m = Σ p[k]·v[k] is `Σ p[k]·(v[k] − m)²`, since the deviations add up to
zero: without the subtraction, which leaves nothing of entries that nearly agree, or where a p is nearly one.
Where a coordinate moves one entry alone, `p·v² − p²·v²` is p·v²·(1 − p).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import expm1
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions
from objc.passes.rewrites.forms import without_factor
from objc.passes.stable.entries import are_alike, normalizers_of, totals_over


def variances_as_squares(program: Program) -> Program:
    """The program with such sums as sums of squares, and such differences by what is left of one."""
    normalizers = normalizers_of(program)
    if not normalizers:
        return program
    inside = members(program)
    moments = _Moments(program, normalizers)
    lets = [let if let.name in inside else moments.changed(let) for let in program.lets]
    return program.with_lets(lets)


class _Moments:
    def __init__(self, program: Program, normalizers: dict[str, Let]) -> None:
        self.program = program
        self.normalizers = normalizers

    def changed(self, let: Let) -> Let:
        body = let.body
        if not any(map(self._opens, body.atoms(Read))) and not body.has(sympy.exp):
            return let
        for node in sorted(body.atoms(sympy.Add), key=spelled):
            less = self._less_itself(node)
            if less is not None:
                body = body.xreplace({node: less})
        if let.reduction == "sum" and let.guard == sympy.true and len(let.over) == 1:
            body = self._centered(replace(let, body=body)) or body
        return let if body == let.body else replace(let, body=body)

    def _less_itself(self, node: Any) -> Expression | None:
        """c·p − c·p² with p = exp(u), which may stand in a coefficient."""
        opened = {one: self._opened(one) for one in node.args}
        for first, whole in opened.items():
            for power in whole.atoms(sympy.exp) & set(sympy.Mul.make_args(whole)):
                for second, other in opened.items():
                    if other == -whole * power and self._is_probability(power):
                        rest = [one for one in node.args if one not in (first, second)]
                        return sympy.Add(*rest, -first * expm1(power.args[0]))
        return None

    def _centered(self, let: Let) -> Expression | None:
        """c·Σ p·v·(v − m) as c·Σ p·(v − m)²."""
        for deviation in let.body.args if isinstance(let.body, sympy.Mul) else ():
            for read in deviation.atoms(Read) if isinstance(deviation, sympy.Add) else ():
                total = self.program.let.get(read.tensor)
                if total is None or -read not in deviation.args or not _are_alike(total, let):
                    continue
                places: dict[Index, Position] = dict(zip(total.free, read.positions, strict=True))
                places[total.over[0]] = at(let.over[0])
                mean = substitute_positions(total.body, places)
                power = mean / (deviation + read)
                if not isinstance(power, sympy.exp) or not self._is_over(power, let):
                    continue
                moving = [one for one in deviation.args if set(let.over) & indices_of(one)]
                v = sympy.Add(*moving)
                whole = self._opened(let.body)
                if power not in sympy.Mul.make_args(whole):
                    continue
                rest = without_factor(whole, power) / (deviation * v)
                if not set(let.over) & indices_of(rest):
                    return let.body / v * deviation
        return None

    def _opens(self, read: Read) -> bool:
        let = self.program.let.get(read.tensor)
        return let is not None and let.reduction is None and _is_power(let.body)

    def _opened(self, expression: Any) -> Any:
        """With coefficients that have a name, of which an exponential is a factor, as what they are."""
        opened = {}
        for read in filter(self._opens, expression.atoms(Read)):
            let = self.program.let[read.tensor]
            places = dict(zip(let.free, read.positions, strict=True))
            opened[read] = substitute_positions(let.body, places)
        return expression.xreplace(opened)

    def _is_probability(self, power: Any) -> bool:
        """Whether an exponential is of what a logsumexp is subtracted from."""
        return any(
            isinstance(-one, Read) and (-one).tensor in self.normalizers
            for one in sympy.Add.make_args(power.args[0])
        )

    def _is_over(self, power: Any, let: Let) -> bool:
        """Whether exponentials are a softmax over what a sum runs over."""
        return any(totals_over(power.args[0], let, self.normalizers))


def _are_alike(total: Let, let: Let) -> bool:
    """Whether two sums run over all of one dimension."""
    return total.reduction == "sum" and total.guard == sympy.true and are_alike(total, let)


def _is_power(body: Any) -> bool:
    return any(isinstance(one, sympy.exp) for one in sympy.Mul.make_args(body))
