"""Calls of the CUDA target as if on a device: what stays there, what is taken, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from objc.targets.cuda import arrays

import objc
from objc.errors import InputError

from .pretended import LABEL, LOGITS, TEXT, Brief, Owned, Pretended, held_by
from .running import TOLERANCE


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


def test_a_value_is_a_number_where_it_is_read_and_an_array_where_it_stays(
    losses: Any, device: Pretended
) -> None:
    x, y = np.array([1.0, 3.0]), np.zeros(2)
    value = losses.squared(Owned(x), Owned(y))
    held = arrays.adopt(value)
    assert held is not None and (held.shape, held.kind) == ((), "float64")
    assert device.fetched(held.pointer, 8, 0) == np.float64(2.5).tobytes()
    device.fetches = 0
    expected = losses.squared(Owned(x), Owned(y))
    assert value == float(value) == value.item() and value == expected and value != 1
    assert value < 3 and min(2.75, value) is value and round(value, 0) == 2
    assert 1 - value == -1.5 and value / 2 == 1.25 and -abs(value) == -2.5
    assert np.asarray(value).dtype == np.float64 and np.log(value) == np.log(2.5)
    assert hash(value) == hash(2.5) and bool(value) and {value: 1}[expected] == 1
    assert device.fetches == 2


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


@pytest.mark.parametrize(
    ("wrong", "said"), [(-1.0, "-1"), (np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")]
)
def test_a_number_that_is_no_weight_is_told_when_the_value_is_read(
    wrong: float, said: str, losses: Any, device: Pretended
) -> None:
    """By what it is and where, as on the host; of any number of them one."""
    weight = np.ones((2, 3))
    weight[1, 2] = wrong
    logits = LOGITS.astype(float)
    for reduction in ("mean", "sum"):
        value, _ = losses.focal.value_and_grad(
            Owned(logits), Owned(LABEL), weight=Owned(weight), reduction=reduction
        )
        with pytest.raises(
            InputError, match=rf"E0416.*`weight` is {said} at \[1, 2\], and must be"
        ):
            float(value)


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
        kept = np.where(mask.array != 0, whole, 0)
        return Owned(np.where(mask.array > 1, -np.inf, kept).astype(kind))

    monkeypatch.setattr(arrays.Plain, "masked", masked)
    kept = x[mask != 0]
    value = losses.squared(*given, mask=Owned(mask))
    assert float(value) == pytest.approx((kept**2).mean() / 2)
    value = losses.squared(*given, mask=Owned(mask), weight=Owned(weight))
    heavy = weight[mask != 0]
    monkeypatch.setattr(Owned, "__getitem__", lambda self, place: self.array[place], raising=False)
    doubled = losses.squared(*given, mask=Owned(mask * 2))
    with pytest.raises(InputError, match=r"E0416.*`mask` is 2 at \[\d\], and must be 0 or 1"):
        float(doubled)
    assert float(value) == pytest.approx((heavy * kept**2).sum() / heavy.sum() / 2)


def test_a_mask_of_pytorch_s_is_weights() -> None:
    import torch

    framework = arrays.Torch(torch.device("cpu"))
    mask = torch.tensor([True, False, True])
    assert framework.masked(mask, None, "float32").tolist() == [1, 0, 1]
    weight = torch.tensor([2.0, torch.nan, 3.0], dtype=torch.bfloat16)
    found = framework.masked(mask.long(), weight, "bfloat16")
    assert (found.tolist(), found.dtype) == ([2, 0, 3], torch.bfloat16)
    assert framework.masked(mask * 2, None, "float32").tolist() == [-np.inf, 0, -np.inf]


def test_what_does_not_fit_is_named(losses: Any, device: Pretended) -> None:
    x = np.arange(6.0)
    with pytest.raises(InputError, match=r"E0440.*`target` is a ndarray on the host"):
        losses.squared(Owned(x), x)
    with pytest.raises(InputError, match=r"E0441.*`target` is a view"):
        losses.squared(Owned(x), Owned(np.arange(12.0)[::2]))
    with pytest.raises(InputError, match=r"E0441.*`label` is of type float32"):
        losses.focal(Owned(LOGITS), Owned(LABEL.astype(np.float32)))
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


@pytest.mark.parametrize("name", ["focal", "ordinal"])
def test_where_no_value_is_asked_for_a_label_out_of_range_is_seen_in_the_gradient(
    name: str, losses: Any, device: Pretended
) -> None:
    """Whether the label is read at, or only compared with: rows that look right would be believed."""
    label = LABEL.copy()
    kernel = getattr(losses, name)
    fine = kernel.gradient(Owned(LOGITS), Owned(label)).fetch()
    np.testing.assert_allclose(
        fine, getattr(objc.compile(TEXT), name).gradient(LOGITS, label), rtol=1e-5
    )
    label[1, 1] = 4
    assert np.isnan(kernel.gradient(Owned(LOGITS), Owned(label)).fetch()[1, 1]).all()
    weight = np.full((2, 3), -1, np.float32)
    found = kernel.gradient(Owned(LOGITS), Owned(LABEL), weight=Owned(weight)).fetch()
    assert np.isnan(found).all()


@pytest.mark.parametrize(
    "kind", ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16"]
)
def test_arrays_are_met_by_dlpack(kind: str) -> None:
    """In the order of the default stream: a consumer that asks for no other gets them so."""
    import torch

    held = torch.zeros((3, 2), dtype=getattr(torch, kind))

    class Lent:
        """An array of somebody's that is on the device and has nothing else to say it with."""

        def __dlpack__(self) -> Any:
            return held.__dlpack__()

        def __dlpack_device__(self) -> tuple[int, int]:
            return 2, 0

    found = arrays.adopt(Lent())
    assert found is not None
    assert (found.shape, found.kind, found.contiguous) == ((3, 2), kind, True)
    assert found.pointer == held.data_ptr()
    assert found.framework.names and found.framework.stream() == 0


def test_arrays_are_met_by_what_they_offer() -> None:
    held = arrays.adopt(Owned(LOGITS))
    assert held is not None
    assert (held.shape, held.kind, held.contiguous) == ((2, 3, 4), "float32", True)
    turned = arrays.adopt(Owned(LOGITS.transpose(2, 0, 1)))
    assert turned is not None
    assert not turned.contiguous
    assert all(arrays.adopt(one) is None for one in (LOGITS, 1.0, [1.0], "text", None))


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
