"""Elementary functions in float32: branch-free, so that loops over them vectorise.

Range reduction after Cody and Waite (1980), polynomials near the minimax ones on the reduced range;
the logarithm's form is that of Cephes (Moshier 1989). Multiplication and addition may be fused and
the sign of zero ignored; nothing is reassociated, since the compensations must stay.
"""

from __future__ import annotations

import math
from typing import Any

from numba import float32
from objc.targets.cpu.mathematics.bits import elementary, power_of_two, split

# ---- copied into emitted modules from here on


@elementary
def _scaled_32(x: Any, shifted: Any) -> Any:
    """x·2^n in two steps, so that a subnormal result is rounded once and none overflows early; `shifted`
    is n + 1.5·2^23, in whose lowest bits n is."""
    n = shifted - float32(12582912.0)
    half = (n * float32(0.5) + float32(12582912.0)) - float32(12582912.0)
    return x * power_of_two(half) * power_of_two(n - half)


@elementary
def _exp_parts_32(x: Any) -> Any:
    """(n + 1.5·2^23, r, p) with exp(x) = 2^n·(1 + r + r²·p) and |r| < 0.35."""
    shifted = x * float32(1.4426950408889634) + float32(12582912.0)
    n = shifted - float32(12582912.0)
    r = x - n * float32(0.693359375)
    r = r - n * float32(-2.1219444005469057e-4)
    p = float32(0.0013926927) * r + float32(0.008363774)
    p = p * r + float32(0.04166655)
    p = p * r + float32(0.16666573)
    p = p * r + float32(0.5)
    return shifted, r, p


@elementary
def exp_32(x: Any) -> Any:
    return exp_below_zero_32(float32(89.0) if x > float32(89.0) else x)


@elementary
def exp_below_zero_32(x: Any) -> Any:
    """The same up to zero, and as far as 89."""
    x = float32(-104.0) if x < float32(-104.0) else x
    shifted, r, p = _exp_parts_32(x)
    return _scaled_32((p * r + float32(1.0)) * r + float32(1.0), shifted)


@elementary
def expm1_32(x: Any) -> Any:
    x = float32(89.0) if x > float32(89.0) else x
    x = float32(-20.0) if x < float32(-20.0) else x
    shifted, r, p = _exp_parts_32(x)
    n = shifted - float32(12582912.0)
    power = power_of_two(float32(127.0) if n > float32(127.0) else n)
    y = power * (r + r * r * p) + (power - float32(1.0))
    return y + y if n > float32(127.0) else y


@elementary
def expm1_below_zero_32(x: Any) -> Any:
    """The same up to zero, and as far as 88."""
    x = float32(-20.0) if x < float32(-20.0) else x
    shifted, r, p = _exp_parts_32(x)
    power = power_of_two(shifted - float32(12582912.0))
    return power * (r + r * r * p) + (power - float32(1.0))


@elementary
def _log_32(f: Any, p: Any, n: Any, u: Any) -> Any:
    """n·log(2) + f - f²/2 + f³·p, the logarithm of u, where u has one."""
    z = f * f
    y = f * z * p + n * float32(-2.1219444005469057e-4)
    y = y - float32(0.5) * z
    y = f + y + n * float32(0.693359375)
    y = y if u < float32(math.inf) else u
    y = float32(-math.inf) if u == float32(0.0) else y
    return float32(math.nan) if u < float32(0.0) else y


@elementary
def log_32(x: Any) -> Any:
    tiny = x < float32(1.1754944e-38)
    m, n = split(x * float32(33554432.0) if tiny else x)
    f = m - float32(1.0)
    p = float32(-0.07634776) * f + float32(0.12761707)
    p = p * f + float32(-0.13160133)
    p = p * f + float32(0.14201734)
    p = p * f + float32(-0.1662336)
    p = p * f + float32(0.20001228)
    p = p * f + float32(-0.2500082)
    p = p * f + float32(0.33333332)
    return _log_32(f, p, n - float32(25.0) if tiny else n, x)


@elementary
def log1p_32(x: Any) -> Any:
    """With (1 + x)·2^-n = 1 + f between 3/4 and 3/2: f comes from x, so that what 1 + x loses is in it."""
    u = float32(1.0) + x
    _, n = split(u * float32(0.942809))
    fourfold = power_of_two(float32(2.0) - n)
    f = x * fourfold * float32(0.25) + (float32(0.25) * fourfold - float32(1.0))
    p = float32(-0.045079858) * f + float32(0.10464323)
    p = p * f + float32(-0.13162074)
    p = p * f + float32(0.14478505)
    p = p * f + float32(-0.16647245)
    p = p * f + float32(0.19990846)
    p = p * f + float32(-0.25000097)
    p = p * f + float32(0.3333345)
    return _log_32(f, p, n, u)


