"""Powers of a probability and of what it lacks of one, σ(u)ⁿ and σ(−u)ⁿ: what their sum lacks of one, as of
the impurity of two classes (Gini 1912; Tsallis 1988), the logarithm of their sum (Rényi 1961), and
their difference where both are nearly one half.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1p, sigmoid, softplus
from objc.ir.program import Program
from objc.ir.symbols import Expression
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import ZERO


def powers_of_two_sides(program: Program) -> Program:
    """The program with such sums by what is small itself."""
    return change_nodes(program, _changed, kinds=(sympy.Add, sympy.log), beside=(sigmoid,))


def _changed(node: Any) -> Expression | None:
    if isinstance(node, sympy.log):
        lacking = _lacking(node.args[0] - 1) if isinstance(node.args[0], sympy.Add) else None
        return None if lacking is None else log1p(lacking)
    changed = _lacking(node)
    return _difference(node) if changed is None else changed


@dataclass(frozen=True)
class _Powers:
    """An addend: weight·σ(u)ⁿ·σ(−u)ᵐ."""

    addend: Expression
    weight: Expression
    u: Expression
    own: Expression
    other: Expression


def _lacking(node: Any) -> Expression | None:
    """c − c·σ(u)ⁿ − c·σ(−u)ⁿ: each part of one lacks what its power does."""
    for one in _powers(node):
        if one.other != 0 or not (one.own - 1).is_positive or -one.weight not in node.args:
            continue
        second = one.weight * sigmoid(-one.u) ** one.own
        if second in node.args:
            rest = [part for part in node.args if part not in (one.addend, second, -one.weight)]
            sides = sympy.Add(*(_side(u, one.own) for u in (one.u, -one.u)))
            if one.own == 2:
                sides = 2 * sigmoid(one.u) * sigmoid(-one.u)
            return sympy.Add(*rest, -one.weight * sides)
    return None


def _side(u: Any, exponent: Any) -> Expression:
    """σ(u) − σ(u)ⁿ"""
    return -sigmoid(u) * expm1((1 - exponent) * softplus(-u))


def _difference(node: Any) -> Expression | None:
    """c·σ(u)ⁿ·σ(−u)ᵐ − c·σ(−u)ⁿ·σ(u)ᵐ of exponents that are apart: by the larger of the two sides."""
    for one in _powers(node):
        apart = one.own - one.other
        if not apart.is_positive:
            continue
        second = -one.weight * sigmoid(-one.u) ** one.own * sigmoid(one.u) ** one.other
        if second in node.args:
            rest = [part for part in node.args if part not in (one.addend, second)]
            both = (sigmoid(one.u) * sigmoid(-one.u)) ** one.other
            size = sympy.Abs(one.u)
            less = -expm1(-apart * size) * sigmoid(size) ** apart
            signed = Branch(sympy.Lt(one.u, 0), -less, less)
            return sympy.Add(*rest, one.weight * both * signed)
    return None


def _powers(node: Any) -> Iterator[_Powers]:
    for addend in node.args:
        powers = {
            base: exponent
            for base, exponent in (one.as_base_exp() for one in sympy.Mul.make_args(addend))
            if isinstance(base, sigmoid)
        }
        for gate, exponent in powers.items():
            (u,) = gate.args
            other = powers.get(sigmoid(-u), ZERO)
            weight = addend / (gate**exponent * sigmoid(-u) ** other)
            if not weight.has(gate, sigmoid(-u)):
                yield _Powers(addend, weight, u, exponent, other)
