"""log p[y] and log(1 − p[n]) side by side, and logarithms of what is left after a place: where a class is
sure its own slope is what the others leave, entry by entry in float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.source import Source

from .central import value_and_slope

Formula = Callable[..., Any]
SHARES = {
    "softmax": "softmax(z)[j]",
    "by hand": "exp(z[j]) / sum[i](exp(z[i]))",
    "temperature": "softmax(z / a)[j]",
    "temperature by hand": "exp(z[j] / a) / sum[i](exp(z[i] / a))",
}
LOSSES: dict[str, tuple[str, Formula]] = {
    "either": (
        "if c == 1 then -log(p[y]) else -log(1 - p[y])",
        lambda p, y, n, c: -mpmath.log(p[y] if c == 1 else 1 - p[y]),
    ),
    "unlikelihood": (
        "-log(p[y]) - log(1 - p[n])",
        lambda p, y, n, c: -mpmath.log(p[y]) - mpmath.log(1 - p[n]),
    ),
    "with a weight": (
        "-log(p[y]) + 0.5 * -log(1 - p[n])",
        lambda p, y, n, c: -mpmath.log(p[y]) - mpmath.log(1 - p[n]) / 2,
    ),
    "focal": (
        "-(1 - p[y])^2 * log(p[y]) - p[n]^2 * log(1 - p[n])",
        lambda p, y, n, c: -((1 - p[y]) ** 2) * mpmath.log(p[y]) - p[n] ** 2 * mpmath.log(1 - p[n]),
    ),
    "all others": (
        "-log(p[y]) - sum[j | j != y](log(1 - p[j]))",
        lambda p, y, n, c: (
            -mpmath.log(p[y]) - sum(mpmath.log(1 - one) for j, one in enumerate(p) if j != y)
        ),
    ),
    "survival": (  # DeepHit, Lee et al. 2018
        "if c == 1 then -log(p[y]) else -log(1 - sum[j | j < y](p[j]))",
        lambda p, y, n, c: -mpmath.log(p[y] if c == 1 else 1 - sum(p[:y])),
    ),
    "survival by time": (
        "-c * log(p[y]) - (1 - c) * log(S[y])\n          S[k] = 1 - sum[j | j < k](p[j])",
        lambda p, y, n, c: -c * mpmath.log(p[y]) - (1 - c) * mpmath.log(1 - sum(p[:y])),
    ),
    "what is after": (
        "if c == 1 then -log(p[y]) else -log(sum[j | j > y](p[j]))",
        lambda p, y, n, c: -mpmath.log(p[y] if c == 1 else sum(p[y + 1 :])),
    ),
}
POINTS = (
    ((20.0, 0.0, -1.0, 0.5), 0, 1, 1),
    ((0.5, 15.0, -1.0, 0.5), 1, 0, 1),
    ((25.0, 0.0, -1.0, 2.0), 0, 3, 0),
    ((10.0, 0.0, -1.0, 2.0), 0, 0, 0),
)


@pytest.mark.parametrize("shares", SHARES)
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_slopes(name: str, shares: str) -> None:
    text, formula = LOSSES[name]
    text, _, named = text.partition("\n")
    hot = "; a: positive = 1.25" if "a)" in SHARES[shares] else ""
    source = (
        f"loss f(z: real[K] | y: index(K), n: index(K), c: binary{hot}) = {text}\n"
        f"    where p[j] = {SHARES[shares]}\n{named}\n"
    )
    kernel = objc.compile(source, target="numpy").f
    rows, *labels = (np.array(one) for one in zip(*POINTS, strict=True))
    given = rows.astype(np.float32), *labels
    values = kernel.per_example(*given)
    slopes = kernel.gradient(*given, reduction="sum")
    for number, (z, *data) in enumerate(POINTS):

        def loss(c: Sequence[Any], data: Sequence[Any] = tuple(data)) -> Any:
            powers = [mpmath.exp(one / (1.25 if hot else 1)) for one in c]
            return formula([one / sum(powers) for one in powers], *data)

        value, slope = value_and_slope(loss, z)
        assert values[number] == pytest.approx(value, rel=3e-6)
        np.testing.assert_allclose(slopes[number], slope, rtol=1e-5, atol=3e-7 * max(abs(slope)))


def test_logits_that_leave_the_range() -> None:
    """What is left beside a logit of ten thousand, of a softmax that is written out."""
    kernel = objc.compile(
        "loss f(z: real[T] | t: index(T)) = -log(1 - sum[j | j <= t](p[j]))\n"
        "    where p[j] = exp(z[j]) / sum[i](exp(z[i]))"
    ).f
    value, slope = kernel.value_and_grad(np.array([1e4, 0, -1, 2], np.float32), 0)
    rest = np.exp([0.0, -1, 2])
    assert value == pytest.approx(1e4 - np.log(rest.sum()))
    np.testing.assert_allclose(slope, [1, *(-rest / rest.sum())], rtol=1e-6)


@pytest.mark.parametrize(
    "mean", ["sum[t](m[t] * l[t]) / sum[t](m[t])", "mean[t | m[t] == 1](l[t])"]
)
def test_tokens_under_a_mask(mean: str) -> None:
    kernel = objc.compile(
        f"loss f(z: real[T, V] | y: index(V)[T], n: index(V)[T], m: binary[T]) = {mean}\n"
        "    where p[t, v] = softmax(z[t])[v]\n"
        "          l[t] = -log(p[t, y[t]]) - 0.5 * log(1 - p[t, n[t]])"
    ).f
    z = np.array([[20, 0, -1], [1, 2, 3], [0.5, 30, 1]], np.float32)
    y, n, m = np.array([0, 1, 1]), np.array([1, 0, 2]), np.array([1, 0, 1], np.float32)

    def loss(rows: Any) -> Any:
        parts = []
        for row, right, wrong, counts in zip(rows, y, n, m, strict=True):
            powers = [mpmath.exp(one) for one in row]
            p = [one / sum(powers) for one in powers]
            parts.append(float(counts) * (-mpmath.log(p[right]) - mpmath.log(1 - p[wrong]) / 2))
        return sum(parts) / 2

    _, slope = value_and_slope(loss, z.tolist())
    np.testing.assert_allclose(kernel.gradient(z, y, n, m), slope, rtol=4e-6)


@pytest.mark.parametrize(
    "text",
    ["-log(1 - softmax(z)[y])", "-log(softmax(z)[y])", "-log(1 - sum[j | j < y](softmax(z)[j]))"],
)
def test_one_logarithm_asks_no_others(text: str) -> None:
    """Its slopes have their digits, and no second pass over the row."""
    source = Source("f.objc", f"loss f(z: real[K] | y: index(K)) = {text}")
    program = lower(parse(source)).programs["f"]
    derived = derive(program, Variant(("value", "gradient"), ("z",), frozenset({"z", "y"})))
    assert not any("others" in let.name for let in derived.lets)


def _one_less(p: Sequence[Any]) -> Any:
    return 1 - p[0]


def _squared(p: Sequence[Any]) -> Any:
    return (1 - p[0]) ** 2


def _ratio(p: Sequence[Any]) -> Any:
    loss = -mpmath.log(p[0])
    return 6 * loss / (loss + 1.5) + mpmath.mpf("0.1") * (1 - p[0])


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize(
    ("text", "formula", "logits"),
    [
        ("1 - p[y]", _one_less, "z[j] / a"),
        ("1 - p[y]", _one_less, "(z[j] + g[j]) / a"),
        ("(1 - p[y])^2", _squared, "(z[j] + g[j]) / a"),
        ("6 * (-log(p[y])) / (-log(p[y]) + 1.5) + 0.1 * (1 - p[y])", _ratio, "z[j]"),
    ],
)
def test_label_and_share_with_names(
    text: str, formula: Formula, logits: str, batched: bool
) -> None:
    """The weight of a share and that of its label have a name each: of one row, and in sums of losses."""
    kernel = objc.compile(
        f"loss f(z: real[K] | g: real[K], y: index(K); a: positive = 0.5) = {text}\n"
        f"    where u[j] = {logits}\n          p[j] = softmax(u)[j]",
        target="numpy",
    ).f
    z, y = np.array([20, 0, -1], np.float32), np.array(0)
    rows = (z[None], z[None] * 0, y[None]) if batched else (z, z * 0, y)

    def loss(c: Sequence[Any]) -> Any:
        powers = [mpmath.exp(one * (2 if "a" in logits else 1)) for one in c]
        return formula([one / sum(powers) for one in powers])

    _, slope = value_and_slope(loss, z.tolist())
    np.testing.assert_allclose(np.ravel(kernel.gradient(*rows)), slope, rtol=4e-6)


WRITTEN: dict[str, tuple[str, Formula]] = {
    "overlap": ("1 - sum[k](p[k] * t[k])", lambda p: 1 - (p[0] + p[1]) / 2),
    "early learning": (
        "-log(p[0]) + 3 * log(1 - sum[k](p[k] * t[k]))",
        lambda p: -mpmath.log(p[0]) + 3 * mpmath.log(1 - (p[0] + p[1]) / 2),
    ),
    "squared distance": (
        "1 - 2 * p[0] + sum[k](p[k]^2)",
        lambda p: (1 - p[0]) ** 2 + p[1] ** 2 + p[2] ** 2,
    ),
    "Dice": (
        "1 - 2 * p[0] / (sum[k](p[k]^2) + 1)",
        lambda p: 1 - 2 * p[0] / (sum(one**2 for one in p) + 1),
    ),
}


@pytest.mark.parametrize("shift", ["", " - max[j](z[j])"])
@pytest.mark.parametrize("name", WRITTEN)
def test_a_softmax_written_out_is_one(name: str, shift: str) -> None:
    text, formula = WRITTEN[name]
    kernel = objc.compile(
        f"loss f(z: real[K] | t: simplex[K]) = {text}\n"
        f"    where p[k] = exp(z[k]{shift}) / sum[i](exp(z[i]{shift}))",
        target="numpy",
    ).f
    t = np.array([0.5, 0.5, 0], np.float32)
    for z in ((20.0, 0.0, -1.0), (320.0, 300.0, 302.0)):

        def loss(c: Sequence[Any]) -> Any:
            powers = [mpmath.exp(one) for one in c]
            return formula([one / sum(powers) for one in powers])

        value, slope = value_and_slope(loss, z)
        row = np.array(z, np.float32)
        assert kernel(row, t) == pytest.approx(value, rel=3e-6)
        found = kernel.gradient(row, t)
        np.testing.assert_allclose(found, slope, rtol=1e-5, atol=1e-6 * max(abs(slope)))
