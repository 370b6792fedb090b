"""Log-gamma functions and their derivatives by their asymptotic series, and the differences of two.

log Γ(x + s) − log Γ(x) is about s·log x where either is x·log x. Beyond 20 both are their asymptotic series
(Stirling; Abramowitz and Stegun 1964, 6.1.40, 6.3.18, 6.4.11), of which the differences are taken term by
term, as DiDonato and Morris (1992) do: by log(1 + s/x), and by 1/x − 1/(x + s) = s/(x·(x + s)).
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, log1p, loggamma, quotient
from objc.ir.symbols import Expression
from objc.passes.rewrites.forms import HALF, ONE, ZERO

FAR = sympy.Integer(20)
"""From here on what the series leave out is below 2⁻⁵⁵ of a difference."""

SERIES: dict[int, dict[int, str]] = {
    -1: {1: "1/12", 3: "-1/360", 5: "1/1260", 7: "-1/1680", 9: "1/1188"},
    0: {1: "-1/2", 2: "-1/12", 4: "1/120", 6: "-1/252", 8: "1/240", 10: "-1/132"},
    1: {1: "1", 2: "1/2", 3: "1/6", 5: "-1/30", 7: "1/42", 9: "-1/30", 11: "5/66"},
    2: {2: "-1", 3: "-1", 4: "-1/2", 6: "1/6", 8: "-1/6", 10: "3/10", 12: "-5/6"},
}
"""By the order of the polygamma function, −1 for log Γ, its coefficients in 1/x, but for the logarithms."""
_TERMS = 9
NEAR = sympy.Integer(8)
"""For |w| below 1/8, 9 terms are exact to 2⁻⁵⁴ of the first."""


def difference(order: int, x: Any, s: Any, upper: Any) -> Expression:
    """ψₙ(x + s) − ψₙ(x) for x > 0 and s ≥ 0; `upper` is x + s as it stands."""
    far = -s * quotient(slope_of_series(SERIES[order], 1 / x, 1 / upper), x) / upper
    if order == -1:
        far += s * sympy.log(upper) + ((x - HALF) * log1p(quotient(s, x)) - s)
    if order == 0:
        far += log1p(quotient(s, x))
    return Branch(is_far(x, s, upper), far, of_order(order, upper) - of_order(order, x))


def rest_of_difference(order: int, x: Any, s: Any, upper: Any) -> Expression:
    """What is left of a difference far out without its greatest part: without s·log(x + s) for log Γ, and
    without the first fraction of the derivatives, s/x and −s/x²."""
    coefficients = dict(SERIES[order])
    if order > 0:
        del coefficients[order]
    rest = -s * quotient(slope_of_series(coefficients, 1 / x, 1 / upper), x) / upper
    if order == -1:
        return rest + x * _log1p_less(x, s, upper) - log1p(quotient(s, x)) / 2
    if order == 0:
        return rest + _log1p_less(x, s, upper)
    return rest + quotient(s, x) ** 2 / upper


def _log1p_less(x: Any, s: Any, upper: Any) -> Expression:
    """log(1 + u) − u with u = s/x, by log(1 + u) = 2·artanh(w) with w = u/(2 + u) where that is small."""
    u, w = quotient(s, x), quotient(s, x + upper)
    further = sum_of_odd_powers(w)
    near = 2 * w**3 * further - u * w
    return Branch(sympy.Lt(NEAR * sympy.Abs(w), 1), near, log1p(u) - u)


def sum_of_odd_powers(w: Any) -> Expression:
    """1/3 + w²/5 + w⁴/7 + …, for |w| below 1/8: artanh(w) is w and w³ times that."""
    further: Expression = ZERO
    for n in reversed(range(_TERMS)):
        further = sympy.Rational(1, 2 * n + 3) + w**2 * further
    return further


def of_order(order: int, at: Any) -> Expression:
    """log Γ for an order of −1, else its derivative of one order more."""
    return loggamma(at) if order < 0 else sympy.polygamma(order, at)


def is_far(x: Any, s: Any, upper: Any) -> Any:
    """Whether both are by their series."""
    far = sympy.Ge(x, FAR)
    return far if s.is_nonnegative else sympy.And(far, sympy.Ge(upper, FAR))


def slope_of_series(coefficients: dict[int, str], u: Any, v: Any) -> Expression:
    """(P(u) − P(v))/(u − v) of a polynomial, by Horner's scheme for both at once."""
    value, slope = ZERO, ZERO
    for power in range(max(coefficients), -1, -1):
        slope = value + v * slope
        value = sympy.Rational(coefficients.get(power, 0)) + u * value
    return slope * ONE
