"""Matrix products of blocks, in the language of steps: factors are packed into panels, tiles multiply.
So are squared distances and sums of weighed differences made: the tiles differ.

A factor's panel holds, for every step of the sum, the entries of a tile's rows (or columns) one after
the other; what is beyond the edge is zero. One panel of the right factor stays in the first cache while
all the left factor's pass by it. Where all columns fit into what is packed, they are packed once for
all rows.
"""

from __future__ import annotations

from objc.targets.cpu.kernels import alone, fixed, helper
from objc.targets.cpu.mathematics.bits import add
from objc.targets.cpu.mathematics.registers import (
    distance_tile,
    lanes,
    move_columns,
    move_rows,
    of_kind,
    pull_tile,
    tile,
    tile_columns,
    tile_rows,
    turn_columns,
    turn_rows,
)

# ---- copied into emitted modules from here on


@alone
def product(
    goal, packed_left, packed_right, rows, columns, depth, stride,
    left, left_first, left_row, left_step, right, right_first, right_column, right_step, fresh,
):  # fmt: skip
    """goal[i, j] (+)= Σ_p left[i, p]·right[p, j]: arrays as one axis, with the steps of each index."""
    by_tiles(
        goal, packed_left, packed_right, rows, columns, depth, stride, left, left_first, left_row,
        left_step, right, right_first, right_column, right_step, fresh, 0, packed_right, right, 0, 0, 0,
    )  # fmt: skip


@alone
def distances(
    goal, packed_left, packed_right, rows, columns, depth, stride,
    left, left_first, left_row, left_step, right, right_first, right_column, right_step, fresh,
):  # fmt: skip
    """goal[i, j] (+)= Σ_p (left[i, p] − right[p, j])²."""
    by_tiles(
        goal, packed_left, packed_right, rows, columns, depth, stride, left, left_first, left_row,
        left_step, right, right_first, right_column, right_step, fresh, 1, packed_right, right, 0, 0, 0,
    )  # fmt: skip


@alone
def pulls(
    goal, packed_left, packed_right, rows, columns, depth, stride,
    left, left_first, left_row, left_step, right, right_first, right_column, right_step, fresh,
    packed_origin, origin, origin_first, origin_row, origin_column,
):  # fmt: skip
    """goal[i, j] (+)= Σ_p left[i, p]·(right[p, j] − origin[i, j])."""
    by_tiles(
        goal, packed_left, packed_right, rows, columns, depth, stride, left, left_first, left_row,
        left_step, right, right_first, right_column, right_step, fresh, 2, packed_origin, origin,
        origin_first, origin_row, origin_column,
    )  # fmt: skip


@fixed
@helper
def by_tiles(
    goal, packed_left, packed_right, rows, columns, depth, stride,
    left, left_first, left_row, left_step, right, right_first, right_column, right_step, fresh,
    terms, packed_origin, origin, origin_first, origin_row, origin_column,
):  # fmt: skip
    """What is added up to the goal, tile by tile. The terms are products (0), squared differences (1) or
    weighed differences from an origin (2)."""
    start = 0
    while start < max(depth, 1):
        count = min(256, depth - start)
        first = 0
        begins = fresh
        if start > 0:
            begins = 0
        while first < rows:
            height = min(240, rows - first)
            pack_rows(
                packed_left, left, left_first + first * left_row + start * left_step, left_row,
                left_step, height, count,
            )  # fmt: skip
            group = 0
            while group < columns:
                wide = min(256, columns - group)
                if first == 0 or columns > 256:
                    pack_columns(
                        packed_right, right,
                        right_first + group * right_column + start * right_step, right_column,
                        right_step, wide, count,
                    )  # fmt: skip
                column = 0
                while column < wide:
                    row = 0
                    while row < height:
                        place = goal[(first + row) * stride + group + column :]
                        panel_left = packed_left[row * count :]
                        panel_right = packed_right[column * count :]
                        inside_rows = min(tile_rows(), height - row)
                        inside_columns = min(tile_columns(left), wide - column)
                        if terms == 0:
                            tile(
                                place, stride, panel_left, panel_right, count, inside_rows,
                                inside_columns, begins,
                            )  # fmt: skip
                        elif terms == 1:
                            distance_tile(
                                place, stride, panel_left, panel_right, count, inside_rows,
                                inside_columns, begins,
                            )  # fmt: skip
                        else:
                            at = (first + row) * origin_row + (group + column) * origin_column
                            pack_origin(
                                packed_origin, origin, origin_first + at, origin_row,
                                origin_column, inside_rows, inside_columns,
                            )  # fmt: skip
                            pull_tile(
                                place, stride, panel_left, panel_right, count, inside_rows,
                                inside_columns, begins, packed_origin,
                            )  # fmt: skip
                        row += tile_rows()
                    column += tile_columns(left)
                group += 256
            first += 240
        start += 256


