"""Series are cut where float32 sees no more of them, and say the same to a fraction of a rounding."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from objc.targets._series import as_long_as_asked

import objc
from objc.atoms import Branch
from objc.compiler import Variant, derive, lower, parse
from objc.source import Source

TEXT = """
loss excess(x: real) = exp(x) - 1 - x
loss gap(q: real[K], p: real[K]) =
    sum[k](a[k] * (log(a[k]) - log(m[k])) + b[k] * (log(b[k]) - log(m[k]))) / 2
    where a = softmax(q)
          b = softmax(p)
          m[k] = (a[k] + b[k]) / 2
loss relative(z: real[K] | y: simplex[K]) = sum[k](y[k] * (log(y[k]) - log_softmax(z)[k]))
"""


def derived(name: str) -> Any:
    program = lower(parse(Source("text", TEXT))).programs[name]
    data = frozenset(one.name for one in program.inputs)
    wrt = tuple(one.name for one in program.differentiable)
    return derive(program, Variant(("value", "gradient"), wrt, data))


def series(program: Any) -> list[tuple[Any, Any]]:
    """The conditions and near sides of branches by the size of something."""
    found = []
    for let in program.lets:
        for one in sorted(let.body.atoms(Branch), key=str):
            condition, near, _ = one.args
            if isinstance(condition, sympy.Lt) and isinstance(condition.args[0], sympy.Abs):
                found.append((condition, near))
    return found


@pytest.mark.parametrize("name", ["excess", "gap", "relative"])
def test_a_series_is_cut_for_float32_alone_and_is_the_same_to_a_quarter_of_a_rounding(
    name: str,
) -> None:
    program = derived(name)
    assert as_long_as_asked(program, "float64") is program
    short = as_long_as_asked(program, "float32")
    pairs = list(zip(series(program), series(short), strict=True))
    cut = [(a, b) for a, b in pairs if a[1] != b[1]]
    assert cut
    for (condition, whole), (same, part) in cut:
        assert condition == same and part.count_ops() < whole.count_ops()
        x, radius = condition.args[0].args[0], condition.args[1]
        others = sorted(whole.free_symbols | part.free_symbols, key=str)
        for share in (0.999, -0.999, 0.5, 1e-3):
            # the last of what x is made of takes it to that share of the radius
            values: dict[Any, Any] = {one: sympy.Rational(3, 7) for one in others}
            *_, last = sorted(x.free_symbols, key=str)
            (solution,) = sympy.solve(x.subs({k: v for k, v in values.items() if k != last})
                                      - sympy.Rational(str(share)) * radius, last)  # fmt: skip
            values[last] = solution
            with mpmath.workdps(40):
                a, b = (sympy.N(one.subs(values), 40) for one in (whole, part))
                assert abs(a - b) <= 2.0**-25 * abs(a)


def test_nothing_is_cut_from_what_is_no_series_of_the_condition() -> None:
    program = lower(
        parse(Source("text", "loss f(x: real, y: real) = if abs(x) < 1/4 then 1 + y + y^2/2"
                             " + y^3/1e9 + y^4/1e12 else x"))
    ).programs["f"]  # fmt: skip
    data = frozenset(one.name for one in program.inputs)
    made = derive(program, Variant(("value", "gradient"), ("x", "y"), data))
    assert as_long_as_asked(made, "float32") is made


def test_a_cut_series_of_a_user_keeps_what_may_vanish() -> None:
    """1 − 3x + … has a root within the radius, where its last addends count."""
    module = objc.compile(
        "loss f(x: real) = if abs(x) < 1/2 then 1 - 3*x + x^2/1e3 + x^3/1e9 + x^4/1e9 else x^2"
    )
    root = np.float32(0.3333704)
    value, _ = module.f.value_and_grad(np.array([root]))
    exact = 1 - 3 * float(root) + float(root) ** 2 / 1e3
    assert value == pytest.approx(exact, abs=2e-7)
