"""The same function in safe arithmetic.

Three rewrites act on lets: a product of which the logarithm is read is a sum of logarithms, a sum of
exponentials the exponential of a logsumexp, and the
root of a sum of squares is a norm, which has a derivative at zero. The rest are rules on expressions
(`objc.passes.rewrites`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, log1mexp, sigmoid, softplus
from objc.ir.domain import REAL
from objc.ir.program import Let, Names, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read
from objc.passes.rewrites import rewrite
from objc.passes.rewrites.mixtures import log_of_complementary_log
from objc.passes.stable.exponentials import exponential_sums
from objc.passes.stable.impossible import logarithms_of_nothing
from objc.passes.stable.norms import name_norms
from objc.passes.stable.simplices import means_under_softmaxes

_VANISHING = sympy.Integer(-40)
"""softplus(v) is exp(v) below, and no subnormal number above, in any type."""


def stabilise(program: Program, *, differentiated: bool = False) -> Program:
    """Bring every body to a stable form. After differentiation stop_gradient is dropped."""
    if not differentiated:
        program = logarithms_of_nothing(program)
    # Products of exponentials over sums of them are seen to be positive when the sums are exponentials.
    program = _logarithms_of_products(exponential_sums(_logarithms_of_products(program)))
    program = name_norms(means_under_softmaxes(program))
    lets = []
    for let in program.lets:
        body = rewrite(let.body, keep_stop=not differentiated)
        guard = rewrite(let.guard, keep_stop=not differentiated)
        lets.append(replace(let, body=body, guard=guard))
    return program.with_lets(lets)


def _logarithms_of_products(program: Program) -> Program:
    """`p := prod b` of positive entries, where its logarithm is read, becomes `l := sum log b` there, and its
    n-th root exp(l/n): the product may be out of range where they are not. Where the logarithm of 1 − p is,
    p is exp(l): rounded, a product near one is one."""
    products: dict[str, tuple[Let, Expression]] = {}
    for let in program.lets:
        if let.reduction == "prod":
            body = let.body if let.body.is_positive else rewrite(let.body)
            if body.is_positive:
                products[let.name] = let, body
    if not products:
        return program
    made: dict[tuple[str, bool], Let] = {}
    names = Names.of(program)
    lets: list[Let] = []
    for let in program.lets:
        replacements = {}
        for node in sorted(let.body.atoms(sympy.log, sympy.Pow), key=spelled):
            complement = isinstance(node, sympy.log) and _is_complement(node.args[0])
            read = 1 - node.args[0] if complement else node.args[0]
            if not isinstance(read, Read) or read.tensor not in products:
                continue
            if isinstance(node, sympy.Pow) and node.exp.is_integer:
                continue
            product, body = products[read.tensor]
            doubly = complement and isinstance(rewrite(body), sigmoid)
            if (product.name, doubly) not in made:
                one = _log_of_log(product, rewrite(body)) if doubly else _logarithm(product, body)
                made[product.name, doubly] = replace(one, name=names.fresh(f"log_{product.name}"))
                lets.append(made[product.name, doubly])
            logarithm = made[product.name, doubly].read(*read.positions)
            if doubly:
                replacements[node] = log_of_complementary_log(logarithm)
            elif complement:
                replacements[node] = log1mexp(logarithm)
            else:
                is_root = isinstance(node, sympy.Pow)
                replacements[node] = sympy.exp(node.exp * logarithm) if is_root else logarithm
        lets.append(replace(let, body=let.body.xreplace(replacements)) if replacements else let)
    return program.with_lets(lets)


def _is_complement(argument: Any) -> bool:
    return isinstance(1 - argument, Read)


def _logarithm(product: Let, body: Expression) -> Let:
    return replace(product, reduction="sum", body=sympy.log(body), domain=REAL)


def _log_of_log(product: Let, gate: Expression) -> Let:
    """log(−log p) of a product of sigmoids σ(−v): log Σ softplus(v), of which an addend is exp(v) where that
    is small, and may vanish."""
    v = -gate.args[0]
    body = Branch(sympy.Lt(v, _VANISHING), v, sympy.log(softplus(v)))
    return replace(product, reduction="logsumexp", body=body, domain=REAL)
