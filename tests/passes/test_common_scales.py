"""Powers of which only ratios are asked: relative to the greatest, and only where that is right."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import objc
from objc.compiler import stable

LOSSES = objc.compile("""
loss share(x: real[N] | r: count[N]) =
    if total == 0 then 0 else sum[i](gain[i] * x[i]) / total
    where gain[i] = 2^r[i] - 1
          total = sum[i](gain[i] / log2(2 + i))

loss guarded(x: real[N] | r: count[N]) =
    if total == 0 then 0 else sum[i, j | r[i] > r[j]](abs(gain[i] - gain[j]) * x[i] / total)
    where gain[i] = 3 * 2^r[i] - 3
          total = sum[i](gain[i])

loss mean_power(x: real[N] | r: real[N]) = sum[i](10^r[i] * x[i]^2) / sum[i](10^r[i])

loss gained(x: real[N] | r: count[N]) = sum[i]((2^r[i] - 1) * x[i])

loss masked(x: real[N] | r: count[N], m: binary[N]) =
    if total == 0 then 0 else sum[i](2^r[i] * x[i]) / total
    where total = sum[i](m[i] * 2^r[i])

loss partly(x: real[N] | r: count[N]) = if total == 0 then 0 else sum[i](2^r[i] * x[i]) / total
    where total = sum[i | i > 0](2^r[i])

loss signed(x: real[N] | r: real[N]) = if total == 0 then 0 else sum[i](2^r[i] * x[i]) / total
    where total = sum[i](2^r[i] - 1)

loss shifted(x: real[N] | r: count[N]) = sum[i]((2^r[i] + x[i]^2) / total)
    where total = sum[i](2^r[i])

loss compared(x: real[N] | r: count[N]) =
    sum[i](if 2^r[i] > 8 then x[i] * 2^r[i] / total else 0)
    where total = sum[i](2^r[i])

loss logarithmic(x: real[N] | r: count[N]) = sum[i](2^r[i] * x[i]) / total + log(total)
    where total = sum[i](2^r[i])

loss given(x: real[N], r: real[N]) = sum[i](2^r[i] * x[i]) / sum[i](2^r[i])
""")
RELEVANCES = (
    [3, 0, 1, 2],
    [1000, 999, 0, 990],
    [140, 3, 140, 127],
    [0, 0, 0, 0],
    [5000, 1, 4999, 2],
)


def is_scaled(name: str) -> bool:
    return "greatest_r" in stable(getattr(LOSSES, name).program).let


@pytest.mark.parametrize("name", ["share", "guarded", "mean_power"])
def test_ratios_take_powers_relative_to_the_greatest(name: str) -> None:
    assert is_scaled(name)


@pytest.mark.parametrize(
    "name", ["gained", "masked", "partly", "signed", "shifted", "compared", "logarithmic", "given"]
)
def test_what_tells_the_scale_or_may_leave_nothing_of_the_divisor_stays(name: str) -> None:
    assert not is_scaled(name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("relevance", RELEVANCES)
def test_shares_of_gains_of_any_size(dtype: type, relevance: list[int]) -> None:
    x = np.array([0.3, -2.0, 7.0, 0.01], dtype)
    given = {"x": x[None], "r": np.array([relevance])}
    value, (slope,) = LOSSES.share.per_example(**given)[0], LOSSES.share.gradient(**given)
    with mpmath.workdps(40):
        gains = [mpmath.mpf(2) ** one - 1 for one in relevance]
        total = sum(gain / mpmath.log(2 + i, 2) for i, gain in enumerate(gains))
        total = total or mpmath.mpf(1)
        few, least = 4 * float(np.finfo(dtype).eps), float(np.finfo(dtype).tiny)
        size = sum(gain * abs(float(one)) for gain, one in zip(gains, x, strict=True)) / total
        truth = sum(gain * float(one) for gain, one in zip(gains, x, strict=True)) / total
        assert abs(float(value) - truth) <= few * size
        for got, gain in zip(slope, gains, strict=True):
            assert abs(float(got) - gain / total) <= few * gain / total + least


@pytest.mark.parametrize("relevance", RELEVANCES)
def test_differences_of_gains_of_any_size(relevance: list[int]) -> None:
    x = np.array([0.3, -2.0, 7.0, 0.01], np.float32)
    found = LOSSES.guarded.gradient(x=x[None], r=np.array([relevance]))[0]
    gains = [2**one - 1 for one in relevance]
    total = sum(gains)
    for got, gain in zip(found, gains, strict=True):
        above = sum(gain - other for other in gains if other < gain)
        assert float(got) == pytest.approx(above / total if total else 0.0, rel=1e-6, abs=1e-38)
