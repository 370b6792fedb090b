"""Functions of the gamma family in float32, without double precision.

As those of `objc.targets.cpu.mathematics.special`: recurrence up to an argument where few terms
suffice, then the asymptotic series (Abramowitz & Stegun 1964, 6.3.18, 6.4.12, 6.4.14).
"""

from __future__ import annotations

import math
from typing import Any

from numba import float32
from objc.targets.cuda.simulation import elementary, log_32


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
