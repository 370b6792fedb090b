"""The order of addends where recurrences are among what they read."""

from __future__ import annotations

import sympy

from objc.ir.domain import REAL
from objc.ir.index import Dimension, Index, Position, at
from objc.ir.order import ordered_addends
from objc.ir.program import Input, Let, Program

T, K = Dimension("T"), Dimension("K")


def test_what_is_made_of_itself_is_an_extreme_of_no_inputs() -> None:
    t, j = Index("t", T), Index("j", K)
    x = Input("x", (T, K), REAL, "differentiable")
    made = Let("made", (t,), sympy.exp(x.read(t, Position(None))))
    before = Let("most", (t,), sympy.Integer(0)).read(at(t, -1))
    for body in (before, before + x.read(t, j)):
        most = Let("most", (t,), body, "max", (j,))
        tenth = sympy.Rational(1, 10)
        e = tenth * x.read(t, Position(None)) + most.read(t) + tenth * made.read(t)
        lets = (made, most, Let("value", (t,), e))
        program = Program("running", (x,), lets, {"value": "value"})
        assert sympy.expand(sympy.Add(*ordered_addends(e, program))) == e
