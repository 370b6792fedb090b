"""How the iterations of a step are divided: into chunks for threads, and within a chunk into blocks.

It depends on the sizes alone, so that results do not depend on who computes what. A step in the
metadata of a kernel is None where it is serial, else (the extent that is divided, the operations of an
iteration as counts with names of sizes, the shapes that a chunk accumulates, whether it is in blocks, the
shapes that a row of a block keeps of a recurrence).

The arithmetic is of sums, products, quotients and extremes, without a choice: the target `library`
does it with values of LLVM. So no quotient may be one by zero, whatever the sizes are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

# ---- copied into emitted modules from here on

CHUNK = 1 << 19
"""Operations of a chunk: some tens of microseconds."""

PARTIALS = 1 << 26
"""Bytes that partial results in arrays may take."""

ROW = 16
"""Rows of a block are a multiple of this: of the numbers of a vector."""

LEAST_ROWS = 96
"""Rows of a block: fewer waste what a matrix product packs,"""

MOST_ROWS = 192
"""and many more leave the caches."""

KEPT_ROWS = 1 << 23
"""Numbers that the rows of a block keep of all steps of their recurrences, unless a few rows have more."""

SHARE = 4096
"""Operations that a chunk is to do for each number that it adds up of partial results of products: to
write and to add that costs as much as some hundreds of them,"""

LEAST_CHUNKS = 4
"""as long as there are so many chunks at least,"""

MOST_CHUNKS = 32
"""and so many at most."""

PRODUCTS = 1 << 29
"""Bytes that these partial results may take."""

_LARGE = 1 << 40
"""Numbers that no memory holds: more are counted as this, so that no product of them is zero."""


class Division(NamedTuple):
    """Of one step: the chunks, the iterations of a chunk, the operations of an iteration; the blocks of
    all chunks and the rows of a block, which without blocks are the chunks again."""

    chunks: Any
    rows: Any
    work: Any
    blocks: Any
    block: Any


def divided(
    step: Any,
    sizes: Mapping[str, Any],
    most: Callable[[Any, Any], Any] = max,
    least: Callable[[Any, Any], Any] = min,
) -> Division:
    """The division of a step at given sizes; `most` and `least` are the extremes of two of them."""
    if step is None:
        return Division(1, 1, 0, 1, 1)
    over, counts, partials, in_blocks, kept = step
    extent = extent_of((over,), sizes)
    work = most(1, sum(count * extent_of(names, sizes) for count, names in counts))
    partial = least(_LARGE, sum(extent_of(shape, sizes) for shape in partials))
    rows = most(1, CHUNK // work)
    if not in_blocks:
        if partials:
            rows = most(rows, _up(4 * partial, work))
            rows = most(rows, _up(extent * partial * 8, PARTIALS))
        chunks = most(1, _up(extent, rows))
        return Division(chunks, rows, work, chunks, rows)
    if partials:
        shared = most(1, partial)
        worth = most(LEAST_CHUNKS, extent * work // (SHARE * shared))
        wanted = least(MOST_CHUNKS, least(PRODUCTS // (8 * shared), worth))
        rows = most(rows, _up(extent, most(1, wanted)))
    usual = most(LEAST_ROWS, least(MOST_ROWS, most(rows, extent // MOST_CHUNKS)))
    if kept:
        of_row = least(_LARGE, sum(extent_of(shape, sizes) for shape in kept))
        usual = most(ROW, least(usual, KEPT_ROWS // most(1, of_row)))
    rows = most(1, _up(extent, most(1, _up(extent, most(rows, usual)))))
    many = most(1, (rows + usual // 2) // usual)
    block = _up(_up(rows, many), ROW) * ROW
    rows = many * block
    return Division(most(1, _up(extent, rows)), rows, work, most(1, _up(extent, block)), block)


def _up(above: Any, below: Any) -> Any:
    """The quotient, rounded up."""
    return (above + below - 1) // below


def extent_of(shape: Any, sizes: Mapping[str, Any]) -> Any:
    """The number of entries of a shape of names and literal sizes."""
    product: Any = 1
    for one in shape:
        product = product * (sizes[one] if isinstance(one, str) else one)
    return product
