"""What the library gives on the CUDA target, held to the interpreter: in the simulator, or on a device.

`python cuda_agreement.py NAME…` runs declarations on the device; compute-sanitizer watches that.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import draws
import numpy as np
from numpy.typing import NDArray
from objc.targets.cuda import arrays
from objc.targets.cuda.driver import NoDriver, driver
from objc.targets.cuda.host import OnHost
from oracles import ROWS
from programs import program_of

from objc.compiler import Variant, derive
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.target import DType, Emitted, Executable, load

TARGET = load("cuda")
EXAMPLES = {"float64": 5, "float32": 8}
"""Of which the second goes by four."""

SCALE = 0.5
TURNS = 3
"""Of iterations that a hyperparameter counts: the simulator is slow."""
CONDITION = 4
"""Times that a result may miss by what a unit in the last place of its inputs changes."""

TOLERANCE: dict[str, Any] = {
    "float64": {"rtol": 1e-12, "atol": 1e-13},
    "float32": {"rtol": 2e-5, "atol": 2e-6},
}


@cache
def derived(name: str) -> Program:
    """Value and gradient over a batch; of a metric the value, of a function what it returns."""
    row, program = ROWS[name], program_of(name)
    batched = frozenset(one.name for one in row.of_role("differentiable", "data"))
    if program.kind in ("metric", "function"):
        result = "value" if program.kind == "metric" else "result"
        return derive(program, Variant((result,), (), batched, False))
    wrt = tuple(one.name for one in row.of_role("differentiable", "learned"))
    return derive(program, Variant(("value", "gradient"), wrt, batched, False))


@cache
def emitted(name: str, dtype: DType) -> Emitted:
    return TARGET.emit(derived(name), dtype)


def inputs(name: str, examples: int, sizes: Mapping[str, int]) -> dict[str, Any]:
    """A batch drawn from the declared domains, with the default hyperparameters."""
    row, rng = ROWS[name], np.random.default_rng(3)
    found: dict[str, Any] = {
        one.name: np.stack(
            [np.asarray(draws.draw(one, 1.0, sizes, rng, 10.0)) for _ in range(examples)]
        )
        for one in row.of_role("differentiable", "data")
    }
    for one in row.of_role("hyperparameter", "learned"):
        number = float(eval(one.default, {"log": np.log})) if one.default else 0.7
        found[one.name] = min(int(number), TURNS) if one.domain == "count" else number
    internal = (one.name for one in derived(name).inputs if one.role == "internal")
    return {**found, **dict.fromkeys(internal, SCALE)}


def nudged(value: Any, dtype: DType) -> Any:
    """An input moved by a unit in its last place, which no arithmetic in its type can better."""
    array = np.asarray(value)
    return array if array.dtype.kind != "f" else array * (1.0 + np.finfo(dtype).eps)


def held(value: NDArray[Any], dtype: DType) -> NDArray[Any]:
    """Reals as they are stored: of bfloat16 the high halves of float32."""
    if dtype != "bfloat16":
        return np.ascontiguousarray(value, dtype)
    bits = np.ascontiguousarray(value, np.float32).view(np.uint32) >> np.uint32(16)
    return bits.astype(np.uint16)


def numbers(array: NDArray[Any], dtype: DType) -> NDArray[Any]:
    if dtype != "bfloat16" or array.dtype != np.uint16:
        return array
    return (array.astype(np.uint32) << np.uint32(16)).view(np.float32)


# -------------------------------------------------------------- where it runs


class Host:
    """Arrays of NumPy's, for the simulator."""

    def load(self, found: Emitted) -> Executable:
        return OnHost(found)

    def put(self, value: NDArray[Any], kind: str) -> Any:
        return value

    def taken(self, array: Any) -> Any:
        """An array as the kernel takes it."""
        return array

    def get(self, array: Any) -> NDArray[Any]:
        return np.asarray(array)


