"""Functions of the normal distribution: its logarithm, and its hazard, in both types.

All are of one function on the positive axis, the hazard less its argument, e(x) = φ(x)/Φ(−x) − x. It
falls from √(2/π) as 1/x, so that (x + 2)·e(x) is a polynomial of t = (x − 3)/(x + 3) in [−1, 1], as
Shepherd and Laframboise (1981) have it for exp(x²)·erfc(x); nothing cancels in what is made of it.
"""

from __future__ import annotations

from typing import Any

from numba import float32
from objc.targets.cpu.mathematics.bits import elementary
from objc.targets.cpu.mathematics.float32 import exp_32, log1p_32, log_32
from objc.targets.cpu.mathematics.float64 import exp_64, log1p_64, log_64

# ---- copied into emitted modules from here on


@elementary
def _excess_64(x: Any) -> Any:
    """e(x) for x ≥ 0."""
    t = 1.0 - 6.0 / (x + 3.0)
    q = -6.236634761689725e-09 * t + 7.056777105270921e-09
    q = q * t + 8.521859982445792e-08
    q = q * t + 2.134436759117015e-08
    q = q * t - 4.5761448755193276e-07
    q = q * t - 6.820659771377246e-07
    q = q * t + 9.741598383205301e-07
    q = q * t + 4.324540886479126e-06
    q = q * t + 2.2565151539872073e-06
    q = q * t - 1.4580530390107169e-05
    q = q * t - 2.633456192954389e-05
    q = q * t + 2.5101992366902312e-05
    q = q * t + 0.00011711341915797915
    q = q * t + 2.2639805454917855e-05
    q = q * t - 0.0003594007764655631
    q = q * t - 0.0003497422634507096
    q = q * t + 0.0008506866373414754
    q = q * t + 0.001597264222944246
    q = q * t - 0.0015902584523075994
    q = q * t - 0.005466766389660458
    q = q * t + 0.002286132587957356
    q = q * t + 0.016642647787639627
    q = q * t - 0.0026899657280594846
    q = q * t - 0.04977129672226092
    q = q * t + 0.009754304451767592
    q = q * t + 0.15761017439386074
    q = q * t - 0.1259538434692492
    q = q * t - 0.4181836739754236
    q = q * t + 1.4154932746521824
    return q / (x + 2.0)


@elementary
def _density_64(x: Any) -> Any:
    """φ(x) for x ≥ 0: the square of x in two parts, the greater of which is exact."""
    x = 40.0 if x > 40.0 else x
    high = (x + 6442450944.0) - 6442450944.0
    rest = 0.5 * (x - high) * (x + high)
    tail = 1.0 - rest * (1.0 - rest * (0.5 - rest * 0.16666666666666666))
    return exp_64(-0.5 * high * high) * tail * 0.3989422804014327


@elementary
def log_ndtr_64(x: Any) -> Any:
    size = abs(x)
    least = 40.0 if size > 40.0 else size
    hazard = least + _excess_64(least)
    above = log1p_64(-_density_64(least) / hazard)
    hazard = size + _excess_64(size)
    below = -0.5 * size * size - (log_64(hazard) + 0.9189385332046727)
    return above if x > 0.0 else below


@elementary
def hazard_64(x: Any) -> Any:
    size = abs(x)
    hazard = size + _excess_64(size)
    density = _density_64(size)
    return hazard if x > 0.0 else density / (1.0 - density / hazard)


@elementary
def hazard_excess_64(x: Any) -> Any:
    above = _excess_64(abs(x))
    below = hazard_64(x) - x
    return above if x > 0.0 else below


@elementary
def _excess_32(x: Any) -> Any:
    """e(x) for x ≥ 0."""
    t = float32(1.0) - float32(6.0) / (x + float32(3.0))
    q = float32(3.475081876e-05) * t + float32(4.138809134e-05)
    q = q * t - float32(0.0002283998674)
    q = q * t - float32(0.0003474442775)
    q = q * t + float32(0.0007299841609)
    q = q * t + float32(0.001582703641)
    q = q * t - float32(0.001523215569)
    q = q * t - float32(0.005455850481)
    q = q * t + float32(0.002263851335)
    q = q * t + float32(0.01663882437)
    q = q * t - float32(0.002685759727)
    q = q * t - float32(0.04977063355)
    q = q * t + float32(0.009753903878)
    q = q * t + float32(0.1576101244)
    q = q * t - float32(0.1259538287)
    q = q * t - float32(0.4181836729)
    q = q * t + float32(1.415493275)
    return q / (x + float32(2.0))


@elementary
def _density_32(x: Any) -> Any:
    """φ(x) for x ≥ 0: the square of x in two parts, the greater of which is exact."""
    x = float32(15.0) if x > float32(15.0) else x
    high = (x + float32(98304.0)) - float32(98304.0)
    rest = float32(0.5) * (x - high) * (x + high)
    tail = float32(0.5) - rest * (float32(0.16666667) - rest * float32(0.041666668))
    tail = float32(1.0) - rest * (float32(1.0) - rest * tail)
    return exp_32(float32(-0.5) * high * high) * tail * float32(0.3989422804)


@elementary
def log_ndtr_32(x: Any) -> Any:
    size = abs(x)
    least = float32(15.0) if size > float32(15.0) else size
    hazard = least + _excess_32(least)
    above = log1p_32(-_density_32(least) / hazard)
    hazard = size + _excess_32(size)
    below = float32(-0.5) * size * size - (log_32(hazard) + float32(0.9189385332))
    return above if x > float32(0.0) else below


@elementary
def hazard_32(x: Any) -> Any:
    size = abs(x)
    hazard = size + _excess_32(size)
    density = _density_32(size)
    return hazard if x > float32(0.0) else density / (float32(1.0) - density / hazard)


@elementary
def hazard_excess_32(x: Any) -> Any:
    above = _excess_32(abs(x))
    below = hazard_32(x) - x
    return above if x > float32(0.0) else below
