"""The library target: the CPU target's numbers, the same bits in one thread or many, and a status for
whatever is wrong with a call."""

from __future__ import annotations

import ctypes
import functools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from objc.targets.cpu import division, driver
from objc.targets.library.calling import Function, Record
from objc.targets.library.compiling import NATIVE
from objc.targets.library.files import emit, members
from objc.targets.library.interface import Interface
from objc.targets.library.linking import linked
from objc.targets.library.objects import object_files, vector_bits
from objc.targets.library.status import Status

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.errors import ObjcError
from objc.ir.index import BATCH
from objc.ir.program import Program
from objc.source import Source
from objc.target import IndexOutOfRange, load

from .. import programs
from . import running

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler to link")
CASES = {case.name: case for case in programs.all_cases()}
LIBRARY = load("library")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["huber", "softmax_label", "pairs", "network", "gather_in_loop"])
def test_the_numbers_of_the_cpu_target(name: str, dtype: str, monkeypatch: Any) -> None:
    program, inputs = running.given(CASES[name], "value_and_grad")
    expected = running.run(program, inputs, dtype)
    monkeypatch.setattr(running, "TARGET", LIBRARY)
    found = running.run(program, inputs, dtype)
    assert set(found) == set(expected)
    closely = {"rtol": 8 * np.finfo(dtype).eps, "atol": np.finfo(dtype).eps}
    for key, value in expected.items():  # sums may be vectorised otherwise
        np.testing.assert_allclose(found[key], value, err_msg=key, **closely)


def test_two_results_that_are_one_tensor() -> None:
    """∂/∂a and ∂/∂b of a function of a + b are shared by the compiler, and both are written."""
    text = "loss both(a: real, b: real) = log(1 + exp(a + b))"
    program = lower(parse(Source("t", text))).programs["both"]
    derived = derive(
        program, Variant(("value", "gradient"), ("a", "b"), frozenset({"a", "b"}))
    )  # fmt: skip
    assert len(set(derived.outputs.values())) < len(derived.outputs), "the case is about sharing"
    a, b = np.array([0.5, -1.0]), np.array([1.0, 3.0])
    results = {f"gradient:{one}": np.full(2, np.nan) for one in "ab"}
    run = LIBRARY.load(LIBRARY.emit(derived, "float64"))
    scale = next(one.name for one in derived.inputs if one.role == "internal")
    found = run({"a": a, "b": b, scale: 1.0}, {"batch": 2}, results)
    slope = 1 / (1 + np.exp(-(a + b)))
    np.testing.assert_allclose(results["gradient:a"], slope, rtol=1e-14)
    np.testing.assert_array_equal(results["gradient:a"], results["gradient:b"])
    assert found["value"] == pytest.approx(np.logaddexp(0, a + b).sum(), rel=1e-14)


BOTH = """
loss layer(x: real[D], matrix: real[K, D] | label: index(K)) = logsumexp(z) - z[label]
    where z[k] = sum[d](matrix[k, d] * x[d])
loss near(x: real[D], matrix: real[K, D] | label: index(K)) = logsumexp(z) - z[label]
    where z[k] = -sqrt(sum[d]((matrix[k, d] - x[d])^2))
loss cross_entropy(logits: real[K] | label: index(K)) = logsumexp(logits) - logits[label]
"""


@functools.cache
def _both(target: str) -> Any:
    """One object of each type serves rows of any length."""
    return objc.compile(BOTH, target=target)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("columns", [3, 70])
def test_products_and_rows_side_by_side(columns: int, dtype: str) -> None:
    """Blocks of rows, and both forms of a function, of which the sizes choose, in one object."""
    drawn = np.random.default_rng(3)
    x, matrix = drawn.normal(size=(250, 7)).astype(dtype), drawn.normal(size=(columns, 7))
    scores, label = drawn.normal(size=(250, columns)), drawn.integers(columns, size=250)
    weight = drawn.integers(3, size=250)
    given = {
        "layer": (x, matrix.astype(dtype), label),
        "near": (x, matrix.astype(dtype), label),
        "cross_entropy": (scores.astype(dtype), label),
    }
    closely = {"rtol": 20 * np.finfo(dtype).eps, "atol": np.finfo(dtype).eps}
    for name, arguments in given.items():
        modules = [_both(target) for target in ("library", "cpu")]
        found, expected = (
            _parts(getattr(one, name).value_and_grad(*arguments, weight=weight)) for one in modules
        )
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, **closely)
        bad = label.copy()
        bad[120] = columns
        with pytest.raises(objc.InputError, match=r"label.*120"):
            getattr(modules[0], name)(*arguments[:-1], bad)


