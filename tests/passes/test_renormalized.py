"""A softmax that is renormalized without one class hangs on the others alone, however sure that class is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

import objc
from objc.compiler import lower, parse, stable
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.source import Source

from .oracle import gradient, second

OTHERS = "exp(z[k]) / sum[j | j != y](exp(z[j]))"
WAYS = {
    "twice": "2 * softmax(z)[k] / (2 - 2 * softmax(z)[y])",
    "by hand": "exp(z[k]) / (sum[j](exp(z[j])) - exp(z[y]))",
    "quotients by hand": "exp(z[k]) / sum[j](exp(z[j])) / (1 - exp(z[y]) / sum[j](exp(z[j])))",
    "from logarithms": "exp(log(softmax(z)[k]) - log(1 - softmax(z)[y]))",
}
LOSS = """-mean[k | k != y](h[k] * log(h[k])) / log(K - 1) + sum[k | k != y](h[k] * c[k] + h[k]^0.3)
    - sum[k | k == v and k != y](log(h[k]))"""
SURE = ((25.0, 0.0, -3.0, 1.0), (900.0, -200.0, 300.0, 299.0), (-90.0, 0.5, 0.0, 1.0))


def _lowered(source: str) -> Program:
    return lower(parse(Source("f", source))).programs["f"]


def _compiled(way: str) -> Any:
    text = f"loss f(z: real[K] | y: index(K), v: index(K), c: real[K]) = {LOSS}\n    where h[k] = {way}\n"
    return objc.compile(text, target="numpy").f


def _results(kernel: Any, z: np.ndarray) -> list[np.ndarray]:
    data = {"y": 0, "v": 2, "c": np.array([9.0, 0.25, -1.0, 2.0], z.dtype)}
    vector = np.array([3.0, -0.5, 1.25, 0.75], z.dtype)
    value, slopes = kernel.value_and_grad(z, **data)
    product = kernel.hessian_vector_product(z, **data, vector=vector)
    return [np.array(value), slopes, product, kernel.hessian_diagonal(z, **data)]


def test_the_class_that_is_left_out_has_no_part() -> None:
    """The same in all digits as the softmax of the others written out."""
    kernel, plain = _compiled("softmax(z)[k] / (1 - softmax(z)[y])"), _compiled(OTHERS)
    for logits in SURE:
        z = np.array(logits)
        wanted = _results(plain, np.array([0.0, *logits[1:]]))
        for dtype, digits in ((np.float32, 3e-6), (np.float64, 1e-14)):
            for got, true in zip(_results(kernel, z.astype(dtype)), wanted, strict=True):
                np.testing.assert_allclose(got, true, digits, digits * np.abs(true).max())
                assert got.shape == () or got[0] == 0


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_it_is_a_softmax_of_the_others(way: str) -> None:
    """No other normalizer is left, and the value is that of the text."""
    loss = "sum[k | k != y](h[k] * log(h[k]) + h[k]^0.3)"
    source = f"loss f(z: real[K] | y: index(K)) = {loss}\n    where h[k] = {WAYS[way]}\n"
    program = stable(_lowered(source))
    normalizers = [let for let in program.lets if let.reduction == "logsumexp"]
    assert normalizers and all(let.guard != sympy.true for let in normalizers)
    z = np.array([3.0, 0.5, -1.0])
    h = np.exp(z[1:]) / np.exp(z[1:]).sum()
    assert evaluate(program, {"z": z, "y": 0})["per_example"] == pytest.approx(
        np.sum(h * np.log(h) + h**0.3), rel=1e-14
    )


@pytest.mark.parametrize("loss", ["p[y] / (1 - p[y])", "1 / (1 - p[y])", "sum[k](c[k] * p[k] / (1 - p[k]))",
                                  "(p[y] / (1 - p[y]))^0.3", "-log(p[y]) - log(p[2] / (1 - p[y]))",
                                  "p[2] / (1 - p[y] + 0.0000001)"])  # fmt: skip
def test_odds_of_a_sure_class_keep_their_digits(loss: str) -> None:
    source = f"loss f(z: real[K] | y: index(K), c: real[K]) = {loss}\n    where p = softmax(z)\n"
    kernel = objc.compile(source, target="numpy").f
    program = _lowered(source)
    for z in (np.array([12.0, 0.5, -3.0]), np.array([25.0, 0.5, -3.0]), np.array([-5.0, 0.5, 1.0])):
        data = {"y": 0, "c": np.array([1.0, -0.5, 2.0])}
        true = gradient(program, {"z": z, **data}, "z")
        diagonal = second(program, {"z": z, **data}, "z")
        for dtype, digits in ((np.float32, 2e-6), (np.float64, 1e-14)):
            given = {"y": 0, "c": data["c"].astype(dtype)}
            scale = digits * np.abs(true).max()
            np.testing.assert_allclose(
                kernel.gradient(z.astype(dtype), **given), true, digits, scale
            )
            got = kernel.hessian_diagonal(z.astype(dtype), **given)
            np.testing.assert_allclose(got, diagonal, digits, digits * np.abs(diagonal).max())


def test_what_divides_by_a_softmax_that_is_not_whole_is_left_alone() -> None:
    """One less a probability under another guard, or of a class twice, is no sum of all others."""
    source = """loss f(z: real[K] | y: index(K)) = p[y] / (1 - p[y] / 2) + q[y] / (1 - p[y])
        where p = softmax(z)
              q = softmax(2 * z)
    """
    z = np.array([3.0, 0.5, -3.0])
    p, q = (np.exp(one) / np.exp(one).sum() for one in (z, 2 * z))
    wanted = p[0] / (1 - p[0] / 2) + q[0] / (1 - p[0])
    assert float(objc.compile(source, target="numpy").f(z, 0)) == pytest.approx(wanted, rel=1e-14)


def test_a_score_less_its_normalizer_is_named_so_whatever_it_is_called() -> None:
    """The gradient of an entropy keeps its digits where one class is sure, also of a softmax by hand."""
    for name in ("a", "zz", "log_sum"):
        source = f"""loss f({name}: real[K]) = sum[k](p[k] * log(p[k]))
            where p[k] = exp({name}[k]) / sum[j](exp({name}[j]))
        """
        z = np.array([25.0, 0.0, -3.0, 1.0], np.float32)
        got = objc.compile(source, target="numpy").f.gradient(z)
        assert got[0] == pytest.approx(-float(np.sum(got[1:], dtype=np.float64)), rel=1e-6)


@pytest.mark.parametrize("logits", SURE)
def test_divergence_of_the_others(logits: tuple[float, ...]) -> None:
    """The part of a decoupled distillation without the label (Zhao et al. 2022), by one quotient."""
    kernel = objc.compile(
        "loss f(z: real[K] | u: real[K], y: index(K)) =\n"
        "    sum[k | k != y](q[k] / (1 - q[y]) * log((q[k] / (1 - q[y])) / (p[k] / (1 - p[y]))))\n"
        "    where p[k] = softmax(z)[k]\n          q[k] = softmax(u)[k]\n",
        target="numpy",
    ).f
    u, z = np.array(logits), np.array([2.0, 0.5, -1.0, 0.25])
    logs = [
        one[1:] - np.log(np.exp(one[1:] - one[1:].max()).sum()) - one[1:].max() for one in (u, z)
    ]
    expected = (np.exp(logs[0]) * (logs[0] - logs[1])).sum()
    slopes = np.exp(logs[1]) - np.exp(logs[0])
    np.testing.assert_allclose(kernel(z, u, 0), expected, rtol=1e-13)
    np.testing.assert_allclose(kernel.gradient(z, u, 0), [0.0, *slopes], rtol=1e-13, atol=1e-16)
