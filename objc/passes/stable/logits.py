"""Logits that are sums have a name: of `z[k] + b[k]` the own one is subtracted as what it was compared as.

SymPy has one sum for `log Σ exp(z[k] + b[k]) − (z[y] + b[y])`, of which the parts would be added in any
order: of a confident right answer nothing but their roundings would be left. Behind a name they are added
once, before anything is taken from them.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
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
from objc.passes.stable.differences import compared_normalizers, is_weighted_exponent
from objc.passes.stable.entries import places_of_entries


def name_logits(program: Program) -> Program:
    """The program with names for the logits of which there is a logsumexp and a certain one less it."""
    apart = [replace(let, body=_weights_apart(let.body, program)) for let in program.lets]
    program = program.with_lets(apart)
    inside = members(program)
    names = Names.of(program)
    inputs = {one.name for one in program.differentiable}
    moving = inputs | program.beyond(inputs)
    lets = list(program.lets)
    compared = compared_normalizers(program)
    for whole in program.lets:
        parts = None if whole.name in inside else _parts(whole, moving)
        uses = (use for let in program.lets for use in _uses(let.body, whole))
        if parts is None:
            continue
        factor, logits, weights = parts
        # Of what has parts in common with others these have cancelled already.
        is_named = _is_linear(logits) and whole.name not in compared
        if not any(use.is_own(whole.over[0]) or is_named for use in uses):
            continue
        free = tuple(one for one in whole.indices if one in indices_of(logits))
        named = Let(names.fresh("logit"), free, logits, span=whole.span)
        short = factor * (named.read(*free) + weights)
        bodies = [
            let.body if let.name in inside else _with_name(let.body, whole, short) for let in lets
        ]
        lets = [replace(let, body=body) for let, body in zip(lets, bodies, strict=True)]
        place = next(number for number, let in enumerate(lets) if let.name == whole.name)
        lets[place : place + 1] = [named, replace(lets[place], body=short)]
    return program.with_lets(lets)


def _weights_apart(body: Any, program: Program) -> Any:
    """A body with log(t/n) as log t − log n beside a logsumexp of logits with log n, as of the divergence
    from a softmax with priors: a logit is seen as a whole."""
    if not body.has(sympy.log):
        return body
    swaps = {}
    for node in found_in(body, sympy.Add):
        weights = {name for read in node.args for name in _weights_of(read, program)}
        for one in node.args if weights else ():
            times, ratio = one.as_coeff_Mul()
            if isinstance(ratio, sympy.log) and isinstance(ratio.args[0], sympy.Mul):
                factors = ratio.args[0].as_powers_dict().items()
                own = {n: power for n, power in factors if getattr(n, "tensor", "") in weights}
                if own:
                    rest = ratio.args[0] / sympy.Mul(*(n**power for n, power in own.items()))
                    apart = sympy.Add(*(power * sympy.log(n) for n, power in own.items()))
                    swaps[one] = times * (sympy.log(rest) + apart)
    return body.xreplace(swaps) if swaps else body


def _weights_of(read: Any, program: Program) -> set[str]:
    """The tensors of which logarithms are added to the logits of a logsumexp."""
    let = program.let.get(getattr(read.as_coeff_Mul()[1], "tensor", ""))
    if let is None or let.reduction != "logsumexp":
        return set()
    logs = (one.args[0] for one in sympy.Add.make_args(let.body) if isinstance(one, sympy.log))
    return {one.tensor for one in logs if isinstance(one, Read) and one.is_positive}


def _parts(let: Let, moving: Container[str]) -> tuple[Any, Any, Any] | None:
    """The logits of a logsumexp, the factor that all of them have, and the logarithms of weights that move,
    which stand before the exponentials; None if there is none, or the logits are read, or
    of two kinds, of which one is the own one."""
    if let.reduction != "logsumexp" or len(let.over) != 1:
        return None
    factors = sympy.Mul.make_args(let.body)
    common = [one for one in factors if let.over[0] not in indices_of(one)]
    logits = sympy.Mul(*(one for one in factors if one not in common))
    weights = []
    if is_weighted_exponent(logits):
        logarithms = (one for one in logits.args if one.has(sympy.log))
        weights = [one for one in logarithms if any(read.tensor in moving for read in reads(one))]
        logits = sympy.Add(*(one for one in logits.args if one not in weights))
    if isinstance(logits.as_coeff_Mul()[1], Read | Branch) or not found_in(logits, Read):
        return None
    return sympy.Mul(*common), logits, sympy.Add(*weights)


def _is_linear(logits: Any) -> bool:
    """Whether a sum is one of entries, each with a factor that has no places: its parts have no forms of
    their own under a softmax, as squares of distances have."""
    factors = (
        [one for one in sympy.Mul.make_args(addend) if indices_of(one)]
        for addend in sympy.Add.make_args(logits)
    )
    return all(len(each) == 1 and _is_entry(each[0]) for each in factors)


def _is_entry(factor: Any) -> bool:
    """Whether something is an entry, or the logarithm of one."""
    return isinstance(factor.args[0] if isinstance(factor, sympy.log) else factor, Read)


def _length(expression: Any) -> int:
    """Of a sum, without its number."""
    return sum(not one.is_number for one in sympy.Add.make_args(expression))


@dataclass(frozen=True)
class _Use:
    """A sum with a logsumexp, some times, and the logit at some places against it."""

    node: Any
    times: Any
    read: Read
    places: Mapping[Index, Position]

    def is_own(self, index: Index) -> bool:
        """Whether the logit is a certain one, and not each in turn, as in a softmax."""
        place = self.places[index]
        return place.index is None or place in self.read.positions


def _uses(body: Any, whole: Let) -> Iterator[_Use]:
    if not any(read.tensor == whole.name for read in found_in(body, Read)):
        return
    for node in sorted(found_in(body, sympy.Add), key=spelled):
        for addend in node.args:
            times, read = addend.as_coeff_Mul()
            if not isinstance(read, Read) or read.tensor != whole.name:
                continue
            for places in places_of_logits(node, read, whole):
                logit = substitute_positions(whole.body, places)
                if _length(node + times * logit) == _length(node) - _length(logit):
                    yield _Use(node, times, read, places)


def _with_name(body: Any, whole: Let, short: Any) -> Any:
    """A body with the name wherever a logit and the logsumexp are in one sum, one against the other."""
    use = next(_uses(body, whole), None)
    if use is None:
        return body
    logit, name = (substitute_positions(one, use.places) for one in (whole.body, short))
    body = body.xreplace({use.node: use.node + use.times * logit - use.times * name})
    return _with_name(body, whole, short)


def places_of_logits(node: Any, read: Read, whole: Let) -> Iterator[dict[Index, Position]]:
    """Where the index of a logsumexp may stand in a sum, told by what the logits and the sum both read."""
    (index,) = whole.over
    own: dict[Index, Position] = dict(zip(whole.free, read.positions, strict=True))
    places = places_of_entries(whole, found_in(node, Read))
    yield from ({**own, index: place} for place in sorted(places, key=str))
