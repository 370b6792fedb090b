"""The library's programs, lowered and derived once, and run by the interpreter or a target."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracles import ORACLES
from points import RESULTS, Case, batch

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


@cache
def _programs(name: str) -> Mapping[str, Program]:
    path = FOLDER / f"{name}.objc"
    return lower(parse(Source(path.name, path.read_text(encoding="utf-8")))).programs


def program_of(name: str) -> Program:
    return _programs(ORACLES[name].file)[name]


@cache
def derived(name: str) -> Program:
    """Value, gradient and Hessian diagonal of every example, in one program."""
    oracle = ORACLES[name]
    wrt = tuple(one.name for one in oracle.of_role("differentiable"))
    batched = frozenset(one.name for one in oracle.arguments if one.role != "hyperparameter")
    return derive(program_of(name), Variant(RESULTS, wrt, batched, False))


@cache
def _executable(name: str, dtype: DType, target: str) -> Executable:
    return load(target_named(target).emit(derived(name), dtype), target)


def computed(case: Case, dtype: DType, target: str) -> Mapping[str, NDArray[Any]]:
    """What the interpreter or a target makes of the points of a case, by result."""
    program = derived(case.oracle)
    internal = {one.name: 1.0 for one in program.inputs if one.role == "internal"}  # the scale
    arguments = {**batch(case, dtype), **dict(case.parameters), **internal}
    if target == "interpreter":
        return evaluate(program, arguments)
    sizes = {
        one.name: case.size for one in program.dimensions if one.size is None
    } | {"batch": len(next(iter(batch(case, dtype).values())))}  # fmt: skip
    results = {}
    for key, name in program.outputs.items():
        shape = [sizes[one.name] for one in program.let[name].dimensions]
        results[key] = np.full(shape, np.nan, dtype)
    given = {name: np.ascontiguousarray(x) if isinstance(x, np.ndarray) else x
             for name, x in arguments.items()}  # fmt: skip
    scalars = _executable(case.oracle, dtype, target)(given, sizes, results)
    return {**results, **scalars}
