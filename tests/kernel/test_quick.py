"""Calls of the kind of the last, that the target itself looks at: nothing else may pass for one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from objc.targets.cpu import binding, division, sharing

import objc

TEXT = """
loss distance(x: real[K], y: real[K] | w: positive = 1; p: positive = 2) = w * sum[k](abs(x[k] - y[k])^p)
loss picked(logits: real[K] | label: index(K)) = -logits[label] + sum[k](logits[k]^2)
loss single(x: real | y: real; p: positive = 2, c: count = 1) = abs(x - y)^p * c
model line(x: real[D]; learn w: real[D] = 1)[d] = w[d] * x[d]
"""
DRAWN = np.random.default_rng(4)
X, Y, Z = (DRAWN.normal(size=(6, 3)) for _ in range(3))
LABEL = np.array([0, 1, 2, 2, 1, 0])


@pytest.fixture(scope="module")
def module() -> Any:
    return objc.compile(TEXT)


@pytest.fixture(scope="module")
def plain() -> Any:
    """The same kernels on a target that remembers nothing of this."""
    return objc.compile(TEXT, target="numpy")


def settled(kernel: Any, method: str, *arguments: Any, **keywords: Any) -> Callable[..., Any]:
    """How the kernel makes calls like this one, once it has made some."""
    for _ in range(3):
        getattr(kernel, method)(*arguments, **keywords)
    return kernel._evaluator.quick["" if method == "__call__" else method]


def flat(found: Any) -> list[Any]:
    if isinstance(found, tuple):
        return [one for part in found for one in flat(part)]
    return [found]


def same(found: Any, expected: Any) -> None:
    ours, theirs = flat(found), flat(expected)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert type(one) is type(other)
        np.testing.assert_allclose(one, other, rtol=1e-6)


CALLS: dict[str, tuple[str, str, tuple[Any, ...], dict[str, Any]]] = {
    "value": ("distance", "__call__", (X, Y), {}),
    "sum": ("distance", "__call__", (X, Y), {"reduction": "sum"}),
    "none": ("distance", "__call__", (X, Y), {"reduction": "none"}),
    "two gradients": ("distance", "value_and_grad", (X, Y), {}),
    "one of two": ("distance", "value_and_grad", (X, Y), {"wrt": "y"}),
    "a tuple of one": ("distance", "value_and_grad", (X, Y), {"wrt": ("y",)}),
    "shared": ("distance", "value_and_grad", (X, Y[0]), {}),
    "power": ("distance", "value_and_grad", (X, Y), {"p": 3.0}),
    "twice the same": ("distance", "value_and_grad", (X, X), {"p": 3.0}),
    "labels": ("picked", "value_and_grad", (X, LABEL), {}),
    "by name": ("picked", "value_and_grad", (), {"label": LABEL, "logits": X}),
    "one example": ("picked", "value_and_grad", (X[0].copy(), 2), {}),
    "count": ("single", "value_and_grad", (X[:, 0].copy(), Y[:, 0].copy()), {"c": 3}),
    "narrow": ("distance", "value_and_grad", (X.astype(np.float32), Y.astype(np.float32)), {}),
    "gradients": ("distance", "gradient", (X, Y), {}),
    "diagonal": ("single", "hessian_diagonal", (X[0].copy(), Y[0].copy()), {"p": 3.0}),
    "both": ("single", "gradient_and_hessian_diagonal", (X[0].copy(), Y[0].copy()), {"wrt": "x"}),
    "labels that are compared": ("picked", "gradient_and_hessian_diagonal", (X, LABEL), {}),
    "both by each": (
        "single",
        "gradient_and_hessian_diagonal",
        (X[0].copy(), Y[0].copy()),
        {"p": 3.0},
    ),
    "by example": ("distance", "per_example", (X, Y), {}),
    "model": ("line", "__call__", (X, Y[1]), {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_same_call_again_gives_the_same(name: str, module: Any, plain: Any) -> None:
    kernel, method, arguments, keywords = CALLS[name]
    expected = getattr(getattr(plain, kernel), method)(*arguments, **keywords)
    for _ in range(4):
        same(getattr(getattr(module, kernel), method)(*arguments, **keywords), expected)
    quick = getattr(module, kernel)._evaluator.quick["" if method == "__call__" else method]
    same(quick(arguments, keywords), expected)
    moved = tuple(
        x + 1 if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in arguments
    )
    if moved != () and name != "twice the same":
        again = getattr(getattr(plain, kernel), method)(*moved, **keywords)
        same(quick(moved, keywords), again)


def others() -> dict[str, tuple[tuple[Any, ...], dict[str, Any]]]:
    frozen, turned = X.copy(), np.asfortranarray(X)
    frozen.flags.writeable = False
    odd = np.frombuffer(b"\0" * 3 + X.tobytes() + b"\0" * 5, np.uint8)[3:-5].view(np.float64)
    return {
        "nothing": ((), {}),
        "too few": ((X,), {"p": 2.5}),
        "too many": ((X, Y, 1.0), {"p": 2.5}),
        "rows": ((X[:5].copy(), Y[:5].copy()), {"p": 2.5}),
        "columns": ((X[:, :2].copy(), Y), {"p": 2.5}),
        "axes": ((X[0].copy(), Y), {"p": 2.5}),
        "more axes": ((X.reshape(2, 3, 3), Y), {"p": 2.5}),
        "type": ((X.astype(np.float32), Y), {"p": 2.5}),
        "order of bytes": ((X.astype(">f8"), Y), {"p": 2.5}),
        "turned": ((turned, Y), {"p": 2.5}),
        "strides": ((np.repeat(X, 2, axis=0)[::2], Y), {"p": 2.5}),
        "unaligned": ((odd.reshape(6, 3), Y), {"p": 2.5}),
        "list": ((X.tolist(), Y), {"p": 2.5}),
        "matrix": ((X.view(np.matrix), Y), {"p": 2.5}),
        "None": ((None, Y), {"p": 2.5}),
        "another number": ((X, Y), {"p": 2.4999999999999996}),
        "whole number": ((X, Y), {"p": 2}),
        "NumPy's number": ((X, Y), {"p": np.float64(2.5)}),
        "another name": ((X, Y), {"w": 2.5}),
        "no name": ((X, Y), {}),
        "more names": ((X, Y), {"p": 2.5, "reduction": "sum"}),
        "an option instead": ((X, Y), {"weight": X}),
    }


@pytest.mark.parametrize("name", others())
def test_whatever_differs_is_looked_at_in_full(name: str, module: Any) -> None:
    quick = settled(module.distance, "value_and_grad", X, Y, p=2.5)
    assert quick((X, Y), {"p": 2.5}) is not None
    arguments, keywords = others()[name]
    assert quick(arguments, keywords) is None


def test_numbers_that_are_read_only_are_taken(module: Any, plain: Any) -> None:
    frozen = Z.copy()
    frozen.flags.writeable = False
    quick = settled(module.distance, "value_and_grad", X, Y)
    same(quick((frozen, Y), {}), plain.distance.value_and_grad(Z, Y))


def test_out_receives_results_and_shares_no_memory(module: Any, plain: Any) -> None:
    kernel = module.distance
    out = np.empty_like(X), np.empty_like(Y)
    quick = settled(kernel, "value_and_grad", X, Y, out=out)
    for x in (X, Z):
        value, gradient = quick((x, Y), {"out": out})
        assert gradient.x is out[0] and gradient.y is out[1]
        same((value, gradient), plain.distance.value_and_grad(x, Y))
    whole = np.empty((8, 3))
    apart = whole[:6], np.empty_like(Y)
    assert quick((X, Y), {"out": apart}) is not None
    frozen = np.empty_like(X)
    frozen.flags.writeable = False
    for wrong in (
        (X, out[1]), (out[0], X), (out[0], out[0]), (frozen, out[1]), (out[0],), list(out),
        (whole[:6], whole[2:]), (out[0], out[1], out[1]), (out[0].T, out[1]), None, out[0],
    ):  # fmt: skip
        assert quick((X, Y), {"out": wrong}) is None
    with pytest.raises(objc.InputError, match="shares memory"):
        kernel.value_and_grad(X, Y, out=(X, out[1]))


def test_results_are_new_arrays(module: Any) -> None:
    quick = settled(module.picked, "value_and_grad", X, LABEL)
    first, second = (quick((X, LABEL), {})[1] for _ in range(2))
    assert first is not second and not np.may_share_memory(first, second)


def test_bad_positions_and_what_is_no_number_are_looked_at_in_full(module: Any) -> None:
    quick = settled(module.picked, "value_and_grad", X, LABEL)
    bad = LABEL.copy()
    bad[4] = 3
    assert quick((X, bad), {}) is None
    with pytest.raises(objc.InputError, match=r"label.*4"):
        module.picked.value_and_grad(X, bad)
    assert quick((X, LABEL), {}) is not None  # the error is forgotten
    broken = X.copy()
    broken[1, 1] = np.nan
    assert quick((broken, LABEL), {}) is None
    assert np.isnan(module.picked.value_and_grad(broken, LABEL)[0])


def test_the_range_of_labels_that_are_compared_is_looked_at(module: Any) -> None:
    """Neither result reads anything at the label: it is compared with every class."""
    kernel = module.picked
    quick = settled(kernel, "gradient_and_hessian_diagonal", X, LABEL)
    assert quick((X, LABEL[::-1].copy()), {}) is not None
    for wrong in (3, -1):
        bad = LABEL.copy()
        bad[5] = wrong
        assert quick((X, bad), {}) is None
        for _ in range(2):
            with pytest.raises(objc.InputError, match=rf"label.*{wrong}.*\[5\]"):
                kernel.gradient_and_hessian_diagonal(X, bad)


def test_several_threads_call_at_once(module: Any) -> None:
    kernel = module.distance
    inputs = [DRAWN.normal(size=(2, 6, 3)) for _ in range(4)]
    expected = [kernel.value_and_grad(*one) for one in inputs]
    settled(kernel, "value_and_grad", X, Y)
    wrong: list[int] = []

    def caller(number: int) -> None:
        for _ in range(300):
            value, gradient = kernel.value_and_grad(*inputs[number])
            if value != expected[number][0] or (gradient.x != expected[number][1].x).any():
                wrong.append(number)

    callers = [threading.Thread(target=caller, args=(number,)) for number in range(4)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert not wrong


def test_where_objects_are_made_otherwise_calls_are_made_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(binding, "_is_known", lambda: False)
    kernel = objc.compile(TEXT.replace("distance", "away")).away
    found = [kernel.value_and_grad(X, Y) for _ in range(3)]
    assert not kernel._evaluator.quick
    for one in found[1:]:
        same(one, found[0])


def test_work_of_several_threads_is_divided_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(division, "CHUNK", 40)
    monkeypatch.setattr(binding, "SURE", 2)
    kernel = objc.compile(TEXT.replace("distance", "apart")).apart  # planned anew
    x, y = DRAWN.normal(size=(2, 400, 3))
    try:
        objc.set_threads(1)
        expected = kernel.value_and_grad(x, y)
        quick = settled(kernel, "value_and_grad", x, y)
        same(quick((x, y), {}), expected)
        objc.set_threads(2)
        monkeypatch.setattr(sharing, "ALWAYS", 0)
        assert None in [quick((x, y), {}) for _ in range(3)]  # it is noticed soon
        assert quick((x, y), {}) is None
        monkeypatch.setattr(sharing, "ALWAYS", 1 << 30)
        assert quick((x, y), {}) is None  # nobody knows how long it takes
        monkeypatch.setattr(sharing, "SHORT", 1e9)
        found = kernel.value_and_grad(x, y)
        again = quick((x, y), {})
        for one in (found, again):
            assert one[0] == expected[0]
            np.testing.assert_array_equal(one[1].x, expected[1].x)
    finally:
        objc.set_threads(None)
