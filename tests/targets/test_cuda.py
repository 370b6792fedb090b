"""The CUDA target without a device: how steps are shared, what is launched, and calls as if on one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from objc.targets.cuda import arrays, host, loading, ptx
from objc.targets.cuda.launching import Shape, Sized

import objc
from objc.compiler import Variant, derive
from objc.errors import InputError, ObjcError
from objc.ir.evaluate import evaluate
from objc.target import load

from .. import programs
from .running import TOLERANCE, given

TARGET = load("cuda")
TEXT = """
loss focal(logits: real[K] | label: index(K); gamma: nonnegative = 2) =
    -(1 - p)^gamma * log(p)
    where p = softmax(logits)[label]

loss squared(prediction: real | target: real) = (prediction - target)^2 / 2

loss ordinal(score: real[K] | label: index(K)) = sum[k | k > label](softplus(score[k]))
"""


# -------------------------------------------------------------- constructs


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("numba_cuda")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    yield


CASES = {case.program.name: case for case in programs.all_cases()}


LONG = ("chain", "warped", "aligned", "gated")
"""Recurrences whose second derivatives take seconds; that of `recurrent` is made each time."""


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("name", CASES)
def test_constructs_agree_with_the_interpreter(name: str) -> None:
    """Guards, gathers, scatters, ties, counts, recurrences."""
    agrees(name, "value_and_grad", "float64")


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=pytest.mark.slow if one in LONG else []) for one in CASES],
)
def test_second_derivatives_agree_with_the_interpreter(name: str) -> None:
    agrees(name, "hessian_diagonal", "float32")


def agrees(name: str, what: str, dtype: str) -> None:
    try:
        program, inputs = given(CASES[name], what)
    except ObjcError:  # a metric has no gradient
        program, inputs = given(CASES[name], "per_example")
    found = run(program, inputs, dtype)
    for key, value in evaluate(program, inputs).items():
        np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE[dtype])


def run(program: Any, inputs: dict[str, Any], dtype: Any) -> dict[str, Any]:
    sizes: dict[str, int] = {}
    arguments: dict[str, Any] = {}
    for one in program.inputs:
        value = np.asarray(inputs.get(one.name, one.default))
        sizes |= {d.name: n for d, n in zip(one.dimensions, value.shape, strict=True)}
        kind = np.int64 if one.domain.is_integer else np.dtype(dtype)
        number = int if one.domain.is_integer else float
        arguments[one.name] = np.ascontiguousarray(value, kind) if value.ndim else number(value)
    results = {}
    for key, name in program.outputs.items():
        let = program.let[name]
        if let.free:
            shape = [sizes.get(one.name, one.size) for one in let.dimensions]
            results[key] = np.full(shape, -77, np.int64 if let.domain.is_integer else dtype)
    return {**host.OnHost(TARGET.emit(program, dtype))(arguments, sizes, results), **results}


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_row_that_another_step_reads_is_not_kept_by_its_team_alone(dtype: str) -> None:
    """The gradient of a square of a sum over rows waits for the sum, and reads the exponentials again."""
    kernel = objc.compile("loss f(x: real[N, K]) = sum[i](logsumexp[k](x[i, k]))^2").f
    program = derive(kernel.program, Variant(("value", "gradient"), ("x",), frozenset(), False))
    inputs = {"x": np.random.default_rng(0).normal(size=(5, 8))}
    found = run(program, inputs, dtype)
    for key, value in evaluate(program, inputs).items():
        np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE[dtype])


@pytest.mark.usefixtures("simulated")
def test_a_place_is_chosen_over_all_blocks() -> None:
    """The greatest of all rows, which several blocks go over, and its place."""
    kernel = objc.compile("metric f(x: real[N] | y: real[N]) = y[argmax[i](x[i])]").f
    program = derive(kernel.program, Variant(("value",), (), frozenset(), False))
    rng = np.random.default_rng(1)
    inputs = {"x": rng.normal(size=30), "y": rng.normal(size=30)}
    assert run(program, inputs, "float32")["value"] == pytest.approx(
        inputs["y"][inputs["x"].argmax()], rel=1e-6
    )
    assert ".entry" in ptx.compiled(TARGET.emit(program, "float32").text, "sm_90")


# -------------------------------------------------------------- launches


def sized(name: str, batch: int, **sizes: int) -> Sized:
    kernel = getattr(objc.compile(TEXT), name)
    facts = TARGET.emit(kernel.gradient_program, "float32").metadata
    return Sized(facts, {"batch": batch, **sizes})


def test_rows_are_done_by_threads_warps_or_blocks_by_their_length() -> None:
    modes = {
        rows: sized("focal", batch, K=rows).launches[0].name.rpartition("_")[2]
        for rows, batch in ((10, 100_000), (1000, 10_000), (32_000, 2048))
    }
    assert modes == {10: "thread", 1000: "warp", 32_000: "block"}


def test_launches_are_a_function_of_the_sizes_alone() -> None:
    first, second = sized("focal", 5000, K=300), sized("focal", 5000, K=300)
    assert first.launches == second.launches
    assert first.bytes == second.bytes


def test_what_blocks_keep_is_bounded() -> None:
    text = "loss linear(| x: real[D], y: real; learn w: real[D]) = (sum[d](w[d] * x[d]) - y)^2"
    program = objc.compile(text).linear.gradient_program
    facts = TARGET.emit(program, "float32").metadata
    large = Sized(facts, {"batch": 1 << 20, "D": 1 << 20})
    assert large.bytes < 3 << 28
    assert large.launches[0].blocks < 100
    assert Sized(facts, {"batch": 1 << 20, "D": 10}).launches[0].blocks > 100


# -------------------------------------------------------------- calls as if on a device


class Owned:
    """An array of somebody's that says that it is on the device."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        found = dict(self.array.__array_interface__)
        return {**found, "version": 3, "stream": 1}


