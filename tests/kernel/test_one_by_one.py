"""Few large examples, one at a time: the same results as of all of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import objc
from objc.errors import InputError
from objc.kernel import evaluator, one_by_one

TEXT = """
loss pairs(x: real[N, D], t: real | k: index(N)[N]; g: real = 1) =
    sum[i](logsumexp[j](g * sum[d](x[i, d] * x[j, d]) + t * x[j, 0]) - x[k[i], 0]) / N

objective shared(| x: real[N, D]; learn w: real[D]) =
    minimize
        fit: mean[i]((sum[d](x[i, d] * w[d]) - 1)^2)
        decay: 0.1 * sum[d](w[d]^2)    over parameters

loss layer(w: real[D], u: real | x: real[N, D]) =
    sum[i](softplus(sum[d](x[i, d] * w[d]) - u * x[i, 0])) / N

loss biased(x: real[N] ; b: real = 1) = sum[i](exp(x[i]) - b * x[i]) + 2

loss chain(x: real[T, K]) =
    logsumexp[k](a[T-1, k])
    where a[0, k] = x[0, k]
          a[t, k] = x[t, k] + logsumexp[j](a[t-1, j])
"""


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Whether calls are made one by one, as they are from now on at any size."""
    found: list[bool] = []
    choose = one_by_one.one_by_one

    def noted(*given: Any) -> Any:
        chosen = choose(*given)
        found.append(chosen is not None)
        return chosen

    monkeypatch.setattr(evaluator, "one_by_one", noted)
    monkeypatch.setattr(one_by_one, "LEAST", 0)
    monkeypatch.setattr(one_by_one, "SHARED", 0.0)
    yield found


def given(examples: int, *, dtype: Any = np.float64) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    return {
        "x": rng.normal(size=(examples, 6, 3)).astype(dtype),
        "t": rng.normal(size=examples).astype(dtype),
        "k": rng.integers(0, 6, (examples, 6)),
    }


def alike(one: Any, other: Any) -> None:
    if isinstance(one, tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            alike(a, b)
        return
    np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-14)


CALLS = {
    "value": lambda kernel, x: kernel(**x),
    "sum": lambda kernel, x: kernel(**x, reduction="sum"),
    "per_example": lambda kernel, x: kernel(**x, reduction="none"),
    "value_and_grad": lambda kernel, x: kernel.value_and_grad(**x, g=0.7),
    "of_one_input": lambda kernel, x: kernel.gradient(**x, wrt="t"),
    "hessian_diagonal": lambda kernel, x: kernel.hessian_diagonal(**x),
    "hvp": lambda kernel, x: kernel.hessian_vector_product(
        **x, vector=(x["x"][::-1].copy(), x["t"])
    ),
    "weights": lambda kernel, x: kernel.value_and_grad(
        **x, weight=np.linspace(0.0, 3.0, len(x["t"]))
    ),
    "mask": lambda kernel, x: kernel.value_and_grad(**x, mask=np.arange(len(x["t"])) != 1),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("examples", [1, 3])
@pytest.mark.share(1 / 2)
def test_results_are_those_of_the_batch(call: str, examples: int, counted: list[bool]) -> None:
    if call in ("mask", "weights") and examples == 1:
        examples = 2
    x = given(examples)
    plain = objc.compile(TEXT, target="numpy").pairs
    alike(CALLS[call](objc.compile(TEXT).pairs, x), CALLS[call](plain, x))
    assert counted == [True]


def test_axes_of_a_batch_and_buffers(counted: list[bool]) -> None:
    x = given(4)
    split = {name: one.reshape(2, 2, *one.shape[1:]) for name, one in x.items()}
    kernel = objc.compile(TEXT).pairs
    out = np.empty_like(split["x"]), np.empty_like(split["t"])
    value, slopes = kernel.value_and_grad(**split, out=out)
    assert slopes[0] is out[0] and counted == [True]
    expected = objc.compile(TEXT, target="numpy").pairs.value_and_grad(**x)
    alike((value, out[0].reshape(x["x"].shape), out[1].ravel()), (expected[0], *expected[1]))


def test_a_bad_position_is_found_in_its_example(counted: list[bool]) -> None:
    x = given(3)
    x["k"][2, 4] = 9
    with pytest.raises(InputError, match=r"`k` is 9 at \[2, 4\]"):
        objc.compile(TEXT).pairs.value_and_grad(**x)


def test_what_all_examples_share_is_summed_over_them(counted: list[bool]) -> None:
    rng = np.random.default_rng(4)
    x, w, u = rng.normal(size=(3, 5, 2)), rng.normal(size=2), np.float64(0.3)
    module, plain = objc.compile(TEXT).layer, objc.compile(TEXT, target="numpy").layer
    for weight in (None, [1.0, 2.0, 0.5]):
        alike(
            module.value_and_grad(w, u, x, weight=weight),
            plain.value_and_grad(w, u, x, weight=weight),
        )
    alike(module.hessian_diagonal(w, u, x), plain.hessian_diagonal(w, u, x))
    along = (w[::-1].copy(), u)
    alike(
        module.hessian_vector_product(w, u, x, vector=along),
        plain.hessian_vector_product(w, u, x, vector=along),
    )
    assert counted == [True] * 4


def test_what_belongs_to_no_example_is_there_once(counted: list[bool]) -> None:
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(3, 5, 2)), rng.normal(size=2)
    module, plain = objc.compile(TEXT), objc.compile(TEXT, target="numpy")
    alike(module.shared.value_and_grad(x, w=w), plain.shared.value_and_grad(x, w=w))
    alike(module.shared(x, w=w), plain.shared(x, w=w))
    assert counted == [False, False]
    for reduction in ("mean", "sum"):
        x = rng.normal(size=(3, 4))
        one, other = (
            each.biased.value_and_grad(x, reduction=reduction) for each in (module, plain)
        )
        alike(one, other)
    assert counted[2:] == [True, True]


def test_the_sizes_choose_and_not_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = []
    choose = one_by_one.one_by_one

    def noted(*given: Any) -> Any:
        chosen.append(choose(*given))
        return chosen[-1]

    monkeypatch.setattr(evaluator, "one_by_one", noted)
    rng = np.random.default_rng(2)
    kernel, chain = objc.compile(TEXT).pairs, objc.compile(TEXT).chain
    large = {
        "x": rng.normal(size=(2, 1500, 16)).astype(np.float32) / 4,
        "t": np.zeros(2, np.float32),
        "k": rng.integers(0, 1500, (2, 1500)),
    }
    found = []
    try:
        for threads in (1, 3):
            objc.set_threads(threads)
            found.append(kernel.value_and_grad(**large))
            assert chosen[-1] is not None
    finally:
        objc.set_threads(None)
    assert found[0][0] == found[1][0]
    for one, other in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_array_equal(one, other)
    kernel.value_and_grad(**given(2))  # too small
    chain.value_and_grad(rng.normal(size=(2, 2000, 300)))  # nothing in it can be shared
    assert chosen[-2:] == [None, None]
