"""Entropies of a mixture and of its parts: logarithms of ratios to the mixture, and nothing else.

A divergence from m = (p + q)/2 is written as Σ p·log(p/m), as Σ p·(log p − log m), or as the entropy of m
less those of p and q. All of them are `Σ p·(log 2 − softplus(−u))` and the like, with u = log p − log q,
which has the same derivatives without a subtraction of what agrees: brought to that before anything is
differentiated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import sigmoid, softplus
from objc.ir.domain import REAL
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.passes.rewrites.forms import ZERO, is_short, parts_with, without_factor
from objc.passes.stable.differences import written_out
from objc.passes.stable.probabilities import is_zero

Parts = Mapping[Expression, Expression]
"""What a mixture is of, each with its share."""


def ratios_to_mixtures(program: Program) -> Program:
    """The program with `p·log(p/m)` in one form, entropies that belong together in one sum."""
    joining = _Joining(program)
    lets: list[Let] = []
    for let in program.lets:
        if let.reduction == "sum":
            body = _by_ratios(let.body)
            lets.append(let if body is None else replace(let, body=body))
        else:
            lets += joining.joined(let)
    return program.with_lets(lets)


class _Joining:
    """Sums of which one has the logarithm of a mixture, those of its parts added to it."""

    def __init__(self, program: Program) -> None:
        self.names = Names.of(program)
        inside = members(program)
        self.sums = {
            let.name: let
            for let in program.lets
            if let.reduction == "sum" and let.guard == sympy.true and let.name not in inside
        }

    def joined(self, let: Let) -> list[Let]:
        """The let, after one sum in place of several if they have a form together."""
        if let.reduction is not None or not isinstance(let.body, sympy.Add):
            return [let]
        reads = {}
        for term in let.body.args:
            number, read = term.as_coeff_Mul()
            if isinstance(read, Read) and read.tensor in self.sums:
                reads[term] = number, read
        for _, first in reads.values():
            over = self.sums[first.tensor].over
            together = {
                term: (number, read)
                for term, (number, read) in reads.items()
                if _dimensions(self.sums[read.tensor].over) == _dimensions(over)
            }
            body = sympy.Add(*(number * self._body(one, over) for number, one in together.values()))
            changed = _by_ratios(body)
            if changed is None:
                changed = _by_differences(body)
            if changed is not None and len(together) > 1:
                name = self.names.fresh(f"{let.name}_together")
                whole = Let(name, let.free, changed, "sum", over, domain=REAL, span=let.span)
                rest = [one for one in let.body.args if one not in together]
                return [whole, replace(let, body=sympy.Add(*rest, whole.read(*let.free)))]
        return [let]

    def _body(self, read: Read, over: Sequence[Index]) -> Expression:
        let = self.sums[read.tensor]
        places: dict[Index, Position] = dict(zip(let.free, read.positions, strict=True))
        places |= {old: at(new) for old, new in zip(let.over, over, strict=True)}
        return substitute_positions(let.body, places)


def without_equal_shares(program: Program) -> Program:
    """`exp(a)·σ(−u) − exp(b)·σ(u)` with u = a − b is nothing: either is p·q/(p + q)."""
    if not any(let.body.has(sigmoid) for let in program.lets):
        return program
    lets = []
    for let in program.lets:
        body = let.body
        for node in sorted(body.atoms(sympy.Add), key=spelled):
            body = body.xreplace({node: _without_shares(node, program)})
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


def _without_shares(node: Any, program: Program) -> Any:
    found = [
        (one, without_factor(rest, power), power.args[0], share.args[0])
        for one, rest, share in parts_with(node, sigmoid)
        for power in sympy.Mul.make_args(rest)
        if isinstance(power, sympy.exp)
    ]
    for first, coefficient, a, w in found:
        for second, other, b, v in found:
            if first is second or w + v != 0:
                continue
            number, factor = coefficient.as_coeff_Mul()
            other_number, other_factor = other.as_coeff_Mul()
            if factor != other_factor or not (-number / other_number).is_positive:
                continue
            if not {first, second} <= set(node.args):
                continue
            opened = written_out(a - b + w, program) + sympy.log(-number / other_number)
            if is_zero(opened):
                return sympy.Add(*(one for one in node.args if one not in (first, second)))
    return node


def _dimensions(over: Sequence[Index]) -> list[Any]:
    return [index.dimension for index in over]


def _by_ratios(body: Any) -> Expression | None:
    """Σ p·log p − Σ p·log m, the same p and weights, as Σ p·log(p/m); None where something is left over."""
    if not _logs_of_mixtures(body) or not is_short(body):
        return None
    terms = sympy.Add.make_args(sympy.expand_mul(_apart(body)))
    weights: dict[tuple[Any, Any], Expression] = {}
    rest: list[Expression] = []
    for term in terms:
        found = _weight(term)
        if found is None:
            rest.append(term)
        else:
            part, mixture, weight = found
            key = part, mixture
            weights[key] = weights.get(key, ZERO) - weight
    ratios, gone = [], 0
    for (part, mixture), weight in weights.items():
        parts = _parts(mixture)
        if weight == 0 or parts is None:
            continue
        total = sympy.Add(*parts.values())
        logarithm = _log(part) + sympy.log(total)
        gone += len(sympy.Add.make_args(logarithm))
        rest.append(sympy.expand_mul(-weight * part * logarithm))
        ratios.append(weight * part * _ratio(part, total, mixture, parts))
    left = sympy.expand_mul(sympy.Add(*rest))
    before = sum(len(sympy.Add.make_args(one)) for one in rest)
    count = 0 if left == 0 else len(sympy.Add.make_args(left))
    if not ratios or count > before - 2 * gone:
        return None
    return sympy.Add(left, *ratios)


def _by_differences(body: Any) -> Expression | None:
    """c·p·log p − c·p·log q with p = exp(a) and q = exp(b) as c·p·(a − b): a cross-entropy less an
    entropy."""
    if not is_short(body):
        return None
    logarithms: dict[tuple[Any, Any], Expression] = {}
    for term in sympy.Add.make_args(body):
        factors = sympy.Mul.make_args(term)
        powers = [one for one in factors if isinstance(one, sympy.exp)]
        sums = [one for one in factors if isinstance(one, sympy.Add)]
        if len(powers) != 1 or len(sums) != 1:
            return None
        number, rest = (term / powers[0] / sums[0]).as_coeff_Mul()
        key = powers[0], rest
        logarithms[key] = logarithms.get(key, ZERO) + number * sums[0]
    if not all(_is_of_two(power.args[0], whole) for (power, _), whole in logarithms.items()):
        return None
    return sympy.Add(
        *(rest * power * sympy.expand(whole) for (power, rest), whole in logarithms.items())
    )


def _is_of_two(own: Any, whole: Any) -> bool:
    """Whether a sum is c·own less c times another of as many addends."""
    first = own.args[0] if isinstance(own, sympy.Add) else own
    opened = sympy.expand(whole)
    factor = opened.coeff(first)
    other = sympy.expand(opened - factor * own)
    counts = [len(sympy.Add.make_args(one)) for one in (own, other, opened)]
    return bool(factor.is_number and factor != 0) and counts[1:] == [counts[0], 2 * counts[0]]


def _apart(body: Any) -> Any:
    """Logarithms of quotients by a mixture as differences."""
    mapping = {}
    for node in body.atoms(sympy.log):
        powers = [
            one
            for one in sympy.Mul.make_args(node.args[0])
            if isinstance(one, sympy.Pow) and one.exp == -1 and _parts(one.base) is not None
        ]
        if len(powers) == 1:
            above = node.args[0] / powers[0]
            number, part = above.as_coeff_Mul()
            if number.is_positive and _is_part(part):
                mapping[node] = sympy.log(number) + _log(part) - sympy.log(powers[0].base)
    return body.xreplace(mapping)


def _logs_of_mixtures(body: Any) -> bool:
    return any(
        isinstance(node.args[0], (sympy.Add, sympy.Mul))
        and any(_parts(one) for one in node.args[0].atoms(sympy.Add) | {node.args[0]})
        for node in body.atoms(sympy.log)
    )


def _weight(term: Any) -> tuple[Expression, Expression, Expression] | None:
    """(p, m, w) of a term w·p·log m with a part p of the mixture m."""
    factors = sympy.Mul.make_args(term)
    for logarithm in factors:
        parts = _parts(logarithm.args[0]) if isinstance(logarithm, sympy.log) else None
        if parts is None:
            continue
        for part in factors:
            if part in parts:
                others = (one for one in factors if one is not part and one is not logarithm)
                return part, logarithm.args[0], sympy.Mul(*others)
    return None


def _parts(mixture: Any) -> Parts | None:
    """What a sum is a mixture of, all of one kind: exponentials, two of them, or entries."""
    if not isinstance(mixture, sympy.Add) or len(mixture.args) > 4:
        return None
    parts = {}
    for one in mixture.args:
        share, part = one.as_coeff_Mul()
        if not (share.is_positive and _is_part(part)):
            return None
        parts[part] = share
    exponentials = sum(isinstance(part, sympy.exp) for part in parts)
    return parts if exponentials in (0, 2) and len(parts) >= max(exponentials, 2) else None


def _is_part(part: Any) -> bool:
    return isinstance(part, sympy.exp) or (isinstance(part, Read) and bool(part.is_nonnegative))


def _log(part: Any) -> Expression:
    return part.args[0] if isinstance(part, sympy.exp) else sympy.log(part)


def _ratio(part: Any, total: Any, mixture: Any, parts: Parts) -> Expression:
    """log(p/m), m as a mixture of which the shares add up to one: for exp a and exp b a softplus of b − a."""
    if not isinstance(part, sympy.exp):
        return sympy.log(part / sympy.expand(mixture / total))
    (other,) = (one for one in parts if one != part)
    shares = sympy.log(parts[other] / parts[part])
    share = parts[part] / total
    return -sympy.log(share) - softplus(other.args[0] - part.args[0] + shares)


__all__ = ["ratios_to_mixtures", "without_equal_shares"]
