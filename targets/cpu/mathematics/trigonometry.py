"""Sine and cosine in float64: branch-free up to 2^30, so that loops over them vectorise; beyond, the few
lanes that are there call the C library.

π/2 is taken off in three parts (Cody and Waite 1980), the polynomials are near the minimax ones.
"""

from __future__ import annotations

import math
from typing import Any

from objc.targets.cpu.mathematics.bits import elementary, fma, rint

# ---- copied into emitted modules from here on


@elementary
def _quarters_64(x: Any) -> Any:
    """(k, r, s) with x = k·π/2 + r + s for 0 ≤ x < 2^30, a small s and |r| < 0.79."""
    k = rint(x * 0.6366197723675814)
    first = fma(-k, 1.5707963267948966, x)
    t = k * 6.123233995736766e-17
    r = first - t
    lost = fma(k, 6.123233995736766e-17, -t) - k * 1.4973849048591698e-33
    return k, r, (first - r - t) - lost


@elementary
def _sine_64(k: Any, r: Any, s: Any) -> Any:
    """The sine of k·π/2 + r + s."""
    z = r * r
    p = -7.58549250782124e-13 * z + 1.605851097953535e-10
    p = p * z - 2.5052106100926675e-08
    p = p * z + 2.755731921895673e-06
    p = p * z - 0.0001984126984126457
    p = p * z + 0.008333333333333331
    p = p * z - 0.16666666666666666
    sine = r + (r * (z * p) + (s - 0.5 * z * s))
    p = 4.745202155702359e-14 * z - 1.147044941240971e-11
    p = p * z + 2.0876755717957296e-09
    p = p * z - 2.75573192211902e-07
    p = p * z + 2.480158730158437e-05
    p = p * z - 0.0013888888888888887
    p = p * z + 0.041666666666666664
    half_square = 0.5 * z
    one_less = 1.0 - half_square
    cosine = one_less + (((1.0 - one_less) - half_square) + (z * z * p - r * s))
    half = rint(0.5 * k)
    y = sine if 2.0 * half == k else cosine
    low = half - 1.0 if 2.0 * half > k else half
    return y if 2.0 * rint(0.5 * low) == low else -y


@elementary
def sin_64(x: Any) -> Any:
    a = abs(x)
    k, r, s = _quarters_64(a)
    y = _sine_64(k, r, s)
    y = math.sin(a) if a > 1073741824.0 else y
    return -y if x < 0.0 else y


@elementary
def cos_64(x: Any) -> Any:
    a = abs(x)
    k, r, s = _quarters_64(a)
    y = _sine_64(k + 1.0, r, s)
    return math.cos(a) if a > 1073741824.0 else y
