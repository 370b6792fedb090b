"""Recurrences of logarithms are counted from their own level, whatever the length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc
from objc.compiler import Variant, differentiated, lower, parse
from objc.ir.evaluate import evaluate
from objc.passes.evaluation.probabilities.levels import count_from_levels
from objc.source import Source

CHAIN = """loss chain(emission: real[T, K], transition: real[K, K] | tag: index(K)) =
    logsumexp[k](a[T-1, k]) - emission[0, tag]
    where a[0, k] = emission[0, k]
          a[t, k] = emission[t, k] + logsumexp[j](a[t-1, j] + transition[j, k])
"""
BACKWARDS = """loss chain(emission: real[T, K], transition: real[K, K] | tag: index(K)) =
    logsumexp[k](b[0, k]) - emission[0, tag]
    where b[T-1, k] = emission[T-1, k]
          b[t, k] = emission[t, k] + logsumexp[j](b[t+1, j] + transition[k, j])
"""
MASKED = """loss chain(emission: real[T, K], transition: real[K, K] | tag: count) =
    if tag > 0 then logsumexp[k](a[T-1, k]) else 0
    where a[0, k] = if tag > 0 then emission[0, k] else 0
          a[t, k] = if t < tag then emission[t, k] + logsumexp[j](a[t-1, j] + transition[j, k])
                    else a[t-1, k]
"""
KINKED = """loss chain(emission: real[T, K], transition: real[K, K] | tag: count) =
    logsumexp[k](a[T-1, k]) * tag
    where a[0, k] = emission[0, k]
          a[t, k] = max(0, emission[t, k] + logsumexp[j](a[t-1, j] + transition[j, k]))
"""
LENGTH = 300


def _inputs(sizes: tuple[int, int] = (LENGTH, 4)) -> tuple[Any, ...]:
    generator = np.random.default_rng(0)
    length, states = sizes
    emission = generator.normal(size=(2, length, states)).astype(np.float32)
    transition = generator.normal(size=(2, states, states)).astype(np.float32)
    return emission, transition, np.array([0, states - 1])


@pytest.mark.parametrize("text", [CHAIN, BACKWARDS, MASKED], ids=["ahead", "back", "masked"])
def test_a_long_chain_is_as_exact_as_a_short_one(text: str) -> None:
    kernel = objc.compile(text).chain
    emission, transition, tag = _inputs()
    tag = np.array([0, LENGTH - 7]) if text is MASKED else tag
    value, gradient = kernel.value_and_grad(emission, transition, tag)
    exact, slopes = kernel.value_and_grad(emission.astype(float), transition.astype(float), tag)
    assert float(value) == pytest.approx(float(exact), rel=3e-7)
    for one, other in zip(gradient, slopes, strict=True):
        assert np.max(np.abs(one - other)) < 5e-6 * np.max(np.abs(other))


RESULTS = ("per_example", "gradient", "hessian_vector_product")


@pytest.mark.parametrize("text", [CHAIN, BACKWARDS, MASKED, KINKED])
def test_it_is_the_same_function(text: str) -> None:
    program = lower(parse(Source("chain.objc", text))).programs["chain"]
    names = [one.name for one in program.inputs]
    wrt = tuple(one.name for one in program.differentiable)
    before = differentiated(program, Variant(RESULTS, wrt, frozenset(names)))
    inputs = dict(zip(names, _inputs((5, 3)), strict=True))
    vectors = {f"vector_{name}": np.cos(inputs[name]) for name in wrt}
    after = count_from_levels(before)
    assert any("level" in let.name for let in after.lets) == (text is not KINKED)
    wanted = evaluate(before, {**inputs, **vectors, "scale": 1.0})
    for key, found in evaluate(after, {**inputs, **vectors, "scale": 1.0}).items():
        np.testing.assert_allclose(found, wanted[key], rtol=1e-12, atol=1e-14)


def test_a_rest_within_another_maximum_cancels_with_that() -> None:
    """What the outer maximum is taken of has the inner rest in it: it is added before that is subtracted."""
    text = "loss nested(s: real[N]) = log(sum[i](exp(s[i])*sum[j | j != i](exp(-s[j]))))"
    kernel = objc.compile(text).nested
    far = kernel.gradient(np.array([0.0, 1.0, 1e8], np.float32))
    np.testing.assert_allclose(far, [-0.7310586, -0.26894143, 1.0], rtol=1e-6)
    diagonal = kernel.hessian_diagonal(np.array([1.0, 2.0, 30.0], np.float32))
    np.testing.assert_allclose(diagonal, [0.19661193, 0.19661193, 5.7389e-13], rtol=1e-5)
