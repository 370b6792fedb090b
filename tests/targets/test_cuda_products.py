"""Products of matrices on the CUDA target: rows in blocks around a library that multiplies, which a C library
stands for here, and kernels of the loops between in the simulator."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from objc.targets.cuda import host, multiplying
from objc.targets.cuda.emission import in_blocks
from objc.targets.cuda.launching import Launch, Shape, Sized
from objc.targets.cuda.multiplying import Multiply
from objc.targets.cuda.products import are_for_library

import objc
from objc.compiler import Variant, derive
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.schedule.loops import Blocked
from objc.target import DType, load

from .running import TOLERANCE, run_of

TARGET = load("cuda")
LOSSES = objc.compile(Path(__file__).with_name("products.objc"))
SIZES = {"batch": 7, "N": 7, "B": 7, "M": 5, "K": 5, "D": 4, "H": 3}
BATCHED = {
    "layer": {"x", "label"},
    "turned": {"x"},
    "network": {"x", "target"},
}
NAMES = (*BATCHED, "pairs", "gram", "mixed", "views", "scaled")


def derived(name: str) -> Program:
    kernel = getattr(LOSSES, name)
    wrt = tuple(one.name for one in kernel.program.inputs if one.role == "differentiable")
    batched = frozenset(BATCHED.get(name, ()))
    return derive(kernel.program, Variant(("value", "gradient"), wrt, batched, False))


def drawn(program: Program) -> dict[str, Any]:
    rng = np.random.default_rng(2)
    found: dict[str, Any] = {}
    for one in program.inputs:
        shape = [SIZES[d.name] if d.size is None else d.size for d in one.dimensions]
        if one.role == "internal":
            found[one.name] = 0.25
        elif one.domain.is_integer:
            found[one.name] = rng.integers(SIZES["K"], size=shape)
        else:
            found[one.name] = np.abs(rng.normal(size=shape)) if shape else 0.7
    return found


# -------------------------------------------------------------- in the simulator


@pytest.fixture
def _simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba_cuda")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")


@pytest.mark.usefixtures("_simulated")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.share(1 / 2)
def test_rows_in_blocks_agree_with_the_interpreter(name: str, dtype: DType) -> None:
    """All rows at once, and three blocks of them, the last one short."""
    program = derived(name)
    inputs = drawn(program)
    expected = evaluate(program, inputs)
    emitted = TARGET.emit(program, dtype)
    facts = emitted.metadata["products"]["metadata"]
    (first, *_) = [one for one in facts["steps"] if "items" in one]
    few = 3 * Sized(facts, SIZES).bytes_of_a_row(first)
    for workspace in (1 << 28, few):
        executable = host.OnHost(emitted, 0, Shape(4, 3, tiny=True, workspace=workspace))
        found = run_of(executable, program, inputs, dtype)
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE[dtype])
        (prepared,) = executable.kernel.products.prepared.values()  # type: ignore[union-attr]
        assert {type(one).__name__ for one in prepared.runs} == {"Product", "Run"}


@pytest.mark.usefixtures("_simulated")
@pytest.mark.parametrize("name", ["layer", "network", "pairs", "scaled"])
def test_of_arrays_of_16_bits_the_products_are_of_wider_copies(name: str) -> None:
    """Only what is stored is rounded: the value is as exact as in float32."""
    program = derived(name)
    inputs = {
        key: np.asarray(one, np.float16).astype(float) if np.ndim(one) and key != "label" else one
        for key, one in drawn(program).items()
    }
    emitted = TARGET.emit(program, "float16")
    facts = emitted.metadata["products"]["metadata"]
    few = 3 * max(
        Sized(facts, SIZES).bytes_of_a_row(one) for one in facts["steps"] if "items" in one
    )
    for workspace in (1 << 28, few):
        executable = host.OnHost(emitted, 0, Shape(4, 3, tiny=True, workspace=workspace))
        found = run_of(executable, program, inputs, "float16")
        for key, value in evaluate(program, inputs).items():
            error = {"rtol": 2.0**-11, "atol": 1e-6} if np.ndim(value) else TOLERANCE["float32"]
            np.testing.assert_allclose(found[key], value, err_msg=key, **error)


def test_small_products_are_loops_and_large_ones_the_library_s() -> None:
    emitted = TARGET.emit(derived("pairs"), "float32")
    facts = emitted.metadata["products"]["metadata"]
    assert multiplying.largest(facts, {"B": 100, "D": 30}) == 300_000
    either = host.simulated(emitted)
    sizes = {"B": 100, "D": 30}
    assert either._chosen({}, sizes) is either.plain  # type: ignore[union-attr]
    assert either._chosen({}, {"B": 1000, "D": 30}) is either.products  # type: ignore[union-attr]


def test_what_a_guard_leaves_out_is_not_multiplied_by_zero() -> None:
    """It may be no number, and the library would show that."""
    assert "products" not in TARGET.emit(derived("others"), "float32").metadata


@pytest.mark.usefixtures("_simulated")
def test_what_a_library_is_asked_for_is_told_when_all_sums_have_their_places() -> None:
    """A sum over rows that a step reads which runs once is an array of the call before anybody asks."""
    kernel = objc.compile(SELF).own
    program = derive(
        kernel.program, Variant(("hessian_diagonal",), ("u",), frozenset({"x"}), False)
    )
    loops = in_blocks(program, "float32")
    (blocked,) = [step for step in loops.steps if isinstance(step, Blocked)]
    assert {loops.storage[one.let].kind for one in blocked.reductions} == {"stored"}
    inputs = drawn(program)
    emitted = TARGET.emit(program, "float64")
    assert are_for_library(loops) and "products" in emitted.metadata
    found = run_of(host.OnHost(emitted, 0), program, inputs, "float64")
    for key, value in evaluate(program, inputs).items():
        np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE["float64"])


SELF = """
loss own(x: real[D], u: real[D], v: real[D, D]) = logsumexp[k](sum[d](w[k, d] * x[d]))
    where w[k, d] = v[k, d] + u[d] * v[0, d]
