"""Formulas without derivatives, with poles, or with stopped gradients: each property answers."""

from __future__ import annotations

import pytest

from objc.analysis import analyse
from objc.analysis.effort import Effort
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("x: real |", "x - stop_gradient(x)"),
        ("x: real |", "stop_gradient(x) * x"),
        ("x: real |", "if x == 0 then 0 else exp(-1/x^2) claims differentiable 1 in x"),
        ("x: real |", "lgamma(x) claims quasiconvex in x"),
        ("x: real | y: real", "lgamma(x) claims likelihood gaussian"),
        ("x: real, y: real |; p: interval(0, 1) = 1", "abs(x - y)^p claims triangle in x, y"),
        ("x: real | y: real", "stop_gradient(x - y) * (x - y) claims estimates mean"),
    ],
)
def test_every_property_answers(head: str, text: str) -> None:
    program = lower(parse(Source("odd.objc", f"loss f({head}) = {text}\n"))).programs["f"]
    assert all(one.verdict for one in analyse(program, Effort(claim=0.3, found=0.3), None))
