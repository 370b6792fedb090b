"""Powers in float64, and small ones in both types: branch-free, so that loops over them vectorise.

The logarithm is taken to some 64 bits, as a sum of two numbers (Dekker 1971; Ogita, Rump and Oishi 2005),
since a power multiplies its relative error by as much as 745.
"""

from __future__ import annotations

import math
from typing import Any

from numba import float32
from objc.targets.cpu.mathematics.bits import elementary, fma, power_of_two, rint, split

# ---- copied into emitted modules from here on


@elementary
def _two_sum(a: Any, b: Any) -> Any:
    """(s, e) with a + b = s + e exactly, s being the nearest."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@elementary
def _log_in_two(x: Any) -> Any:
    """log(x) of a positive finite number as a sum of two: 2·artanh((m - 1)/(m + 1)) + e·log 2."""
    tiny = x < 2.2250738585072014e-308
    m, e = split(x * 18014398509481984.0 if tiny else x)
    e = e - 54.0 if tiny else e
    f = m - 1.0
    g = m + 1.0
    s = f / g
    rest = (fma(-s, g, f) - s * (m - (g - 1.0))) / g
    z = s * s
    z_rest = fma(s, s, -z) + 2.0 * s * rest
    p = 1.0 / 29.0 * z + 1.0 / 27.0
    p = p * z + 1.0 / 25.0
    p = p * z + 1.0 / 23.0
    p = p * z + 1.0 / 21.0
    p = p * z + 1.0 / 19.0
    p = p * z + 1.0 / 17.0
    p = p * z + 1.0 / 15.0
    p = p * z + 1.0 / 13.0
    p = p * z + 1.0 / 11.0
    p = p * z + 1.0 / 9.0
    p = p * z + 1.0 / 7.0
    p = p * z + 1.0 / 5.0
    q = 2.0 * z * p
    a = 0.6666666666666666 + q
    a_rest = (q - (a - 0.6666666666666666)) + 3.700743415417188e-17
    b = z * a
    b_rest = fma(z, a, -b) + (z * a_rest + z_rest * a)
    c = s * b
    c_rest = fma(s, b, -c) + (s * b_rest + rest * b)
    high, first = _two_sum(e * 6.93147180369123816490e-01, 2.0 * s)
    high, second = _two_sum(high, c)
    low = first + second + c_rest + 2.0 * rest + e * 1.90821492927058770002e-10
    total = high + low
    return total, low - (total - high)


@elementary
def _exp_of_two(x: Any, rest: Any) -> Any:
    """exp(x + rest) for |x| < 800 and a small rest."""
    n = rint(x * 1.4426950408889634)
    r = fma(-n, 6.93147180369123816490e-01, x)
    r = fma(-n, 1.90821492927058770002e-10, r) + rest
    p = 2.5100472505694996e-08 * r + 2.7620201591031547e-07
    p = p * r + 2.7557268276905696e-06
    p = p * r + 2.4801521057868204e-05
    p = p * r + 0.00019841269863171557
    p = p * r + 0.0013888888917367081
    p = p * r + 0.008333333333330039
    p = p * r + 0.041666666666623824
    p = p * r + 0.16666666666666669
    p = p * r + 0.5
    half = rint(0.5 * n)
    return (1.0 + (r + r * r * p)) * power_of_two(half) * power_of_two(n - half)


@elementary
def pow_64(x: Any, y: Any) -> Any:
    """x^y as C has it: pow(x, 0) and pow(1, y) are 1, a negative x takes whole exponents only."""
    size = abs(x)
    inside = size if size > 0.0 else 1.0
    high, low = _log_in_two(inside if inside < math.inf else 1.0)
    t = y * high
    rest = fma(y, high, -t) + y * low
    far = abs(t) > 760.0
    t = 760.0 if t > 760.0 else t
    t = -760.0 if t < -760.0 else t
    p = _exp_of_two(t, 0.0 if far else rest)
    steep = (size == 0.0 and y < 0.0) or (size == math.inf and y > 0.0)
    flat = (size == 0.0 and y > 0.0) or (size == math.inf and y < 0.0)
    p = math.inf if steep else p
    p = 0.0 if flat else p
    p = math.nan if size != size or y != y else p
    whole = rint(y) == y
    odd = whole and 2.0 * rint(0.5 * y) != y
    negative = x < 0.0
    p = -p if negative and odd else p
    p = math.nan if negative and not whole and size < math.inf else p
    p = 1.0 if y == 0.0 or x == 1.0 else p
    return 1.0 if size == 1.0 and abs(y) == math.inf else p


@elementary
def is_few(y: Any) -> Any:
    """Whether an exponent is a small whole number, as most are that a call chooses."""
    return rint(y) == y and abs(y) < 8.0


@elementary
def few_64(x: Any, y: Any) -> Any:
    """x^y for an exponent that `is_few`, by the bits of |y|: to 4 units in the last place."""
    size = abs(y)
    fourths = 1.0 if size > 3.0 else 0.0
    rest = size - 4.0 * fourths
    pairs = 1.0 if rest > 1.0 else 0.0
    square = x * x
    p = x if rest > 2.0 * pairs else 1.0
    p = p * (square if pairs > 0.0 else 1.0)
    p = p * (square * square if fourths > 0.0 else 1.0)
    return 1.0 / p if y < 0.0 else p


@elementary
def few_32(x: Any, y: Any) -> Any:
    """x^y for an exponent that `is_few`, by the bits of |y|: to 4 units in the last place."""
    size = abs(y)
    fourths = float32(1.0) if size > float32(3.0) else float32(0.0)
    rest = size - float32(4.0) * fourths
    pairs = float32(1.0) if rest > float32(1.0) else float32(0.0)
    square = x * x
    p = x if rest > float32(2.0) * pairs else float32(1.0)
    p = p * (square if pairs > float32(0.0) else float32(1.0))
    p = p * (square * square if fourths > float32(0.0) else float32(1.0))
    return float32(1.0) / p if y < float32(0.0) else p
