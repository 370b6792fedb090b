"""The squared distance of a sigmoid from a label that is 0 or 1: of the label 1 it is that of the other
sigmoid, σ(−z)², of which nothing is lost where σ(z) is nearly 1."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, sigmoid
from objc.ir.program import Program
from objc.ir.symbols import Expression
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import ONE


def distances_from_labels(program: Program) -> Program:
    """The program with `σ(−z)² if y = 1, else σ(z)²` for `(σ(z) − y)²` of an input y declared binary."""
    binary = {one.name for one in program.inputs if one.domain.kind == "binary"}

    def changed(node: Any) -> Expression | None:
        is_square = isinstance(node.base, sympy.Add) and node.exp == 2
        addends: Any = node.base.args if is_square else ()
        if len(addends) != 2:
            return None
        for one, other in (addends, addends[::-1]):
            gate = -other if isinstance(-other, sigmoid) else other
            label = one if gate != other else -one
            if isinstance(gate, sigmoid) and getattr(label, "tensor", "") in binary:
                return Branch(sympy.Eq(label, ONE), sigmoid(-gate.args[0]) ** 2, gate**2)
        return None

    if not binary:
        return program
    return change_nodes(program, changed, kinds=(sympy.Pow,), beside=(sigmoid,))