@elementary
def _log1p_of_part_32(x: Any) -> Any:
    """log(1 + x) for 0 <= x <= 1 as a sum of two, the first of which is 0 or log(512/339), near a number
    of float32."""
    far = x > float32(0.4)
    base = float32(0.41232452) if far else float32(0.0)
    f = float32(0.662109375) * x - float32(0.337890625) if far else x
    p = float32(-0.042973087) * f + float32(0.10907981)
    p = p * f + float32(-0.15939656)
    p = p * f + float32(0.19932581)
    p = p * f + float32(-0.25000373)
    p = p * f + float32(0.33333738)
    p = p * f + float32(-0.50000014)
    return base, f + f * f * p


@elementary
def sigmoid_32(x: Any) -> Any:
    e = exp_below_zero_32(-abs(x))
    return (float32(1.0) if x >= float32(0.0) else e) / (float32(1.0) + e)


@elementary
def softplus_32(x: Any) -> Any:
    base, rest = _log1p_of_part_32(exp_below_zero_32(-abs(x)))
    return ((float32(0.0) if x < float32(0.0) else x) + base) + rest


@elementary
def tanh_32(x: Any) -> Any:
    a = abs(x)
    e = expm1_32(float32(2.0) * (float32(10.0) if a > float32(10.0) else a))
    t = e / (e + float32(2.0))
    return -t if x < float32(0.0) else t


@elementary
def log_cosh_32(x: Any) -> Any:
    a = abs(x)
    t = expm1_32(a)
    e = float32(1.0) / (float32(1.0) + t)
    small = a < float32(1.0)
    base = float32(0.0) if small else a - float32(0.6931471805599453)
    return base + log1p_32(float32(0.5) * t * t * e if small else e * e)


@elementary
def log1mexp_32(x: Any) -> Any:
    if x > float32(-0.6931472):
        return log_32(-expm1_32(x))
    return log1p_32(-exp_below_zero_32(x))


@elementary
def logit_32(x: Any) -> Any:
    if x > float32(0.25) and x < float32(0.75):
        return log1p_32((float32(2.0) * x - float32(1.0)) / (float32(1.0) - x))
    return log_32(x) - log1p_32(-x)


@elementary
def sqrt1pm1_32(x: Any) -> Any:
    root = math.sqrt(float32(1.0) + x)
    return root if x > float32(1e30) else x / (float32(1.0) + root)


@elementary
def hypot_32(x: Any, y: Any) -> Any:
    """The squares are scaled by a power of two where they would leave the range."""
    x, y = abs(x), abs(y)
    size = y if y > x else x
    scale = float32(8.271806125530277e-25) if size > float32(1.152921504606847e18) else float32(1.0)
    scale = float32(1.2676506002282294e30) if size < float32(8.881784197001252e-16) else scale
    back = float32(1.2089258196146292e24) if size > float32(1.152921504606847e18) else float32(1.0)
    back = float32(7.888609052210118e-31) if size < float32(8.881784197001252e-16) else back
    x, y = x * scale, y * scale
    return math.sqrt(x * x + y * y) * back


@elementary
def hypot1m1_32(x: Any) -> Any:
    size = abs(x)
    small = float32(1.152921504606847e18) if size > float32(1.152921504606847e18) else size
    square = small * small
    whole = square / (float32(1.0) + math.sqrt(float32(1.0) + square))
    return size if size > float32(1.152921504606847e18) else whole


@elementary
def quotient_32(x: Any, y: Any) -> Any:
    """Divided before anything else: a product of powers may be computed in another order. The reciprocal
    of what is next to the ends of the range is not in it, and loops may take that of what stays the same."""
    a = abs(y)
    scale = float32(1.8446744e19) if a < float32(7.888609e-31) else float32(1.0)
    scale = float32(5.421011e-20) if a > float32(1.2676506e30) else scale
    return (x * scale) / (y * scale)


@elementary
def xlogy_32(x: Any, y: Any) -> Any:
    return float32(0.0) if x == float32(0.0) else x * log_32(y)


@elementary
def xlog1py_32(x: Any, y: Any) -> Any:
    return float32(0.0) if x == float32(0.0) else x * log1p_32(y)


@elementary
def sign_32(x: Any) -> Any:
    one = float32(1.0) if x > float32(0.0) else x
    return float32(-1.0) if x < float32(0.0) else one
