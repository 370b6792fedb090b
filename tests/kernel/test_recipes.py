"""Calls of a kind that has been made before: nothing but the numbers in the arrays may be taken over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc
from objc.kernel import recipes
from objc.kernel.call import Reader

TEXT = """
loss distance(x: real[K], y: real[K] | w: positive = 1; p: positive = 2) = w * sum[k](abs(x[k] - y[k])^p)
loss picked(logits: real[K] | label: index(K)) = -logits[label] + sum[k](logits[k]^2)
model line(x: real[D]; learn w: real[D] = 1)[d] = w[d] * x[d]
"""
BINARY = "loss chosen(z: real | y: binary) = log(1 + exp(z)) - y*z"
SIMPLE = "loss plain(x: real | y: real) = (x - y)^2"
DRAWN = np.random.default_rng(4)
DRAWN_AGAIN = np.random.default_rng(5)
X, Y, Z = (DRAWN.normal(size=(6, 3)) for _ in range(3))
LABEL = np.array([0, 1, 2, 2, 1, 0])


@pytest.fixture
def module() -> Any:
    return objc.compile(TEXT)


def again(kernel: Any) -> int:
    """How many kinds of calls a kernel remembers."""
    return len(kernel._evaluator._recipes)


def expected(x: Any, y: Any, p: float = 2.0) -> tuple[float, Any]:
    gap = x - y
    return float((np.abs(gap) ** p).sum(1).mean()), p * np.abs(gap) ** (p - 1) * np.sign(gap) / len(
        x
    )


def same(found: Any, x: Any, y: Any, p: float = 2.0) -> None:
    value, gradient = expected(x, y, p)
    assert found[0] == pytest.approx(value)
    np.testing.assert_allclose(found[1].x, gradient)
    np.testing.assert_allclose(found[1].y, -gradient)


def test_an_array_that_was_given_twice_is_not_taken_for_both(module: Any) -> None:
    kernel = module.distance
    same(kernel.value_and_grad(X, X, p=3.0), X, X, 3.0)
    same(kernel.value_and_grad(X, Y, p=3.0), X, Y, 3.0)
    same(kernel.value_and_grad(y=Z, x=X, p=3.0), X, Z, 3.0)
    same(kernel.value_and_grad(x=X, y=Y, p=3.0), X, Y, 3.0)
    assert again(kernel) == 3


def test_hyperparameters_sizes_and_types_are_of_a_kind(module: Any) -> None:
    kernel = module.distance
    for p in (2.0, 3.0, 2.0, 1.5):
        same(kernel.value_and_grad(X, Y, p=p), X, Y, p)
    for count in (6, 2, 5, 6):
        same(kernel.value_and_grad(X[:count], Y[:count]), X[:count], Y[:count])
    narrow = kernel.value_and_grad(X.astype(np.float32), Y.astype(np.float32))
    assert narrow[1].x.dtype == np.float32
    assert kernel(X, Y, reduction="sum") == pytest.approx(6 * kernel(X, Y))
    with pytest.raises(objc.InputError):
        kernel(X, Y, p=-1.0)


def test_numbers_in_small_arrays_are_no_part_of_a_kind(module: Any) -> None:
    """An array without axes is read as a number: it must be read in every call."""
    kernel = module.distance
    assert kernel(X, Y, w=np.array(2.0)) == pytest.approx(2 * expected(X, Y)[0])
    assert kernel(X, Y, w=np.array(5.0)) == pytest.approx(5 * expected(X, Y)[0])
    assert kernel(X, Y, w=np.float64(7.0)) == pytest.approx(7 * expected(X, Y)[0])


def test_what_has_to_be_converted_is_converted_every_time(module: Any) -> None:
    kernel = module.distance
    for x in (X, Z):
        same(kernel.value_and_grad(x[::2], Y[::2]), x[::2], Y[::2])
        same(kernel.value_and_grad(x.astype(np.float32), Y), x.astype(np.float32), Y)
    assert again(kernel) == 0


@pytest.mark.parametrize("kind", ["int64", "int32", "uint8", "bool"])
def test_labels_of_other_types_go_the_short_way(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are converted in every call, and nothing else of it is looked at again."""
    kernel, generator = objc.compile(BINARY).chosen, np.random.default_rng(3)
    looked: list[int] = []
    full = Reader.read
    monkeypatch.setattr(Reader, "read", lambda *given: looked.append(1) or full(*given))
    z = generator.normal(size=40).astype("float32")
    for turn in range(5):
        label = generator.integers(2, size=80).astype(kind)[:: 1 + turn % 2][:40]
        found = kernel.value_and_grad(z, label)
        expected = kernel.value_and_grad(z, label.astype("float32"))
        assert found[0] == expected[0]
        np.testing.assert_array_equal(found[1], expected[1])
    assert len(looked) == 3  # contiguous, not contiguous, and those of the kernel's own type


