"""Differences of log-gamma functions, and of their derivatives, far out.

log Γ(x + s) − log Γ(x) is about s·log x where either is x·log x. Beyond 20 both are their asymptotic series
(Stirling; Abramowitz and Stegun 1964, 6.1.40, 6.3.18, 6.4.11), of which the differences are taken term by
term, as DiDonato and Morris (1992) do: by log(1 + s/x), and by 1/x − 1/(x + s) = s/(x·(x + s)).
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, log1p, loggamma, quotient
from objc.ir.program import Program
from objc.ir.symbols import Expression
from objc.passes.differences import written_out
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import HALF, ONE, ZERO, is_short

FAR = sympy.Integer(20)
"""From here on what the series leave out is below 2⁻⁵⁵ of a difference."""

SERIES: dict[int, dict[int, str]] = {
    -1: {1: "1/12", 3: "-1/360", 5: "1/1260", 7: "-1/1680", 9: "1/1188"},
    0: {1: "-1/2", 2: "-1/12", 4: "1/120", 6: "-1/252", 8: "1/240", 10: "-1/132"},
    1: {1: "1", 2: "1/2", 3: "1/6", 5: "-1/30", 7: "1/42", 9: "-1/30", 11: "5/66"},
    2: {2: "-1", 3: "-1", 4: "-1/2", 6: "1/6", 8: "-1/6", 10: "3/10", 12: "-5/6"},
}
"""By the order of the polygamma function, −1 for log Γ, its coefficients in 1/x, but for the logarithms."""


def differences_of_gammas(program: Program) -> Program:
    """The program with such differences by their series, where both arguments are large."""
    kinds = (loggamma, sympy.polygamma)
    return change_nodes(program, lambda node: _changed(node, program), beside=kinds)


def _changed(node: Any, program: Program) -> Expression | None:
    terms = [(one, *_gamma_in(one)) for one in node.args]
    for whole, weight, order, upper in terms:
        for other, other_weight, other_order, lower in terms:
            if upper is None or lower is None or order != other_order:
                continue
            if weight + other_weight != 0 or not lower.is_positive:
                continue
            apart = written_out(upper - lower, program)
            apart = sympy.expand(apart) if is_short(apart) else ZERO
            if not apart.is_nonnegative or apart == 0:
                continue
            rest = [one for one in node.args if one is not whole and one is not other]
            difference = weight * _difference(order, lower, apart, upper)
            swapped = -weight * loggamma(apart)
            if order == -1 and swapped in rest:  # a logarithm of the beta function
                rest.remove(swapped)
                turned = weight * _difference(order, apart, lower, upper) - weight * loggamma(lower)
                difference = Branch(sympy.Ge(lower, apart), difference + swapped, turned)
            return sympy.Add(*rest, difference)
    return None


def _gamma_in(term: Any) -> tuple[Any, int, Any]:
    """(c, n, x) where the term is c·ψₙ(x), with −1 for the order of log Γ."""
    factors = sympy.Mul.make_args(term)
    for one in factors:
        rest = sympy.Mul(*(f for f in factors if f is not one))
        if isinstance(one, loggamma):
            return rest, -1, one.args[0]
        if isinstance(one, sympy.polygamma) and one.args[0] in (0, 1, 2):
            return rest, int(one.args[0]), one.args[1]
    return term, 0, None


def _difference(order: int, x: Any, s: Any, upper: Any) -> Expression:
    """ψₙ(x + s) − ψₙ(x) for x > 0 and s ≥ 0; `upper` is x + s as it stands."""
    function = loggamma if order < 0 else lambda at: sympy.polygamma(order, at)
    far = -s * quotient(slope_of_series(SERIES[order], 1 / x, 1 / upper), x) / upper
    if order == -1:
        far += s * sympy.log(upper) + ((x - HALF) * log1p(quotient(s, x)) - s)
    if order == 0:
        far += log1p(quotient(s, x))
    return Branch(sympy.Ge(x, FAR), far, function(upper) - function(x))


def slope_of_series(coefficients: dict[int, str], u: Any, v: Any) -> Expression:
    """(P(u) − P(v))/(u − v) of a polynomial, by Horner's scheme for both at once."""
    value, slope = ZERO, ZERO
    for power in range(max(coefficients), -1, -1):
        slope = value + v * slope
        value = sympy.Rational(coefficients.get(power, 0)) + u * value
    return slope * ONE
