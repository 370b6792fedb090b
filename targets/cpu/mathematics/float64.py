"""Elementary functions in float64: branch-free, so that loops over them vectorise.

Range reduction after Cody and Waite (1980), polynomials near the minimax ones on the reduced range;
the logarithm is that
of FreeBSD's msun (Sun Microsystems 1993). Multiplication and addition may be fused and
the sign of zero ignored; nothing is reassociated, since the compensations must stay.
"""

from __future__ import annotations

import math
from typing import Any

from objc.targets.cpu.mathematics.bits import elementary, power_of_two, split

# ---- copied into emitted modules from here on


@elementary
def _scaled_64(x: Any, shifted: Any) -> Any:
    """x·2^n in two steps, so that a subnormal result is rounded once and none overflows early; `shifted`
    is n + 1.5·2^52, in whose lowest bits n is."""
    n = shifted - 6755399441055744.0
    half = (n * 0.5 + 6755399441055744.0) - 6755399441055744.0
    return x * power_of_two(half) * power_of_two(n - half)


@elementary
def _exp_parts_64(x: Any) -> Any:
    """(n + 1.5·2^52, e) with exp(x) = 2^n·(1 + e) and |e| < 0.42."""
    shifted = x * 1.4426950408889634 + 6755399441055744.0
    n = shifted - 6755399441055744.0
    r = x - n * 6.93147180369123816490e-01
    r = r - n * 1.90821492927058770002e-10
    p = 2.5100472505694996e-08 * r + 2.7620201591031547e-07
    p = p * r + 2.7557268276905696e-06
    p = p * r + 2.4801521057868204e-05
    p = p * r + 0.00019841269863171557
    p = p * r + 0.0013888888917367081
    p = p * r + 0.008333333333330039
    p = p * r + 0.041666666666623824
    p = p * r + 0.16666666666666669
    p = p * r + 0.5
    return shifted, r + r * r * p


@elementary
def exp_64(x: Any) -> Any:
    return exp_below_zero_64(710.0 if x > 710.0 else x)


@elementary
def exp_below_zero_64(x: Any) -> Any:
    """The same up to zero, and as far as 710."""
    x = -746.0 if x < -746.0 else x
    shifted, e = _exp_parts_64(x)
    return _scaled_64(1.0 + e, shifted)


@elementary
def expm1_64(x: Any) -> Any:
    x = 710.0 if x > 710.0 else x
    x = -40.0 if x < -40.0 else x
    shifted, e = _exp_parts_64(x)
    n = shifted - 6755399441055744.0
    power = power_of_two(1023.0 if n > 1023.0 else n)
    y = power * e + (power - 1.0)
    return y + y if n > 1023.0 else y


@elementary
def expm1_below_zero_64(x: Any) -> Any:
    """The same up to zero, and as far as 709."""
    x = -40.0 if x < -40.0 else x
    shifted, e = _exp_parts_64(x)
    power = power_of_two(shifted - 6755399441055744.0)
    return power * e + (power - 1.0)


@elementary
def _log_64(f: Any, n: Any, c: Any) -> Any:
    """n·log(2) + log(1 + f) + c, for √½ - 1 <= f < √2 - 1 and a small c."""
    s = f / (2.0 + f)
    z = s * s
    p = 1.479819860511658591e-01 * z + 1.531383769920937332e-01
    p = p * z + 1.818357216161805012e-01
    p = p * z + 2.222219843214978396e-01
    p = p * z + 2.857142874366239149e-01
    p = p * z + 3.999999999940941908e-01
    p = p * z + 6.666666666666735130e-01
    half = 0.5 * f * f
    rest = s * (half + z * p) + (n * 1.90821492927058770002e-10 + c)
    return n * 6.93147180369123816490e-01 - ((half - rest) - f)


@elementary
def _where_log_64(y: Any, u: Any) -> Any:
    """y, the logarithm of u, where u has one."""
    y = y if u < math.inf else u
    y = -math.inf if u == 0.0 else y
    return math.nan if u < 0.0 else y


