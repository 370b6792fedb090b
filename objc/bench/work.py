"""What a call has to do at least: the bytes of its inputs and results, and its arithmetic.

A floor must not be above what is floored. So arithmetic is counted as if nothing were made twice in a loop,
every branch took its lesser side, what hangs on data were left out, additions and multiplications went at
the speed of a product of matrices, and all elementary functions of an argument, or of it and its negative,
together at that of one exponential.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby

import numpy as np
import sympy

from objc.atoms import Branch
from objc.bench.floors import Floors
from objc.ir.index import Index
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import Condition, Expression, IndexValue, Read
from objc.schedule import Loops, Products, schedule
from objc.schedule.cost import is_costly
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Block,
    Loop,
    Product,
    Serial,
    Step,
    step_items,
    walk,
)
from objc.target import DType


@dataclass(frozen=True)
class Work:
    """Bytes of inputs and results, each once; additions, multiplications and the like, those of products of
    matrices included; of these the products' own; and elementary functions."""

    bytes: int
    operations: int = 0
    products: int = 0
    functions: int = 0

    def floor(self, floors: Floors) -> tuple[float, str]:
        """Seconds, and what bounds them: `bytes`, `operations` or `products`."""
        moved = self.bytes / floors.copy
        computed = self.arithmetic(floors) / floors.product
        if moved >= computed:
            return moved, "bytes"
        return (
            computed,
            "products" if self.products / floors.product > computed / 2 else "operations",
        )

    def arithmetic(self, floors: Floors) -> float:
        """All of it as additions and multiplications."""
        return self.operations + self.functions * floors.function


def work_of(derived: Program, sizes: Mapping[str, int], dtype: DType) -> Work:
    """The work of a derived program with value and gradients."""
    tensors: list[Input | Let] = list(derived.inputs)
    tensors += [derived.let[name] for name in sorted(set(derived.outputs.values()))]
    total = 0
    for one in tensors:
        width = 8 if one.domain.is_integer else np.dtype(dtype).itemsize
        extents = [d.size if d.size is not None else sizes[d.name] for d in one.dimensions]
        total += int(np.prod(extents, dtype=np.int64)) * width if extents else 0
    loops = schedule(derived, Products.EACH)
    counted = [_of_step(step, sizes) for step in loops.steps]
    products = _multiplied(loops, sizes)
    return Work(
        total,
        products + sum(operations for operations, _ in counted),
        products,
        sum(functions for _, functions in counted),
    )


def _of_step(step: Step, sizes: Mapping[str, int]) -> tuple[int, int]:
    """Operations and elementary functions of a step."""
    times = 1 if isinstance(step, Serial) else _extent(step.index, sizes)
    operations = functions = 0
    for indices, bodies in _bodies(step):
        points = times * math.prod(_extent(one, sizes) for one in indices)
        nodes = frozenset[Expression]().union(*map(_least, bodies))
        functions += points * _functions(nodes)
        operations += points * (sum(map(_own, nodes)) + len(bodies))
    return operations, functions


def _bodies(step: Step) -> Iterator[tuple[tuple[Index, ...], list[Expression]]]:
    """What is computed, by the loops around it within a step."""
    computed = [
        (_inside(step, around), item.body)
        for item, around in walk(step_items(step))
        if isinstance(item, Assign) or (isinstance(item, Accumulate) and _is_usual(item.guard))
    ]
    for indices, group in groupby(computed, key=lambda one: one[0]):
        yield indices, [body for _, body in group]


def _is_usual(guard: Condition) -> bool:
    """Whether a guard leaves next to nothing out: one place of an index."""
    if not isinstance(guard, sympy.core.relational.Relational):
        return bool(guard == sympy.true)
    number_of_indices = len(guard.atoms(IndexValue))
    return not guard.atoms(Read) and number_of_indices == 1 and not isinstance(guard, sympy.Eq)


def _inside(step: Step, around: tuple[Loop | Block, ...]) -> tuple[Index, ...]:
    own = None if isinstance(step, Serial) else step.index
    return tuple(one.index for one in around if isinstance(one, Loop) and one.index != own)


@cache
def _least(expression: Expression) -> frozenset[Expression]:
    """The distinct operations of an expression, where every branch takes the side that has fewer."""
    if not expression.args or isinstance(expression, Read):
        return frozenset()
    if isinstance(expression, Branch):
        condition, *sides = expression.args
        return _least(condition) | min(
            map(_least, sides), key=lambda one: (_functions(one), len(one))
        )
    return frozenset({expression}).union(*map(_least, expression.args))


def _functions(nodes: Collection[Expression]) -> int:
    """How many arguments there are of elementary functions."""
    return len({tuple(map(_without_sign, one.args)) for one in nodes if is_costly(one)})


def _without_sign(argument: Expression) -> Expression:
    return -argument if argument.could_extract_minus_sign() else argument


def _own(node: Expression) -> int:
    """Additions and multiplications that join the parts of an operation; a power that is none counts one."""
    if is_costly(node):
        return 0
    return len(node.args) - 1 if isinstance(node, sympy.Add | sympy.Mul) else 1


def _multiplied(loops: Loops, sizes: Mapping[str, int]) -> int:
    """The operations of products of matrices, which a processor does faster than any others."""
    return sum(
        2 * math.prod(_extent(index, sizes) for index in (*item.at, item.over))
        for step in loops.steps
        for item, _ in walk(step.items)
        if isinstance(item, Product)
    )


def _extent(index: Index, sizes: Mapping[str, int]) -> int:
    dimension = index.dimension
    return dimension.size if dimension.size is not None else sizes[dimension.name]
