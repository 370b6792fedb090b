"""−∞ in the text: states that nothing leads to, in value and derivatives of any order."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import objc

# Graves et al. (2006), of labels with blanks around; the logarithm of 0 stands where nothing leads.
PAPER = """
loss ctc(z: real[T, K] | label: index(K)[S]) = -log(exp(a[T-1, S-1]) + exp(a[T-1, S-2]))
    where lp[t, k] = z[t, k] - logsumexp[c](z[t, c])
          a[0, s] = if s <= 1 then lp[0, label[s]] else -inf
          a[t, s] = lp[t, label[s]] + log(
              exp(a[t-1, s])
              + (if s > 0 then exp(a[t-1, s-1]) else 0)
              + (if s > 1 and label[s] != 0 and label[s] != label[s-2] then exp(a[t-1, s-2]) else 0)
          )
"""
ROUNDING = {"f4": 3e-6, "f8": 1e-13}


def labels(target: tuple[int, ...]) -> Any:
    """The states of a target: its labels with blanks around."""
    return np.array([0, *(one for label in target for one in (label, 0))])


class Paths:
    """The likelihood as a sum over all paths that collapse to a target."""

    def __init__(self, steps: int, classes: int, target: tuple[int, ...]) -> None:
        self.shape = steps, classes
        paths = itertools.product(range(classes), repeat=steps)
        kept = [one for one in paths if tuple(k for k, _ in itertools.groupby(one) if k) == target]
        self.counts = np.eye(classes)[np.array(kept)].reshape(len(kept), -1)

    def of(self, z: Any, v: Any) -> tuple[float, Any, Any]:
        """Value, gradient and the Hessian's product with v."""
        scores, moved = self.counts @ z.ravel(), self.counts @ v.ravel()
        chance = np.exp(scores - np.logaddexp.reduce(scores))
        soft = np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))
        value = np.logaddexp.reduce(z, axis=1).sum() - np.logaddexp.reduce(scores)
        gradient = soft - (chance @ self.counts).reshape(self.shape)
        centered = chance * (moved - chance @ moved)
        product = soft * (v - (soft * v).sum(axis=1, keepdims=True))
        return float(value), gradient, product - (centered @ self.counts).reshape(self.shape)


@pytest.fixture(scope="module", params=["numpy", pytest.param("cpu", marks=pytest.mark.slow)])
def ctc(request: pytest.FixtureRequest) -> Any:
    return objc.compile(PAPER, target=request.param).ctc


@pytest.mark.parametrize("dtype", ["f8", pytest.param("f4", marks=pytest.mark.slow)])
@pytest.mark.parametrize("target", [(1,), (1, 2), (1, 1), (2, 1, 2)])
def test_temporal_classification_as_the_paper_has_it(
    target: tuple[int, ...], dtype: str, ctc: Any
) -> None:
    generator = np.random.default_rng(len(target))
    z, v = generator.normal(size=(2, 6, 3)).astype(dtype)
    label = labels(target)
    value, gradient, product = Paths(6, 3, target).of(z.astype(float), v.astype(float))
    found = ctc.value_and_grad(z, label)
    assert found[0] == pytest.approx(value, rel=ROUNDING[dtype])
    np.testing.assert_allclose(found[1], gradient, atol=ROUNDING[dtype])
    products = ctc.hessian_vector_product(z, label, vector=v)
    np.testing.assert_allclose(products, product, atol=ROUNDING[dtype])
    units = np.eye(z.size).reshape(z.size, *z.shape).astype(dtype)
    columns = [ctc.hessian_vector_product(z, label, vector=one)[one == 1] for one in units]
    diagonal = ctc.hessian_diagonal(z, label).ravel()
    np.testing.assert_allclose(diagonal, np.ravel(columns), atol=ROUNDING[dtype])


@pytest.mark.slow
def test_long_sequences_stay_in_range(ctc: Any) -> None:
    """Their likelihood is exp(−1300): of states that are there only the logarithms are numbers."""
    z = np.random.default_rng(0).normal(size=(700, 5))
    label = labels((1, 2, 3))
    log_share = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
    state = np.where(np.arange(7) <= 1, log_share[0, label], -np.inf)
    for row in log_share[1:]:
        next_to = np.concatenate([[-np.inf], state[:-1]])
        over = np.concatenate([[-np.inf] * 2, state[:-2]])
        over[label == 0] = -np.inf
        state = np.logaddexp(np.logaddexp(state, next_to), over) + row[label]
    value, gradient = ctc.value_and_grad(z, label)
    assert value == pytest.approx(-np.logaddexp(*state[-2:]), rel=1e-13)
    v = np.random.default_rng(1).normal(size=z.shape)
    near = [ctc.gradient(z + step * v, label) for step in (1e-5, -1e-5)]
    product = ctc.hessian_vector_product(z, label, vector=v)
    np.testing.assert_allclose(product, (near[0] - near[1]) / 2e-5, atol=1e-6)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-11)