"""


def test_calls_follow_the_rows() -> None:
    """A product that makes a block, the kernel of its rows, and the products of its adjoint; the sum over
    all rows begins with the first block."""
    facts = TARGET.emit(derived("pairs"), "float32").metadata["products"]["metadata"]
    sized = Sized(facts, {"B": 300, "D": 16}, Shape(workspace=150 * 300 * 4 * 2))
    kinds = [type(one) for one in sized.launches]
    assert kinds == [Launch, *[Multiply, Launch, Multiply, Multiply] * 3, Launch]
    products = [one for one in sized.launches if isinstance(one, Multiply)]
    assert [one.rows for one in products[::3]] == [128, 128, 44]
    assert [one.adds for one in products] == [False] * 5 + [True] + [False] * 2 + [True]
    again = Sized(facts, {"B": 300, "D": 16}, Shape(workspace=150 * 300 * 4 * 2))
    assert again.launches == sized.launches


# -------------------------------------------------------------- the library


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    path = tmp_path_factory.mktemp("cublas") / "libcublas.so"
    source = Path(__file__).with_name("cublas.c")
    flags = ["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *flags, "-o", path, source], check=True)
    yield ctypes.CDLL(str(path))


@pytest.mark.usefixtures("_simulated")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["layer", "turned", "pairs", "mixed"])
def test_the_library_is_asked_for_the_right_product(
    name: str, dtype: DType, library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its matrices have their columns one after the other, and its own order of arguments."""
    found = multiplying.Products(library)
    monkeypatch.setattr(host.Device, "products", lambda self: found)
    program = derived(name)
    inputs = drawn(program)
    executable = host.OnHost(TARGET.emit(program, dtype), 0)
    results = run_of(executable, program, inputs, dtype)
    for key, value in evaluate(program, inputs).items():
        np.testing.assert_allclose(results[key], value, err_msg=key, **TOLERANCE[dtype])
    assert ctypes.c_int.in_dll(library, "exact").value == 1


def test_streams_share_a_handle_and_work_in_memory_of_the_call(library: Any) -> None:
    """The library that stands for cuBLAS refuses a product without such memory on its stream."""
    found = multiplying.Products(library)
    before = ctypes.c_int.in_dll(library, "handles").value
    array = np.zeros((4, 4), np.float32)
    place = array.ctypes.data
    whole = multiplying.Matrix(0, 4, False)
    one = Multiply("float32", 4, 4, 4, whole, whole, whole, False, (), ())
    for stream in (7, 9, 7):
        found.multiply(1, one, [place] * 3, stream, place)
    assert ctypes.c_int.in_dll(library, "handles").value == before + 1
    assert ctypes.c_int.in_dll(library, "streams").value >= 16
    short = multiplying.Matrix(0, 3, False)
    wrong = Multiply("float32", 4, 4, 4, short, whole, whole, False, (), ())
    with pytest.raises(multiplying.CublasError, match="cublasSgemm_v2: status 7"):
        found.multiply(1, wrong, [place] * 3, 7, place)


def test_without_the_library_products_are_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiplying, "_LIBRARIES", ("libcublas_that_is_not_there.so",) * 4)
    multiplying.products.cache_clear()
    assert multiplying.products() is None
    multiplying.products.cache_clear()
    monkeypatch.setattr(host.Device, "products", lambda self: None)
    either = host.simulated(TARGET.emit(derived("pairs"), "float32"), 0)
    assert either._chosen({}, {"B": 1000, "D": 30}) is either.plain  # type: ignore[union-attr]
