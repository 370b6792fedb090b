"""What lowered programs compute, by the interpreter, against the same mathematics in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import digamma, gammaln, log_softmax, logsumexp, softmax

from objc.ir.evaluate import evaluate
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

RANDOM = np.random.default_rng(20240101)
N, M, K = 5, 3, 4
V = RANDOM.normal(size=N)
W = RANDOM.normal(size=N)
A = RANDOM.normal(size=(N, M))
B = RANDOM.normal(size=(N, M))
E = RANDOM.normal(size=(N, K))
P = RANDOM.normal(size=(K, K))
TAG = RANDOM.integers(0, K, size=N)
COUNTS = np.array([2, 0, 1, 0, 3])
Z = A @ B.T / 0.07


def lambdarank(score: Any, relevance: Any) -> float:
    rank = 1 + (score[None, :] > score[:, None]).sum(1)
    order = np.argsort(-relevance, kind="stable")
    ideal_rank = np.empty(N, dtype=int)
    ideal_rank[order] = np.arange(1, N + 1)
    gain = 2.0**relevance - 1
    ideal = (gain / np.log2(1 + ideal_rank)).sum()
    total = 0.0
    for i in range(N):
        for j in range(N):
            if relevance[i] > relevance[j]:
                change = abs(1 / np.log2(1 + rank[i]) - 1 / np.log2(1 + rank[j]))
                swap = abs(gain[i] - gain[j]) * change / ideal
                total += swap * np.log1p(np.exp(score[j] - score[i]))
    return total


CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("loss f(x: real[N]) = sum[t | t > 0](abs(d[t]))\n    where d[t] = x[t] - x[t-1]",
     {"x": V}, np.abs(np.diff(V)).sum()),
    ("function f(x: real[N])[t] = d[t]\n    where d[0] = 7\n          d[t] = x[t] - x[t-1]",
     {"x": V}, np.r_[7, np.diff(V)]),
    ("function f(x: real[N], z: real)[t] = n[t]\n    where n[N-1] = z\n          n[t] = x[t+1]",
     {"x": V, "z": 9.0}, np.r_[V[1:], 9.0]),
    ("function f(x: real[N])[i] = x[r[i]]\n    where r[i] = count[j](x[j] > x[i])",
     {"x": V}, V[(V[None, :] > V[:, None]).sum(1)]),
    ("loss f(x: real[N], w: real[M]) ="
     " sum[i | i + 2 < N]((sum[j](w[j] * x[i + j]))^2)",
     {"x": V, "w": W[:M]}, (np.correlate(V, W[:M]) ** 2).sum()),
    ("loss f(e: real[T, K], p: real[K, K] | tag: index(K)[T]) ="
     " sum[t](e[t, tag[t]]) + sum[t | t > 0](p[tag[t-1], tag[t]])",
     {"e": E, "p": P, "tag": TAG}, E[np.arange(N), TAG].sum() + P[TAG[:-1], TAG[1:]].sum()),
    ("loss f(q: real[B, D], k: real[B, D]) = mean[i](logsumexp[j](s[i, j]) - s[i, i])\n"
     "    where s[i, j] = dot(q[i], k[j]) / 0.07",
     {"q": A, "k": B}, (logsumexp(Z, axis=1) - np.diag(Z)).mean()),
    ("loss f(score: real[N] | relevance: count[N]) =\n"
     "    sum[i, j | relevance[i] > relevance[j]]"
     "(swap[i, j] * log(1 + exp(-(score[i] - score[j]))))\n"
     "    where rank[i] = 1 + count[j](score[j] > score[i])\n"
     "          gain[i] = 2^relevance[i] - 1\n"
     "          discount[i] = 1 / log2(1 + rank[i])\n"
     "          ideal_rank[i] = 1 + count[j](relevance[j] > relevance[i]"
     " or (relevance[j] == relevance[i] and j < i))\n"
     "          ideal = sum[i](gain[i] / log2(1 + ideal_rank[i]))\n"
     "          swap[i, j] = stop_gradient(abs(gain[i] - gain[j])"
     " * abs(discount[i] - discount[j]) / ideal)",
     {"score": V, "relevance": COUNTS}, lambdarank(V, COUNTS)),
    ("function f(x: real[N, M]) = softmax(x)", {"x": A}, softmax(A, axis=1)),
    ("loss f(x: real[N, K] | y: index(K)[N]) = -mean[i](log_softmax(x)[i, y[i]])",
     {"x": E, "y": TAG}, -log_softmax(E, axis=1)[np.arange(N), TAG].mean()),
    ("function f(x: real[N], y: real[N]) = cosine(x, y)",
     {"x": V, "y": W}, V @ W / np.linalg.norm(V) / np.linalg.norm(W)),
    ("function f(x: real[N, M]) = normalize(x)",
     {"x": A}, A / np.linalg.norm(A, axis=1, keepdims=True)),
    ("function f(x: real[N]) = x - mean(x)", {"x": V}, V - V.mean()),
    ("function f(a: real[N, M], b: real[N, M])[i, k] = sum[j](a[i, j] * b[k, j])",
     {"a": A, "b": B}, A @ B.T),
    ("function f(x: real[N]) = x[argmax(x)] - x[argmin(x)] + x[0] + x[N-1]",
     {"x": V}, V.max() - V.min() + V[0] + V[-1]),
    ("function f(x: real[N], w: real[N]) = x[argmax[i | w[i] < 0](x[i])]",
     {"x": V, "w": W}, V[W < 0].max()),
    ("function f(x: real[N]) = if any[i](x[i] > 0) and not all(x > 0) then sum(x) else 0",
     {"x": V}, V.sum()),
    ("function f(x: real[N]) = sum[i | keep[i]](x[i])\n    where keep[i] = x[i] > 0 and i > 0",
     {"x": V}, V[1:][V[1:] > 0].sum()),
    ("function f(x: real) = max(-1, x, 2 * x, 3) + min(x, 2) + clip(x, 0, 1) + relu(-x)",
     {"x": -0.5}, 3 - 0.5 + 0 + 0.5),
    ("function f(x: real) = -2^2 + x^2^0.5 + abs(x^3) + log2(8) + (2 - 3 - 4) / 2 / 5",
     {"x": 1.7}, -4 + 1.7 ** (2**0.5) + 1.7**3 + 3 - 0.5),
    ("loss f(x: real[N]) = (if best == -inf then 1 else 2) + (if best > -inf then 4 else 8)"
     " + (if inf != least then 16 else 32) + (if least >= inf then 64 else 128)\n"
     "    where best = max[i | x[i] > 9](x[i])\n"
     "          least = min[i | x[i] > 9](x[i])",
     {"x": V}, 1 + 8 + 32 + 64),
    ("loss f(x: real | n: count) = x * (lgamma(n + 1) + digamma(n + 1) + lgamma(n + 2))",
     {"x": 1.5, "n": 4}, 1.5 * (gammaln(5) + digamma(5) + gammaln(6))),
    ("function f(x: real[N]) = prod[i](1 + x[i]^2) - min(x) + max[i | i != 0](x[i]) - logsumexp(x)",
     {"x": V}, np.prod(1 + V**2) - V.min() + V[1:].max() - logsumexp(V)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "inputs", "expected"), CASES, ids=[c[0][:40] for c in CASES])
def test_meaning(text: str, inputs: dict[str, Any], expected: Any) -> None:
    ((_, program),) = lower(parse(Source("<text>", text))).programs.items()
    (got,) = evaluate(program, inputs).values()
    np.testing.assert_allclose(np.asarray(got, dtype=float), expected, rtol=1e-13, atol=1e-13)


def test_functions_with_definitions_inside_of_reductions() -> None:
    text = (
        "function f(x: real[D]; s: positive = 2) = sum[i](n[i] * w + h(i))\n"
        "    where n[i] = x[i] / s\n"
        "          w = max(x)\n"
        "          h(c) = n[c] * sum[j](x[j] * n[j]) + mean(x)\n"
        "function twice(x: real[D]) = f(2 * x; s = 5)\n"
        "loss g(a: real[N, D], b: real[D]) = sum(f(a)) + sum[k](f(a[k]; s = 3) * a[k, 0])\n"
        "    + sum[k](twice(a[k] + b) * twice(b)) + sum(a[0] * f(a)[1])\n"
    )

    def f(x: Any, s: float = 2) -> Any:
        n = x / s
        return (n * x.max() + n * (x * n).sum() + x.mean()).sum()

    b = W[:M]
    expected = sum(f(row) + f(row, 3) * row[0] for row in A)
    expected += sum(f(2 * (row + b), 5) * f(2 * b, 5) for row in A) + (A[0] * f(A[1])).sum()
    program = lower(parse(Source("<text>", text))).programs["g"]
    got = evaluate(program, {"a": A, "b": b})["per_example"]
    assert float(got) == pytest.approx(float(expected), rel=1e-13)


def test_functions_that_return_tensors() -> None:
    text = (
        "function whiten(x: real[N, D])[n, d] = (x[n, d] - m[d]) / s(d)\n"
        "    where m[d] = mean[n](x[n, d])\n"
        "          s(c) = sqrt(mean[n]((x[n, c] - m[c])^2) + 1e-6)\n"
        "function outer(a: real[N], b: real[M])[i, j] = a[i] * b[j]\n"
        "function pair(x: real[D], y: real[D])[k] = if k == 0 then dot(x, y) else x[k] * y[k]\n"
        "loss f(x: real[N, D], y: real[N, D]) = squares + products + total(whiten(x)) + near(x[1])\n"
        "    where squares = sum[i, j](outer(whiten(x)[0], y[1])[i, j]^2)\n"
        "          products = sum[n](pair(x[n], y[n])[0] * pair(y[n], x[n])[1])\n"
        "          total(t) = sum[n, d | n > 0](t[n, d] * t[n-1, d])\n"
        "          near(x) = sum(double(x) * y[0])\n"
        "          double(y) = 2 * y\n"
    )
    white = (A - A.mean(0)) / np.sqrt(A.var(0) + 1e-6)
    expected = (np.outer(white[0], B[1]) ** 2).sum()
    expected += ((A * B).sum(1) * A[:, 1] * B[:, 1]).sum()
    expected += (white[1:] * white[:-1]).sum() + 2 * (A[1] * B[0]).sum()
    program = lower(parse(Source("<text>", text))).programs["f"]
    assert float(evaluate(program, {"x": A, "y": B})["per_example"]) == pytest.approx(
        float(expected), rel=1e-13
    )
    assert all(len(let.indices) <= 2 for let in program.lets)


def test_local_functions_that_return_tensors_by_their_indices() -> None:
    text = (
        "loss f(x: real[D], w: real[N, D]) = sum[d](square(square(x))[d]) + dot(turned(w)[0], v)\n"
        "    where square(q)[d] = q[d]^2 / 2\n"
        "          turned(m)[i, j] = m[j, i]\n"
        "          v[n] = sum(behind(w[n]))\n"
        "          behind(q)[i] = if i > 0 then q[i-1] * x[i] else 0\n"
    )
    x = B[0]
    behind = [row[:-1] @ x[1:] for row in A]
    expected = (((x**2 / 2) ** 2) / 2).sum() + A[:, 0] @ np.array(behind)
    program = lower(parse(Source("<text>", text))).programs["f"]
    got = evaluate(program, {"x": x, "w": A})["per_example"]
    assert float(got) == pytest.approx(float(expected), rel=1e-13)


def test_a_model_called_for_two_inputs() -> None:
    text = (
        "model embed(x: real[D]; learn w: real[H, D])[h] = tanh(dot(w[h], x))\n"
        "objective near(| x: real[D], y: real[D]) = minimize sum((embed(x) - embed(y))^2)\n"
    )
    program = lower(parse(Source("<text>", text))).programs["near"]
    w = RANDOM.normal(size=(K, M))
    got = evaluate(program, {"x": A[0], "y": A[1], "w": w})["per_example"]
    expected = ((np.tanh(w @ A[0]) - np.tanh(w @ A[1])) ** 2).sum()
    assert float(got) == pytest.approx(float(expected), rel=1e-13)


def test_hyperparameters_at_calls() -> None:
    text = (
        "loss inner(p: real | y: real; a: positive = 2, b: positive = 3) = a * (p - y)^2 + b\n"
        "loss outer(p: real[N] | y: real[N]; c: positive = 5) = sum(inner(2 * p | y; a = c))\n"
    )
    program = lower(parse(Source("<text>", text))).programs["outer"]
    got = evaluate(program, {"p": V, "y": W, "c": 4.0})["per_example"]
    assert float(got) == pytest.approx(float((4 * (2 * V - W) ** 2 + 3).sum()), rel=1e-14)


def test_what_is_not_taken_is_not_read() -> None:
    text = (
        "loss f(x: real[N, K] | tag: index(K)[N], keep: binary[N]) =\n"
        "    sum[i](if keep[i] == 1 then picked[i] else 0)\n"
        "    where picked[i] = log(sum[k](exp(x[i, tag[i]] + x[i, k])))\n"
    )
    program = lower(parse(Source("<text>", text))).programs["f"]
    keep = np.array([1, 0, 1, 0, 1])
    tag = np.where(keep == 1, TAG, -100)
    got = evaluate(program, {"x": E, "tag": tag, "keep": keep})["per_example"]
    rows = np.arange(N)[keep == 1]
    expected = (E[rows, TAG[rows]] + logsumexp(E[rows], axis=1)).sum()
    assert float(got) == pytest.approx(float(expected), rel=1e-14)
