"""The compiler on one page: eight stages, in order.

==  ===========  ==============================================================================
1   parse        text → syntax tree                                     objc.syntax
2   lower        syntax tree → program for one example                  objc.passes.lower
3   analyse      program → facts                                        objc.analysis
4   stabilise    program → the same function in safe arithmetic         objc.passes.stable, rewrites
5   differentiate program → program with gradients, Hessians            objc.passes.derivatives
6   simplify     program → program: δ resolved, shared, inlined, and    objc.passes.tidying
                 the same value in better arithmetic                    objc.passes.evaluation
7   schedule     program → loops                                        objc.schedule
8   emit, load   loops → text → what runs                               objc.targets
==  ===========  ==============================================================================

Stages 1 and 2 are `parse` and `lower` (or `lower_declaration`, for one); 3 is `analyse` and, as far
as it decides whether to go on, `errors`; 4 to 6 are `derive`; 7 and 8 belong
to a target. Every program in between is verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from objc import target as targets
from objc.analysis import Facts, all_facts, analyse, errors
from objc.ir.program import Program
from objc.ir.verify import verify
from objc.passes.batch import batch
from objc.passes.derivatives.differentiate import (
    gradient,
    hessian_diagonal,
    hessian_vector_product,
    term_gradients,
)
from objc.passes.evaluation import keep_digits, keep_range, scale_last
from objc.passes.lower import Module, lower, lower_declaration
from objc.passes.stages import checked, stable, tidy
from objc.passes.tidying.demand import settle_demand
from objc.passes.tidying.expand import expand
from objc.passes.tidying.fixed_places import fetch_once, sum_before_landing
from objc.passes.tidying.inline import inline_single
from objc.passes.tidying.known_sums import read_known_sums
from objc.passes.tidying.others import divide_products
from objc.passes.tidying.prune import prune
from objc.passes.tidying.searches import search_places
from objc.passes.tidying.share import share
from objc.passes.tidying.tables import tabulate
from objc.passes.tidying.untaken import sink
from objc.syntax import parse
from objc.target import DType, Emitted, Executable

__all__ = [
    "Facts", "Module", "Variant", "all_facts", "analyse", "build", "derive", "differentiated", "emit",
    "errors", "load", "lower", "lower_declaration", "parse", "stable",
]  # fmt: skip

Result = Literal[
    "value", "terms", "per_example", "gradient", "term_gradient", "hessian_diagonal",
    "hessian_vector_product", "result",
]  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """What is to be computed of a program, and for which shapes of call.

    `wrt` names the inputs of derivatives; `batched` those given with a batch axis; `weighted` says
    whether each example has a weight; with `alone` there is one of the examples of a batch, without
    the axis. Sizes, hyperparameters and mean or sum are left open.
    """

    results: tuple[Result, ...]
    wrt: tuple[str, ...] = ()
    batched: frozenset[str] = frozenset()
    weighted: bool = False
    alone: bool = False


def differentiated(program: Program, variant: Variant) -> Program:
    """Stage 5: a batched program with the derivatives that the variant asks for."""
    result = batch(stable(program), variant.batched, variant.weighted, variant.alone)
    verify(result, after="batch")
    wanted = set(variant.results)
    if "term_gradient" in wanted:
        result = term_gradients(result, variant.wrt)
        verify(result, after="term_gradients")
    if wanted & {"gradient", "hessian_diagonal", "hessian_vector_product"}:
        result = gradient(result, variant.wrt)
        verify(result, after="gradient")
    if "hessian_vector_product" in wanted:
        result = hessian_vector_product(tidy(result, final=False), variant.wrt)
        verify(result, after="hessian_vector_product")
    if "hessian_diagonal" in wanted:
        result = hessian_diagonal(tidy(result, final=False), variant.wrt)
        verify(result, after="hessian_diagonal")
    outputs = {k: v for k, v in result.outputs.items() if _kind(k) in wanted}
    return tidy(prune(result, outputs))


def derive(program: Program, variant: Variant) -> Program:
    """Stages 4 to 6: from the program of one example to what a target runs."""
    return checked(differentiated(program, variant), ("expand", _finish))


def build(program: Program, variant: Variant, target: str, dtype: DType) -> Executable:
    """All stages after lowering: something that runs."""
    return load(emit(program, variant, target, dtype), target)


def emit(program: Program, variant: Variant, target: str, dtype: DType) -> Emitted:
    """The text that a target makes of one variant of a program."""
    return targets.load(target).emit(derive(program, variant), dtype)


def load(emitted: Emitted, target: str) -> Executable:
    """Stage 8, second half: make a target's text run."""
    return targets.load(target).load(emitted)


def _kind(output: str) -> str:
    kind = output.partition(":")[0]
    return "terms" if kind == "term" else kind


def _finish(program: Program) -> Program:
    program = settle_demand(share(keep_digits(program)))
    program = expand(divide_products(sum_before_landing(program)))
    program = read_known_sums(settle_demand(share(prune(scale_last(program)))))
    program = fetch_once(search_places(prune(inline_single(keep_range(sink(program))))))
    return tabulate(program)