@helper
def pack_origin(packed, source, first, row, column, rows, columns):
    """A tile of the origins; what is beyond the edge is zero."""
    for e in range(tile_rows() * tile_columns(source)):
        packed[e] = 0.0
    for r in range(rows):
        for c in range(columns):
            entry = source[first + r * row + c * column]
            packed[r * tile_columns(source) + c] = entry


@alone
def turned_copy(goal, source, rows, columns):
    """goal[r, c] = source[c, r]."""
    for r in range(rows):
        for c in range(columns):
            entry = source[c, r]
            goal[r, c] = entry


@alone
def finite(array, first, across, width, along, count):
    """1 where no entry of a factor is infinite or no number, else 0."""
    worst = of_kind(array, 0)
    if across == 1:
        for p in range(count):
            for i in range(width):
                worst = add(worst, array[first + p * along + i] * of_kind(array, 0))
    else:
        for i in range(width):
            for p in range(count):
                worst = add(worst, array[first + i * across + p * along] * of_kind(array, 0))
    whole = 0
    if worst == of_kind(array, 0):
        whole = 1
    return whole


@alone
def pack_rows(packed, source, first, across, along, width, count):
    """Panels of the left factor's rows."""
    pack(packed, source, first, across, along, width, count, tile_rows())


@alone
def pack_columns(packed, source, first, across, along, width, count):
    """Panels of the right factor's columns."""
    pack(packed, source, first, across, along, width, count, tile_columns(source))


@helper
def pack(packed, source, first, across, along, width, count, size):
    """Panels of `size` entries for each of `count` steps; `across` and `along` are the steps in the
    source from entry to entry, and from step to step."""
    begin = 0
    if across == 1:
        while begin + 4 * size <= width:
            move(packed[begin * count :], source[first + begin :], along, count, size, 4)
            begin += 4 * size
        while begin + size <= width:
            move(packed[begin * count :], source[first + begin :], along, count, size, 1)
            begin += size
    while begin < width:
        inside = min(size, width - begin)
        base = first + begin * across
        place = begin * count
        if inside < size:
            for e in range(size):
                for p in range(count):
                    packed[place + p * size + e] = 0.0
            for e in range(inside):
                for p in range(count):
                    packed[place + p * size + e] = source[base + e * across + p * along]
        else:
            turned = 0
            if along == 1:
                while turned + lanes(source) <= count:
                    goal = packed[place + turned * size :]
                    if size == tile_rows():
                        turn_rows(goal, source[base + turned :], across)
                    else:
                        turn_columns(goal, source[base + turned :], across)
                    turned += lanes(source)
            while turned < count:
                for e in range(size):
                    packed[place + turned * size + e] = source[base + e * across + turned * along]
                turned += 1
        begin += size


@helper
def move(packed, source, along, count, size, panels):
    """Panels whose entries lie side by side in the source: several at once, so that lines of the
    source are read whole."""
    for p in range(count):
        for panel in range(panels):
            goal = packed[(panel * count + p) * size :]
            if size == tile_rows():
                move_rows(goal, source[p * along + panel * size :])
            else:
                move_columns(goal, source[p * along + panel * size :])
