"""What the machine can do at best: the floors that every case is held against, from the same run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from objc.bench.inputs import draw
from objc.compiler import Variant, derive, lower, parse
from objc.source import Source
from objc.target import DType, load

_EXPS = 8
_TEXT = (
    "loss exps(x: real) = "
    + " + ".join(f"exp({number} * x)" for number in range(1, _EXPS + 1))
)  # fmt: skip


@dataclass(frozen=True)
class Floors:
    """Bytes a second of a copy (read and written) and of reading alone; exponentials a second;
    operations a second of a product of matrices (NumPy's library: additions and multiplications)."""

    copy: float
    read: float
    exp: float
    product: float

    @property
    def function(self) -> float:
        """Additions and multiplications, at the speed of a product of matrices, in the time of an
        exponential."""
        return self.product / self.exp


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
