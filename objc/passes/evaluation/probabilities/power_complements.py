"""What powers of a softmax lack of one: `1 − Σ pⁿ` is `Σ p·(1 − pⁿ⁻¹)`, as of the entropy of Tsallis (1988),
in which nothing cancels when one p is nearly one; and `1 − Σ p·q` of two softmaxes is `Σ p·(1 − q)`. (Of
squares, `objc.passes.stable.simplices`.)"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1
from objc.ir.domain import REAL
from objc.ir.index import at
from objc.ir.program import Let, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of
from objc.passes.evaluation.nodes import Making
from objc.passes.rewrites.forms import ONE
from objc.passes.stable.differences import written_out
from objc.passes.stable.entries import are_alike, log_entry, normalizers_of, totals_over
from objc.passes.stable.probabilities import around


def complements_of_powers(program: Program) -> Program:
    """The program with `c − c·Σ pⁿ` by such sums."""
    making = _Making(program)
    return making.changed() if making.powers else program


class _Making(Making):
    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.normalizers = normalizers_of(program)
        self.powers = {
            let.name: found
            for let in program.lets
            if self.normalizers and (found := self._power(let)) is not None
        }

    def change(self, node: Any, reader: Let) -> Expression | None:
        for addend in node.args:
            for read in sympy.Mul.make_args(addend):
                number, lacking = self.powers.get(getattr(read, "tensor", ""), (ONE, ONE))
                whole = -addend / read * number
                if lacking == 1 or whole not in node.args:
                    continue
                let = self.known[read.tensor]
                if let.name not in self.made:
                    name = self.names.fresh(f"{let.name}_complement")
                    self.insert(let, replace(let, name=name, body=lacking, domain=REAL))
                there = self.made[let.name][0].read(*read.positions)
                rest = [one for one in node.args if one not in (addend, whole)]
                return sympy.Add(*rest, whole * there)
        return None

    def _power(self, let: Let) -> tuple[Expression, Expression] | None:
        """(d, p − pⁿ) of a sum of d·exp(n·u), with the log-probabilities u of a whole softmax, and n > 0; or
        (d, p − p·q) of two."""
        number, power = let.body.as_coeff_Mul()
        if let.reduction != "sum" or not isinstance(power, sympy.exp):
            return None
        if around(let) != let.guard:
            return None
        exponent = sympy.expand(written_out(power.args[0], self.program))
        whole = replace(let, guard=sympy.true)
        reads = [one for one in exponent.atoms(Read) if one.tensor in self.normalizers]
        for read in sorted(reads, key=spelled):
            n = -exponent.coeff(read)
            if n.is_zero or indices_of(n) & set(let.over):
                continue
            u = sympy.expand(exponent / n)
            if n != 1 and n.is_positive and read in totals_over(u, whole, self.normalizers):
                return number, _lacking(u, n)
            for other in reads if n == 1 else ():
                normalizer = self.normalizers[other.tensor]
                if other == read or not are_alike(normalizer, let):
                    continue
                v = log_entry(normalizer, other, *map(at, let.over))
                if read in totals_over(sympy.expand(u - v), whole, self.normalizers):
                    return number, -sympy.exp(v) * expm1(u - v)
        return None


def _lacking(u: Expression, n: Expression) -> Expression:
    """p − pⁿ of p = exp(u), by the one that is the larger."""
    above = -sympy.exp(u) * expm1((n - 1) * u)
    below = sympy.exp(n * u) * expm1((1 - n) * u)
    if (n - 1).is_positive or (n - 1).is_negative:
        return above if (n - 1).is_positive else below
    return Branch(sympy.Gt(n, 1), above, below)