class Pretended(host.Device):
    """The simulator, with memory to give away."""

    def __init__(self) -> None:
        self.held: dict[int, Any] = {}
        self.fetches = 0

    def allocate(self, count: int, stream: int) -> int:
        array = np.full(count // 8 + 1, -1, np.int64)
        self.held[array.ctypes.data] = array
        return int(array.ctypes.data)

    def free(self, pointer: int, stream: int) -> None:
        del self.held[pointer]

    def fetched(self, pointer: int, count: int, stream: int) -> bytes:
        self.fetches += 1
        return super().fetched(pointer, count, stream)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    """A device whose memory is the host's."""
    found = Pretended()

    def on_device(emitted: Any) -> Any:
        kernel = host.simulated(emitted)
        kernel.device = lambda: found
        return kernel

    monkeypatch.setattr(loading, "_on_device", on_device)
    monkeypatch.setattr(arrays, "driver", lambda: found)
    return found


@pytest.fixture(scope="module")
def losses() -> Any:
    return objc.compile(TEXT, target="cuda")


LOGITS = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
LABEL = np.array([[0, 3, 1], [2, 2, 0]])


def test_results_stay_on_the_device_until_they_are_read(losses: Any, device: Pretended) -> None:
    value, gradient = losses.focal.value_and_grad(Owned(LOGITS), Owned(LABEL), gamma=1.5)
    assert device.fetches == 0
    expected, slope = objc.compile(TEXT).focal.value_and_grad(LOGITS, LABEL, gamma=1.5)
    assert float(value) == pytest.approx(expected, rel=1e-6)
    assert f"{value:.3f}" == f"{expected:.3f}"
    assert device.fetches == 1
    assert gradient.shape == LOGITS.shape
    np.testing.assert_allclose(gradient.fetch(), slope, rtol=1e-5, atol=1e-8)
    each = losses.focal.per_example(Owned(LOGITS), Owned(LABEL))
    assert each.shape == LABEL.shape


def test_weights_and_buffers_are_taken_on_the_device(losses: Any, device: Pretended) -> None:
    x, y = np.arange(6.0), np.zeros(6)
    weight, out = np.array([0.0, 1, 2, 3, 4, 5]), np.empty(6)
    given = Owned(x), Owned(y)
    value, gradient = losses.squared.value_and_grad(
        *given, weight=Owned(weight), reduction="sum", out=(held := Owned(out))
    )
    assert float(value) == (weight * x**2 / 2).sum()
    assert gradient is held
    np.testing.assert_array_equal(out, weight * x)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_weighted_mean_is_divided_on_the_device(
    losses: Any, device: Pretended, dtype: str
) -> None:
    """By the sum of the weights; what weighs nothing is left out, whatever it holds."""
    host = objc.compile(TEXT)
    rng = np.random.default_rng(3)
    logits, label = rng.normal(size=(7, 4)).astype(dtype), rng.integers(4, size=7)
    weight = np.array([0.5, 0, 2, 1, 0, 3, 1.25]).astype(dtype)
    logits[1], label[1], logits[4] = np.nan, 9, np.inf
    for name in ("focal", "ordinal"):
        kernel = getattr(losses, name)
        value, slope = kernel.value_and_grad(Owned(logits), Owned(label), weight=Owned(weight))
        assert device.fetches == 0
        expected, near = getattr(host, name).value_and_grad(logits, label, weight=weight)
        assert float(value) == pytest.approx(expected, rel=1e-6 if dtype == "float32" else 1e-13)
        np.testing.assert_allclose(slope.fetch(), near, **TOLERANCE[dtype])
        assert not slope.fetch()[[1, 4]].any()
        device.fetches = 0


def test_where_nothing_weighs_anything_the_value_says_so(losses: Any, device: Pretended) -> None:
    """When it is read, as it does on the host; or it is what the caller says that it shall be."""
    x, y, weight = np.array([1.0, np.nan]), np.zeros(2), np.zeros(2)
    given = Owned(x), Owned(y)
    value, gradient = losses.squared.value_and_grad(*given, weight=Owned(weight))
    with pytest.raises(InputError, match=r"E0413.*every weight is 0"):
        float(value)
    assert not gradient.fetch().any()
    for said, found in (("zero", 0.0), ("nan", np.nan)):
        value = losses.squared(*given, weight=Owned(weight), on_empty=said)
        np.testing.assert_equal(float(value), found)
    none = Owned(np.zeros(0)), Owned(np.zeros(0))
    with pytest.raises(InputError, match="E0413"):
        losses.squared(*none)
    for said, found in (("zero", 0.0), ("nan", np.nan)):
        np.testing.assert_equal(float(losses.squared(*none, on_empty=said)), found)


def test_values_are_weighed_by_a_framework_that_multiplies(
    losses: Any, device: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    x, y, weight = np.array([1.0, np.nan, 3.0]), np.zeros(3), np.array([2.0, 0.0, 1.0])
    given = Owned(x), Owned(y)
    with pytest.raises(InputError, match=r"E0442.*`weight`.*weigh the values yourself"):
        losses.squared(*given, weight=Owned(weight), reduction="none")

    def weighed(self: Any, array: Any, weight: Owned) -> None:
        held = torch.from_numpy(held_by(device, array))
        arrays.Torch(torch.device("cpu")).weighed(held, torch.from_numpy(weight.array))

    monkeypatch.setattr(arrays.Plain, "weighs", True)
    monkeypatch.setattr(arrays.Plain, "weighed", weighed)
    found = losses.squared(*given, weight=Owned(weight), reduction="none")
    assert found.fetch().tolist() == [1.0, 0.0, 4.5]


def held_by(device: Pretended, array: Any) -> NDArray[Any]:
    """The memory of an array on the pretended device."""
    count: int = array.shape[0]
    return device.held[array.pointer].view(np.float64)[:count]


def test_work_follows_the_stream_that_an_array_names() -> None:
    class Streamed(Owned):
        @property
        def __cuda_array_interface__(self) -> dict[str, Any]:
            return {**super().__cuda_array_interface__, "stream": 77}

    held = arrays.adopt(Streamed(LOGITS))
    assert held is not None and held.framework.stream() == 77
    assert arrays.told(Streamed(LOGITS)) != arrays.told(Owned(LOGITS))


def test_masks_are_taken_where_a_framework_has_them(
    losses: Any, device: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = np.arange(6.0), np.zeros(6)
    x[2] = np.nan
    mask, weight = np.array([1.0, 1, 0, 0, 1, 1]), np.arange(6.0)
    given = Owned(x), Owned(y)
    with pytest.raises(InputError, match=r"E0442.*a `weight` of zeros and ones"):
        losses.squared(*given, mask=Owned(mask))
    with pytest.raises(InputError, match=r"E0440.*`mask`"):
        losses.squared(*given, mask=mask)
    with pytest.raises(InputError, match=r"E0441.*`mask` is \(5,\)"):
        losses.squared(*given, mask=Owned(mask[:5].copy()))

    def masked(self: Any, mask: Owned, weight: Owned | None, kind: str) -> Owned:
        whole = 1 if weight is None else weight.array
        return Owned(np.where(mask.array != 0, whole, 0).astype(kind))

    monkeypatch.setattr(arrays.Plain, "masked", masked)
    kept = x[mask != 0]
    value = losses.squared(*given, mask=Owned(mask))
    assert float(value) == pytest.approx((kept**2).mean() / 2)
    value = losses.squared(*given, mask=Owned(mask), weight=Owned(weight))
    heavy = weight[mask != 0]
    assert float(value) == pytest.approx((heavy * kept**2).sum() / heavy.sum() / 2)


def test_a_mask_of_pytorch_s_is_weights() -> None:
    import torch

    framework = arrays.Torch(torch.device("cpu"))
    mask = torch.tensor([True, False, True])
    assert framework.masked(mask, None, "float32").tolist() == [1, 0, 1]
    weight = torch.tensor([2.0, torch.nan, 3.0], dtype=torch.bfloat16)
    found = framework.masked(mask.long(), weight, "bfloat16")
    assert (found.tolist(), found.dtype) == ([2, 0, 3], torch.bfloat16)


def test_what_does_not_fit_is_named(losses: Any, device: Pretended) -> None:
    x = np.arange(6.0)
    with pytest.raises(InputError, match=r"E0440.*`target` is a ndarray on the host"):
        losses.squared(Owned(x), x)
    with pytest.raises(InputError, match=r"E0441.*`target` is a view"):
        losses.squared(Owned(x), Owned(np.arange(12.0)[::2]))
    with pytest.raises(InputError, match=r"E0441.*`label` is of type int32"):
        losses.focal(Owned(LOGITS), Owned(LABEL.astype(np.int32)))
    with pytest.raises(InputError, match="E040"):
        losses.squared(Owned(x), Owned(np.arange(5.0)))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("focal", r"`logits` is read at 4 along axis 0.* \[1, 1\]"),
        ("ordinal", r"`label` is 4 at \[1, 1\]"),
    ],
)
def test_a_label_out_of_range_is_told_when_the_value_is_read(
    name: str, said: str, losses: Any, device: Pretended
) -> None:
    """Whether the label is read at, or only compared with."""
    label = LABEL.copy()
    label[1, 1] = 4
    value = getattr(losses, name)(Owned(LOGITS), Owned(label))
    with pytest.raises(InputError, match=said):
        float(value)


def test_arrays_are_met_by_what_they_offer() -> None:
    held = arrays.adopt(Owned(LOGITS))
    assert held is not None
    assert (held.shape, held.kind, held.contiguous) == ((2, 3, 4), "float32", True)
    turned = arrays.adopt(Owned(LOGITS.transpose(2, 0, 1)))
    assert turned is not None
    assert not turned.contiguous
    assert all(arrays.adopt(one) is None for one in (LOGITS, 1.0, [1.0], "text", None))


# -------------------------------------------------------------- without a device, and PTX


def test_without_a_device_a_call_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from objc.targets.cuda import driver

    def missing() -> None:
        raise driver.NoDriver("the driver shows this process no device")

    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.setattr(driver, "driver", missing)
    kernel = objc.compile(TEXT, target="cuda").squared
    assert "cuda.blockIdx.x" in kernel.source
    with pytest.raises(ObjcError, match=r"E0352.*shows this process no device"):
        kernel(np.zeros(3), np.zeros(3))


def test_an_unknown_architecture_is_named() -> None:
    with pytest.raises(ObjcError, match=r"E0350.*`sm_91`"):
        ptx.compiled("", "sm_91")
    assert ptx.nearest((9, 0)) == "sm_90"
    assert ptx.nearest((8, 7)) == "sm_87"
    assert ptx.nearest((13, 0)) == "sm_121"


def test_without_libdevice_its_functions_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ptx, "libdevice", lambda: None)
    text = "loss wave(x: real; c: positive = 1) = erf(x)^2 + abs(x)^c"
    program = objc.compile(text).wave.gradient_program
    with pytest.raises(ObjcError, match=r"E0351.*takes `erff`, `powf` from"):
        ptx.compiled(TARGET.emit(program, "float32").text, "sm_90")


