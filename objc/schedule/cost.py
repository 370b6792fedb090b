"""What a step costs, as a polynomial in the sizes of dimensions.

An operation is one arithmetic operation or one elementary function at one point, the latter counted as
ten. Traffic counts the numbers that one iteration of a parallel loop reads and writes in arrays that
run with the loop, each once: what stays in cache is not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import sympy

from objc.atoms import BY_FUNCTION, CHEAP, Branch
from objc.ir.index import Dimension
from objc.ir.symbols import Expression, Read
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Block,
    Blocked,
    Divided,
    Loop,
    Loops,
    Ordered,
    Product,
    Serial,
    Step,
    step_items,
    walk,
)
from objc.schedule.storage import item_reads

Monomial = tuple[str, ...]
"""Names of dimensions, sorted: their product."""

Polynomial = Mapping[Monomial, int]

_FUNCTION = 10
_MOVED = 4
"""Operations in whose time a number goes to or comes from a row in the processor's cache."""

_KEPT = 2
"""What is kept is moved twice: put there, and fetched."""

_SORTED, _ALONG = 200, 40
"""Operations in whose time a key is sorted among thousands, and an entry taken in along an order."""


def operations(step: Step) -> Polynomial:
    """Operations of one iteration of a parallel step, or of a serial one as a whole."""
    total: dict[Monomial, int] = {}
    skipped = 0 if isinstance(step, Serial) else 1
    for item, around in walk(step_items(step)):
        if isinstance(item, Product):
            assert not isinstance(step, Serial)
            outer = [one.index for one in around if isinstance(one, Loop)]
            inner = [one for one in (*item.at, item.over) if one not in outer]
            inner = [one for one in (*outer, *inner) if one != step.index]
            factor, monomial = _product(tuple(index.dimension for index in inner))
            count = 3 if item.terms.is_of_differences else 2
            total[monomial] = total.get(monomial, 0) + count * factor
        if isinstance(item, Ordered):
            outer = [one.index for one in around if isinstance(one, Loop)][skipped:]
            factor, monomial = _product(tuple(one.dimension for one in (*outer, item.at[-1])))
            count = _SORTED if item.ordering.is_order else _ALONG
            count = 1 if item.ordering.is_in_place else count
            total[monomial] = total.get(monomial, 0) + count * factor
        if isinstance(item, Assign | Accumulate):
            count = operations_of(item.body) + isinstance(item, Accumulate)
            if isinstance(item, Accumulate) and item.guard != sympy.true:
                count += operations_of(item.guard)
            loops = [one for one in around if isinstance(one, Loop)]
            within = loops[skipped:]
            if isinstance(step, Blocked):  # its loops over rows run over those of one block
                within = [loop for loop in loops if loop.index != step.index]
            factor, monomial = _product(tuple(loop.index.dimension for loop in within))
            total[monomial] = total.get(monomial, 0) + max(count, 1) * factor
    return total


def _product(dimensions: tuple[Dimension, ...]) -> tuple[int, Monomial]:
    factor = 1
    names = []
    for one in dimensions:
        if one.size is None:
            names.append(one.name)
        else:
            factor *= one.size
    return factor, tuple(sorted(names))


@cache
def operations_of(expression: Expression) -> int:
    """Operations at one point; of a branch, both sides."""
    if not expression.args or isinstance(expression, Read):
        return 0
    inner = sum(operations_of(one) for one in expression.args)
    if isinstance(expression, sympy.Add | sympy.Mul):
        return inner + len(expression.args) - 1
    if isinstance(expression, sympy.Pow):
        exponent = expression.args[1]
        cheap = exponent.is_Integer or (exponent.is_Rational and exponent.q == 2)
        return inner + (1 if cheap else _FUNCTION)
    if isinstance(expression, Branch):
        return inner + 1
    atom = BY_FUNCTION.get(expression.func)
    return inner + (_FUNCTION if atom is not None and atom.name not in CHEAP else 1)


def is_costly(expression: Expression) -> bool:
    """Whether an expression is an elementary function or a power, as such."""
    if isinstance(expression, sympy.Function | sympy.Pow) and not isinstance(expression, Branch):
        own = operations_of(expression) - sum(map(operations_of, expression.args))
        return own >= _FUNCTION
    return False


def kept_is_cheaper(expression: Expression) -> bool:
    """Whether to keep a value for a second loop over a row rather than to compute it again."""
    return operations_of(expression) > _KEPT * _MOVED


def traffic(loops: Loops, step: Divided) -> Polynomial:
    """Numbers that one iteration reads from and writes to arrays that run with the loop."""
    program = loops.program
    outer = step.index
    moved: set[str] = set()
    for item, _ in walk(step_items(step)):
        if isinstance(item, Loop | Block):
            continue
        for read in item_reads(item):
            if any(position.index == outer for position in read.positions):
                moved.add(read.tensor)
        if item.let in loops.storage:
            moved.add(item.let)
    total: dict[Monomial, int] = {}
    for name in sorted(moved):
        if name in program.let and loops.storage[name].kind not in ("output", "stored"):
            continue
        dimensions = program.tensor(name).dimensions
        if outer.dimension not in dimensions:
            continue
        rest = list(dimensions)
        rest.remove(outer.dimension)
        factor, monomial = _product(tuple(rest))
        total[monomial] = total.get(monomial, 0) + factor
    return total


def polynomial(total: Polynomial) -> str:
    """`3*K + 2`, the highest powers first."""
    parts = []
    for monomial, count in sorted(total.items(), key=lambda pair: (-len(pair[0]), pair[0])):
        if count:
            parts.append(
                "*".join([str(count), *monomial])
                if count != 1 or not monomial
                else "*".join(monomial)
            )
    return " + ".join(parts) or "0"
