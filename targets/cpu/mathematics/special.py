"""Functions of the gamma family: in float64, whatever the type around them, and branch-free, so that loops
over them vectorise.

Recurrence up to an argument where few terms suffice, then the asymptotic series (Abramowitz & Stegun
1964, 6.1.41, 6.3.18, 6.4.12, 6.4.14). On the positive axis, which is where the language has them; left of
it they are no numbers.
"""

from __future__ import annotations

import math
from typing import Any

from numba import float32, float64
from objc.targets.cpu.mathematics.bits import elementary, rint
from objc.targets.cpu.mathematics.float64 import log_64

# ---- copied into emitted modules from here on


@elementary
def lgamma_64(x: Any) -> Any:
    """To 8 by the value near 2 and a product, (x - 1)·(x - 2)⋯, or its inverse; beyond by Stirling's
    series. The distance d from the nearest whole number is exact."""
    n = rint(8.0 if x > 8.0 else x)
    d = x - n if x < 8.5 else 0.0
    p = 6.379047507619774e-08 * d - 1.3412819758517287e-07
    p = p * d + 2.0304806751615227e-07
    p = p * d - 4.303558760359961e-07
    p = p * d + 9.578663334114758e-07
    p = p * d - 2.0449201467015115e-06
    p = p * d + 4.374374916915131e-06
    p = p * d - 9.438458716242811e-06
    p = p * d + 2.050726741605779e-05
    p = p * d - 4.4926351103833334e-05
    p = p * d + 9.945750909889392e-05
    p = p * d - 0.00022315475074520367
    p = p * d + 0.0005096695248853096
    p = p * d - 0.0011927539120010226
    p = p * d + 0.002890510330738737
    p = p * d - 0.0073855510286681535
    p = p * d + 0.02058080842778457
    p = p * d - 0.06735230105319814
    p = p * d + 0.3224670334241132
    p = p * d + 0.42278433509846713
    up = d + 1.0 if n < 2.0 else 1.0
    up = up * (d if n < 1.0 else 1.0)
    up = up * (d + 2.0 if n > 2.0 else 1.0)
    up = up * (d + 3.0 if n > 3.0 else 1.0)
    up = up * (d + 4.0 if n > 4.0 else 1.0)
    up = up * (d + 5.0 if n > 5.0 else 1.0)
    up = up * (d + 6.0 if n > 6.0 else 1.0)
    up = up * (d + 7.0 if n > 7.0 else 1.0)
    near = x < 8.0
    logarithm = log_64(up if near else x)
    below = d * p + (-logarithm if n < 2.0 else logarithm)
    w = 1.0 / (8.0 if near else x)
    z = w * w
    tail = 0.17964437236883057 * z - 0.029550653594771242
    tail = tail * z + 0.00641025641025641
    tail = tail * z - 0.0019175269175269176
    tail = tail * z + 0.0008417508417508417
    tail = tail * z - 0.0005952380952380953
    tail = tail * z + 0.0007936507936507937
    tail = tail * z - 0.002777777777777778
    tail = tail * z + 0.08333333333333333
    above = x * (logarithm - 1.0) - 0.5 * logarithm + (0.9189385332046728 + w * tail)
    y = below if near else above
    y = y if x < math.inf else x
    return math.nan if x < 0.0 else y


@elementary
def digamma_64(x: Any) -> Any:
    above = 0.0
    below = 1.0
    y = x
    for _ in range(10):  # the sum of 1/y as one fraction, above/below
        lower = y < 10.0
        above = above * y + below if lower else above
        below = below * y if lower else below
        y = y + 1.0 if lower else y
    z = 1.0 / (y * y)
    tail = z * (
        1.0 / 12
        - z
        * (
            1.0 / 120
            - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))
        )
    )
    found = log_64(y) - 0.5 / y - tail - above / below
    return math.nan if x < 0.0 else found


@elementary
def trigamma_64(x: Any) -> Any:
    above = 0.0
    below = 1.0
    y = x
    for _ in range(10):
        lower = y < 10.0
        above = above * (y * y) + below if lower else above
        below = below * (y * y) if lower else below
        y = y + 1.0 if lower else y
    w = 1.0 / y
    z = w * w
    tail = z * (
        1.0 / 6
        - z
        * (
            1.0 / 30
            - z * (1.0 / 42 - z * (1.0 / 30 - z * (5.0 / 66 - z * (691.0 / 2730 - z * 7.0 / 6))))
        )
    )
    found = w * (1.0 + 0.5 * w + tail) + above / below
    return math.nan if x < 0.0 else found


@elementary
def tetragamma_64(x: Any) -> Any:
    above = 0.0
    below = 1.0
    y = x
    for _ in range(16):
        lower = y < 16.0
        above = above * (y * y * y) + 2.0 * below if lower else above
        below = below * (y * y * y) if lower else below
        y = y + 1.0 if lower else y
    w = 1.0 / y
    z = w * w
    tail = z * (
        0.5
        - z * (1.0 / 6 - z * (1.0 / 6 - z * (0.3 - z * (5.0 / 6 - z * (691.0 / 210 - z * 17.5)))))
    )
    found = -(z * (1.0 + w + tail) + above / below)
    return math.nan if x < 0.0 else found


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
