"""The distance of a sigmoid from a label: beside the label 1 it is that of the other sigmoid from what the
label lacks of one, `(1 − y) − σ(−z)`, of which nothing is lost where σ(z) is nearly 1; and of a hyperbolic
tangent, which is `1 − 2·σ(−2z)`, from 1 and −1."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, extended, sigmoid
from objc.ir.program import Program
from objc.ir.symbols import Expression
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import HALF, ONE


def distances_from_labels(program: Program) -> Program:
    """The program with `c·σ(z) − c·y` by the nearer end of an input y that may be there."""
    labels = {
        one.name: one.domain.kind
        for one in program.inputs
        if one.role in ("data", "differentiable") and one.domain.kind != "index"
    }

    def changed(node: Any) -> Expression | None:
        for addend in node.args:
            for gate in sympy.Mul.make_args(addend):
                if not isinstance(gate, sigmoid | sympy.tanh):
                    continue
                for other in node.args:
                    label = -other * gate / addend
                    kind = labels.get(getattr(label, "tensor", ""))
                    if kind is None or gate.has(label):
                        continue
                    rest = [one for one in node.args if one not in (addend, other)]
                    return sympy.Add(*rest, addend / gate * _distance(gate, label, kind))
        return None

    return change_nodes(program, changed, beside=(sigmoid, sympy.tanh)) if labels else program


def _distance(gate: Any, label: Any, kind: str) -> Expression:
    (z,) = gate.args
    if isinstance(gate, sympy.tanh):
        above = extended(1 - label) - 2 * sigmoid(-2 * z)
        below = 2 * sigmoid(2 * z) - extended(1 + label)
        inner = Branch(sympy.Lt(label, -HALF), below, gate - label)
        return Branch(sympy.Gt(label, HALF), above, inner)
    if kind == "binary":
        return Branch(sympy.Eq(label, ONE), -sigmoid(-z), gate)
    return Branch(sympy.Gt(label, HALF), extended(1 - label) - sigmoid(-z), gate - label)
