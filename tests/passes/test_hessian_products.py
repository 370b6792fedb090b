"""Gradients and Hessian products where one probability is nearly one, against the text in 400 digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import torch

from objc.accuracy.reference import Reference, vector_like
from objc.compiler import Variant, derive, lower, parse
from objc.ir.evaluate import evaluate
from objc.source import Source

LOSSES = {
    "cross-entropy": "loss form(z: real[K] | y: index(K)) = -log(softmax(z)[y])",
    "a temperature": "loss form(z: real[K] | y: index(K); t: positive = 3) = -log(softmax(w)[y])\n"
    "    where w[k] = z[k] / t",
    "weights of the classes": "loss form(z: real[K] | y: index(K), m: positive[K]) ="
    " -log(softmax(w)[y])\n    where w[k] = z[k] * m[k]",
    "a power of the probability": "loss form(z: real[K] | y: index(K)) = (1 - softmax(z)[y]^0.25) / 0.25",
    "a bonus for the probability": "loss form(z: real[K] | y: index(K)) ="
    " -log(softmax(z)[y]) + (1 - softmax(z)[y]) / 2",
    "a mask": "loss form(z: real[K] | y: index(K), keep: binary[K]) ="
    " logsumexp[k | keep[k] > 0](z[k]) - z[y]",
    "capped logits": "loss form(z: real[K] | y: index(K)) = -log(softmax(w)[y])\n"
    "    where w[k] = 30 * tanh(z[k] / 30)",
    "the others alone": "loss form(z: real[K] | y: index(K)) = log(1 + sum[k | k != y](exp(z[k] - z[y])))",
    "the entropy": "loss form(z: real[K]) = -sum[k](softmax(z)[k] * log(softmax(z)[k]))",
}  # fmt: skip

LOGITS = [
    [20.0, 0.0, -1.0],
    [-3.0, 40.0, 1.0],
    [0.5, 0.25, 90.0],
    [8.0, 8.0, -8.0],
    [1.0, 1.0, 1.0],
    [0.0, -500.0, 200.0],
    [1e-9, 0.0, 0.0],
]


@pytest.mark.parametrize("text", LOSSES.values(), ids=LOSSES.keys())
def test_product_keeps_its_digits(text: str) -> None:
    program = lower(parse(Source("form.objc", text))).programs["form"]
    inputs: dict[str, Any] = {"z": np.array(LOGITS), "y": np.array([0, 1, 0, 2, 1, 2, 0])}
    if "m" in program.input:
        inputs["m"] = np.array([[1.0, 0.3, 2.0]] * len(LOGITS))
    if "keep" in program.input:
        inputs["keep"] = np.array(
            [[1, 1, 1], [1, 1, 0], [1, 1, 1], [1, 0, 1], [0, 1, 1], [0, 0, 1], [1, 1, 0]]
        )
    inputs = {name: value for name, value in inputs.items() if name in program.input}
    results = ("per_example", "gradient", "hessian_vector_product")
    derived = derive(program, Variant(results, ("z",), frozenset(inputs)))
    hyperparameters = {one.name: 3.0 for one in program.inputs if one.role == "hyperparameter"}
    given = {**inputs, **hyperparameters}
    truth, _ = Reference(program, derived, ("z",)).at(given)
    found = evaluate(derived, {**given, "scale": 1.0, "vector_z": vector_like(inputs["z"])})
    for key in ("gradient:z", "hessian_vector_product:z"):
        for place in np.ndindex(found[key].shape):
            expected = truth[key][place]
            error = abs(mpmath.mpf(found[key][place]) - expected)
            assert error <= 2e-14 * abs(expected) + 1e-300, (
                key,
                place,
                found[key][place],
                expected,
            )


FAR_APART = {
    "weights of the others": "loss form(z: real[K] | y: index(K), m: positive[K]) ="
    " log(1 + sum[k | k != y](m[k] * exp(z[k] - z[y])))",
    "the others at a temperature": "loss form(z: real[K] | y: index(K); t: positive = 3) ="
    " log(1 + sum[k | k != y](exp((z[k] - z[y]) / t)))",
    "each with those before": "loss form(z: real[K]) ="
    " sum[i](log(1 + sum[k | k < i](exp(z[k] - z[i]))))",
    "each with those of larger keys": "loss form(z: real[K] | t: real[K]) ="
    " sum[i](log(1 + sum[k | t[k] > t[i]](exp(z[k] - z[i]))))",
    "two sums": "loss form(z: real[K] | keep: binary[K]) ="
    " log(1 + sum[k | keep[k] == 0](exp(z[k])) * sum[k | keep[k] == 1](exp(-z[k])))",
}  # fmt: skip


@pytest.mark.parametrize("text", FAR_APART.values(), ids=FAR_APART.keys())
def test_product_of_scores_that_are_far_apart(text: str) -> None:
    """Where nothing but 1e-17 is left of a row, as two of the scores differ by 40."""
    program = lower(parse(Source("form.objc", text))).programs["form"]
    inputs: dict[str, Any] = {
        "z": np.array(
            [[0.0, -40.0, -80.0], [30.0, 0.0, 1.0], [0.0, 40.0, 90.0], [-30.0, 20.0, 90.0]]
        ),
        "y": np.array([0, 0, 1, 2]),
        "t": 3.0 if "positive" in text else np.array([[3.0, 2.0, 1.0]] * 4),
        "keep": np.array([[1, 0, 0]] * 4),
        "m": np.array([[1.0, 0.3, 2.0]] * 4),
    }
    inputs = {name: value for name, value in inputs.items() if name in program.input}
    batched = frozenset(one.name for one in program.inputs if one.role != "hyperparameter")
    derived = derive(program, Variant(("hessian_vector_product",), ("z",), batched))
    truth, _ = Reference(program, derived, ("z",)).at(inputs)
    found = evaluate(derived, {**inputs, "scale": 1.0, "vector_z": vector_like(inputs["z"])})
    key = "hessian_vector_product:z"
    for place in np.ndindex(found[key].shape):
        error = abs(mpmath.mpf(found[key][place]) - truth[key][place])
        assert error <= 1e-13 * abs(truth[key][place]), place


def test_masked_row_without_points_has_no_curvature() -> None:
    text = "loss form(z: real[K] | keep: binary[K]) = logsumexp[k | keep[k] > 0](z[k])"
    program = lower(parse(Source("form.objc", text))).programs["form"]
    inputs = {"z": np.array([[1.0, 2.0]]), "keep": np.zeros((1, 2), int)}
    derived = derive(program, Variant(("hessian_vector_product",), ("z",), frozenset(inputs)))
    found = evaluate(derived, {**inputs, "scale": 1.0, "vector_z": np.ones((1, 2))})
    np.testing.assert_array_equal(found["hessian_vector_product:z"], np.zeros((1, 2)))


def test_addends_that_are_rounded_otherwise_than_their_maximum() -> None:
    """The place of the largest is then not found by comparing; the product is right all the same."""
    text = """loss form(x: real[N]) = max[i](logsumexp[j](x[j] / (1 + x[i]^2) + x[j]) * x[i])"""
    program = lower(parse(Source("form.objc", text))).programs["form"]
    x = np.random.default_rng(5).normal(size=(20, 3))
    derived = derive(program, Variant(("hessian_vector_product",), ("x",), frozenset({"x"})))
    found = evaluate(derived, {"x": x, "scale": 1.0, "vector_x": np.ones_like(x)})
    at = torch.tensor(x, requires_grad=True)
    sums = torch.logsumexp(at[:, None] / (1 + at[:, :, None] ** 2) + at[:, None], 2)
    (slope,) = torch.autograd.grad((sums * at).amax(1).sum(), at, create_graph=True)
    (expected,) = torch.autograd.grad(slope.sum(), at)
    np.testing.assert_allclose(
        found["hessian_vector_product:x"], expected.numpy(), rtol=1e-11, atol=1e-12
    )


def test_confident_tokens_of_a_masked_sequence() -> None:
    text = """loss form(z: real[T, K] | y: index(K)[T], keep: binary[T]) =
        mean[t | keep[t] == 1](logsumexp[k](z[t, k]) - z[t, y[t]])"""
    program = lower(parse(Source("form.objc", text))).programs["form"]
    inputs = {
        "z": np.array([LOGITS[:3]]),
        "y": np.array([[0, 1, 2]]),
        "keep": np.array([[1, 0, 1]]),
    }
    derived = derive(program, Variant(("gradient",), ("z",), frozenset(inputs)))
    found = evaluate(derived, {**inputs, "scale": 1.0})["gradient:z"][0]
    assert not found[1].any()
    for row in (0, 2):
        others = [one - LOGITS[row][row] for k, one in enumerate(LOGITS[row]) if k != row]
        rest = float(mpmath.fsum(mpmath.exp(one) for one in others))
        assert abs(found[row, row] + rest / (1 + rest) / 2) <= 1e-14 * rest


TWO_AXES = (
    ("log(sum[i, j](exp(s[i] - s[j])))", "log(sum[i](exp(s[i]))) + log(sum[i](exp(-s[i])))"),
    ("log(1 + sum[i](exp(s[i]) * sum[j](exp(s[j]))))", "log(1 + sum[i](exp(s[i]))^2)"),
)


@pytest.mark.parametrize(("text", "apart"), TWO_AXES)
def test_two_axes_of_one_dimension_are_two_places(text: str, apart: str) -> None:
    """An addend of a logsumexp over both has no place where they are one."""
    s, vector = {"s": np.array([0.3, -1.0, 2.0])}, np.array([1.0, -0.5, 0.75])
    found = []
    for body in (text, apart):
        program = lower(parse(Source("f.objc", f"loss f(s: real[N]) =\n    {body}\n"))).programs[
            "f"
        ]
        derived = derive(program, Variant(("gradient", "hessian_vector_product"), ("s",)))
        found.append(evaluate(derived, {**s, "vector_s": vector}))
    for key in ("gradient:s", "hessian_vector_product:s"):
        np.testing.assert_allclose(found[0][key], found[1][key], rtol=1e-13)
