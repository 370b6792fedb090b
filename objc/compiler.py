"""The compiler on one page: eight stages, in order.

==  ===========  ==============================================================================
1   parse        text → syntax tree                                     objc.syntax
2   lower        syntax tree → program for one example                  objc.passes.lower
3   analyse      program → facts                                        objc.analysis
4   stabilise    program → the same function in safe arithmetic         objc.passes.stabilise
5   differentiate program → program with gradients, Hessians            objc.passes.differentiate
6   simplify     program → program: δ resolved, shared, inlined         objc.passes
7   schedule     program → loops                                        objc.schedule
8   emit, load   loops → text → what runs                               objc.targets
==  ===========  ==============================================================================

Stages 1 and 2 are `parse` and `lower` (or `lower_declaration`, for one); 3, as far as it decides
whether to go on, is `errors`; 4 to 6 are `derive`; 7 and 8 belong
to a target. Every program in between is verified.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from objc import target as targets
from objc.analysis import errors
from objc.ir.program import Program
from objc.ir.verify import verify
from objc.passes.batch import batch
from objc.passes.differences import name_differences
from objc.passes.differentiate import gradient, hessian_diagonal, hessian_vector_product
from objc.passes.expand import expand
from objc.passes.inline import inline_all, inline_same_loop, inline_single
from objc.passes.lower import Module, lower, lower_declaration
from objc.passes.nest import nest_extremes
from objc.passes.prune import prune
from objc.passes.share import share
from objc.passes.simplify import simplify
from objc.passes.stabilise import guard, sink, stabilise
from objc.syntax import parse
from objc.target import DType, Emitted, Executable

__all__ = [
    "Module", "Variant", "build", "derive", "differentiated", "emit", "errors", "load", "lower",
    "lower_declaration", "parse", "stable",
]  # fmt: skip

Result = Literal[
    "value", "terms", "per_example", "gradient", "hessian_diagonal", "hessian_vector_product",
    "result",
]  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """What is to be computed of a program, and for which shapes of call.

    `wrt` names the inputs of derivatives; `batched` those given with a batch axis; `weighted` says
    whether each example has a weight. Sizes, hyperparameters and mean or sum are left open.
    """

    results: tuple[Result, ...]
    wrt: tuple[str, ...] = ()
    batched: frozenset[str] = frozenset()
    weighted: bool = False


def stable(program: Program) -> Program:
    """Stage 4: the program with its formulas whole and in safe arithmetic."""
    result = program
    for name, step in _STABLE:
        result = _checked(name, step, result)
    result = name_differences(result, program)
    verify(result, after="differences")
    return result


def differentiated(program: Program, variant: Variant) -> Program:
    """Stage 5: a batched program with the derivatives that the variant asks for."""
    result = batch(stable(program), variant.batched, variant.weighted)
    verify(result, after="batch")
    wanted = set(variant.results)
    if wanted & {"gradient", "hessian_diagonal", "hessian_vector_product"}:
        result = gradient(result, variant.wrt)
        verify(result, after="gradient")
    if "hessian_vector_product" in wanted:
        result = hessian_vector_product(_tidy(result), variant.wrt)
        verify(result, after="hessian_vector_product")
    if "hessian_diagonal" in wanted:
        result = hessian_diagonal(_tidy(result), variant.wrt)
        verify(result, after="hessian_diagonal")
    outputs = {k: v for k, v in result.outputs.items() if _kind(k) in wanted}
    return _tidy(prune(result, outputs))


def derive(program: Program, variant: Variant) -> Program:
    """Stages 4 to 6: from the program of one example to what a target runs."""
    return _checked("expand", _finish, differentiated(program, variant))


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


def _tidy(program: Program) -> Program:
    """Stage 6: whole formulas, δ and diagonals resolved, in safe arithmetic again."""
    for name, step in _TIDY:
        program = _checked(name, step, program)
    return program


def _stabilise_again(program: Program) -> Program:
    return stabilise(program, differentiated=True)


def _finish(program: Program) -> Program:
    program = share(program)
    program = share(prune(expand(program)))
    return prune(inline_single(guard(sink(program))))


_STABLE: tuple[tuple[str, Callable[[Program], Program]], ...] = (
    ("nest", nest_extremes),
    ("inline", inline_all),
    ("prune", prune),
    ("stabilise", stabilise),
)

_TIDY: tuple[tuple[str, Callable[[Program], Program]], ...] = (
    ("inline", inline_same_loop),
    ("prune", prune),
    ("simplify", simplify),
    ("inline", inline_same_loop),
    ("prune", prune),
    ("stabilise", _stabilise_again),
)


def _checked(name: str, step: Callable[[Program], Program], program: Program) -> Program:
    result = step(program)
    verify(result, after=name)
    return result
