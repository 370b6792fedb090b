"""What arrays calls take, and in which type they compute."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import objc

RANDOM = np.random.default_rng(3)
Z = RANDOM.normal(size=(6, 4))
LABEL = RANDOM.integers(0, 4, 6)


def forms(z: Any) -> dict[str, Any]:
    """The same numbers in many kinds of array."""
    wide = np.zeros((12, 8), z.dtype)
    wide[::2, ::2] = z
    frozen = z.copy()
    frozen.setflags(write=False)
    return {
        "strided": wide[::2, ::2],
        "backwards": z[::-1].copy()[::-1],
        "fortran": np.asfortranarray(z),
        "read-only": frozen,
        "big-endian": z.astype(z.dtype.newbyteorder(">")),
        "list": z.tolist(),
        "matrix of rows": [np.array(row) for row in z],
        "memory view": memoryview(z),
    }


@pytest.mark.parametrize("form", list(forms(Z)))
def test_forms_of_arrays(module: Any, form: str) -> None:
    expected = module.cross_entropy.value_and_grad(Z, LABEL)
    value, gradient = module.cross_entropy.value_and_grad(forms(Z)[form], LABEL)
    assert value == expected[0]
    np.testing.assert_array_equal(gradient, expected[1])
    assert gradient.dtype == np.float64 and gradient.dtype.isnative


@pytest.mark.parametrize(
    "label",
    [
        LABEL.astype(np.int8),
        LABEL.astype(np.uint64),
        LABEL.astype(">i4"),
        LABEL.astype(np.float32),
        LABEL.tolist(),
        np.stack([LABEL, LABEL], 1)[:, 0],
    ],
    ids=lambda label: str(getattr(label, "dtype", "list")),
)
def test_forms_of_labels(plain: Any, label: Any) -> None:
    assert plain.cross_entropy(Z, label) == plain.cross_entropy(Z, LABEL)


def test_integers_and_booleans_are_numbers(plain: Any) -> None:
    assert plain.huber([0, 1, 5], [True, False, True]) == (0.5 + 0.5 + 3.5) / 3
    assert plain.bernoulli([0.5, 0.5], np.array([True, False])) == -np.log(0.5)


def test_other_libraries_arrays(module: Any) -> None:
    torch = pytest.importorskip("torch")
    expected = module.cross_entropy.gradient(Z, LABEL)
    found = module.cross_entropy.gradient(torch.from_numpy(Z), torch.from_numpy(LABEL))
    assert isinstance(found, np.ndarray)
    np.testing.assert_array_equal(found, expected)
    half = torch.zeros(3, dtype=torch.float16)
    assert module.huber.gradient(half, half).dtype == np.float32
    with pytest.raises(objc.InputError, match="detach"):
        module.huber(torch.zeros(3, requires_grad=True), torch.zeros(3))


def dtype(kernel: Any, *arguments: Any, **keywords: Any) -> str:
    gradient = kernel.gradient(*arguments, **keywords)
    return str(gradient.dtype)


def test_the_type_of_a_run(plain: Any) -> None:
    single, double = np.ones(3, np.float32), np.ones(3)
    half = np.ones(3, np.float16)
    huber = plain.huber
    assert dtype(huber, single, single) == "float32"
    assert dtype(huber, double, double) == "float64"
    assert dtype(huber, single, double) == "float64"
    assert dtype(huber, half, half) == "float32"
    assert dtype(huber, half, double) == "float64"
    assert dtype(huber, single, 1.0) == "float32"
    assert dtype(huber, single, np.float64(1.0)) == "float32"
    assert dtype(huber, single, np.array(1.0)) == "float32"
    assert dtype(huber, single, [1.0, 2.0, 3.0]) == "float32"
    assert dtype(huber, single, np.arange(3)) == "float32"
    assert dtype(huber, single, single, weight=double) == "float32"
    assert dtype(huber, single, single, delta=np.float64(2)) == "float32"
    assert dtype(huber, np.arange(3), np.arange(3)) == "float64"
    assert dtype(huber, 1.0, 2.0) == "float64"
    assert dtype(huber, np.float32(1), np.float32(2)) == "float32"
    assert dtype(huber, np.ones(3, np.longdouble), double) == "float64"
    assert dtype(plain.cross_entropy, Z.astype(np.float32), LABEL) == "float32"


def test_single_precision_sums_are_double(module: Any) -> None:
    x = np.full(300_000, 0.1, np.float32)
    value = module.huber(x, np.zeros_like(x), reduction="sum")
    np.testing.assert_allclose(value, 300_000 * float(np.float32(0.1)) ** 2 / 2, rtol=1e-6)


def test_hyperparameters_take_any_number(plain: Any) -> None:
    x = np.array([0.0, 5.0])
    expected = plain.huber(x, 0.0, delta=2.0)
    for delta in (2, np.float32(2), np.int64(2), np.array(2.0), True + 1):
        assert plain.huber(x, 0.0, delta=delta) == expected
    assert plain.clipped(x, 0.0, low=-3, high=2) == 2.0
    assert plain.clipped(x, 0.0) == 0.5  # the default of high reads no other


@pytest.mark.parametrize("strides", ["contiguous", "strided", "fortran"])
def test_out_receives_the_gradient(module: Any, strides: str) -> None:
    expected = module.cross_entropy.gradient(Z, LABEL)
    out = {
        "contiguous": np.full((6, 4), np.nan),
        "strided": np.full((6, 8), np.nan)[:, ::2],
        "fortran": np.full((4, 6), np.nan).T,
    }[strides]
    _, gradient = module.cross_entropy.value_and_grad(Z, LABEL, out=out)
    assert gradient is out
    np.testing.assert_array_equal(out, expected)
    again = module.cross_entropy.gradient(Z, LABEL, out=out, mask=[1, 0, 1, 0, 1, 1])
    assert again is out and (out[[1, 3]] == 0).all() and (out[0] != 0).all()


def test_out_by_input(plain: Any) -> None:
    a, b, same = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=3), np.ones(4)
    expected = plain.contrast.gradient(a, b, same)
    first, second = np.empty_like(a), np.empty_like(b)
    found = plain.contrast.gradient(a, b, same, out={"a": first, "b": second})
    assert found.a is first and found.b is second
    np.testing.assert_array_equal(first, expected.a)
    np.testing.assert_array_equal(second, expected.b)
    found = plain.contrast.gradient(a, b, same, out=(first, second))
    assert found.a is first
    found = plain.contrast.gradient(a, b, same, out=found)
    assert found.b is second
    partly = plain.contrast.gradient(a, b, same, out={"b": second})
    assert partly.b is second and partly.a is not first
    scalar = np.empty(())
    plain.huber.gradient(0.5, np.zeros(4), out=scalar)
    assert scalar == 0.5


def test_out_of_per_example_values(plain: Any) -> None:
    out = np.empty(6)
    assert plain.cross_entropy.per_example(Z, LABEL, out=out) is out
    plain.cross_entropy(Z, LABEL, reduction="none", out=out, weight=np.full(6, 2.0))
    np.testing.assert_array_equal(out, 2 * plain.cross_entropy.per_example(Z, LABEL))


def test_arguments_are_left_alone(module: Any) -> None:
    z, label, weight = Z.copy(), LABEL.copy(), np.ones(6)
    module.cross_entropy.value_and_grad(z, label, weight=weight)
    np.testing.assert_array_equal(z, Z)
    np.testing.assert_array_equal(label, LABEL)


def test_infinite_data_is_computed(plain: Any) -> None:
    assert plain.huber([np.inf, 0.0], 0.0) == np.inf
    assert np.isnan(plain.huber([np.nan, 0.0], 0.0))


def test_checks_when_asked(plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.bernoulli([0.5], [1], check=True)
    with pytest.raises(objc.InputError, match="E0418"):
        plain.bernoulli([0.5], [0.5], check=True)
    with pytest.raises(objc.InputError, match="E0419"):
        plain.huber([np.nan], [0.0], check_finite=True)
    plain.huber([np.nan, 0.0], [0.0, 0.0], check_finite=True, mask=[0, 1])
    q = np.array([0.5, 0.5])
    plain.divergence(q, q, check=True)
    with pytest.raises(objc.InputError, match="simplex"):
        plain.divergence(q, np.array([0.6, 0.6]), check=True)
    monkeypatch.setenv("OBJC_CHECK", "1")
    strict = objc.compile("loss f(x: positive | y: real) = x * y", target="numpy").f
    with pytest.raises(objc.InputError, match="outside its domain positive"):
        strict([-1.0], [1.0])


CENSORED = """
loss censored(mean: real, scale: positive | lower: interval(-inf, inf), upper: interval(lower, inf)) =
    -log((erf((upper - mean) / (scale * sqrt(2))) - erf((lower - mean) / (scale * sqrt(2)))) / 2)
