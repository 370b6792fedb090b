"""Functions of float32 that are computed in float64, where a compensated form would take as long.

They are branch-free, so that loops over them vectorise, and right to the last place but one.
"""

from __future__ import annotations

import math
from typing import Any

from numba import float32, float64
from objc.targets.cpu.mathematics.bits import elementary, power_of_two, rint, split

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
def _erf_near(x: Any) -> Any:
    """erf(x) for |x| <= 1 to some 34 bits."""
    z = x * x
    p = 1.058938064107502e-06 * z - 1.3909340021874599e-05
    p = p * z + 0.0001195656256820733
    p = p * z - 0.0008542637997087229
    p = p * z + 0.005223783477189248
    p = p * z - 0.026866133235095593
    p = p * z + 0.11283791308604582
    p = p * z - 0.3761263888963531
    p = p * z + 1.1283791670946768
    return x * p


@elementary
def _erfc_far(x: Any) -> Any:
    """erfc(x) for x >= 0 to some 30 bits: (x + 1)*exp(x^2)*erfc(x) in powers of (x - 3) / (x + 3)."""
    t = 1.0 - 6.0 / (x + 3.0)
    p = 7.910778905698835e-07 * t + 2.595089640127668e-07
    p = p * t - 7.868365772629394e-06
    p = p * t - 1.4240508621154795e-06
    p = p * t + 5.523602288487948e-05
    p = p * t - 2.0655943969406844e-05
    p = p * t - 0.000366890987889691
    p = p * t + 0.0006458692972146864
    p = p * t + 0.0016184704114419843
    p = p * t - 0.009750704156998623
    p = p * t + 0.02195777617207277
    p = p * t - 0.023803911192735287
    p = p * t - 0.010235389473664555
    p = p * t + 0.09902075358684355
    p = p * t - 0.2309273330793264
    p = p * t + 0.7160046047262852
    return p / (x + 1.0) * _exp_of_small(-(x * x))


@elementary
def erf_32(x: Any) -> Any:
    a = float64(abs(x))
    a = 5.0 if a > 5.0 else a
    y = _erf_near(a) if a < 1.0 else 1.0 - _erfc_far(a)
    return float32(-y if x < float32(0.0) else y)


@elementary
def erfc_32(x: Any) -> Any:
    a = float64(abs(x))
    a = 11.0 if a > 11.0 else a
    far = _erfc_far(a)
    far = 2.0 - far if x < float32(0.0) else far
    near = 1.0 - (-_erf_near(a) if x < float32(0.0) else _erf_near(a))
    return float32(near if a < 0.5 else far)


@elementary
def _part_of_turn(x: Any, part: Any) -> Any:
    """A product less its nearest whole number: of 24 and 29 bits it is exact, and so is this."""
    t = x * part
    return t - rint(t)


@elementary
def _turns(x: Any) -> Any:
    """(k, f) with |x| quarter turns being k + f modulo 4 and |f| <= 1/2: 1/(2*pi) in parts of 29 bits, as
    many as the largest float32 takes (Payne and Hanek 1983)."""
    first = _part_of_turn(x, 0.15915494225919247)
    second = _part_of_turn(x, 8.327028684640414e-10)
    third = _part_of_turn(x, 5.690025151837083e-19)
    tail = _part_of_turn(x, 6.551007945072098e-45) + _part_of_turn(x, 9.301187196294348e-54)
    tail = _part_of_turn(x, 3.0858908155766275e-27) + (
        _part_of_turn(x, 5.595982707708916e-36) + tail
    )
    k = rint(4.0 * (first + second + third + tail))
    return k, 4.0 * (((first - 0.25 * k) + second) + third + tail)


@elementary
def _sine(k: Any, f: Any) -> Any:
    """The sine of k + f quarter turns."""
    z = f * f
    p = -3.554697694846913e-06 * z + 0.00016042829615093727
    p = p * z - 0.0046817523992498476
    p = p * z + 0.07969262614042348
    p = p * z - 0.6459640975038902
    p = p * z + 1.5707963267948881
    sine = f * p
    p = -2.483701286426552e-05 * z + 0.0009191537321014645
    p = p * z - 0.020863466414223715
    p = p * z + 0.2536695070271071
    p = p * z - 1.2337005501166984
    p = p * z + 0.9999999999999297
    half = rint(0.5 * k)
    y = sine if 2.0 * half == k else p
    # k = 2*half + (0 or 1 or -1): the sign changes with odd halves; of an odd k the lower half counts
    low = half - 1.0 if 2.0 * half > k else half
    return y if 2.0 * rint(0.5 * low) == low else -y


@elementary
def sin_32(x: Any) -> Any:
    k, f = _turns(float64(abs(x)))
    y = float32(_sine(k, f))
    return -y if x < float32(0.0) else y


@elementary
def cos_32(x: Any) -> Any:
    k, f = _turns(float64(abs(x)))
    return float32(_sine(k + 1.0, f))
