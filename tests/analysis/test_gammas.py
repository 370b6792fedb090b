"""Bounds of polygamma functions by Stirling's series, against mpmath, and curvatures that they decide."""

from __future__ import annotations

import mpmath
import pytest
import sympy

from objc.analysis.signs.gammas import beneath
from tests.analysis.claimed import decided

_X = sympy.Dummy("x", positive=True)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_bounds_lie_below(order: int, sign: int) -> None:
    found = list(beneath(sign * sympy.polygamma(order, _X)))
    assert len(found) == 3
    with mpmath.workdps(40):
        for place in map(mpmath.mpf, ("0.01", "0.5", "1", "3", "40")):
            value = sign * mpmath.polygamma(order, place)
            for one in found:
                assert sympy.lambdify(_X, one, "mpmath")(place) < value
        nearest = sympy.lambdify(_X, found[-1], "mpmath")(mpmath.mpf(40))
        assert abs(nearest - sign * mpmath.polygamma(order, 40)) < 1e-10


@pytest.mark.parametrize(
    ("body", "claim", "expected"),
    [
        ("lgamma(x) - (x - 1/2) * log(x)", "convex in x", "proved"),
        ("lgamma(x) - (x - 0.49) * log(x)", "convex in x", "proved"),
        ("lgamma(x) - (x - 0.51) * log(x)", "convex in x", "refuted"),
        ("x * log(x) - lgamma(x)", "concave in x", "proved"),
        ("lgamma(x + 1) - x * log(x)", "concave in x", "proved"),
        ("lgamma(x + 1) - x * log(x)", "convex in x", "refuted"),
    ],
)
def test_curvatures(body: str, claim: str, expected: str) -> None:
    assert decided("x: positive |", body, claim) == expected
