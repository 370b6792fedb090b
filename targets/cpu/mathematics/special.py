"""Functions of the gamma family: scalar, in float64, whatever the type around them.

Recurrence up to an argument where few terms suffice, then the asymptotic series (Abramowitz & Stegun
1964, 6.3.18, 6.4.12, 6.4.14). On the positive axis, which is where the language has them.
"""

from __future__ import annotations

import math
from typing import Any

from numba import float32, float64
from objc.targets.cpu.mathematics.bits import elementary

# ---- copied into emitted modules from here on


@elementary
def lgamma_64(x: Any) -> Any:
    return math.lgamma(x)


@elementary
def digamma_64(x: Any) -> Any:
    if x == 0.0:
        return -math.inf
    if x < 0.0:
        return math.nan
    below = 0.0
    while x < 10.0:
        below += 1.0 / x
        x += 1.0
    z = 1.0 / (x * x)
    tail = z * (
        1.0 / 12
        - z
        * (
            1.0 / 120
            - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))
        )
    )
    return math.log(x) - 0.5 / x - tail - below


@elementary
def trigamma_64(x: Any) -> Any:
    if x == 0.0:
        return math.inf
    if x < 0.0:
        return math.nan
    below = 0.0
    while x < 10.0:
        below += 1.0 / (x * x)
        x += 1.0
    w = 1.0 / x
    z = w * w
    tail = z * (
        1.0 / 6
        - z
        * (
            1.0 / 30
            - z * (1.0 / 42 - z * (1.0 / 30 - z * (5.0 / 66 - z * (691.0 / 2730 - z * 7.0 / 6))))
        )
    )
    return w * (1.0 + 0.5 * w + tail) + below


@elementary
def tetragamma_64(x: Any) -> Any:
    if x == 0.0:
        return -math.inf
    if x < 0.0:
        return math.nan
    below = 0.0
    while x < 16.0:
        below += 2.0 / (x * x * x)
        x += 1.0
    w = 1.0 / x
    z = w * w
    tail = z * (
        0.5
        - z * (1.0 / 6 - z * (1.0 / 6 - z * (0.3 - z * (5.0 / 6 - z * (691.0 / 210 - z * 17.5)))))
    )
    return -(z * (1.0 + w + tail) + below)


@elementary
def lgamma_32(x: Any) -> Any:
    return float32(lgamma_64(float64(x)))


@elementary
def digamma_32(x: Any) -> Any:
    return float32(digamma_64(float64(x)))


@elementary
def trigamma_32(x: Any) -> Any:
    return float32(trigamma_64(float64(x)))


@elementary
def tetragamma_32(x: Any) -> Any:
    return float32(tetragamma_64(float64(x)))