def test_a_target_that_no_path_spells(ctc: Any) -> None:
    value, gradient = ctc.value_and_grad(np.zeros((1, 3)), labels((1, 2)))
    assert value == np.inf
    np.testing.assert_array_equal(gradient, np.zeros((1, 3)))


SUMS = """
loss signed(z: real[T], w: nonnegative, v: real | rest: real[S]) = -a[T-1, S-1]
    where a[0, s] = if s == 0 then z[0] + rest[0] else -inf
          a[t, s] = z[t] + rest[s] + (
              if s == 0 then a[t-1, 0] else log(w * exp(a[t-1, s]) + (v^2 + 1) * exp(a[t-1, s-1]))
          )
loss arms(x: real, y: real | a: binary, b: binary) =
    log((if a == 1 then exp(x) else 0) + (if b == 1 then exp(y) else 0))
loss beside(x: real, y: real, z: real | a: binary, b: binary) =
    log(exp(z) + (if a == 1 then 2 * exp(x) else 0) + (if b == 1 then exp(y) else 0))
"""


def signed(z: Any, w: float, v: float, rest: Any) -> float:
    state = np.array([z[0] + rest[0], -np.inf, -np.inf])
    for score in z[1:]:
        near = w * np.exp(state[1:]) + (v**2 + 1) * np.exp(state[:-1])
        with np.errstate(divide="ignore"):
            state = score + rest + np.concatenate([state[:1], np.log(near)])
    return float(-state[-1])


def test_weights_of_what_is_impossible() -> None:
    kernel = objc.compile(SUMS, target="numpy").signed
    z, rest = np.random.default_rng(2).normal(size=6), np.array([0.5, -0.25, 1.0])
    place = np.concatenate([z, [0.7, 2.0]])

    def at(place: Any) -> tuple[Any, ...]:
        return place[:6], float(place[6]), float(place[7]), rest

    value, gradient = kernel.value_and_grad(*at(place))
    assert value == pytest.approx(signed(*at(place)), rel=1e-13)
    steps = 1e-5 * np.eye(8)
    slopes = [(signed(*at(place + one)) - signed(*at(place - one))) / 2e-5 for one in steps]
    np.testing.assert_allclose(np.hstack([*gradient]), slopes, atol=1e-9)
    moved = np.random.default_rng(3).normal(size=8)
    near = [np.hstack([*kernel.gradient(*at(place + s * moved))]) for s in (1e-5, -1e-5)]
    product = kernel.hessian_vector_product(*at(place), vector=at(moved)[:3])
    np.testing.assert_allclose(np.hstack([*product]), (near[0] - near[1]) / 2e-5, atol=1e-8)


@pytest.mark.parametrize("shift", [0.0, 800.0, -800.0])
@pytest.mark.parametrize(("a", "b"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_arms_that_leave_out_exponentials(a: int, b: int, shift: float) -> None:
    """Beyond the range of exponentials too; of none at all the logarithm is −∞, and nothing moves it."""
    module = objc.compile(SUMS)
    x, y, z = shift + 0.3, shift - 0.2, shift + 0.1
    exponents = {"x": x if a else -np.inf, "y": y if b else -np.inf}
    for kernel, given, shares in (
        (module.arms, (x, y), exponents),
        (module.beside, (x, y, z), exponents | {"x": exponents["x"] + np.log(2), "z": z}),
    ):
        value, gradient = kernel.value_and_grad(*given, a, b)
        total = np.logaddexp.reduce([*shares.values()])
        assert value == pytest.approx(total, rel=1e-13, abs=1e-13)
        p = {name: np.exp(one - total) if total > -np.inf else 0.0 for name, one in shares.items()}
        for name, share in p.items():
            assert getattr(gradient, name) == pytest.approx(share, abs=1e-13)
            curved = getattr(kernel.hessian_diagonal(*given, a, b), name)
            assert curved == pytest.approx(share * (1 - share), abs=1e-13)
