"""Pairs that find each other beyond doubt, scored by products of vectors, and classes by a linear layer: the
score of the right one, however it is written, is that of the matrix; value and slopes keep their digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import objc

TEXTS = {
    "the product again": "logsumexp[j](dot(q[i], k[j]) / t) - dot(q[i], k[i]) / t",
    "quotient": "-log(exp(dot(q[i], k[i]) / t) / sum[j](exp(dot(q[i], k[j]) / t)))",
    "named": "logsumexp[j](s[i, j]) - s[i, i]",
    "turned": "logsumexp[j](dot(k[j], q[i]) / t) - dot(q[i], k[i]) / t",
}
QUERIES, KEYS = [[12.0, 0.0], [0.0, 9.0], [1.0, 3.0]], [[2.0, 0.0], [0.5, 4.0], [-0.0, 8.0]]
ALONG = ([[1.0, -0.5], [0.25, 1.0], [0.0, 2.0]], [[0.5, 1.0], [1.0, -1.0], [0.0, 0.25]])
TEMPERATURE = 0.5


def _text(mean: str) -> str:
    where = "    where s[i, j] = dot(q[i], k[j]) / t\n" if "s[" in mean else ""
    return f"""loss match(q: real[B, D], k: real[B, D]; t: positive = {TEMPERATURE}) =
    mean[i]({mean})
{where}"""


def _exact(q, k) -> tuple:  # type: ignore[no-untyped-def, type-arg]
    """Value, and slopes by both."""
    number, t = len(q), mpmath.mpf(TEMPERATURE)
    value, by_q, by_k = mpmath.mpf(0), q * 0, k * 0
    for i in range(number):
        scores = [(q[i] @ k[j]) / t for j in range(number)]
        total = sum(map(mpmath.exp, scores))
        value += (mpmath.log(total) - scores[i]) / number
        for j in range(number):
            slope = (mpmath.exp(scores[j]) / total - (i == j)) / t / number
            by_q[i] = by_q[i] + slope * k[j]
            by_k[j] = by_k[j] + slope * q[i]
    return value, by_q, by_k


def _precise(rows: object) -> np.ndarray:
    return np.array(rows, dtype=object) * mpmath.mpf(1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("mean", "target"),
    [
        ("the product again", "cpu"),
        ("quotient", "numpy"),
        *(
            pytest.param(one, "cpu", marks=pytest.mark.slow)
            for one in TEXTS
            if one != "the product again"
        ),
    ],
)
def test_pairs(mean: str, target: str, dtype: type) -> None:
    """Of examples alone and of a batch of them."""
    kernel = objc.compile(_text(TEXTS[mean]), target=target).match
    tolerance = 4e-6 if dtype == np.float32 else 1e-13
    with mpmath.workdps(120):
        places, along = ([_precise(one) for one in two] for two in ((QUERIES, KEYS), ALONG))
        value, *slopes = _exact(*places)
        small = mpmath.mpf(10) ** -50
        moved = _exact(*(one + small * step for one, step in zip(places, along, strict=True)))[1:]
        bent = [(b - a) / small for a, b in zip(slopes, moved, strict=True)]
        expected = [np.array(one, dtype=float) for one in (value, *slopes, *bent)]
    given = [np.array(one, dtype) for one in (QUERIES, KEYS, *ALONG)]
    for batch in (False, True):
        q, k, *vector = (one[None] if batch else one for one in given)
        found = [kernel(q=q, k=k), *kernel.gradient(q=q, k=k)]
        found += kernel.hessian_vector_product(q=q, k=k, vector=tuple(vector))
        for one, exact in zip(found, expected, strict=True):
            one = np.asarray(one).reshape(exact.shape)
            np.testing.assert_allclose(one, exact, rtol=tolerance, atol=tolerance * 1e-30)


BOTH = {
    "columns": "mean[j](logsumexp[i](s[i, j]) - s[j, j]) where s[i, j] = dot(q[i], k[j]) / t",
    "turned": "mean[i](logsumexp[j](s[j, i]) - s[i, i]) where s[i, j] = dot(q[i], k[j]) / t",
    "cosines": "mean[i](logsumexp[j](s[j, i]) - s[i, i]) where s[i, j] = cosine(q[i], k[j]) / t",
    "learned": "mean[i](logsumexp[j](s[j, i]) - s[i, i]) where s[i, j] = exp(l) * cosine(q[i], k[j])",
}
"""Scores compared along rows and along columns, in halves, as by CLIP."""


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", BOTH)
def test_both_ways(name: str, dtype: type) -> None:
    """What is left of either share is a difference of its own: −2 + p + q has nothing of them."""
    columns, _, where = BOTH[name].partition(" where ")
    learned = ", learn l: real = 4.5" if "exp(l)" in where else ""
    kernel = objc.compile(
        f"loss match(q: real[B, D], k: real[B, D]; t: positive = 0.0125{learned}) =\n"
        f"    (mean[i](logsumexp[j](s[i, j]) - s[i, i]) + {columns}) / 2\n    where {where}\n"
    ).match
    angles = np.array([0.0, 0.9, 1.9]), np.array([0.05, 1.0, 1.8])
    given = [np.stack([np.cos(one), np.sin(one)], axis=1).astype(dtype) for one in angles]
    with mpmath.workdps(60):
        t = mpmath.exp(-4.5) if learned else mpmath.mpf("0.0125")
        q, k = (_precise(one.astype(float)) for one in given)
        scores = q @ k.T
        if "cosine" in where:
            lengths = ([mpmath.sqrt(sum(row**2)) for row in one] for one in (q, k))
            scores = scores / np.outer(*lengths)
        e = np.vectorize(mpmath.exp, otypes=[object])(scores / t)
        rows, own = np.eye(3) - e / e.sum(axis=1)[:, None], np.eye(3) - e / e.sum(axis=0)[None]
        rows[range(3), range(3)] = [(sum(e[i]) - e[i, i]) / sum(e[i]) for i in range(3)]
        own[range(3), range(3)] = [(sum(e[:, i]) - e[i, i]) / sum(e[:, i]) for i in range(3)]
        by_scores = -(rows + own) / t / 6
        by_q = by_scores @ k
        if "cosine" in where:  # across the vector alone
            by_q = by_q - q * (by_q * q).sum(axis=1)[:, None] / (q * q).sum(axis=1)[:, None]
        logs = [
            mpmath.log(sum(e[i]) / e[i, i]) + mpmath.log(sum(e[:, i]) / e[i, i]) for i in range(3)
        ]
        value, expected = float(sum(logs) / 6), by_q.astype(float)
    found, slopes = kernel.value_and_grad(*given)
    # An exponent of 80 has the rounding of the angle.
    tolerance = 1e-4 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(found, value, rtol=tolerance)
    np.testing.assert_allclose(
        slopes.q, expected, rtol=tolerance, atol=tolerance * abs(expected).max()
    )


LAYERS = (
    "-log(softmax(z)[y]) where z[c] = dot(w[c], x) + b[c]",
    "logsumexp[c](dot(w[c], x) + b[c]) - dot(w[y], x) - b[y]",
    "-log(exp(dot(w[y], x) + b[y]) / sum[c](exp(dot(w[c], x) + b[c])))",
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("text", LAYERS)
def test_linear_layer(text: str, dtype: type) -> None:
    """One of them is sure of its class by 21."""
    body, _, where = text.partition(" where ")
    kernel = objc.compile(
        "loss layer(x: real[D] | y: index(C); learn w: real[C, D], learn b: real[C]) =\n"
        f"    {body}\n" + (f"    where {where}\n" if where else "")
    ).layer
    w, b = (
        np.array([[8.0, 1.0], [-2.0, 0.5], [0.5, -1.0]], dtype),
        np.array([0.5, 0.0, -0.25], dtype),
    )
    x, y = np.array([[3.0, -1.0], [0.25, 0.5]], dtype), np.array([0, 1])
    with mpmath.workdps(60):
        value, first, by_x = mpmath.mpf(0), mpmath.mpf(0), []
        for row, label in zip(_precise(x.astype(float)), y, strict=True):
            scores = _precise(w.astype(float)) @ row + b.astype(float)
            parts = [mpmath.exp(one) for one in scores]
            own = mpmath.log(sum(parts) / parts[label])
            value, first = value + own / 2, own if label == 0 else first
            rest = [
                (one - sum(parts) * (c == label)) / sum(parts) / 2 for c, one in enumerate(parts)
            ]
            by_x.append([float(sum(r * mpmath.mpf(float(u)) for r, u in zip(rest, column, strict=True)))
                         for column in w.T])  # fmt: skip
    tolerance = 4e-6 if dtype == np.float32 else 1e-13
    given = {"x": x, "y": y, "w": w, "b": b}
    np.testing.assert_allclose(kernel(**given), float(value), rtol=tolerance)
    by = kernel.gradient(**given, wrt=["x"])
    np.testing.assert_allclose(np.asarray(by).reshape(2, 2), by_x, rtol=tolerance)
    alone = {**given, "x": x[:1], "y": y[:1]}
    np.testing.assert_allclose(kernel(**alone), float(first), rtol=tolerance)


DISTANCES = (
    "logsumexp[k](-sum[d]((z[d] - c[k, d])^2)) + sum[d]((z[d] - c[y, d])^2)",
    "logsumexp[k](-sum[d]((z[d] - c[k, d])^2)) + sum[d]((c[y, d] - z[d])^2)",
    "-log(exp(-norm(z - c[y])^2) / sum[k](exp(-norm(z - c[k])^2)))",
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("text", DISTANCES)
def test_nearest_prototype(text: str, dtype: type) -> None:
    """Snell, Swersky and Zemel (2017): an example beside its own prototype, far from the others."""
    kernel = objc.compile(
        f"loss nearest(z: real[D], c: real[K, D] | y: index(K)) =\n    {text}\n"
    ).nearest
    z, c = np.array([0.25, 0.5], dtype), np.array([[0.5, 0.5], [5, 0.25], [-4, 1]], dtype)
    with mpmath.workdps(60):
        steps = _precise(z.astype(float)) - _precise(c.astype(float))
        parts = [mpmath.exp(-sum(row**2)) for row in steps]
        value = float(mpmath.log(sum(parts) / parts[0]))
        shares = [one / sum(parts) for one in parts]
        shares[0] = -(shares[1] + shares[2])
        slope = [
            float(-2 * sum(p * u for p, u in zip(shares, column, strict=True)))
            for column in steps.T
        ]
    tolerance = 4e-6 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(kernel(z=z, c=c, y=0), value, rtol=tolerance)
    by_z, by_c = kernel.gradient(z=z, c=c, y=0)
    np.testing.assert_allclose(by_z, slope, rtol=tolerance)
    expected = [[float(2 * p * u) for u in row] for p, row in zip(shares, steps, strict=True)]
    np.testing.assert_allclose(by_c, expected, rtol=tolerance, atol=1e-30)
