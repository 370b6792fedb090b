"""The divergence of one Bernoulli distribution from another, both by their logits.

`σ(y)·log(σ(y)/σ(x)) + σ(−y)·log(σ(−y)/σ(−x))`, and what else is softplus(x) − softplus(y) − σ(y)·(x − y), is
of second order in x − y. It is the relative entropy of two softmaxes of two entries each, and is summed as
those are; its derivative `σ(−y)·σ(x) − σ(y)·σ(−x)` is σ(x) − σ(y).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy

from objc.atoms import sigmoid, softplus
from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression
from objc.passes.evaluation.differences.near_arguments import difference
from objc.passes.evaluation.divergences.relative_entropies import never_negative
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import is_short
from objc.passes.stable.differences import written_out


def divergences_of_sigmoids(program: Program) -> Program:
    """The program with such divergences as sums of what is never negative."""

    def change(node: Any) -> Expression | None:
        changed = _changed(node, program)
        return _difference(node) if changed is None else changed

    return change_nodes(program, change, beside=(sigmoid,))


def _changed(node: Any, program: Program) -> Expression | None:
    """c·softplus(x) − c·softplus(y) − c·σ(y)·(x − y), and what is left beside it."""
    if not (node.has(softplus) and node.has(sigmoid)):
        return None
    opened = written_out(_of_one_sign(node), program)
    if not is_short(opened):
        return None
    opened = sympy.expand_mul(opened)
    logits = sorted((one.args[0] for one in opened.atoms(softplus)), key=spelled)
    if len(logits) != 2:
        return None
    for x, y in (logits, logits[::-1]):
        weight = opened.coeff(softplus(x))
        other = opened.coeff(softplus(y))
        if weight == 0 or sympy.expand(weight + other) != 0 or weight.has(sigmoid, softplus):
            continue
        linear = weight * (softplus(x) - softplus(y) - sigmoid(y) * (x - y))
        rest = sympy.expand_mul(opened - sympy.expand_mul(linear))
        parts = list(_parts(x, y, program))
        if not rest.has(sigmoid, softplus) and len(parts) == 2:
            return rest + weight * sympy.Add(*parts)
    return None


def _difference(node: Any) -> Expression | None:
    """c·σ(x) − c·σ(y) from products of two each, and c·σ(x)·σ(−x) from two of the same."""
    products = [
        [f for f in sympy.Mul.make_args(one) if isinstance(f, sigmoid)] for one in node.args
    ]
    if [len(one) for one in products] != [2, 2] or not is_short(node):
        return None
    if set(products[0]) == set(products[1]):
        both = sympy.Mul(*products[0])
        count = sympy.expand_mul(sympy.Add(*(one / both for one in node.args)))
        return None if isinstance(count, sympy.Add) else count * both
    opened = sympy.expand_mul(_of_one_sign(node))
    terms = sympy.Add.make_args(opened)
    single = all(_has_one(one) for one in terms)
    return opened if len(terms) == 2 and single else None


def _has_one(term: Any) -> bool:
    """Whether a sigmoid is a factor of a term, and no power or product of such."""
    factors = sympy.Mul.make_args(term)
    return len(term.atoms(sigmoid)) == 1 and any(isinstance(one, sigmoid) for one in factors)


def _of_one_sign(node: Any) -> Any:
    """By softplus(u) = softplus(−u) + u and σ(u) = 1 − σ(−u) with either u or −u in all places."""
    turned = {}
    for one in node.atoms(softplus, sigmoid):
        (u,) = one.args
        if u.could_extract_minus_sign():
            positive = one.func(-u)
            turned[one] = positive + u if isinstance(one, softplus) else 1 - positive
    return node.xreplace(turned)


def _parts(x: Any, y: Any, program: Program) -> Iterator[Expression]:
    """p·log(p/q) + q − p for p = σ(±y) and q = σ(±x)."""
    for sign in (1, -1):
        to, of = softplus(-sign * x), softplus(-sign * y)
        apart = difference(to, of, program)
        if apart is not None:
            yield never_negative(-of, -to, apart)
