"""What every generated kernel stands on: how a step is compiled, and the report of a bad position."""

from __future__ import annotations

from typing import Any

from numba import njit
from numba.core.compiler import Compiler

# ---- copied into emitted modules from here on


class Separate(Compiler):
    """Numba's compiler, told that the arrays of a step never overlap."""

    def __init__(
        self,
        context: Any,
        target: Any,
        library: Any,
        types: Any,
        result: Any,
        flags: Any,
        local: Any,
    ) -> None:
        flags.noalias = True
        super().__init__(context, target, library, types, result, flags, local)


def step(function: Any) -> Any:
    """How a step of a kernel is compiled: serial, without Python, its arrays apart. An expression that
    stands in several places is rounded alike in all of them: nothing is fused."""
    return njit(
        fastmath={"nsz"}, error_model="numpy", no_cpython_wrapper=True, pipeline_class=Separate
    )(function)


def helper(function: Any) -> Any:
    return njit(error_model="numpy", no_cpython_wrapper=True)(function)


def fixed(function: Any) -> Any:
    """What is made anew for the numbers that it is called with: it asks which they are."""
    return function


def alone(function: Any) -> Any:
    """How what many steps call is compiled: once for its types."""
    return helper(function)


@helper
def inside(errors: Any, rank: int, site: int, position: int, extent: int, example: int) -> bool:
    """Whether a position lies in its axis. The first that does not is kept, by rank: 3 stops the
    kernel, 2 (a gather) and 1 (a shift) count only if the result shows them."""
    if 0 <= position < extent:
        return True
    if errors[0] < rank:
        errors[0] = rank
        errors[1] = site
        errors[2] = position
        errors[3] = extent
        errors[4] = example
    return False
