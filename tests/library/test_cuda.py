"""Every declaration of the library on the CUDA target, without a device: as PTX, and in the simulator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import draws
import numpy as np
import pytest
from numpy.typing import NDArray
from objc.targets.cuda import ptx
from oracles import ROWS
from programs import program_of

from objc.compiler import Variant, derive
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.target import DType, load

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


# -------------------------------------------------------------- as PTX


LEFT_OUT = {"sm_80": "_block(_four)?", "sm_90": "_warp(_four)?"}
"""Teams that are compiled for the other architecture: their functions differ in little else."""


@cache
def text_of(name: str) -> str:
    return TARGET.emit(derived(name), "float32").text


def kernels(name: str, architecture: str) -> dict[str, str]:
    """The PTX of a declaration in float32, by the functions that can be launched."""
    head, *functions = text_of(name).split("@kernel\n")
    left_out = re.compile(rf"def \w+{LEFT_OUT[architecture]}\(")
    wanted = [one for one in functions if not left_out.match(one)]
    text = "@kernel\n".join([head, *wanted])
    found = ptx.compiled(text, architecture)
    assert f".target {architecture}" in found
    parts = re.split(r"\.visible \.entry (\w+)\(", found)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("name", ROWS)
def test_is_compiled_without_double_precision_and_local_memory(
    name: str, architecture: str
) -> None:
    """What runs over the batch; the few blocks' parts of a value are put together in float64."""
    found = kernels(name, architecture)
    over_the_batch = [one for one in found if re.search("_(thread|warp|block)(_four)?$", one)]
    assert over_the_batch
    for one in over_the_batch:
        assert ".f64" not in found[one], one
    for one, text in found.items():
        assert "st.local" not in text and ".local " not in text, one
    assert ".extern" not in "".join(found.values())


# -------------------------------------------------------------- in the simulator


@pytest.fixture
def _simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("numba_cuda")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    yield


def inputs(name: str, examples: int) -> dict[str, Any]:
    """A batch drawn from the declared domains, with the default hyperparameters."""
    row, rng = ROWS[name], np.random.default_rng(3)
    found: dict[str, Any] = {
        one.name: np.stack(
            [np.asarray(draws.draw(one, 1.0, draws.SIZES, rng, 10.0)) for _ in range(examples)]
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


def run(name: str, given: dict[str, Any], dtype: DType) -> dict[str, NDArray[Any] | float]:
    program = derived(name)
    sizes: dict[str, int] = {}
    arguments: dict[str, Any] = {}
    for one in program.inputs:
        value = np.asarray(given[one.name])
        sizes |= {d.name: n for d, n in zip(one.dimensions, value.shape, strict=True)}
        if not value.ndim:
            arguments[one.name] = value.item()
        elif one.domain.is_integer:
            arguments[one.name] = np.ascontiguousarray(value, np.int64)
        else:
            arguments[one.name] = held(value, dtype)
    results = {}
    for key, let in program.outputs.items():
        if program.let[let].free:
            shape = [sizes.get(one.name, one.size) for one in program.let[let].dimensions]
            results[key] = held(np.full(shape, np.nan), dtype)
    executable = TARGET.load(TARGET.emit(program, dtype))
    scalars = executable(arguments, sizes, results)
    return {**scalars, **{key: numbers(one, dtype) for key, one in results.items()}}


def held(value: NDArray[Any], dtype: DType) -> NDArray[Any]:
    """Reals as they are stored: of bfloat16 the high halves of float32."""
    if dtype != "bfloat16":
        return np.ascontiguousarray(value, dtype)
    bits = np.ascontiguousarray(value, np.float32).view(np.uint32) >> np.uint32(16)
    return bits.astype(np.uint16)


def numbers(array: NDArray[Any], dtype: DType) -> NDArray[Any]:
    if dtype != "bfloat16":
        return array
    return (array.astype(np.uint32) << np.uint32(16)).view(np.float32)


@pytest.mark.usefixtures("_simulated")
@pytest.mark.parametrize("name", ROWS)
def test_agrees_with_the_interpreter_in_the_simulator(name: str) -> None:
    agrees(name, "float64")
    agrees(name, "float32")


IN_16_BITS = (
    "cross_entropy", "huber", "kl_logits", "info_nce", "triplet", "crf", "lambdarank", "vicreg",
    "masked_token",
)  # fmt: skip
"""One of each structure: rows, gathers, pairs, recurrences, sorting, results that are read again."""


@pytest.mark.usefixtures("_simulated")
@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[] if one in IN_16_BITS else pytest.mark.slow) for one in ROWS]
)
def test_agrees_where_arrays_are_stored_in_16_bits(name: str) -> None:
    """Only what is stored is rounded: numbers are as exact as in float32."""
    agrees(name, "bfloat16")


def agrees(name: str, dtype: DType) -> None:
    computed: Any = "float32" if dtype == "bfloat16" else dtype
    given = {
        key: numbers(held(value, dtype), dtype)
        if np.shape(value) and value.dtype.kind == "f"
        else value
        for key, value in inputs(name, EXAMPLES[computed]).items()
    }
    expected = evaluate(derived(name), given)
    moved = evaluate(derived(name), {key: nudged(x, computed) for key, x in given.items()})
    found = run(name, given, dtype)
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
