"""The library's programs, lowered and derived once, and run by the interpreter or a target."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracles import ROWS
from oracles.record import Exact

import objc.library
from objc.compiler import Variant, derive, load
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse
from objc.target import DType, Executable
from objc.target import load as target_named

FOLDER = Path(objc.library.__file__).parent

Arrays = Mapping[str, NDArray[Any]]


@cache
def _programs(name: str) -> Mapping[str, Program]:
    path = FOLDER / f"{name}.objc"
    return lower(parse(Source(path.name, path.read_text(encoding="utf-8")))).programs


def program_of(name: str) -> Program:
    return _programs(ROWS[name].file)[name]


@cache
def derived(name: str) -> Program:
    """What every example gives, in one program: value and gradient, of those held to an exact oracle
    the Hessian diagonal too; of a metric the value, of a function what it returns."""
    row, program = ROWS[name], program_of(name)
    batched = frozenset(one.name for one in row.arguments if one.role != "hyperparameter")
    if program.kind in ("metric", "function"):
        result = "per_example" if program.kind == "metric" else "result"
        return derive(program, Variant((result,), (), batched, False))
    wrt = tuple(one.name for one in row.of_role("differentiable", "learned"))
    if isinstance(row, Exact):
        results: Any = ("per_example", "gradient", "hessian_diagonal")
    else:
        results = ("per_example", "gradient")
    return derive(program, Variant(results, wrt, batched, False))


@cache
def _executable(name: str, dtype: DType, target: str) -> Executable:
    return load(target_named(target).emit(derived(name), dtype), target)


def run(
    name: str, target: str, dtype: DType, batch: Arrays, parameters: Mapping[str, float]
) -> Arrays:
    """What the interpreter or a target makes of a batch of examples, by result."""
    program = derived(name)
    internal = {one.name: 1.0 for one in program.inputs if one.role == "internal"}  # the scale
    arguments: dict[str, Any] = {**batch, **parameters, **internal}
    if target == "interpreter":
        return evaluate(program, arguments)
    sizes = _sizes(program, batch)
    results = {}
    for key, let in program.outputs.items():
        shape = [sizes[one.name] for one in program.let[let].dimensions]
        results[key] = np.full(shape, np.nan, dtype)
    given = {name: np.ascontiguousarray(x) if isinstance(x, np.ndarray) else x
             for name, x in arguments.items()}  # fmt: skip
    scalars = _executable(name, dtype, target)(given, sizes, results)
    return {**results, **scalars}


def _sizes(program: Program, batch: Arrays) -> dict[str, int]:
    sizes = {
        dimension.name: extent
        for one in program.inputs
        if one.name in batch
        for dimension, extent in zip(one.dimensions, batch[one.name].shape, strict=True)
    }
    number = len(next(iter(batch.values())))
    for one in program.inputs:  # a number of classes that only labels name
        if one.domain.dimension is not None and one.name in batch:
            sizes.setdefault(one.domain.dimension.name, int(batch[one.name].max()) + 1)
    return {**sizes, "batch": number}
