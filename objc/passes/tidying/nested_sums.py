"""Sums over two indices as sums of products of matrices.

A quadratic form `sum[i, j] A[i, j] * x[n, i] * x[n, j]` of an example is `sum[i] x[n, i] * y[n, i]` with
`y[n, i] = sum[j] A[i, j] * x[n, j]`: of all examples a product of matrices, which is made in a tenth of the
time, and which its own slopes ask for as well.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.ir.domain import REAL
from objc.ir.index import BATCH, Dimension, Index
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Expression, Read, conjuncts, indices_of, reads
from objc.passes.tidying.factors import parted

_FEW = 8
"""Rows, columns or terms up to which a product of matrices gains nothing."""


def slices_of(program: Program) -> tuple[Dimension, ...]:
    """The dimensions along which a product of matrices may have slices: that of the batch, or any."""
    if any(BATCH in one.dimensions for one in program.inputs):
        return (BATCH,)
    return tuple({one.dimension: None for let in program.lets for one in let.indices})


def split(
    let: Let, program: Program, names: Names, slices: tuple[Dimension, ...]
) -> tuple[Let, Let] | None:
    """A product of matrices that a sum over several indices has in it, and the sum of that."""
    if let.reduction != "sum" or len(let.over) < 2 or let.domain.is_integer:
        return None
    for index in reversed(let.over):
        if any(index in indices_of(part) for part in conjuncts(let.guard)):
            continue
        inner, others = parted(let.body, index)
        free = _as_read(inner, index, let)
        sliced = len(free) == 3 and free[0].dimension in slices
        if free != let.free and _is_product(inner, index, free[sliced:], program):
            name = names.fresh(f"product_in_{let.name}")
            product = Let(name, free, inner, "sum", (index,), sympy.true, REAL, let.span)
            over = tuple(one for one in let.over if one != index)
            return product, replace(let, body=others * product.read(*free), over=over)
    return None


def _as_read(body: Expression, index: Index, let: Let) -> tuple[Index, ...]:
    """The free indices of a sum over an index: in the order of the let's, but those of a tensor of three in
    the order in which that is made, so that its matrices are multiplied there."""
    free = tuple(one for one in let.indices if one in indices_of(body) and one != index)
    most = max((read.positions for read in reads(body)), key=len, default=())
    if len(free) != 3 or len(most) != 3:
        return free
    along = [one.index for one in most if one.index in free]
    return tuple(sorted(free, key=lambda one: along.index(one) if one in along else len(along)))


def _is_product(body: Expression, index: Index, free: tuple[Index, ...], program: Program) -> bool:
    """Whether a sum over an index is of two matrices, with the free indices of rows and columns."""
    factors = sympy.Mul.make_args(body)
    if not all(_is_plain(read, program) for one in factors for read in reads(one)):
        return False
    sets = [indices_of(one) & set(free) for one in factors]
    sizes = [one.dimension.size for one in (index, *free)]
    return (
        len(free) == 2
        and all(size is None or size > _FEW for size in sizes)
        and all(len(one) < 2 for one in sets)
    )


def _is_plain(read: Read, program: Program) -> bool:
    """Whether a read is at indices alone, each once, along their own axes."""
    dimensions = program.tensor(read.tensor).dimensions
    found = [position.index for position in read.positions]
    return len(set(found)) == len(found) and all(
        one is not None and one.dimension == dimension
        for one, dimension in zip(found, dimensions, strict=True)
    )
