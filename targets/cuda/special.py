"""Exponentials, powers, trigonometry and functions of the gamma family in float32, without double precision.

Powers and the logarithm of the gamma function are CUDA's; its trigonometry reduces large arguments in
local memory and double precision, so that is made here: reduction after Cody and Waite (1980), or by as
many bits of 2/π as it takes (Payne and Hanek 1983), then the polynomials of Cephes (Moshier 1989). The
others are as those of `objc.targets.cpu.mathematics.special`: recurrence up to an argument where few
terms suffice, then the asymptotic series (Abramowitz & Stegun 1964, 6.3.18, 6.4.12, 6.4.14).
"""

from __future__ import annotations

import math
from typing import Any

from numba import float32, int64
from objc.targets.cuda.simulation import (  # type: ignore[attr-defined]
    elementary,
    log_32,
    maximum,
    minimum,
    quarters,
    raised,
)


@elementary
def exp_32(x: Any) -> Any:
    """By the instruction for 2^r, which is right to 2^-22: a third of what a polynomial takes. What is
    beyond the exponents of normal numbers stays in r, so that it overflows and fades out there."""
    t = minimum(maximum(x * float32(1.4426950408889634), float32(-126.0)), float32(127.0))
    shifted = t + float32(12583039.0)
    n = shifted - float32(12583039.0)
    r = x - n * float32(0.693359375)
    r = r - n * float32(-2.1219444005469057e-4)
    return raised(r * float32(1.4426950408889634), shifted)


@elementary
def exp_below_zero_32(x: Any) -> Any:
    """What sigmoid and softplus stand on: by the instruction, too."""
    return exp_32(x)


@elementary
def pow_32(x: Any, y: Any) -> Any:
    return math.pow(x, y)


@elementary
def pow_64(x: Any, y: Any) -> Any:
    return math.pow(x, y)


@elementary
def _reduced_32(size: Any) -> Any:
    """(k, r) with size ≡ k·π/2 + r, where |r| < 0.8, for a size that is not negative."""
    if size < float32(8192.0):
        n = (size * float32(0.63661975) + float32(12582912.0)) - float32(12582912.0)
        r = size - n * float32(1.5703125)
        r = r - n * float32(4.837512969970703e-4)
        return int64(n) % 4, r - n * float32(7.549789948768648e-8)
    k, f = quarters(size)
    return k, f * float32(1.5707963267948966)


@elementary
def _sine_32(r: Any) -> Any:
    z = r * r
    p = float32(-1.9515295891e-4) * z + float32(8.3321608736e-3)
    return (p * z + float32(-1.6666654611e-1)) * z * r + r


@elementary
def _cosine_32(r: Any) -> Any:
    z = r * r
    p = float32(2.443315711809948e-5) * z + float32(-1.388731625493765e-3)
    return (p * z + float32(4.166664568298827e-2)) * z * z - float32(0.5) * z + float32(1.0)


@elementary
def sin_32(x: Any) -> Any:
    if not abs(x) < float32(math.inf):
        return float32(math.nan)
    k, r = _reduced_32(abs(x))
    y = _cosine_32(r) if k == 1 or k == 3 else _sine_32(r)
    y = -y if k >= 2 else y
    return -y if x < float32(0.0) else y


@elementary
def cos_32(x: Any) -> Any:
    if not abs(x) < float32(math.inf):
        return float32(math.nan)
    k, r = _reduced_32(abs(x))
    y = _sine_32(r) if k == 1 or k == 3 else _cosine_32(r)
    return -y if k == 1 or k == 2 else y


@elementary
def tan_32(x: Any) -> Any:
    return sin_32(x) / cos_32(x)


@elementary
def lgamma_32(x: Any) -> Any:
    return math.lgamma(x)


@elementary
def digamma_32(x: Any) -> Any:
    if x == float32(0.0):
        return float32(-math.inf)
    if x < float32(0.0):
        return float32(math.nan)
    below = float32(0.0)
    while x < float32(6.0):
        below += float32(1.0) / x
        x += float32(1.0)
    z = float32(1.0) / (x * x)
    tail = z * (
        float32(0.083333336)
        - z * (float32(0.008333334) - z * (float32(0.003968254) - z * float32(0.004166667)))
    )
    return log_32(x) - float32(0.5) / x - tail - below


@elementary
def trigamma_32(x: Any) -> Any:
    if x == float32(0.0):
        return float32(math.inf)
    if x < float32(0.0):
        return float32(math.nan)
    below = float32(0.0)
    while x < float32(6.0):
        below += float32(1.0) / (x * x)
        x += float32(1.0)
    w = float32(1.0) / x
    z = w * w
    tail = z * (
        float32(0.16666667)
        - z * (float32(0.033333335) - z * (float32(0.023809524) - z * float32(0.033333335)))
    )
    return w * (float32(1.0) + float32(0.5) * w + tail) + below


@elementary
def tetragamma_32(x: Any) -> Any:
    if x == float32(0.0):
        return float32(-math.inf)
    if x < float32(0.0):
        return float32(math.nan)
    below = float32(0.0)
    while x < float32(8.0):
        below += float32(2.0) / (x * x * x)
        x += float32(1.0)
    w = float32(1.0) / x
    z = w * w
    tail = z * (
        float32(0.5) - z * (float32(0.16666667) - z * (float32(0.16666667) - z * float32(0.3)))
    )
    return -(z * (float32(1.0) + w + tail) + below)
