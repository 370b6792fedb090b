"""Exponentials that have names: of a logarithm, and multiplied with every addend of a sum.

Rounded, a logarithm is off by a part of itself, and its exponential by as much as the logarithm is large: the
normalizer of a thousand classes, taken back from its logarithm, by eight roundings. And where what an
exponential is multiplied with nearly cancels, products that are rounded each for itself don't.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import log1p
from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import without_factor

_LEAST_POWERS = 4


def without_logarithms(program: Program) -> Program:
    """The program with `1 + v` for `exp(r)` wherever `r := log(1 + v)`."""
    logarithms = {
        let.name: let
        for let in program.lets
        if let.reduction is None and isinstance(let.body, log1p)
    }
    return program.with_lets(_changed(let, logarithms) for let in program.lets)


def exponentials_once(program: Program) -> Program:
    """The program with `p·(a + b)` for `p·a + p·b` where p is the name of an exponential."""
    powers = {
        let.name
        for let in program.lets
        if let.reduction is None and isinstance(let.body, sympy.exp)
    }
    if not powers:
        return program
    return change_nodes(program, lambda node: _once(node, powers))


def powers_of_one_exponential(program: Program) -> Program:
    """The program with one exponential for every series in it: a·exp(u) + b·exp(2u) + … by Horner's rule."""
    return change_nodes(program, _by_horner, beside=(sympy.exp,))


def _by_horner(node: Any) -> Expression | None:
    q = sympy.Dummy(positive=True)
    powers = [one for one in node.args if one.has(sympy.exp)]
    exponents = {one.as_coeff_Mul()[1].args[0] for one in powers if _is_multiple(one)}
    if len(powers) < _LEAST_POWERS or len(exponents) < len(powers):
        return None
    least = min(exponents, key=lambda one: (abs(one.as_coeff_Mul()[0]), spelled(one)))
    degrees = [exponent / least for exponent in exponents]
    if not all(one.is_Integer and one.is_positive for one in degrees):
        return None
    series = sympy.Add(*powers).xreplace({sympy.exp(n * least): q**n for n in degrees})
    rest = [one for one in node.args if one not in powers]
    return sympy.Add(*rest, sympy.horner(series, wrt=q).xreplace({q: sympy.exp(least)}))


def _is_multiple(addend: Any) -> bool:
    """Whether an addend is a number times an exponential."""
    return isinstance(addend.as_coeff_Mul()[1], sympy.exp)


def _once(node: Any, powers: set[str]) -> Expression | None:
    factors = [set(sympy.Mul.make_args(one)) for one in node.args]
    for factor in sorted(set.intersection(*factors), key=spelled):
        if isinstance(factor, Read) and factor.tensor in powers:
            return factor * sympy.Add(*(without_factor(one, factor) for one in node.args))
    return None


def _changed(let: Let, logarithms: dict[str, Let]) -> Let:
    swaps = {}
    for power in found_in(let.body, sympy.exp):
        (read,) = power.args
        if isinstance(read, Read) and read.tensor in logarithms:
            made = logarithms[read.tensor]
            places = dict(zip(made.free, read.positions, strict=True))
            swaps[power] = substitute_positions(1 + made.body.args[0], places)
    return replace(let, body=let.body.xreplace(swaps)) if swaps else let
