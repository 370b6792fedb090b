"""The same function in safe arithmetic.

Three rewrites act on lets: a product of which the logarithm is read is a sum of logarithms, a sum of
exponentials the exponential of a logsumexp, and the
root of a sum of squares is a norm, which has a derivative at zero. The rest are rules on expressions
(`objc.passes.rewrites`).
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.ir.domain import REAL
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Read
from objc.passes.exponentials import exponential_sums
from objc.passes.norms import name_norms
from objc.passes.rewrites import rewrite
from objc.passes.simplices import means_under_softmaxes


def stabilise(program: Program, *, differentiated: bool = False) -> Program:
    """Bring every body to a stable form. After differentiation stop_gradient is dropped."""
    program = exponential_sums(_logarithms_of_products(program))
    program = name_norms(means_under_softmaxes(program))
    lets = []
    for let in program.lets:
        body = rewrite(let.body, keep_stop=not differentiated)
        guard = rewrite(let.guard, keep_stop=not differentiated)
        lets.append(replace(let, body=body, guard=guard))
    return program.with_lets(lets)


def _logarithms_of_products(program: Program) -> Program:
    """`p := prod b` of positive entries, where its logarithm is read, becomes `l := sum log b` there, and its
    n-th root exp(l/n): the product may be out of range where they are not."""
    products = {
        let.name: let for let in program.lets if let.reduction == "prod" and let.body.is_positive
    }
    if not products:
        return program
    names = Names.of(program)
    sums: dict[str, Let] = {}
    lets: list[Let] = []
    for let in program.lets:
        replacements = {}
        for node in let.body.atoms(sympy.log, sympy.Pow):
            read = node.args[0]
            if not isinstance(read, Read) or read.tensor not in products:
                continue
            if isinstance(node, sympy.Pow) and node.exp.is_integer:
                continue
            product = products[read.tensor]
            if product.name not in sums:
                name = names.fresh(f"log_{product.name}")
                body = sympy.log(product.body)
                sums[product.name] = replace(
                    product, name=name, reduction="sum", body=body, domain=REAL
                )
                lets.append(sums[product.name])
            logarithm = sums[product.name].read(*read.positions)
            is_root = isinstance(node, sympy.Pow)
            replacements[node] = sympy.exp(node.exp * logarithm) if is_root else logarithm
        lets.append(replace(let, body=let.body.xreplace(replacements)) if replacements else let)
    return program.with_lets(lets)
