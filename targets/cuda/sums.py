"""What kernels for a device stand on: sums that carry what rounding loses, choices, the report of a bad
position.

In the language of kernels: translated where a kernel calls them, run as they stand in the simulator.
"""

from __future__ import annotations

import math
from typing import Any

from numba import float64
from objc.targets.cuda.simulation import claimed, helper


@helper
def plus(total: Any, rest: Any, x: Any) -> Any:
    """(total + x, rest + what was lost): the error of a sum is a number (Knuth 1969, 4.2.2)."""
    s = total + x
    back = s - total
    return s, rest + ((total - (s - back)) + (x - back))


@helper
def rounded(total: Any, rest: Any) -> Any:
    """A sum with what it lost; beyond the range of numbers nothing was."""
    s = total + rest
    return s if s == s else total


@helper
def inside(errors: Any, rank: int, site: int, position: int, extent: int, example: int) -> bool:
    """Whether a position lies in its axis. One that does not is kept for each rank: 3 makes every
    result worthless, 2 (a gather) and 1 (a shift) count only if a result shows them."""
    if 0 <= position < extent:
        return True
    if claimed(errors, rank * 8):
        errors[rank * 8 + 1] = site
        errors[rank * 8 + 2] = position
        errors[rank * 8 + 3] = extent
        errors[rank * 8 + 4] = example
    return False


@helper
def weighs(errors: Any, numbers: Any, site: int, weight: Any, example: int) -> bool:
    """Whether a number is a weight, at least 0 and finite. One that is none is kept as what makes every
    result worthless; `numbers` is the same record, in float64."""
    none = weight - weight  # no number, where the weight is infinite or none
    if math.fabs(weight) == weight and none == none:
        return True
    if claimed(errors, 24):
        errors[25] = site
        numbers[26] = float64(weight)
        errors[28] = example
    return False


@helper
def join_pair(total: Any, rest: Any, other: Any, more: Any) -> Any:
    s = total + other
    back = s - total
    return s, (rest + more) + ((total - (s - back)) + (other - back))


@helper
def first_argmax(place: int, best: Any, other: int, x: Any) -> Any:
    """The place of the greater of two; of equal ones the earlier, and NaN before all."""
    if other >= 0:
        if place < 0 or (x != x and (best == best or other < place)):
            return other, x
        if best == best and (x > best or (x == best and other < place)):
            return other, x
    return place, best


@helper
def first_argmin(place: int, best: Any, other: int, x: Any) -> Any:
    """As `first_argmax`, of the lesser."""
    if other >= 0:
        if place < 0 or (x != x and (best == best or other < place)):
            return other, x
        if best == best and (x < best or (x == best and other < place)):
            return other, x
    return place, best
