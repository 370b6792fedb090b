"""A softmax that is written out, `exp(b[k]) / Σ exp(b)`, is one: what adds up to one, what is left of it and
what overlaps with it is found by the logsumexp of b. Neither side leaves the range then.

A quotient of sums, as a mean under a softmax, has none of its entries, and is left as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.ir.parts import found_in
from objc.ir.program import Program
from objc.ir.recurrence import members
from objc.ir.symbols import Read
from objc.passes.stable.exponentials import exponential_sums
from objc.passes.stable.renormalized import one_exponential


def softmaxes_by_normalizers(program: Program) -> Program:
    """The program with the exponentials of such a quotient as one."""
    found = _normalizers(program)
    if not found:
        return program
    lets = []
    for let in exponential_sums(program, among=found).lets:
        products = (one for one in found_in(let.body, sympy.Mul) if _has_quotient(one))
        swaps = {one: sympy.Mul(*one_exponential([one])) for one in products}
        lets.append(replace(let, body=let.body.xreplace(swaps)) if swaps else let)
    return program.with_lets(lets)


def _normalizers(program: Program) -> set[str]:
    """The sums of exponentials that divide such an exponential."""
    inside = members(program)
    sums = {
        let.name: _tensors(let.body)
        for let in program.lets
        if let.reduction == "sum" and let.guard == sympy.true and let.name not in inside
        if isinstance(let.body, sympy.exp)
    }
    found = set()
    for let in program.lets if sums else ():
        for product in found_in(let.body, sympy.Mul):
            powers = [_tensors(one) for one in product.args if isinstance(one, sympy.exp)]
            for one in product.args if powers else ():
                base, times = one.as_base_exp()
                divides = times.is_Integer and times.is_negative and isinstance(base, Read)
                if divides and sums.get(base.tensor) in powers:
                    found.add(base.tensor)
    return found


def _tensors(expression: Any) -> frozenset[str]:
    return frozenset(read.tensor for read in found_in(expression, Read))


def _has_quotient(product: Any) -> bool:
    return sum(isinstance(one, sympy.exp) for one in product.args) > 1
