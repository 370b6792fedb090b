"""Shares with weights that are data keep them in their logits: of `n[y]·exp(z[y]) / Σ n[k]·exp(z[k])`, as of
logits that are adjusted by counts (Menon et al. 2021, "Long-Tail Learning via Logit Adjustment"), it is
z[y] + log n[y] that is compared with the normalizer, and one less the share is what the others have.

SymPy has `n·exp(z − l)` for `exp(z + log n − l)`, of which one less is a difference of rounded numbers.
Behind a name the logits are one number, in the normalizer and at the own place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.index import Index, Position
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Read, indices_of, reads, substitute_positions
from objc.passes.stable.exponentials import exponential_sums
from objc.passes.stable.logits import places_of_logits
from objc.passes.stable.renormalized import one_exponential


def name_weighted_logits(program: Program) -> Program:
    """The program with such shares by their logits, where a number is less by one of them."""
    if not any(_beside_numbers(let.body) for let in program.lets):
        return program
    inputs = {one.name for one in program.differentiable}
    moving = inputs | program.beyond(inputs)
    changed = exponential_sums(program)
    names, inside = Names.of(changed), members(changed)
    lets = list(changed.lets)
    found = False
    for whole in changed.lets:
        share = None if whole.name in inside else _share(whole, changed, moving)
        if share is None or not any(
            share.entries(node) for let in lets for node in _beside_numbers(let.body)
        ):
            continue
        found = True
        if share.named is None:
            free = tuple(one for one in whole.indices if one in indices_of(share.whole.body))
            named = Let(names.fresh("logit"), free, share.whole.body, span=whole.span)
            place = next(number for number, let in enumerate(lets) if let.name == whole.name)
            lets[place : place + 1] = [named, replace(lets[place], body=named.read(*free))]
            share = replace(share, named=named.read(*free))
        lets = [
            let if let.name in inside else replace(let, body=share.written(let.body))
            for let in lets
        ]
    return changed.with_lets(lets) if found else program


def _beside_numbers(body: Any) -> list[Any]:
    """The sums of a number, or of one in a case, and weighted exponentials."""
    if not body.has(sympy.exp):
        return []
    sums = (one for one in found_in(body, sympy.Add) if any(map(_is_number, one.args)))
    return sorted((one for one in sums if any(map(_is_weighted, one.args))), key=spelled)


def _is_number(addend: Any) -> bool:
    arms = addend.as_coeff_Mul()[1]
    return bool(addend.is_number or (isinstance(arms, Branch) and arms.args[1].is_number))


def _is_weighted(addend: Any) -> bool:
    factors = [one for one in sympy.Mul.make_args(addend) if not one.is_number]
    return len(factors) > 1 and any(isinstance(one, sympy.exp) for one in factors)


def _share(whole: Let, program: Program, moving: set[str]) -> _Share | None:
    """The shares of a logsumexp with weights that do not move."""
    if whole.reduction != "logsumexp" or len(whole.over) != 1:
        return None
    logits, named = whole.body, None
    let = program.let.get(getattr(logits, "tensor", ""))
    if let is not None and let.reduction is None:
        places = dict(zip(let.free, logits.positions, strict=True))
        named, logits = logits, substitute_positions(let.body, places)
    weights = [one for one in sympy.Add.make_args(logits) if one.has(sympy.log)]
    if not weights or any(read.tensor in moving for one in weights for read in reads(one)):
        return None
    return _Share(replace(whole, body=logits), named)


@dataclass(frozen=True)
class _Share:
    """A logsumexp of logits with weights, and the read of these by their name, if there is one."""

    whole: Let
    named: Read | None

    def entries(self, node: Any) -> list[tuple[Any, Any]]:
        """The addends of a sum that are a number times a share, each with the share by its name."""
        return [(addend, short) for addend in node.args for short in self._shortened(addend, node)][
            :1
        ]

    def _shortened(self, product: Any, node: Any) -> Iterator[Any]:
        """A product with the share by its name, where it has one at a place that the sum around it reads."""
        factors = one_exponential([product])
        if not isinstance(factors[0], sympy.exp):
            return
        factors[0] = sympy.exp(sympy.expand(factors[0].args[0]))
        for read in sorted(found_in(factors[0], Read), key=spelled):
            if read.tensor != self.whole.name:
                continue
            times = -sympy.expand(factors[0].args[0]).coeff(read)
            for places in places_of_logits(node, read, self.whole):
                own = self._power(read, places, times)
                if all(one in factors for one in own):
                    short = self.whole.body if self.named is None else self.named
                    others = [one for one in factors if one not in own]
                    share = substitute_positions(short, places) - read
                    yield sympy.Mul(*others, sympy.exp(times * share))

    def _power(self, read: Read, places: dict[Index, Position], times: Any) -> list[Any]:
        """The factors of a power of a share."""
        logit = substitute_positions(self.whole.body, places)
        return one_exponential([sympy.exp(sympy.expand(times * (logit - read)))])

    def written(self, body: Any) -> Any:
        """A body with all such shares by the name of the logits."""
        for node in sorted(found_in(body, sympy.Mul), key=spelled, reverse=True):
            short = next(self._shortened(node, node), None)
            if short is not None:
                return self.written(body.xreplace({node: short}))
        return body