@pytest.mark.parametrize("kind", ["int32", "int8", "bool"])
def test_positions_of_other_types_go_the_short_way(kind: str, module: Any) -> None:
    kernel = module.picked
    for label in (LABEL % 2, 1 - LABEL % 2, LABEL % 2):
        found = kernel.value_and_grad(X, label.astype(kind))
        expected = kernel.value_and_grad(X, label)
        assert found[0] == expected[0]
        np.testing.assert_array_equal(found[1], expected[1])
    assert again(kernel) == 2
    if kind != "bool":
        for wrong in (3, -1):
            with pytest.raises(objc.InputError, match="label"):
                kernel.value_and_grad(X, np.where(LABEL == 2, wrong, LABEL).astype(kind))


@pytest.mark.parametrize("kind", ["float32", "float64", "int32"])
def test_hessian_products_go_the_short_way(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, generator = objc.compile(BINARY).chosen, np.random.default_rng(3)
    looked: list[int] = []
    full = Reader.read
    monkeypatch.setattr(Reader, "read", lambda *given: looked.append(1) or full(*given))
    y = generator.integers(2, size=40).astype("float32")
    out = np.empty_like(y)
    for turn in range(6):
        z, v = generator.normal(size=(2, 40)).astype("float32")
        v = (4 * v).astype(kind)
        share = 1 / (1 + np.exp(-z.astype("float64")))
        expected = share * (1 - share) * v / 40
        kept = {"out": out} if turn % 2 else {}
        found = kernel.hessian_vector_product(z, y, vector=v, **kept)
        assert (found is out) == bool(kept)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    assert len(looked) == (6 if kind == "float64" else 2)
    with pytest.raises(objc.InputError, match="shares memory"):
        kernel.hessian_vector_product(z, y, vector=out, out=out)
    with pytest.raises(objc.InputError, match="shape"):
        kernel.hessian_vector_product(z, y, vector=v[:7])
    with pytest.raises(objc.InputError, match="vector"):
        kernel.hessian_vector_product(z, y)


def test_whole_numbers_that_a_type_does_not_hold_are_refused_in_every_call() -> None:
    kernel = objc.compile(SIMPLE).plain
    x, y = np.zeros(4, "float32"), np.arange(4)
    for _ in range(3):
        assert kernel(x, y) == 3.5
    with pytest.raises(objc.InputError):
        kernel(x, y + 2**24 + 1)
    assert kernel(x, y) == 3.5


def test_a_converted_argument_that_is_left_out_or_changes_its_type_is_seen(module: Any) -> None:
    kernel = module.picked
    short = LABEL.astype("int32")
    for _ in range(3):
        expected = kernel(X, short)
    assert kernel(X, LABEL) == kernel(X, LABEL.astype("int16")) == expected
    assert kernel(X, LABEL.astype("float64")) == expected
    with pytest.raises(objc.InputError):
        kernel(X)
    with pytest.raises(objc.InputError):
        kernel(X, LABEL + 0.5)
    assert kernel(X, short) == expected


def test_results_are_new_arrays_unless_out_is_given(module: Any) -> None:
    kernel = module.distance
    first, second = (kernel.value_and_grad(X, Y)[1].x for _ in range(2))
    assert first is not second
    out = (np.empty_like(X), np.empty_like(Y))
    for x in (X, Z):
        found = kernel.value_and_grad(x, Y, out=out)
        assert found[1].x is out[0]
        same(found, x, Y)
    with pytest.raises(objc.InputError, match="shares memory"):
        kernel.value_and_grad(X, Y, out=(X, out[1]))
    with pytest.raises(objc.InputError, match="shares memory"):
        kernel.value_and_grad(X, Y, out=(out[0], out[0]))
    frozen = np.empty_like(X)
    frozen.setflags(write=False)
    with pytest.raises(objc.InputError, match="written"):
        kernel.value_and_grad(X, Y, out=(frozen, out[1]))


def test_a_bad_label_is_named_in_a_call_of_a_known_kind(module: Any) -> None:
    kernel = module.picked
    assert kernel(X, LABEL) == kernel(X, LABEL.copy())
    bad = LABEL.copy()
    bad[4] = 3
    with pytest.raises(objc.InputError, match=r"label.*4"):
        kernel(X, bad)


def test_options_that_look_at_numbers_are_never_skipped(module: Any) -> None:
    kernel = module.distance
    broken = X.copy()
    broken[2, 1] = np.nan
    kernel(X, Y, check_finite=True)
    with pytest.raises(objc.InputError):
        kernel(broken, Y, check_finite=True)
    weight = np.array([1.0, 0, 0, 0, 0, 0])
    assert kernel(X, Y, weight=weight) == pytest.approx(expected(X[:1], Y[:1])[0])
    assert kernel(X, Y, weight=weight[::-1].copy()) == pytest.approx(expected(X[5:], Y[5:])[0])


def test_models_and_several_axes_of_a_batch(module: Any) -> None:
    weight = np.array([1.0, 2.0, 3.0])
    for x in (X, Z):
        np.testing.assert_allclose(module.line(x, w=weight), x * weight)
        deep = x.reshape(2, 3, 3)
        assert module.distance.value_and_grad(deep, deep)[1].x.shape == deep.shape
        assert module.line(deep, w=weight).shape == deep.shape


def test_no_more_than_some_kinds_are_kept(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("objc.kernel.evaluator.MOST", 3)
    for p in np.linspace(1, 2, 8).tolist():
        module.distance(X, Y, p=p)
    assert 1 <= again(module.distance) <= recipes.MOST
    assert again(module.distance) <= 3


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_that_leave_nothing_out_go_the_short_way(reduction: str, dtype: Any) -> None:
    kernel, generator = objc.compile(SIMPLE).plain, np.random.default_rng(3)
    x, y = generator.normal(size=(2, 50)).astype(dtype)

    def of(weight: Any) -> Any:
        return kernel.value_and_grad(x, y, weight=weight, reduction=reduction)

    usual = generator.uniform(0.5, 2.0, 50).astype(dtype)
    first = of(usual)
    for scale in (1.0, 3.0):
        value, gradient = of(usual * dtype(scale))
        total = scale if reduction == "sum" else 1.0
        assert value == pytest.approx(total * first[0], rel=1e-6)
        np.testing.assert_allclose(gradient, total * first[1], rtol=1e-6)
    some = usual.copy()
    some[7] = 0.0
    value, gradient = of(some)
    assert gradient[7] == 0.0
    fresh = objc.compile(SIMPLE).plain.value_and_grad(x, y, weight=some, reduction=reduction)
    assert value == fresh[0]
    np.testing.assert_array_equal(gradient, fresh[1])
    again = of(usual)
    assert again[0] == first[0]
    np.testing.assert_array_equal(again[1], first[1])
    for wrong in (-1.0, np.nan, np.inf):
        some[7] = wrong
        with pytest.raises(objc.InputError, match="weight"):
            of(some)
    large = of(usual * dtype(2.0**30))
    assert large[0] == pytest.approx(first[0] * (1 if reduction == "mean" else 2.0**30), rel=1e-5)


def test_losses_by_example_are_weighed_every_time() -> None:
    kernel = objc.compile(SIMPLE).plain
    x, weight = np.arange(4.0), np.array([1.0, 2.0, 3.0, 4.0])
    first = kernel(x, np.zeros(4), weight=weight, reduction="none")
    np.testing.assert_array_equal(kernel(x, np.zeros(4), weight=weight, reduction="none"), first)


def test_several_axes_of_a_batch_go_the_short_way(module: Any) -> None:
    kernel = module.picked
    logits, label = DRAWN_AGAIN.normal(size=(4, 3, 2, 5)), DRAWN_AGAIN.integers(0, 5, (4, 3, 2))
    value, gradient = kernel.value_and_grad(logits, label)
    assert again(kernel) == 1
    for _ in range(3):
        other = DRAWN_AGAIN.normal(size=logits.shape)
        found = kernel.value_and_grad(other, label)
        assert found[1].shape == logits.shape
        expected = 2 * other
        np.put_along_axis(
            expected, label[..., None], np.take_along_axis(expected, label[..., None], -1) - 1, -1
        )
        np.testing.assert_allclose(found[1], expected / 24)
        out = np.empty_like(logits)
        assert kernel.value_and_grad(other, label, out=out)[1] is out
        np.testing.assert_array_equal(out, found[1])
        apart = np.empty((*logits.shape, 2))[..., 0]
        assert kernel.value_and_grad(other, label, out=apart)[1] is apart
        np.testing.assert_array_equal(apart, found[1])
        turned = np.asarray(other.transpose(1, 0, 2, 3), order="C").transpose(1, 0, 2, 3)
        np.testing.assert_array_equal(kernel.value_and_grad(turned, label)[1], found[1])
    assert kernel.value_and_grad(logits, label)[0] == value
    single = kernel(logits, label, reduction="none")
    assert single.shape == label.shape
    np.testing.assert_array_equal(kernel(logits, label, reduction="none"), single)
    assert single.mean() == pytest.approx(value)
    np.testing.assert_array_equal(kernel.gradient(logits, label), gradient)


@pytest.mark.parametrize("target", ["cpu", "numpy"])
def test_weights_of_several_axes(target: str) -> None:
    kernel = objc.compile(SIMPLE, target=target).plain
    x, y = DRAWN_AGAIN.normal(size=(2, 4, 3))
    weight = DRAWN_AGAIN.uniform(0.5, 2.0, (3, 4)).T
    for _ in range(3):
        value, gradient = kernel.value_and_grad(x, y, weight=weight)
        assert value == pytest.approx((weight * (x - y) ** 2).sum() / weight.sum())
        np.testing.assert_allclose(gradient, 2 * weight * (x - y) / weight.sum())
