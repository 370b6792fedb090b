"""A counterexample to each property that is refuted at places violates it in 50 digits."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from objc.analysis.statements import stated
from objc.analysis.subject import Subject
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse
from tests.analysis.violations import is_counterexample_found


def subject_of(text: str) -> Subject:
    (program,) = lower(parse(Source("text", text))).programs.values()
    return Subject(program)


@pytest.mark.parametrize(
    ("text", "word", "numbers"),
    [
        ("loss f(x: real) = x^2", "strongly_convex", (sympy.Rational(21, 10),)),
        ("loss f(x: real) = x^2", "lipschitz", (sympy.Integer(5),)),
        ("loss f(x: real) = log(cosh(x))", "smooth", (sympy.Rational(99, 100),)),
        ("loss f(x: real) = cos(x)", "quasiconvex", ()),
        ("loss f(x: real) = abs(x)", "affine", ()),
        ("loss f(x: real[3]) = max[i](x[i]) - 1/10", "nonnegative", ()),
        ("loss f(x: real) = tanh(x)", "bounded", (sympy.Rational(-9, 10), sympy.Integer(1))),
    ],
)
def test_of_each_property(text: str, word: str, numbers: tuple[Any, ...]) -> None:
    names = () if word in ("nonnegative", "bounded") else ("x",)
    assert is_counterexample_found(subject_of(text + "\n"), stated(word, *names, arguments=numbers))
