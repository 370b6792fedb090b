"""What calls give, held to formulas written in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc
from objc.errors import InputError

RANDOM = np.random.default_rng(7)
X, Y = RANDOM.normal(size=(2, 12)) * 2
LOGITS = RANDOM.normal(size=(12, 5))
LABEL = RANDOM.integers(0, 5, 12)
W = RANDOM.uniform(0.5, 2, 12)


def huber(x: Any, y: Any, delta: float = 1.0) -> Any:
    r = np.abs(x - y)
    return np.where(r <= delta, r**2 / 2, delta * (r - delta / 2))


def d_huber(x: Any, y: Any, delta: float = 1.0) -> Any:
    return np.clip(x - y, -delta, delta)


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def cross_entropy(z: Any, label: Any) -> Any:
    return -np.log(np.take_along_axis(softmax(z), label[..., None], -1)[..., 0])


def d_cross_entropy(z: Any, label: Any) -> Any:
    return softmax(z) - np.eye(z.shape[-1])[label]


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_value_gradient_and_second_derivatives(module: Any) -> None:
    value, gradient = module.huber.value_and_grad(X, Y, delta=2.0)
    assert type(value) is float
    close(value, huber(X, Y, 2.0).mean())
    close(gradient, d_huber(X, Y, 2.0) / 12)
    close(module.huber(X, Y), huber(X, Y).mean())
    close(module.huber.gradient(prediction=X, target=Y), d_huber(X, Y) / 12)
    close(module.huber.per_example(X, Y), huber(X, Y))
    inner = np.abs(X - Y) <= 1
    close(module.huber.hessian_diagonal(X, Y), inner / 12)
    close(module.huber.hessian_vector_product(X, Y, vector=W), inner * W / 12)


def test_several_results_of_one_run(module: Any) -> None:
    names = ("value", "terms", "gradient", "term_gradients", "hessian_diagonal")
    given = {"weight": W, "reduction": "sum"}
    found = module.huber.several((*names, "hessian_vector_product"), X, Y, vector=X, **given)
    assert list(found) == [*names, "hessian_vector_product"]
    close(found["value"], module.huber(X, Y, **given))
    for name in names[1:]:
        alone = getattr(module.huber, name)(X, Y, **given)
        if isinstance(alone, dict):
            assert list(alone) == list(found[name])
            alone, found[name] = list(alone.values()), list(found[name].values())
        close(found[name], alone)
    alone = module.huber.hessian_vector_product(X, Y, vector=X, **given)
    close(found["hessian_vector_product"], alone)


@pytest.mark.parametrize(
    ("results", "options", "part"),
    [
        (("valu",), {}, "did you mean `value`"),
        ((), {}, "one of `value`"),
        (("hessian_vector_product",), {}, "`vector` not given"),
        (("value",), {"vector": X}, "takes no `vector`"),
        (("value",), {"reduction": "none"}, "takes no `reduction`"),
        ("valu", {}, "did you mean `value`"),
        (X, {}, "`results` is array"),
    ],
)
def test_several_says_what_it_can_not_give(
    module: Any, results: Any, options: Any, part: str
) -> None:
    with pytest.raises(objc.InputError, match=part):
        module.huber.several(results, X, Y, **options)


def test_several_may_be_one(module: Any) -> None:
    assert module.huber.several("value", X, Y) == {"value": module.huber(X, Y)}


def test_label_gather(module: Any) -> None:
    value, gradient = module.cross_entropy.value_and_grad(LOGITS, LABEL)
    close(value, cross_entropy(LOGITS, LABEL).mean())
    close(gradient, d_cross_entropy(LOGITS, LABEL) / 12)
    p, v = softmax(LOGITS), RANDOM.normal(size=LOGITS.shape)
    close(module.cross_entropy.hessian_diagonal(LOGITS, LABEL), p * (1 - p) / 12)
    product = p * v - p * (p * v).sum(-1, keepdims=True)
    close(module.cross_entropy.hessian_vector_product(LOGITS, LABEL, vector=v), product / 12)


def test_gradient_and_hessian_diagonal_of_one_run(module: Any) -> None:
    out = np.empty_like(LOGITS), np.empty_like(LOGITS)
    given, found = (
        LOGITS,
        module.cross_entropy.gradient_and_hessian_diagonal(LOGITS, LABEL, out=out),
    )
    assert found[0] is out[0] and found[1] is out[1]
    close(found[0], d_cross_entropy(given, LABEL) / 12)
    close(found[1], module.cross_entropy.hessian_diagonal(given, LABEL))
    for one in (out[0], (out[0],)):
        with pytest.raises(objc.InputError, match=r"E0423.*hessian_diagonal` is not one for each"):
            module.cross_entropy.gradient_and_hessian_diagonal(LOGITS, LABEL, out=one)


def test_one_example_has_no_batch(module: Any) -> None:
    value, gradient = module.cross_entropy.value_and_grad(LOGITS[0], 3)
    close(value, cross_entropy(LOGITS[:1], np.array([3]))[0])
    close(gradient, d_cross_entropy(LOGITS[:1], np.array([3]))[0])
    assert gradient.shape == (5,)
    value, gradient = module.huber.value_and_grad(3.0, 1.0)
    assert (value, gradient) == (1.5, 1.0)
    assert gradient.dtype == np.float64
    assert module.huber.per_example(3.0, 1.0) == 1.5


def test_several_batch_axes(module: Any) -> None:
    z, label = LOGITS.reshape(3, 4, 5), LABEL.reshape(3, 4)
    value, gradient = module.cross_entropy.value_and_grad(z, label)
    close(value, cross_entropy(LOGITS, LABEL).mean())
    close(gradient, (d_cross_entropy(LOGITS, LABEL) / 12).reshape(3, 4, 5))
    close(module.cross_entropy.per_example(z, label), cross_entropy(z, label))
    weight = W.reshape(3, 4)
    expected = (W * cross_entropy(LOGITS, LABEL)).sum() / W.sum()
    close(module.cross_entropy(z, label, weight=weight), expected)


def test_shared_inputs_sum_their_gradient(module: Any) -> None:
    value, gradient = module.huber.value_and_grad(0.5, Y)
    close(value, huber(0.5, Y).mean())
    close(gradient, d_huber(0.5, Y).mean())
    close(module.huber.gradient(X, 0.5), d_huber(X, 0.5) / 12)
    a, b, same = RANDOM.normal(size=3), RANDOM.normal(size=(6, 3)), np.arange(6) % 2
    both = module.contrast.gradient(a, b, same)
    assert both._fields == ("a", "b")
    assert both.a.shape == (3,) and both.b.shape == (6, 3)
    close(both.a, -both.b.sum(0))
    repeated = module.contrast.gradient(np.tile(a, (6, 1)), b, same)
    close(both.a, repeated.a.sum(0))


def test_wrt(module: Any) -> None:
    a, b, same = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(4, 3)), np.ones(4)
    both = module.contrast.gradient(a, b, same)
    close(module.contrast.gradient(a, b, same, wrt="b"), both.b)
    one = module.contrast.gradient(a, b, same, wrt=("b",))
    assert one._fields == ("b",)
    swapped = module.contrast.gradient(a, b, same, wrt=["b", "a"])
    assert swapped._fields == ("b", "a")
    close(swapped.a, both.a)
    vectors = {"a": np.ones_like(a), "b": np.zeros_like(b)}
    product = module.contrast.hessian_vector_product(a, b, same, vector=vectors)
    close(product.a, np.full_like(a, 2 / 4))
    close(product.b, np.full_like(a, -2 / 4))


def test_weights(module: Any) -> None:
    value, gradient = module.huber.value_and_grad(X, Y, weight=W)
    close(value, (W * huber(X, Y)).sum() / W.sum())
    close(gradient, W * d_huber(X, Y) / W.sum())
    value, gradient = module.huber.value_and_grad(X, Y, weight=W, reduction="sum")
    close(value, (W * huber(X, Y)).sum())
    close(gradient, W * d_huber(X, Y))
    values, gradient = module.huber.value_and_grad(X, Y, weight=W, reduction="none")
    close(values, W * huber(X, Y))
    close(gradient, W * d_huber(X, Y))
    shared = module.huber.gradient(0.5, Y, weight=W)
    close(shared, (W * d_huber(0.5, Y)).sum() / W.sum())
    close(module.huber.per_example(X, Y, weight=W), W * huber(X, Y))


def test_examples_of_weight_zero_contribute_nothing(module: Any) -> None:
    x, z, label = X.copy(), LOGITS.copy(), LABEL.copy()
    keep = np.ones(12, bool)
    keep[[2, 7]] = False
    x[2], x[7], z[2], label[7] = np.nan, np.inf, np.nan, -1
    value, gradient = module.huber.value_and_grad(x, Y, mask=keep)
    close(value, huber(X, Y)[keep].mean())
    close(gradient, np.where(keep, d_huber(X, Y) / 10, 0.0))
    assert not np.signbit(gradient[~keep]).any()
    weight = W * keep
    value, gradient = module.cross_entropy.value_and_grad(z, label, weight=weight)
    close(value, (weight * cross_entropy(LOGITS, LABEL)).sum() / weight.sum())
    expected = weight[:, None] * d_cross_entropy(LOGITS, LABEL) / weight.sum()
    close(gradient, expected)
    assert (gradient[~keep] == 0).all()
    values = module.cross_entropy.per_example(z, label, mask=keep.astype(int))
    close(values, np.where(keep, cross_entropy(LOGITS, LABEL), 0.0))
    both = module.huber(x, Y, mask=keep, weight=W)
    close(both, (W * huber(X, Y))[keep].sum() / W[keep].sum())
    vector = np.full(12, np.nan)
    vector[keep] = 1.0
    product = module.huber.hessian_vector_product(x, Y, mask=keep, vector=vector)
    close(product, np.where(keep, (np.abs(X - Y) <= 1) / 10, 0.0))


def test_reductions(module: Any) -> None:
    close(module.huber(X, Y, reduction="sum"), huber(X, Y).sum())
    close(module.huber.gradient(X, Y, reduction="sum"), d_huber(X, Y))
    close(module.huber(X, Y, reduction="none"), huber(X, Y))
    values, gradient = module.huber.value_and_grad(X, Y, reduction="none")
    close(values, huber(X, Y))
    close(gradient, d_huber(X, Y))


@pytest.mark.parametrize("options", [{}, {"mask": np.zeros(4)}, {"weight": np.zeros(4)}])
def test_empty_means(module: Any, options: dict[str, Any]) -> None:
    z = LOGITS[:4] if options else LOGITS[:0]
    label = LABEL[: len(z)]
    with pytest.raises(objc.InputError, match="on_empty"):
        module.cross_entropy(z, label, **options)
    value, gradient = module.cross_entropy.value_and_grad(z, label, on_empty="zero", **options)
    assert value == 0 and gradient.shape == z.shape and (gradient == 0).all()
    value, gradient = module.cross_entropy.value_and_grad(z, label, on_empty="nan", **options)
    assert np.isnan(value) and (gradient == 0).all()
    assert module.cross_entropy(z, label, reduction="sum", **options) == 0
    assert module.cross_entropy(z, label, reduction="none", **options).shape == label.shape
    shared = module.cross_entropy.gradient(LOGITS[0], label, on_empty="nan", **options)
    assert np.isnan(shared).all() and shared.shape == (5,)
    assert (module.cross_entropy.gradient(LOGITS[0], label, on_empty="zero", **options) == 0).all()


def test_mean_over_an_empty_axis(module: Any) -> None:
    x = np.zeros((3, 0))
    with pytest.raises(objc.InputError, match="dimension D is empty"):
        module.average(x, Y[:3])
    assert module.average(x, Y[:3], on_empty="zero") == 0
    assert np.isnan(module.average(x, Y[:3], on_empty="nan"))
    assert module.average.gradient(x, Y[:3], on_empty="nan").shape == (3, 0)
    assert module.scaled(x, np.ones(2), factor=np.ones(0)) == 0  # a sum over nothing is 0


def test_mean_of_which_a_guard_leaves_nothing(module: Any) -> None:
    x, keep = np.arange(8.0).reshape(4, 2), np.array([[1, 1], [0, 0], [0, 1], [1, 0]])
    for _ in range(3):  # calls of a known kind are looked at too
        with pytest.raises(objc.InputError, match=r"a mean is left without entries at \[1\]"):
            module.kept.value_and_grad(x, keep)
    assert np.isnan(module.kept(x, keep, on_empty="nan"))
    value, gradient = module.kept.value_and_grad(x, keep, mask=keep.any(1))
    assert value == pytest.approx((0.5**2 + 5**2 + 6**2) / 3) and (gradient[1] == 0).all()
    with pytest.raises(objc.InputError, match="is left without entries"):
        module.kept(x[0], keep[1])
    x[1] = np.nan  # whose own fault is not blamed on a mean that has entries, or isn't taken
    assert np.isnan(module.kept(x, np.ones_like(keep)))


def test_what_leaves_the_range_of_float32_is_no_empty_mean() -> None:
    """The interpreter, which is asked why, has more of it."""
    text = """loss apart(x: real[N], y: real[N]) =
        mean[i](exp(y[i])) - mean[i, j | i != j](exp(x[i]) * x[j])"""
    apart = objc.compile(text).apart
    x, y = np.array([3, 200, 1], np.float32), np.array([3, 200, 1], np.float32)
    assert np.isnan(apart(x, y))
    assert np.isfinite(apart(x.astype(float), y.astype(float)))


def test_objective_terms(module: Any) -> None:
    x, w = RANDOM.normal(size=(9, 3)), RANDOM.normal(size=3)
    y = x.sum(1)
    r = x @ w + 0.5 - y
    expected = {"fit": (r**2).mean(), "ridge": 0.5 * (w**2).sum()}
    terms = module.ridge.terms(w, 0.5, x, y)
    assert list(terms) == ["fit", "ridge"]
    for name, value in terms.items():
        close(value, expected[name])
    value, gradient = module.ridge.value_and_grad(w, 0.5, x, y)
    close(value, sum(expected.values()))
    close(gradient.w, 2 * x.T @ r / 9 + w)
    close(gradient.b, 2 * r.mean())
    close(module.ridge.per_example(w, 0.5, x, y), r**2)
    inputs = {"w": w, "b": 0.5, "x": x, "y": y, "l2": 0.25}
    value, terms, gradients = module.ridge.evaluate(inputs, wrt=("w",))
    close(value, expected["fit"] + expected["ridge"] / 2)
    close(terms["ridge"], expected["ridge"] / 2)
    close(gradients["w"], 2 * x.T @ r / 9 + w / 2)
    value, _, gradients = module.ridge.evaluate(inputs, weight=np.ones(9))
    assert gradients == {}
    empty = {**inputs, "x": x[:0], "y": y[:0]}
    close(module.ridge.evaluate(empty, on_empty="zero")[0], expected["ridge"] / 2)


def test_learned_parameters(module: Any) -> None:
    gradient = module.calibrated.gradient(X, Y)
    assert gradient._fields == ("score", "slope", "shift")
    r = X - Y
    close(gradient.slope, (2 * r * X).mean())
    close(gradient.shift, (2 * r).mean())
    r = 3 * X + 1 - Y
    close(module.calibrated(X, Y, 3.0, shift=1.0), (r**2).mean())


def test_functions_and_models(module: Any) -> None:
    close(module.softmax_of(LOGITS), softmax(LOGITS))
    close(module.softmax_of(LOGITS[0]), softmax(LOGITS[0]))
    z = LOGITS.reshape(3, 4, 5)
    close(module.softmax_of(z), softmax(z))
    assert module.softmax_of(LOGITS[:0]).shape == (0, 5)
    out = np.empty_like(LOGITS)
    assert module.softmax_of(LOGITS, out=out) is out
    close(out, softmax(LOGITS))
    weight, bias, x = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=2), RANDOM.normal(size=(7, 3))
    close(module.linear(x, weight, bias), x @ weight.T + bias)
    close(module.linear(x, weight=weight, bias=bias), x @ weight.T + bias)


def test_metrics_are_means(module: Any) -> None:
    label = np.sign(Y)
    close(module.zero_one(X, label), (label * X <= 0).mean())
    close(module.zero_one.per_example(X, label), (label * X <= 0).astype(float))


def test_tensor_hyperparameters_and_literal_sizes(module: Any) -> None:
    x, scale = RANDOM.normal(size=(4, 3)), RANDOM.uniform(1, 2, size=(4, 2))
    factor = np.array([1.0, 2.0, 3.0])
    expected = ((factor * x**2).sum(1) * scale.prod(1)).mean()
    close(module.scaled(x, scale, factor=factor), expected)
    importance = RANDOM.uniform(1, 2, size=5)
    expected = (importance[LABEL] * cross_entropy(LOGITS, LABEL)).mean()
    close(module.weighted_classes(LOGITS, LABEL, importance), expected)


def test_an_input_named_as_an_option(module: Any) -> None:
    x, mask = RANDOM.normal(size=(4, 3)), RANDOM.integers(0, 2, size=(4, 3))
    close(module.masked(x, mask=mask), (mask * x**2).sum(1).mean())
    value = module.masked(x, mask=mask, mask_=[1, 0, 0, 0])
    close(value, (mask * x**2).sum(1)[0])
    value, _, _ = module.masked.evaluate({"x": x, "mask": mask}, mask=[1, 0, 0, 0])
    close(value, (mask * x**2).sum(1)[0])
    with pytest.raises(objc.InputError, match="no input or option `reduction`"):
        module.masked.evaluate({"x": x, "mask": mask, "reduction": "sum"})


def test_maximize_is_left_as_stated() -> None:
    text = "objective gain(x: real | y: real) = maximize x * y"
    gain = objc.compile(text, target="numpy").gain
    assert gain.direction == "maximize"
    value, gradient = gain.value_and_grad(X, Y)
    close(value, (X * Y).mean())
    close(gradient, Y / 12)


def test_changing_hyperparameters_and_reduction_compiles_nothing(plain: Any) -> None:
    plain.huber.gradient(X, Y, weight=W)
    before = len(plain.huber._evaluator._variants)
    plain.huber.gradient(X[:5], Y[:5], weight=W[:5], delta=0.3, reduction="sum")
    assert len(plain.huber._evaluator._variants) == before


@pytest.mark.parametrize("target", ["cpu", "numpy"])
@pytest.mark.parametrize("steps", [0, 1, 4])
def test_a_result_as_long_as_a_hyperparameter_says(target: str, steps: int) -> None:
    text = """
