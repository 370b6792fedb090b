"""Functions of float32 that are computed in float64, where a compensated form would take as long.

They are branch-free, so that loops over them vectorise, and right to the last place but one.
"""

from __future__ import annotations

import math
from typing import Any

from numba import float32, float64
from objc.targets.cpu.mathematics.bits import elementary, power_of_two, split

# ---- copied into emitted modules from here on


@elementary
def _log_of_normal(x: Any) -> Any:
    """log(x) of a positive normal number to some 40 bits: log((1 + s) / (1 - s)) in powers of s."""
    m, n = split(x)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = 1.0 / 15.0 * z + 1.0 / 13.0
    p = p * z + 1.0 / 11.0
    p = p * z + 1.0 / 9.0
    p = p * z + 1.0 / 7.0
    p = p * z + 1.0 / 5.0
    p = p * z + 1.0 / 3.0
    return n * 0.6931471805599453 + 2.0 * (s + s * z * p)


@elementary
def _exp_of_small(x: Any) -> Any:
    """exp(x) for |x| < 700 to some 35 bits."""
    n = (x * 1.4426950408889634 + 6755399441055744.0) - 6755399441055744.0
    r = x - n * 0.6931471805599453
    p = 1.0 / 362880.0 * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    return (p * r + 1.0) * power_of_two(n)


@elementary
def pow_32(x: Any, y: Any) -> Any:
    """x^y as C has it: pow(x, 0) and pow(1, y) are 1, a negative x takes whole exponents only."""
    size = float64(abs(x))
    exponent = float64(y)
    inside = size if size > 0.0 else 1.0
    t = exponent * _log_of_normal(inside if inside < math.inf else 1.0)
    t = t if t < 100.0 else 100.0
    t = t if t > -120.0 else -120.0
    p = _exp_of_small(t)
    steep = (size == 0.0 and exponent < 0.0) or (size == math.inf and exponent > 0.0)
    flat = (size == 0.0 and exponent > 0.0) or (size == math.inf and exponent < 0.0)
    p = math.inf if steep else p
    p = 0.0 if flat else p
    p = math.nan if size != size or exponent != exponent else p
    near = exponent if abs(exponent) < 16777216.0 else 16777216.0  # beyond, all are even
    whole = (near + 6755399441055744.0) - 6755399441055744.0
    halves = (near * 0.5 + 6755399441055744.0) - 6755399441055744.0
    odd = whole == near and 2.0 * halves != near
    negative = x < float32(0.0)
    p = -p if negative and odd else p
    p = math.nan if negative and whole != near and size < math.inf else p
    p = 1.0 if exponent == 0.0 or x == float32(1.0) else p
    p = 1.0 if size == 1.0 and abs(exponent) == math.inf else p
    return float32(p)


@elementary
def pow_64(x: Any, y: Any) -> Any:
    return math.pow(x, y)