loss weighed(x: real, weight: positive | y: real, mask: binary) = weight * (x - y)^2 * mask
"""


def test_an_infinite_end_belongs_to_its_interval() -> None:
    """Of a bound that is not known, under `check=True`; nothing else that is infinite, and no NaN, does."""
    censored = objc.compile(CENSORED, target="numpy").censored
    lower, upper = np.array([1.0, -np.inf, -1.0]), np.array([np.inf, 1.0, np.inf])
    left = 0.5 * np.array([math.erfc(one / math.sqrt(2)) for one in (1.0, -1.0, -1.0)])
    found = censored.per_example(0.0, 1.0, lower, upper, check=True)
    np.testing.assert_allclose(found, -np.log(left), rtol=1e-13)
    wrong = [(np.nan, 1.0), (0.0, np.nan), (0.0, -np.inf), (np.inf, 3.0)]
    for low, high in wrong:
        with pytest.raises(objc.InputError, match=r"E041[89]"):
            censored(0.0, 1.0, [low], [high], check=True)
    with pytest.raises(objc.InputError, match=r"E0419.*`mean` is inf"):
        censored([np.inf], 1.0, [0.0], [1.0], check=True)
    with pytest.raises(objc.InputError, match=r"E0419.*`upper` is inf at \[0\]"):
        censored(0.0, 1.0, lower, upper, check_finite=True, mask=[1, 0, 1])


def test_inputs_with_the_names_of_options() -> None:
    weighed = objc.compile(CENSORED, target="numpy").weighed
    x, weight, mask = np.arange(3.0), np.array([1.0, 2.0, 3.0]), np.ones(3, int)
    found = weighed(x, weight, 0 * x, mask, weight_=[1, 0, 3], mask_=[True, True, True])
    assert found == (3 * 3 * 4) / 4
    assert weighed(x, weight=weight, y=0 * x, mask=mask) == pytest.approx((2 + 3 * 4) / 3)
    with pytest.raises(objc.InputError, match=r"E0404(.|\n)*the option is `weight_=`"):
        weighed(x, weight, 0 * x, mask, weight=[1, 0, 3])


@pytest.mark.parametrize("scale", [1e-320, 1e-40, 1e200, 1e308])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_count_up_to_a_factor(module: Any, scale: float, dtype: Any) -> None:
    prediction, target = np.arange(6, dtype=dtype), np.zeros(6, dtype)
    expected = module.huber(prediction, target)
    found = module.huber(prediction, target, weight=np.full(6, scale))
    assert found == pytest.approx(expected, rel=1e-6)
