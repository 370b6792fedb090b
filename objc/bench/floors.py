"""What the machine can do at best: the floors that every case is held against, from the same run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from objc.bench.inputs import draw
from objc.compiler import Variant, derive, lower, parse
from objc.ir.index import Index
from objc.ir.program import Input, Let, Program
from objc.schedule import Loops, schedule
from objc.schedule.cost import operations
from objc.schedule.loops import Product, Serial, walk
from objc.source import Source
from objc.target import DType, load

_EXPS = 8
_TEXT = (
    "loss exps(x: real) = "
    + " + ".join(f"exp({number} * x)" for number in range(1, _EXPS + 1))
)  # fmt: skip
_EXP = 10
"""Operations that the schedule counts an elementary function as."""


@dataclass(frozen=True)
class Floors:
    """Bytes a second of a copy (read and written) and of reading alone; exponentials a second;
    operations a second of a product of matrices (NumPy's library: additions and multiplications)."""

    copy: float
    read: float
    exp: float
    product: float

    @property
    def operations(self) -> float:
        """Operations a second, counted as the schedule does, at the speed of the exponential."""
        return self.exp * _EXP


def measure(threads: int, dtype: DType, numbers: int = 1 << 24) -> Floors:
    """The best of several runs over arrays of `numbers` numbers of 8 bytes."""
    source, goal = np.ones(numbers), np.zeros(numbers)
    slices = [slice(n * numbers // threads, (n + 1) * numbers // threads) for n in range(threads)]
    with ThreadPoolExecutor(threads) as pool:

        def copy() -> None:
            list(pool.map(lambda part: np.copyto(goal[part], source[part]), slices))

        def read() -> None:
            list(pool.map(lambda part: float(np.dot(source[part], source[part])), slices))

        copied = 2 * source.nbytes / _best(copy)
        seen = source.nbytes / _best(read)
    side = math.isqrt(numbers // 16)
    return Floors(
        copied, max(seen, copied), _exps(dtype, numbers // 16), _products(dtype, threads, side)
    )


def _products(dtype: DType, threads: int, side: int) -> float:
    """Operations a second of the product of two square matrices, as NumPy's library takes it."""
    left = np.random.default_rng(0).normal(size=(side, side)).astype(dtype)
    goal = np.empty_like(left)
    return 2 * side**3 / _best(lambda: np.matmul(left, left.T, out=goal))


def _exps(dtype: DType, batch: int) -> float:
    """Exponentials a second in a generated kernel that reads little."""
    program = lower(parse(Source("exps", _TEXT))).programs["exps"]
    derived = derive(program, Variant(("value",), (), frozenset({"x"})))
    run = load("cpu").load(load("cpu").emit(derived, dtype))
    drawn = draw(derived, {"batch": batch}, np.random.default_rng(0))
    arguments = {
        name: value.astype(dtype) if value.ndim else float(value) for name, value in drawn.items()
    }
    spent = _best(lambda: run(arguments, {"batch": batch}, {}))
    return _EXPS * batch / spent


def _best(run: Callable[[], Any], repetitions: int = 9) -> float:
    run()
    found = []
    for _ in range(repetitions):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


@dataclass(frozen=True)
class Work:
    """What a call must do at least: bytes of inputs and results, each once, the operations of the
    schedule (None where it has none), and of these the ones of products of matrices."""

    bytes: int
    operations: int | None
    products: int = 0

    def floor(self, floors: Floors) -> tuple[float, str]:
        """Seconds, and what bounds them: `bytes`, `operations` or `products`."""
        moved = self.bytes / floors.copy
        multiplied = self.products / floors.product
        computed = ((self.operations or 0) - self.products) / floors.operations
        if moved >= computed + multiplied:
            return moved, "bytes"
        return computed + multiplied, "operations" if computed > multiplied else "products"


def work_of(derived: Program, sizes: Mapping[str, int], dtype: DType) -> Work:
    """The work of a derived program with value and gradients."""
    tensors: list[Input | Let] = list(derived.inputs)
    tensors += [derived.let[name] for name in sorted(set(derived.outputs.values()))]
    total = 0
    for one in tensors:
        width = 8 if one.domain.is_integer else np.dtype(dtype).itemsize
        extents = [d.size if d.size is not None else sizes[d.name] for d in one.dimensions]
        total += int(np.prod(extents, dtype=np.int64)) * width if extents else 0
    try:
        loops = schedule(derived)
    except Exception:  # what a target would prepare first
        return Work(total, None)
    return Work(total, _operations(loops, sizes), _multiplied(loops, sizes))


def _operations(loops: Loops, sizes: Mapping[str, int]) -> int:
    total = 0
    for step in loops.steps:
        each = sum(
            count * math.prod(sizes[name] for name in names)
            for names, count in operations(step).items()
        )
        if not isinstance(step, Serial):
            each *= _extent(step.index, sizes)
        total += each
    return total


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