def _parts(result: Any) -> list[Any]:
    value, gradient = result
    return [value, *(gradient if isinstance(gradient, tuple) else (gradient,))]


class Opened:
    """A kernel's functions as C sees them; its examples come so many `times`."""

    def __init__(self, name: str, folder: Path, dtype: Any = "float64", times: int = 1) -> None:
        self.program, inputs = running.given(CASES[name], "value_and_grad")
        for one in self.program.inputs:
            if one.dimensions and one.dimensions[0] == BATCH:
                held = np.asarray(inputs[one.name])
                inputs[one.name] = np.resize(held, (len(held) * times, *held.shape[1:]))
        emitted = emit(self.program, dtype)
        self.interface = Interface.from_data(emitted.metadata["interface"])
        self.steps = len(emitted.metadata["steps"])
        codes = object_files([(emitted.text, self.interface, emitted.metadata)], NATIVE, "a mark")
        place = folder / "kernel.so"
        place.write_bytes(linked(codes, place.name))
        assert b"a mark" in place.read_bytes()
        parameters = [(one.kind, one.key, one.element) for one in self.interface.parameters]
        library = ctypes.CDLL(str(place))
        self.call = Function(library, "objc_kernel", parameters, self.steps, IndexOutOfRange)
        self.arrays: list[np.ndarray[Any, Any]] = []
        self.given, self.results = self._given(self.program, inputs)
        self.sizes = self.given[: len(self.interface.of("size"))]

    def _given(
        self, program: Program, inputs: dict[str, Any]
    ) -> tuple[list[Any], dict[str, np.ndarray[Any, Any]]]:
        sizes: dict[str, int] = {}
        held = {one.name: np.asarray(inputs.get(one.name, one.default)) for one in program.inputs}
        for one in program.inputs:
            sizes |= {d.name: n for d, n in zip(one.dimensions, held[one.name].shape, strict=True)}
        given: list[Any] = []
        results = {}
        for one in self.interface.parameters:
            if one.kind == "size":
                given.append(sizes[one.key])
            elif one.kind in ("number", "integer"):
                given.append(held[one.key].item())
            elif one.kind == "array":
                array = np.ascontiguousarray(held[one.key], one.element)
                self.arrays.append(array)
                given.append(array.ctypes.data)
            else:
                shape = [sizes[size] if isinstance(size, str) else size for size in one.shape]
                results[one.key] = np.full(shape, 7, one.element)
                given.append(results[one.key].ctypes.data)
        return given, results

    def whole(self, given: list[Any] | None = None) -> tuple[int, Record]:
        error = Record()
        return self.call.whole(*(given or self.given), ctypes.byref(error)), error

    def at(self, kind: str, key: str) -> int:
        """The place of a parameter."""
        return next(
            n
            for n, one in enumerate(self.interface.parameters)
            if (one.kind, one.key) == (kind, key)
        )

    def replaced(self, kind: str, key: str, value: Any) -> list[Any]:
        given = list(self.given)
        given[self.at(kind, key)] = value
        return given


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kernels of many chunks."""
    monkeypatch.setattr(division, "CHUNK", 40)
    yield


@pytest.mark.parametrize("name", ["softmax_label", "network"])
def test_chunks_in_any_order_give_the_bits_of_the_whole(
    name: str, tmp_path: Path, small: None
) -> None:
    kernel = Opened(name, tmp_path, times=100)
    status, _ = kernel.whole()
    assert status == Status.OK
    expected = {key: array.copy() for key, array in kernel.results.items()}
    call = kernel.call
    workspace = np.full(call.workspace(*kernel.sizes) // 8 + 1, -1)
    scratch = np.full(call.scratch(*kernel.sizes) // 8 + 1, -1)
    for array in kernel.results.values():
        array[...] = 7
    assert call.begin(*kernel.given, workspace.ctypes.data, None) == 0
    divided = 0
    for step in range(kernel.steps):
        count = call.chunks(step, *kernel.sizes)
        divided = max(divided, count)
        for number, chunk in enumerate(reversed(range(count))):
            own = scratch.ctypes.data if number % 2 else None
            assert call.run(workspace.ctypes.data, step, chunk, chunk + 1, own) == 0
        assert (
            call.run(workspace.ctypes.data, step, count, count, None) == 0
        )  # nothing is asked for
        for first, last in ((count, count + 1), (0, count + 1), (1, 0), (-1, 0), (9, 5)):
            wrong = call.run(workspace.ctypes.data, step, first, last, None)
            assert wrong == Status.INVALID_STEP, (step, first, last)
    for step in (-1, kernel.steps):
        assert call.chunks(step, *kernel.sizes) == -Status.INVALID_STEP
        assert call.run(workspace.ctypes.data, step, 0, 1, None) == Status.INVALID_STEP
    assert divided > 1
    assert call.end(workspace.ctypes.data, None) == 0
    for key, value in expected.items():
        np.testing.assert_array_equal(kernel.results[key], value, err_msg=key)


def test_threads_change_nothing(tmp_path: Path, small: None) -> None:
    kernel = Opened("softmax_label", tmp_path, times=100)
    kernel.whole()
    expected = {key: array.copy() for key, array in kernel.results.items()}
    driver.set_threads(3)
    try:
        assert kernel.call._call(kernel.given, Record()) == 0
    finally:
        driver.set_threads(None)
    for key, value in expected.items():
        np.testing.assert_array_equal(kernel.results[key], value, err_msg=key)


@pytest.mark.parametrize("bad", [-1, 99, 2**62, -(2**63)])
def test_a_bad_index_is_told_as_the_cpu_target_tells_it(bad: int, monkeypatch: Any) -> None:
    program, inputs = running.given(CASES["softmax_label"], "value_and_grad")
    label = next(one.name for one in program.inputs if one.domain.is_integer)
    inputs[label] = np.array(inputs[label])
    inputs[label][1] = bad
    with pytest.raises(IndexOutOfRange) as expected:
        running.run(program, inputs, "float64")
    monkeypatch.setattr(running, "TARGET", LIBRARY)
    with pytest.raises(IndexOutOfRange) as found:
        running.run(program, inputs, "float64")
    assert found.value == expected.value


def test_statuses(tmp_path: Path) -> None:
    kernel = Opened("huber", tmp_path)
    batch, array = "batch", kernel.interface.of("array")[0].key
    status, error = kernel.whole(kernel.replaced("size", batch, -1))
    assert (status, error.name) == (Status.INVALID_SIZE, b"batch")
    status, error = kernel.whole(kernel.replaced("array", array, None))
    assert (status, error.name) == (Status.MISSING_ARRAY, array.encode())
    result = kernel.interface.of("result")[0]
    status, error = kernel.whole(kernel.replaced("result", result.key, None))
    assert result.name.startswith("d_")  # as the header has it
    assert (status, error.name) == (Status.MISSING_ARRAY, result.name.encode())
    for bad in (0.0, -1.0, np.nan, np.inf):
        status, error = kernel.whole(kernel.replaced("number", "delta", bad))
        assert (status, error.name) == (Status.OUTSIDE_DOMAIN, b"delta")
    assert kernel.call.whole(*kernel.replaced("number", "delta", -1.0), None) == 4
    status, _ = kernel.whole(kernel.replaced("scalar", "value", None))
    assert status == Status.OK  # a number that nobody wants
    call = kernel.call
    assert call.workspace(-5) == -Status.INVALID_SIZE
    workspace = np.zeros(call.workspace(*kernel.sizes) // 8 + 1, np.int64)
    assert call.begin(*kernel.given, workspace.ctypes.data, None) == 0
    for step, first in ((-1, 0), (kernel.steps, 0), (0, -1)):
        assert call.run(workspace.ctypes.data, step, first, 1, None) == Status.INVALID_STEP


@pytest.mark.parametrize("name", ["huber", "softmax_label"])
def test_a_workspace_that_is_not_there(name: str, tmp_path: Path) -> None:
    """As malloc gives it back where there is no memory."""
    kernel = Opened(name, tmp_path)
    call = kernel.call
    for part, arguments in ((call.begin, kernel.given), (call.end, ())):
        error = Record()
        assert part(*arguments, None, ctypes.byref(error)) == Status.MISSING_ARRAY
        assert error.name == b"workspace"
    assert call.run(None, 0, 0, 1, None) == Status.MISSING_ARRAY


def test_letters_of_symbols() -> None:
    """Those of C's own are kept, whatever comes before; others lose their accents or are spelled out."""
    text = "".join(
        f"loss {name}(x: real[N] | y: real[N]) = sum[n]((x[n] - y[n])^2)\n"
        for name in ("α_β", "été", "alpha_beta")
    )
    programs = lower(parse(Source("letters", text))).programs.values()
    found = members(
        [(one, {"value": derive(one, Variant(("value",)))}) for one in programs], "float64", "m"
    )
    symbols = [one.interface.symbol for one in found]
    assert symbols == ["m_alpha_beta_2", "m_ete", "m_alpha_beta"]


