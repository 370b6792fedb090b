"""Sums of exponentials as logsumexps: log Σ exp(b), and what such a sum divides, however they are written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.ir.program import Let, Names
from objc.ir.symbols import Expression, Extent, Read


def with_logsumexps(lets: Iterable[Let], names: Names, left: Collection[str]) -> list[Let]:
    """The lets with a logsumexp beside each sum or mean of exponentials of which a logarithm is taken or that
    divides one; those that are `left` are left out."""
    logarithms: dict[str, _Logarithm] = {}
    result: list[Let] = []
    for let in lets:
        if let.name not in left and logarithms:
            body = _rewritten(let.body, logarithms)
            wanted = {read.tensor for read in body.atoms(Read)}
            result += [one.let for one in logarithms.values() if one.is_new(wanted, result)]
            let = replace(let, body=body)
        if let.reduction in ("sum", "mean") and isinstance(let.body, sympy.exp):
            own = replace(
                let,
                name=names.fresh(f"log_{let.name}"),
                body=let.body.args[0],
                reduction="logsumexp",
            )
            if let.reduction == "sum" or let.guard == sympy.true:
                logarithms[let.name] = _Logarithm(own, _size(let))
        result.append(let)
    return result


@dataclass(frozen=True)
class _Logarithm:
    """The logsumexp of a sum of exponentials, and the number of terms that a mean divides it by."""

    let: Let
    size: Any

    def at(self, read: Read) -> Expression:
        return self.let.read(*read.positions) - sympy.log(self.size)

    def is_new(self, wanted: Collection[str], lets: Iterable[Let]) -> bool:
        return self.let.name in wanted and self.let not in lets


def _size(let: Let) -> Any:
    if let.reduction == "sum":
        return sympy.Integer(1)
    return sympy.Mul(*(Extent(one.dimension) for one in let.over))


def _rewritten(node: Any, logarithms: dict[str, _Logarithm]) -> Any:
    if not any(read.tensor in logarithms for read in node.atoms(Read)) or not node.args:
        return node
    if isinstance(node, sympy.log):
        found = _exponent(sympy.Mul.make_args(node.args[0]), logarithms)
        if found is not None:
            return found
    if isinstance(node, sympy.Mul):
        powers = [one for one in node.args if _exponent((one,), logarithms) is not None]
        divisors = [one for one in powers if isinstance(one, sympy.Pow) and one.exp == -1]
        if divisors and any(isinstance(one, sympy.exp) for one in powers):
            rest = (_rewritten(one, logarithms) for one in node.args if one not in powers)
            return sympy.Mul(sympy.exp(_exponent(powers, logarithms)), *rest)
    return node.func(*(_rewritten(one, logarithms) for one in node.args))


def _exponent(factors: Iterable[Any], logarithms: dict[str, _Logarithm]) -> Any:
    """The logarithm of a product of exponentials, sums of them and their powers; None of any other."""
    total = sympy.Integer(0)
    for one in factors:
        base, power = (one.base, one.exp) if _is_power(one) else (one, sympy.Integer(1))
        if isinstance(base, sympy.exp):
            total += power * base.args[0]
        elif isinstance(base, Read) and base.tensor in logarithms:
            total += power * logarithms[base.tensor].at(base)
        elif base.is_Rational and base.is_positive and power == 1:
            total += sympy.log(base)
        else:
            return None
    return total


def _is_power(one: Any) -> bool:
    return isinstance(one, sympy.Pow) and not isinstance(one, sympy.exp) and one.exp.is_Rational
