"""Shares of sums of positive numbers: what one of them lacks of the whole are all others, added up.

`log Σ a − log a[y]`, as of evidence for a class (Sensoy et al. 2018), is log(1 + r/a[y]) with the sum r of
all others, `1 − a[y]/Σ a` is r/Σ a. Where a[y] is nearly all of the sum, nothing else is left of either, nor
of their derivatives. (Of exponentials the sum is a logsumexp, which has forms of its own; Σ a − a[y] is r.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, log1p, loggamma, quotient, sigmoid, softplus
from objc.ir.domain import Domain
from objc.ir.index import Index, Position
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import (
    Expression,
    IndexValue,
    Read,
    indices_of,
    position_value,
    substitute_positions,
)
from objc.passes.rewrites import rewrite
from objc.passes.rewrites.forms import ONE, without


def shares_by_the_rest(program: Program) -> Program:
    """The program with complements of shares at a place of the data by the sums of all others."""
    sums = {
        let.name: let
        for let in program.lets
        if let.reduction == "sum"
        and let.guard == sympy.true
        and len(let.over) == 1
        and let.body.is_positive
    }
    return _Shares(program, sums).changed() if sums else program


class _Shares:
    def __init__(self, program: Program, sums: dict[str, Let]) -> None:
        self.program = program
        self.sums = sums
        self.names = Names.of(program)
        self.rests: dict[tuple[str, tuple[Position, ...], Position], Let] = {}
        self.lets: list[Let] = []

    def changed(self) -> Program:
        inside = members(self.program)
        for let in self.program.lets:
            if let.name not in inside:
                for total, place in self._entries(let.body):
                    let = self._with_rest(let, total, place)
            self.lets.append(let)
        return self.program.with_lets(self.lets)

    def _entries(self, body: Expression) -> Iterator[tuple[Read, Position]]:
        """The sums that an expression reads, each with the places at which it reads something else."""
        reads = sorted(body.atoms(Read), key=spelled)
        places = dict.fromkeys(
            place for read in reads for place in read.positions if not isinstance(place.base, Index)
        )
        for total in reads:
            if total.tensor in self.sums and not self._is_in_logits(total, reads):
                yield from ((total, place) for place in places)

    def _is_in_logits(self, total: Read, reads: list[Read]) -> bool:
        """Whether shares are parts of logits, as priors by counts are: one's own is then subtracted from
        what has been added up of all, and is to have the same form."""
        lets = (self.program.let.get(one.tensor) for one in reads)
        return any(
            one is not None
            and one.reduction == "logsumexp"
            and any(read.tensor == total.tensor for read in one.body.atoms(Read))
            for one in lets
        )

    def _with_rest(self, let: Let, total: Read, place: Position) -> Let:
        whole = self.sums[total.tensor]
        (index,) = whole.over
        moves: dict[Index, Position] = dict(zip(whole.free, total.positions, strict=True))
        others = substitute_positions(whole.body, moves)
        entry = substitute_positions(others, {index: place})
        if others == entry:
            return let
        key = total.tensor, total.positions, place
        rest = self.rests.get(key)
        if rest is None:
            guard = sympy.Ne(IndexValue(index), position_value(place))
            needed = indices_of(others) | indices_of(guard)
            free = tuple(one for one in let.indices if one in needed and one != index)
            name = self.names.fresh(f"rest_{whole.name}")
            domain = Domain("nonnegative")
            rest = replace(whole, name=name, free=free, body=others, guard=guard, domain=domain)
        body = let.body
        read = rest.read(*rest.free)
        for node in sorted(body.atoms(sympy.Add, sympy.log), key=spelled):
            changed = _changed(node, total, entry, read, _vanishes(entry))
            if changed is not None:
                body = body.xreplace({node: changed})
        if body == let.body:
            return let
        if key not in self.rests:
            self.rests[key] = rest
            self.lets.append(rest)
        return replace(let, body=body)


def _vanishes(body: Expression) -> bool:
    """Whether a term is one of those that are added up by their logarithms."""
    factors = sympy.Mul.make_args(rewrite(body))
    kinds = (sigmoid, softplus)
    return any(isinstance(one, sympy.exp) or one.as_base_exp()[0].func in kinds for one in factors)


def _changed(
    node: Any, total: Read, entry: Expression, rest: Read, vanishing: bool
) -> Expression | None:
    """log(c·a/s) = log c − log(1 + r/a), and c·log s − c·log a; c − c·a/s = c·r/s, c·s − c·a = c·r;
    c·f(s) − c·f(a) = c·f(r + a) − c·f(a), of a log-gamma function or a derivative of it. Of what is added up
    by its logarithms the difference alone."""
    forms = [(total, entry, rest)]
    if not vanishing:
        confident = sympy.Lt(rest, entry)
        logarithms = sympy.log(total) - sympy.log(entry)
        whole = Branch(confident, log1p(quotient(rest, entry)), logarithms)
        lacking = Branch(confident, rest / total, 1 - entry / total)
        if isinstance(node, sympy.log):
            number = node.args[0] * total / entry
            return sympy.log(number) - whole if number.is_number else None
        forms += [(sympy.log(total), sympy.log(entry), whole), (ONE, entry / total, lacking)]
    for one in sorted(node.atoms(loggamma, sympy.polygamma), key=spelled):
        at_entry, apart = (one.xreplace({total: at}) for at in (entry, rest + entry))
        forms.append((one, at_entry, apart - at_entry))
    for one in node.args:
        for of_sum, of_entry, changed in forms:
            weight = one / of_sum
            if not weight.has(total):
                left = without(node, one, *sympy.Add.make_args(-weight * of_entry))
                if left is not None:
                    return sympy.Add(*left, weight * changed)
    return None