def test_sizes_beyond_any_memory(tmp_path: Path) -> None:
    """A product of sizes that would wrap around is no small workspace."""
    kernel = Opened("network", tmp_path)
    huge = [2**60] * len(kernel.sizes)
    assert kernel.call.scratch(*huge) == -Status.OUT_OF_MEMORY
    assert kernel.call.workspace(*huge) == -Status.OUT_OF_MEMORY
    assert kernel.call.chunks(0, *huge) == -Status.OUT_OF_MEMORY
    status, _ = kernel.whole([*huge, *kernel.given[len(huge) :]])
    assert status == Status.OUT_OF_MEMORY


def test_a_batch_beyond_any_memory(tmp_path: Path) -> None:
    """Where nothing but the caller's arrays is as long."""
    kernel = Opened("huber", tmp_path)
    status, _ = kernel.whole(kernel.replaced("size", "batch", 2**63 - 1))
    assert status == Status.OUT_OF_MEMORY


def test_an_empty_batch(tmp_path: Path) -> None:
    kernel = Opened("huber", tmp_path)
    given = kernel.replaced("size", "batch", 0)
    for one in kernel.interface.of("array", "result"):
        given[kernel.at(one.kind, one.key)] = None
    assert kernel.whole(given)[0] == Status.OK
    assert kernel.results["value"] == 0


