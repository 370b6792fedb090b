"""The losses as people call them: means, weights, masks, batch axes, shared inputs, on kernels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles import EXACT
from points import batch, cases, reference
from programs import FOLDER

import objc
import objc.library


@cache
def module(file: str, target: str) -> Any:
    return objc.compile(FOLDER / f"{file}.objc", target=target)


def kernel(name: str, target: str) -> Any:
    return getattr(module(EXACT[name].file, target), name)


Arrays = dict[str, NDArray[Any]]


def moderate(name: str) -> tuple[Arrays, dict[str, float], Arrays]:
    """Inputs, hyperparameters and references of the points without anything enormous: an even
    number of examples."""
    case = cases(EXACT[name])[0]
    inputs, expected = batch(case, "float64"), reference(case, "float64")
    number = len(expected["per_example"])
    keep = np.ones(number, bool)
    for one in (*inputs.values(), *expected.values()):
        keep &= (np.abs(one.reshape(number, -1)) <= 1e3).all(1)
    keep &= np.cumsum(keep) <= keep.sum() // 2 * 2
    return (
        {key: value[keep] for key, value in inputs.items()},
        dict(case.parameters),
        {key: value[keep] for key, value in expected.items()},
    )


def gradients(name: str, found: Any) -> Mapping[str, NDArray[Any]]:
    names = [one.name for one in EXACT[name].of_role("differentiable")]
    return {names[0]: found} if len(names) == 1 else found._asdict()


def check(name: str, found: Any, expected: Arrays, weight: NDArray[Any]) -> None:
    value, gradient = found
    scale = np.abs(expected["per_example"]).max()
    np.testing.assert_allclose(
        value, (weight * expected["per_example"]).sum(), rtol=1e-12, atol=1e-13 * scale
    )
    for key, each in gradients(name, gradient).items():
        wanted = expected[f"gradient:{key}"]
        wanted = weight.reshape(-1, *[1] * (wanted.ndim - 1)) * wanted
        np.testing.assert_allclose(each, wanted, rtol=1e-11, atol=1e-15 * np.abs(wanted).max())


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.share(1 / 10)
def test_mean_weight_mask_and_axes(name: str) -> None:
    inputs, parameters, expected = moderate(name)
    loss = kernel(name, "numpy")
    number = len(expected["per_example"])
    rng = np.random.default_rng(0)
    weight = rng.uniform(size=number)
    mask = rng.uniform(size=number) < 0.5
    equal = np.full(number, 1 / number)
    check(name, loss.value_and_grad(**inputs, **parameters), expected, equal)
    found = loss.value_and_grad(**inputs, **parameters, weight=weight)
    check(name, found, expected, weight / weight.sum())
    found = loss.value_and_grad(**inputs, **parameters, mask=mask)
    check(name, found, expected, mask / mask.sum())
    found = loss.value_and_grad(**inputs, **parameters, reduction="sum")
    check(name, found, expected, np.ones(number))
    folded = {key: value.reshape(2, number // 2, *value.shape[1:]) for key, value in inputs.items()}
    each = loss(**folded, **parameters, reduction="none")
    assert each.shape == (2, number // 2)
    np.testing.assert_allclose(
        each.ravel(), expected["per_example"], rtol=1e-11, atol=1e-12 * np.abs(each).max()
    )


COMPILED = ("huber", "gaussian_nll", "binary_cross_entropy", "cross_entropy", "dice")


@pytest.mark.parametrize("name", COMPILED)
def test_the_library_by_name_is_compiled_for_the_processor(name: str) -> None:
    inputs, parameters, expected = moderate(name)
    loss = getattr(objc.library, name)
    weight = np.random.default_rng(0).uniform(size=len(expected["per_example"]))
    found = loss.value_and_grad(**inputs, **parameters, weight=weight)
    check(name, found, expected, weight / weight.sum())
    found = loss.value_and_grad(**inputs, weight=weight)  # the defaults
    check(name, found, expected, weight / weight.sum())


def test_a_shared_input_gets_the_sum_of_the_gradients() -> None:
    target = np.array([0.0, 1.0, 5.0])
    value, gradient = kernel("huber", "numpy").value_and_grad(0.5, target, delta=1.0)
    assert value == pytest.approx((0.125 + 0.125 + 4.0) / 3, rel=1e-15)
    assert gradient == pytest.approx((0.5 - 0.5 - 1.0) / 3, rel=1e-15)


def test_metrics_count() -> None:
    metrics = module("metrics", "numpy")
    score, label = np.array([2.0, -1.0, 0.0, 3.0]), np.array([1.0, 1.0, -1.0, -1.0])
    assert metrics.zero_one(score, label) == 0.75
    logits = np.array([[1.0, 3.0, 2.0], [0.0, 0.0, -1.0]])
    assert metrics.accuracy(logits, np.array([1, 0])) == 1.0
    assert metrics.accuracy(logits, np.array([1, 1])) == 0.5


def test_metrics_know_their_surrogates_wherever_they_are_declared() -> None:
    assert {"hinge", "logistic"} <= set(objc.library.zero_one.surrogates)
    assert "cross_entropy" in objc.library.accuracy.surrogates
    text = (
        "use metrics (zero_one)\n"
        "objective wrong(score: real | label: sign) = minimize zero_one(score | label)"
    )
    with pytest.raises(objc.ObjcError, match="its surrogates are `hinge`"):
        objc.compile(text)