@elementary
def log_64(x: Any) -> Any:
    tiny = x < 2.2250738585072014e-308
    m, n = split(x * 18014398509481984.0 if tiny else x)
    return _where_log_64(_log_64(m - 1.0, n - 54.0 if tiny else n, 0.0), x)


@elementary
def log1p_64(x: Any) -> Any:
    """What 1 + x loses is divided by it, as far as that matters."""
    u = 1.0 + x
    lost = 1.0 - (u - x) if x > 1.0 else x - (u - 1.0)
    m, n = split(u)
    f = m - 1.0
    c = lost * power_of_two(-n if n < 64.0 else -64.0) * (1.0 + f * (f - 1.0))
    return _where_log_64(_log_64(f, n, c), u)


@elementary
def sigmoid_64(x: Any) -> Any:
    e = exp_below_zero_64(-abs(x))
    return (1.0 if x >= 0.0 else e) / (1.0 + e)


@elementary
def softplus_64(x: Any) -> Any:
    e = exp_below_zero_64(-abs(x))
    far = e > 0.41421356237309503
    rest = _log_64(0.5 * (e - 1.0) if far else e, 1.0 if far else 0.0, 0.0)
    return (0.0 if x < 0.0 else x) + rest


@elementary
def tanh_64(x: Any) -> Any:
    a = abs(x)
    e = expm1_64(2.0 * (24.0 if a > 24.0 else a))
    t = e / (e + 2.0)
    return -t if x < 0.0 else t


@elementary
def log_cosh_64(x: Any) -> Any:
    a = abs(x)
    t = expm1_64(a)
    e = 1.0 / (1.0 + t)
    small = a < 1.0
    base = 0.0 if small else a - 0.6931471805599453
    return base + log1p_64(0.5 * t * t * e if small else e * e)


@elementary
def log1mexp_64(x: Any) -> Any:
    if x > -0.6931472:
        return log_64(-expm1_64(x))
    return log1p_64(-exp_below_zero_64(x))


@elementary
def logit_64(x: Any) -> Any:
    if x > 0.25 and x < 0.75:
        return log1p_64((2.0 * x - 1.0) / (1.0 - x))
    return log_64(x) - log1p_64(-x)


@elementary
def sqrt1pm1_64(x: Any) -> Any:
    root = math.sqrt(1.0 + x)
    return root if x > 1e300 else x / (1.0 + root)


@elementary
def hypot_64(x: Any, y: Any) -> Any:
    """The squares are scaled by a power of two where they would leave the range."""
    x, y = abs(x), abs(y)
    size = y if y > x else x
    scale = 2.409919865102884e-181 if size > 3.273390607896142e150 else 1.0
    scale = 4.149515568880993e180 if size < 3.4395525670743494e-136 else scale
    back = 4.149515568880993e180 if size > 3.273390607896142e150 else 1.0
    back = 2.409919865102884e-181 if size < 3.4395525670743494e-136 else back
    x, y = x * scale, y * scale
    return math.sqrt(x * x + y * y) * back


@elementary
def hypot1m1_64(x: Any) -> Any:
    size = abs(x)
    small = 1.152921504606847e18 if size > 1.152921504606847e18 else size
    square = small * small
    return size if size > 1.152921504606847e18 else square / (1.0 + math.sqrt(1.0 + square))


@elementary
def quotient_64(x: Any, y: Any) -> Any:
    """Divided before anything else: a product of powers may be computed in another order. The reciprocal
    of what is next to the ends of the range is not in it, and loops may take that of what stays the same."""
    a = abs(y)
    scale = 1.1579208923731620e77 if a < 9.332636185032189e-302 else 1.0
    scale = 8.636168555094445e-78 if a > 1.0715086071862673e301 else scale
    return (x * scale) / (y * scale)


@elementary
def xlogy_64(x: Any, y: Any) -> Any:
    return 0.0 if x == 0.0 else x * log_64(y)


@elementary
def xlog1py_64(x: Any, y: Any) -> Any:
    return 0.0 if x == 0.0 else x * log1p_64(y)


@elementary
def sign_64(x: Any) -> Any:
    one = 1.0 if x > 0.0 else x
    return -1.0 if x < 0.0 else one