function newton(a: positive; steps: count = 8)[n] = z[n] - z[steps]
    where z[0] = a
          z[n] = (z[n-1] + a / z[n-1]) / 2
"""
    newton = objc.compile(text, target=target).newton
    a = np.array([2.0, 9.0])
    expected = [a]
    for _ in range(steps):
        expected.append((expected[-1] + a / expected[-1]) / 2)
    errors = np.transpose(expected) - expected[-1][:, None]
    for _ in range(2):  # compiled, then as found in the cache
        np.testing.assert_allclose(newton(a, steps=steps), errors, rtol=1e-14, atol=1e-15)
    assert newton(2.0).shape == (9,)
    out = np.empty((2, steps + 1))
    assert newton(a, steps=steps, out=out) is out
    with pytest.raises(objc.InputError, match="the shape"):
        newton(a, steps=steps, out=np.empty((2, steps + 2)))


def test_results_are_not_written_into_what_is_read_or_into_themselves() -> None:
    kernel = objc.compile("loss quartic(x: real[K]) = sum[k](x[k]^2)^2").quartic
    x = np.ones((4, 5))
    folded = np.lib.stride_tricks.as_strided(np.zeros(30), (4, 5), (8, 8))
    with pytest.raises(objc.InputError, match="several entries in one place"):
        kernel.gradient(x, out=folded)
    for apart in (np.zeros((5, 4)).T, np.zeros((4, 10))[:, ::2], np.zeros((8, 10))[::-2, ::-2]):
        np.testing.assert_array_equal(kernel.gradient(x, out=apart), kernel.gradient(x))
    vector, weight = np.ones((4, 5)), np.ones(4)
    for given in (vector, (vector,), {"x": vector}):
        with pytest.raises(objc.InputError, match="shares memory with `vector`"):
            kernel.hessian_vector_product(x, vector=given, out=vector)
    for _ in range(2):
        kernel.per_example(x, weight=weight, out=np.ones(4))
        with pytest.raises(objc.InputError, match="shares memory with `weight`"):
            kernel.per_example(x, weight=weight, out=weight)


@pytest.mark.parametrize("target", ["numpy", "cpu"])
def test_second_derivatives_refuse_a_label_that_they_do_not_read(target: str) -> None:
    """That of a cross-entropy hangs on no label; one that is none is an error all the same, but where the
    text doesn't look at it."""
    module = objc.compile(
        """
loss plain(z: real[K] | y: index(K)) = -log(softmax(z)[y])
loss masked(z: real[T, K] | y: index(K)[T], kept: binary[T]) =
    sum[t | kept[t] == 1](logsumexp[k](z[t, k]) - z[t, y[t]])
""",
        target=target,
    )
    z = np.zeros((2, 3))
    for name in ("hessian_vector_product", "hessian_diagonal"):
        options = {"vector": np.ones((2, 3))} if name == "hessian_vector_product" else {}
        with pytest.raises(InputError, match="outside 0 … 2"):
            getattr(module.plain, name)(z, np.array([1, 3]), **options)
        found = getattr(module.masked, name)(
            z, np.array([1, -100]), np.array([1.0, 0.0]), **options
        )
        assert np.isfinite(found).all()
