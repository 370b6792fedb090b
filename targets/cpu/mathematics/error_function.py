"""The error function and its complement in float64: branch-free, so that loops over them vectorise.

Near zero an odd polynomial; beyond, (x + 1)*exp(x^2)*erfc(x), which falls from 1 to 1/√π, as a polynomial
of t = (x - 3)/(x + 3) in [-1, 1] (Shepherd and Laframboise 1981).
"""

from __future__ import annotations

from typing import Any

from objc.targets.cpu.mathematics.bits import elementary
from objc.targets.cpu.mathematics.float64 import exp_64

# ---- copied into emitted modules from here on


@elementary
def _erf_near_64(x: Any) -> Any:
    """erf(x) for |x| <= 1."""
    z = x * x
    p = -4.230945824295338e-12 * z + 8.709045129053106e-11
    p = p * z - 1.216456005728345e-09
    p = p * z + 1.4792401209404813e-08
    p = p * z - 1.6364642158167616e-07
    p = p * z + 1.6462045441468418e-06
    p = p * z - 1.4925647567519332e-05
    p = p * z + 0.00012055332902888736
    p = p * z - 0.000854832702193483
    p = p * z + 0.0052239776254232985
    p = p * z - 0.02686617064512984
    p = p * z + 0.1128379167095512
    p = p * z - 0.37612638903183754
    p = p * z + 1.1283791670955126
    return x * p


@elementary
def _erfc_far_64(x: Any) -> Any:
    """erfc(x) for 0 <= x < 28; the square of x is taken in two parts, the greater of which is exact."""
    t = 1.0 - 6.0 / (x + 3.0)
    p = -1.416628744071515e-11 * t - 8.861562179132873e-11
    p = p * t + 5.487926847588768e-11
    p = p * t + 9.445943200997958e-10
    p = p * t + 5.244921486575201e-10
    p = p * t - 5.138711810667166e-09
    p = p * t - 7.260183492295171e-09
    p = p * t + 1.9001263268785895e-08
    p = p * t + 5.1509802776215016e-08
    p = p * t - 4.9971571849690657e-08
    p = p * t - 2.9409804089498116e-07
    p = p * t + 6.289345116111892e-08
    p = p * t + 1.5892415717218284e-06
    p = p * t + 2.596572938142963e-07
    p = p * t - 8.990287181500272e-06
    p = p * t - 1.5140643742010346e-06
    p = p * t + 5.611943399676817e-05
    p = p * t - 2.05516741552285e-05
    p = p * t - 0.0003672884889500284
    p = p * t + 0.0006458142116930959
    p = p * t + 0.0016185691278500325
    p = p * t - 0.009750689293337472
    p = p * t + 0.021957764012624108
    p = p * t - 0.02380391310865103
    p = p * t - 0.010235388899007266
    p = p * t + 0.0990207536794399
    p = p * t - 0.23092733308380922
    p = p * t + 0.7160046047255598
    high = (x + 6442450944.0) - 6442450944.0
    rest = (x - high) * (x + high)
    tail = 1.0 - rest * (1.0 - rest * (0.5 - rest * 0.16666666666666666))
    return p / (x + 1.0) * tail * exp_64(-(high * high))


@elementary
def erf_64(x: Any) -> Any:
    a = abs(x)
    a = 6.0 if a > 6.0 else a
    y = _erf_near_64(a) if a < 1.0 else 1.0 - _erfc_far_64(a)
    return -y if x < 0.0 else y


@elementary
def erfc_64(x: Any) -> Any:
    a = abs(x)
    a = 28.0 if a > 28.0 else a
    far = _erfc_far_64(a)
    far = 2.0 - far if x < 0.0 else far
    near = 1.0 - (-_erf_near_64(a) if x < 0.0 else _erf_near_64(a))
    return near if a < 0.5 else far