def test_the_error_of_a_sum_is_not_fused_away() -> None:
    """What is added to is never a part of a fused product, nor reassociated."""
    program = objc.compile(TEXT).squared.gradient_program
    found = ptx.compiled(TARGET.emit(program, "float32").text, "sm_90")
    step = found.partition(".entry step_1_thread")[2].partition(".entry")[0]
    assert len(re.findall(r"sub\.rn\.f32", step)) >= 4
    assert not re.findall(r"add\.f32", step)


@pytest.mark.parametrize(("name", "loads", "stores"), [("squared", 2, 1), ("focal", 6, 4)])
def test_four_entries_are_moved_at_once(name: str, loads: int, stores: int) -> None:
    """Where the layout allows it: of float32, with 128 bits."""
    program = getattr(objc.compile(TEXT), name).gradient_program
    found = ptx.compiled(TARGET.emit(program, "float32").text, "sm_90")
    assert len(re.findall(r"ld\.global\.(?:nc\.)?v4\.b32", found)) >= loads
    assert len(re.findall(r"st\.global\.v4\.b32", found)) >= stores


def test_four_at_once_need_sizes_and_addresses_that_allow_it() -> None:
    facts = TARGET.emit(objc.compile(TEXT).focal.gradient_program, "float32").metadata
    functions = {
        (size, aligned): Sized(facts, {"batch": 2048, "K": size}, None, aligned).launches[0].name
        for size in (32_000, 32_001)
        for aligned in (True, False)
    }
    assert functions.pop((32_000, True)) == "step_1_block_four"
    assert set(functions.values()) == {"step_1_block"}


