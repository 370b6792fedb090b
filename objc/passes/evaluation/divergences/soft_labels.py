"""The divergence of a sigmoid from a probability that is given, as of binomial deviances.

`y·log(y/σ(x)) + (1 − y)·log((1 − y)/σ(−x))`, and what else is y·log y + (1 − y)·log(1 − y) + softplus(x)
− y·x, is of second order in y − σ(x): it is summed as divergences of distributions are. That difference is
y·σ(−x) − (1 − y)·σ(x), which is not rounded to zero where the sigmoid is one but for less than a rounding;
and so is its sign, as of signed roots of deviances.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import log1p, sigmoid, softplus, xlog1py, xlogy
from objc.ir.parts import found_in
from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read
from objc.passes.evaluation.divergences.distributions import Term, never_negative
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import is_short


def divergences_from_labels(program: Program) -> Program:
    """The program with such divergences as sums of what is never negative, and such signs."""

    def change(node: Any) -> Expression | None:
        return _sign(node) if isinstance(node, sympy.sign) else _divergence(node, program)

    kinds = (sympy.Add, sympy.sign)
    return change_nodes(program, change, kinds=kinds, beside=(softplus, sigmoid))


def _divergence(node: Any, program: Program) -> Expression | None:
    """c·y·log y + c·(1 − y)·log(1 − y) + c·softplus(x) − c·y·x, and what is left beside it."""
    if not (node.has(softplus) and node.has(sympy.log, xlogy, xlog1py) and is_short(node)):
        return None
    opened = _opened(node)
    labels = {one.args[0] for one in found_in(opened, sympy.log)}
    for y in sorted(labels, key=spelled):
        if not _is_probability(y, program):
            continue
        for x in sorted({one.args[0] for one in found_in(opened, softplus)}, key=spelled):
            weight = opened.coeff(softplus(x))
            if weight == 0 or weight.has(softplus, sympy.log, y):
                continue
            entropy = y * sympy.log(y) + (1 - y) * log1p(-y)
            rest = sympy.expand(opened - sympy.expand(weight * (entropy + softplus(x) - y * x)))
            if rest.has(softplus, sympy.log, log1p):
                continue
            more, less = (
                Term(y * (sympy.log(y) + softplus(-x)), y, y, sigmoid(x)),
                Term((1 - y) * (log1p(-y) + softplus(x)), 1 - y, 1 - y, sigmoid(-x)),
            )
            apart = _apart(y, x)
            whole = never_negative(more, apart) + never_negative(less, -apart)
            return rest + weight * whole
    return None


def _opened(node: Any) -> Any:
    """A sum multiplied out, with logarithms of products and of one less something in one spelling, and every
    softplus of a logit of one sign."""
    node = node.replace(xlogy, lambda weight, ratio: weight * sympy.log(ratio))
    node = node.replace(xlog1py, lambda weight, part: weight * log1p(part))
    node = node.replace(
        lambda one: isinstance(one, sympy.log) and isinstance(1 - one.args[0], Read),
        lambda one: log1p(one.args[0] - 1),
    )
    node = node.replace(
        lambda one: isinstance(one, softplus) and one.args[0].could_extract_minus_sign(),
        lambda one: softplus(-one.args[0]) + one.args[0],
    )
    return sympy.expand(node, log=False, power_exp=False)


def _is_probability(label: Any, program: Program) -> bool:
    given = program.input.get(getattr(label, "tensor", ""))
    return given is not None and given.domain.is_within(0, 1)


def _sign(node: Any) -> Expression | None:
    """sign(y − σ(x)), or the other way round."""
    for one in sympy.Add.make_args(node.args[0]):
        times, part = one.as_coeff_Mul()
        rest = node.args[0] - one
        if not (isinstance(part, sigmoid) and abs(times) == 1):
            continue
        y = -times * rest
        if isinstance(y, Read):
            return -times * sympy.sign(_apart(y, part.args[0]))
    return None


def _apart(y: Any, x: Any) -> Expression:
    """y − σ(x), which is not rounded where both are next to one."""
    return y * sigmoid(-x) - (1 - y) * sigmoid(x)
