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
from objc.ir.program import Let, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import without_factor


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


def _once(node: Any, powers: set[str]) -> Expression | None:
    factors = [set(sympy.Mul.make_args(one)) for one in node.args]
    for factor in sorted(set.intersection(*factors), key=spelled):
        if isinstance(factor, Read) and factor.tensor in powers:
            return factor * sympy.Add(*(without_factor(one, factor) for one in node.args))
    return None


def _changed(let: Let, logarithms: dict[str, Let]) -> Let:
    swaps = {}
    for power in let.body.atoms(sympy.exp):
        (read,) = power.args
        if isinstance(read, Read) and read.tensor in logarithms:
            made = logarithms[read.tensor]
            places = dict(zip(made.free, read.positions, strict=True))
            swaps[power] = substitute_positions(1 + made.body.args[0], places)
    return replace(let, body=let.body.xreplace(swaps)) if swaps else let