# -------------------------------------------------------------- 16 bits


class Brief(Owned):
    """An array of bfloat16, told as its bits."""

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {**super().__cuda_array_interface__, "typestr": "|V2"}


def test_arrays_of_16_bits_are_taken_alike(losses: Any, device: Pretended) -> None:
    rounded = (LOGITS.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    bits = (rounded.view(np.uint32) >> np.uint32(16)).astype(np.uint16)
    value, gradient = losses.focal.value_and_grad(Brief(bits), Owned(LABEL))
    expected, slope = objc.compile(TEXT).focal.value_and_grad(rounded, LABEL)
    assert float(value) == pytest.approx(expected, rel=1e-6)
    assert gradient.kind == "bfloat16"
    np.testing.assert_allclose(gradient.fetch(), slope, rtol=2.0**-8)
    with pytest.raises(InputError, match=r"E0441.*`target` is of type float64.*reads bfloat16"):
        losses.squared(Brief(bits[0, 0]), Owned(np.zeros(4)))


def test_results_that_are_read_again_are_not_read_rounded() -> None:
    """What each example loses is summed before it is stored."""
    kernel = objc.compile(TEXT).squared
    program = derive(kernel.program, Variant(("value", "per_example"), (), frozenset(INPUTS)))
    text = TARGET.emit(program, "bfloat16").text
    (stored,) = re.findall(
        r"(out_\w+)\[\w+\] = ", text.partition("@kernel")[2].partition("@kernel")[0]
    )
    assert f"{stored}[" in text and not re.findall(rf"= .*{stored}\[", text)


INPUTS = ("prediction", "target")


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_eight_short_entries_are_moved_at_once(kind: Any) -> None:
    program = objc.compile(TEXT).focal.gradient_program
    text = TARGET.emit(program, kind).text
    for architecture in ("sm_80", "sm_90"):
        found = ptx.compiled(text, architecture)
        assert len(re.findall(r"ld\.global\.nc\.v4\.b32", found)) >= 4
        assert len(re.findall(r"st\.global\.v4\.b32", found)) >= 2
        assert f"cvt.rn.{'bf16' if kind == 'bfloat16' else 'f16'}" in found
        assert ".local" not in found
    facts = TARGET.emit(program, kind).metadata
    names = {
        size: Sized(facts, {"batch": 2048, "K": size}, None, True).launches[0].name
        for size in (32_000, 32_004)
    }
    assert names == {32_000: "step_1_block_four", 32_004: "step_1_block"}


# -------------------------------------------------------------- calls made before


def test_calls_of_a_known_kind_look_at_what_hangs_on_the_entries(
    losses: Any, device: Pretended
) -> None:
    """Other entries, other sizes, other numbers, a label out of range, a buffer, an overlap."""
    host = objc.compile(TEXT)
    rng = np.random.default_rng(1)
    for shape, gamma in (((2, 3, 4), 2.0), ((2, 3, 4), 2.0), ((2, 3, 4), 1.5), ((4, 3), 2.0)):
        logits = rng.normal(size=shape).astype(np.float32)
        label = rng.integers(shape[-1], size=shape[:-1])
        value, gradient = losses.focal.value_and_grad(Owned(logits), Owned(label), gamma=gamma)
        expected, slope = host.focal.value_and_grad(logits, label, gamma=gamma)
        assert float(value) == pytest.approx(expected, rel=1e-6)
        np.testing.assert_allclose(gradient.fetch(), slope, rtol=1e-5, atol=1e-8)
    label[-1] = 3
    value, _ = losses.focal.value_and_grad(Owned(logits), Owned(label), gamma=2.0)
    with pytest.raises(InputError, match=r"`logits` is read at 3 along axis 0.* \[3\]"):
        float(value)


def test_buffers_of_a_known_kind_may_not_overlap_the_inputs(losses: Any, device: Pretended) -> None:
    memory = np.arange(12.0)
    x, y, apart = memory[:6], memory[6:], np.empty(6)
    for _ in range(2):
        _, found = losses.squared.value_and_grad(Owned(x), Owned(y), out=(held := Owned(apart)))
        assert found is held
        np.testing.assert_array_equal(apart, (x - y) / 6)
    for place in (x, y, memory[3:9]):
        with pytest.raises(InputError, match=r"shares memory with (prediction|target)"):
            losses.squared.value_and_grad(Owned(x), Owned(y), out=Owned(place))


# -------------------------------------------------------------- rows that are kept


def test_a_row_that_fits_is_read_once_and_what_is_made_of_it_takes_its_place() -> None:
    """The input by the first loop; the exponentials where it was, which nothing reads any more."""
    program = objc.compile(TEXT).focal.gradient_program
    text = TARGET.emit(program, "float32").text
    held = next(one for one in text.split("@kernel") if "def step_1_block_held" in one)
    assert held.count("take(four_in_logits") == 1
    assert held.count("put(out_d_logits[i_n]") == held.count("out_d_logits[i_n],") == 1
    assert "held_1 = rows[" in held and "held_2 = " not in held
    facts = TARGET.emit(program, "float32").metadata
    names = {
        size: Sized(facts, {"batch": 2048, "K": size}, Shape(shared=shared), True).launches[0].name
        for size, shared in ((8192, 40_000), (16_384, 70_000), (16_388, 40_000))
    }
    assert names == {
        8192: "step_1_block_held", 16_384: "step_1_block_held", 16_388: "step_1_block_four",
    }  # fmt: skip