class Device(Host):
    """Copies on the device."""

    def load(self, found: Emitted) -> Executable:
        return TARGET.load(found)

    def put(self, value: NDArray[Any], kind: str) -> Any:
        made = arrays.Array(value.shape, kind)
        made.device.upload(made.pointer, value.ctypes.data, value.nbytes)
        return made

    def taken(self, array: Any) -> Any:
        return arrays.adopt(array)

    def get(self, array: Any) -> NDArray[Any]:
        return np.asarray(array.fetch())


def why_not() -> str | None:
    """Why nothing can be run on a device here; None where there is one."""
    try:
        driver()
    except NoDriver as error:
        return str(error)
    return None


def run(name: str, given: Mapping[str, Any], dtype: DType, where: Host) -> dict[str, Any]:
    """Every output; the results are filled with what must be overwritten."""
    program = derived(name)
    sizes: dict[str, int] = {}
    arguments: dict[str, Any] = {}
    for one in program.inputs:
        value = np.asarray(given[one.name])
        sizes |= {d.name: n for d, n in zip(one.dimensions, value.shape, strict=True)}
        if not value.ndim:
            arguments[one.name] = value.item()
        elif one.domain.is_integer:
            arguments[one.name] = where.put(np.ascontiguousarray(value, np.int64), "int64")
        else:
            arguments[one.name] = where.put(held(value, dtype), dtype)
    results = {}
    for key, let in program.outputs.items():
        if program.let[let].free:
            shape = [sizes.get(one.name, one.size) for one in program.let[let].dimensions]
            results[key] = where.put(held(np.full(shape, np.nan), dtype), dtype)
    taken = {key: one if isinstance(one, float | int) else where.taken(one)
             for key, one in arguments.items()}  # fmt: skip
    executable = where.load(emitted(name, dtype))
    scalars = executable(taken, sizes, {key: where.taken(one) for key, one in results.items()})
    return {**scalars, **{key: numbers(where.get(one), dtype) for key, one in results.items()}}


def agrees(
    name: str,
    dtype: DType,
    where: Host,
    examples: int | None = None,
    sizes: Mapping[str, int] = draws.SIZES,
) -> None:
    """Value and gradient are the interpreter's, for what the inputs are when they are stored."""
    computed: Any = "float32" if dtype == "bfloat16" else dtype
    drawn = inputs(name, examples or EXAMPLES[computed], sizes)
    given = {
        key: numbers(held(value, dtype), dtype)
        if np.shape(value) and value.dtype.kind == "f"
        else value
        for key, value in drawn.items()
    }
    expected = evaluate(derived(name), given)
    moved = evaluate(derived(name), {key: nudged(x, computed) for key, x in given.items()})
    found = run(name, given, dtype, where)
    assert set(found) == set(expected)
    for key, value in expected.items():
        with np.errstate(invalid="ignore"):  # infinite before and after
            change = np.abs(moved[key] - value)
        condition = np.max(change, initial=0.0, where=np.isfinite(change)) * CONDITION
        tolerance = {**TOLERANCE[computed]}
        tolerance["atol"] += condition
        if np.ndim(value) and dtype == "bfloat16":
            tolerance["rtol"] = 2.0**-8
        np.testing.assert_allclose(found[key], value, err_msg=key, **tolerance)


REPRESENTATIVE = ("huber", "cross_entropy", "crf", "info_nce", "ranknet", "listmle", "sinkhorn")
"""One of each structure: elementwise, rows, recurrences, products, pairs, sorting, iterations."""

ROW = {**draws.SIZES, "K": 1100}
"""Rows that a block takes; where a declaration has no K, the sizes of the others."""


def main(names: list[str]) -> None:
    for name in names or REPRESENTATIVE:
        for dtype in ("float32", "float64", "bfloat16"):
            agrees(name, cast(DType, dtype), Device(), 33)
            print(f"{name} {dtype}: agrees", flush=True)
    agrees("cross_entropy", "float32", Device(), 9, ROW)


if __name__ == "__main__":
    main(sys.argv[1:])
