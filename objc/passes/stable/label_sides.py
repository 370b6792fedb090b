"""The cross-entropy of a logit and a label between 0 and 1, by its two sides.

`softplus(x) − y·x`, as it stands in textbooks, in the documentation of frameworks and in whatever takes out a
maximum by hand, is `y·softplus(−x) + (1 − y)·softplus(x)`: where the label is right, both of its terms are
large and what they differ by, the loss, is small. What is linear in a label is what it is at 1, times the
label, and what it is at 0, times the rest: with a weight, `(1 − y)·x + (1 + (w − 1)·y)·softplus(−x)`
is w·softplus(−x) at the one and softplus(x) at the other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, sigmoid, softplus
from objc.ir.parts import found_in
from objc.ir.program import Input, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites import rewrite
from objc.passes.rewrites.forms import ONE, ZERO, is_short

_MOST_TERMS = 5


def sides_of_labels(program: Program) -> Program:
    """The program with every such cross-entropy in a sum as that of two."""
    labels = {one.name for one in program.inputs if _is_label(one)}
    lets = []
    for let in program.lets:
        body = let.body
        for node in sorted(found_in(body, sympy.Add), key=spelled) if body.has(softplus) else ():
            changed = _by_sides(node, labels)
            if changed is not None:
                body = body.xreplace({node: changed})
        likelihoods = found_in(body, sympy.Mul) if body.has(sigmoid) and body.has(sympy.exp) else ()
        swaps = {
            node: one for node in likelihoods if (one := _likelihood(node, labels)) is not None
        }
        body = rewrite(body.xreplace(swaps)) if swaps else body
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


def _likelihood(node: Any, labels: set[str]) -> Expression | None:
    """exp(y·x)·σ(−x), which is made of the exponential of such a cross-entropy, as that exponential: what it
    lacks of one is known then."""
    factors = node.args
    powers = [one for one in factors if isinstance(one, sympy.exp)]
    gates = [one for one in factors if isinstance(one, sigmoid)]
    if not gates or not any(r.tensor in labels for one in powers for r in found_in(one, Read)):
        return None
    logarithm = sympy.Add(
        *(one.args[0] for one in powers), *(-softplus(-one.args[0]) for one in gates)
    )
    sides = _by_sides(-logarithm, labels)
    rest = [one for one in factors if one not in powers and one not in gates]
    return None if sides is None else sympy.Mul(*rest, sympy.exp(-sides))


def distances_by_sides(program: Program) -> Program:
    """The program with |y − σ(z)| of labels that are 0 or 1 as y·(1 − σ(z)) + (1 − y)·σ(z), of which what is
    taken from one is seen to cancel, and logarithms of what is made of such a label, as of
    y·p + (1 − y)·(1 − p), by its cases."""
    labels = {one.name for one in program.inputs if one.domain.kind == "binary"}

    def changed(node: Any) -> Expression | None:
        if isinstance(node, sympy.log):
            return by_cases(node)
        terms = [one.as_coeff_Mul() for one in sympy.Add.make_args(node.args[0])]
        gates = [(sign, one) for sign, one in terms if isinstance(one, sigmoid)]
        reads = [(sign, one) for sign, one in terms if getattr(one, "tensor", "") in labels]
        if len(terms) != 2 or {sign for sign, _ in terms} != {1, -1} or not (gates and reads):
            return None
        (_, gate), (_, y) = gates[0], reads[0]
        return y * sigmoid(-gate.args[0]) + (1 - y) * gate

    def by_cases(node: Any) -> Expression | None:
        read = {one for one in found_in(node, Read) if one.tensor in labels}
        if len(read) != 1 or not node.has(sigmoid, sympy.exp) or node.has(Branch):
            return None
        (y,) = read
        return Branch(sympy.Eq(y, ONE), *(node.xreplace({y: value}) for value in (ONE, ZERO)))

    if not labels:
        return program
    program = change_nodes(program, changed, kinds=(sympy.Abs,), beside=(sigmoid,))
    return change_nodes(program, changed, kinds=(sympy.log,), beside=(sigmoid, sympy.exp))


def _is_label(one: Input) -> bool:
    is_input = one.role in ("data", "differentiable")
    return is_input and one.domain.kind != "index" and one.domain.is_within(0, 1)


def _by_sides(node: Any, labels: set[str]) -> Expression | None:
    reads = sorted((one for one in found_in(node, Read) if one.tensor in labels), key=spelled)
    if not reads or not node.has(softplus) or not is_short(node):
        return None
    logits = {read for one in found_in(node, softplus) for read in found_in(one, Read)}
    for y in reads:
        beside = (
            one for one in node.args if one.has(softplus) or (one.has(y) and one.has(*logits))
        )
        part = sympy.Add(*beside)
        for whole in (part, node) if _terms(node) <= _MOST_TERMS else (part,):
            found = _at_both_ends(whole, y)
            if found is not None:
                return node - whole + found
    return None


def _at_both_ends(whole: Any, y: Read) -> Expression | None:
    """What is linear in a label by what it is at 0 and 1, where one of them has fewer terms then."""
    if any(one.has(y) for one in found_in(whole, softplus)):
        return None
    ends = [sympy.expand_mul(whole.xreplace({y: end})) for end in (ZERO, ONE)]
    if sympy.expand_mul((1 - y) * ends[0] + y * ends[1] - whole) != 0:
        return None
    sides = [rewrite(one) for one in ends]
    if not any(_terms(one) < _terms(end) for one, end in zip(sides, ends, strict=True)):
        return None
    return (1 - y) * sides[0] + y * sides[1]


def _terms(total: Any) -> int:
    return len(sympy.Add.make_args(total))
