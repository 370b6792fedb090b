"""Cauchy and Schwarz: Σ f·g lies between ∓√(Σ f²)·√(Σ g²)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.bounds.direct import holds, indices_of, is_captured
from objc.analysis.decision import Decision, proved
from objc.analysis.formulas import placed
from objc.analysis.subject import Subject
from objc.analysis.values.interval import Interval
from objc.ir.index import at
from objc.ir.program import Claim, Program
from objc.ir.symbols import Read, substitute_positions

_COSINE = Interval(Fraction(-1), Fraction(1))


def cauchy_schwarz(subject: Subject, claim: Claim) -> Decision | None:
    value = subject.value
    context: dict[Any, Interval] = {}
    for product in sorted(value.atoms(sympy.Mul), key=str):
        for cosine in _cosines(subject.program, product):
            symbol = sympy.Dummy("cosine", real=True)
            value = value.xreplace({product: product / cosine * symbol})
            context[symbol] = _COSINE
    if not context or not holds(subject, claim, value, None, context):
        return None
    return proved("by the inequality of Cauchy and Schwarz, which bounds a cosine by one")


def _cosines(program: Program, product: Any) -> Iterator[Any]:
    """Factors Σ f·g · (Σ f²)^(−½) · (Σ g²)^(−½) of a product."""
    factors = sympy.Mul.make_args(product)
    roots = [one for one in factors if one.as_base_exp()[1] == sympy.Rational(-1, 2)]
    sums = [one for one in factors if _is_sum(program, one)]
    if len(roots) == 2 and len(sums) == 1:
        squares = [one.as_base_exp()[0] for one in roots]
        if all(_is_sum(program, one) for one in squares) and _are_matched(
            program, sums[0], squares
        ):
            yield sympy.Mul(sums[0], *roots)


def _is_sum(program: Program, one: Any) -> bool:
    let = program.let.get(one.tensor) if isinstance(one, Read) else None
    return let is not None and let.reduction == "sum" and let.guard == sympy.true


def _are_matched(program: Program, mixed: Read, squares: list[Any]) -> bool:
    """Whether the terms of the mixed sum, squared, are the products of those of the two others."""
    over = program.let[mixed.tensor].over
    bodies = []
    for read in (mixed, *squares):
        let = program.let[read.tensor]
        is_alike = [one.dimension for one in let.over] == [one.dimension for one in over]
        if not is_alike or is_captured(let, read) or set(over) & indices_of(read):
            return False
        renamed = {one: at(other) for one, other in zip(let.over, over, strict=True)}
        bodies.append(substitute_positions(placed(let, read, {}), renamed))
    first, second, third = bodies
    is_square = all(isinstance(one, sympy.Pow) and one.exp == 2 for one in (second, third))
    return is_square and bool(sympy.expand(first**2 - second * third) == 0)