def test_processors_are_as_wide_as_they_are() -> None:
    object_files([], NATIVE, "")
    widths = [vector_bits(one) for one in ("x86-64-v2", "x86-64-v3", "x86-64-v4", "znver4")]
    assert widths == [128, 256, 512, 512]


@pytest.mark.parametrize("name", ["x86-64-v5", "", "pentium 9"])
def test_unknown_processors_are_refused(name: str) -> None:
    with pytest.raises(ObjcError, match=r"E0330.*no processor is called"):
        object_files([], name, "")


def test_without_a_linker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler -x")
    with pytest.raises(ObjcError, match=r"E0331[\s\S]*tried `no-such-compiler`"):
        linked([b""], "kernel.so")
    monkeypatch.setenv("CC", "false")
    with pytest.raises(ObjcError, match=r"(?s)E0332.*`false` failed.*status 1"):
        linked([b""], "kernel.so")


def test_a_dimension_an_input_and_a_result_may_have_one_name() -> None:
    text = """
    loss second(x: real[B] | value: real; batch: positive = 2) = sum[i](x[i]^2) * value * batch
    loss third(value: real | y: real) = (value - y)^2
    """
    module = objc.compile(text, target="library")
    value, gradient = module.second.value_and_grad(np.ones(3), 2.0, batch=5.0)
    assert value == 30.0
    np.testing.assert_array_equal(gradient, [20.0] * 3)
    value, gradient = module.third.value_and_grad(np.full(4, 3.0), np.ones(4))
    assert value == 4.0
    np.testing.assert_array_equal(gradient, [1.0] * 4)
