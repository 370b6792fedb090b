"""Programs as mathematics, in LaTeX and in plain text."""

from __future__ import annotations

import pytest
import sympy

from objc.atoms import Branch, expm1, log1p, maximum
from objc.compiler import Result, Variant, differentiated
from objc.ir.domain import Domain
from objc.ir.index import Dimension, Index, at
from objc.ir.latex import latex
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import Expression, IndexValue
from objc.ir.text import formula

from .. import programs

T = Dimension("T")
t = Index("t", T)
x = Input("x", (T,), Domain("real"), "differentiable")
delta = Input("delta", (), Domain("positive"), "hyperparameter", sympy.Integer(1))
log_z = Input("log_z", (), Domain("real"), "data")
HEAD = "f(x, log_z)"


def written(body: Expression, *, free: tuple[Index, ...] = (), guard: object = None) -> str:
    return _lines(formula, body, free, guard).removeprefix(HEAD).partition(" = ")[2]


def typeset(body: Expression, *, free: tuple[Index, ...] = (), guard: object = None) -> str:
    return _lines(latex, body, free, guard).partition(" = ")[2]


def _lines(write: object, body: Expression, free: tuple[Index, ...], guard: object) -> str:
    over = (t,) if guard is not None else ()
    let = Let("r", free, body, "sum" if over else None, over, guard if over else sympy.true)
    program = Program("f", (x, log_z, delta), (let,), {"result": "r"}, "function")
    return write(program)  # type: ignore[operator]


def test_cross_entropy() -> None:
    program = programs.cross_entropy().program
    assert (
        formula(program) == "cross_entropy(logits, label) = log Σ[k] exp(logits[k]) - logits[label]"
    )
    assert latex(program) == (
        r"\mathrm{cross\_entropy}(\mathrm{logits}, \mathrm{label}) = "
        r"\log \sum_{k} \exp\left(\mathrm{logits}_{k}\right) - \mathrm{logits}_{\mathrm{label}}"
    )


def test_arithmetic() -> None:
    a, d = log_z.read(), delta.read()
    assert written((a - d) ** 2 / (2 * d)) == "(log_z - delta)² / (2 · delta)"
    assert typeset((a - d) ** 2 / (2 * d)) == (
        r"\frac{{\left(\mathrm{log\_z} - \delta\right)}^{2}}{2 \, \delta}"
    )
    assert written(-a / 3 + sympy.sqrt(d) * sympy.pi) == "π · √(delta) - log_z / 3"
    assert written(a ** (-2) + a**d) == "1 / log_z² + log_z^delta"
    assert written(maximum(0, 1 - abs(a))) == "max(0, 1 - |log_z|)"


def test_functions_for_accuracy_are_written_as_what_they_are() -> None:
    assert written(log1p(sympy.exp(log_z.read()))) == "log(1 + exp(log_z))"
    assert written(2 * expm1(log_z.read())) == "2 · (exp(log_z) - 1)"


def test_branches() -> None:
    a, d = log_z.read(), delta.read()
    body = Branch(abs(a) <= d, a**2, d)
    assert written(body) == "if |log_z| ≤ delta then log_z² else delta"
    assert typeset(body) == (
        r"\begin{cases} {\mathrm{log\_z}}^{2} & \text{if } \left|\mathrm{log\_z}\right| \leq \delta"
        r" \\ \delta & \text{otherwise} \end{cases}"
    )
    assert written(1 + 2 * body) == "1 + 2 · (if |log_z| ≤ delta then log_z² else delta)"
    assert written(Branch(a > 0, sympy.Integer(1), sympy.Integer(0))) == "[log_z > 0]"


def test_guards_and_shifts() -> None:
    body = (x.read(t) - x.read(at(t, -1))) ** 2
    assert written(body, guard=IndexValue(t) > 0) == "Σ[t | t > 0] (x[t] - x[t-1])²"
    assert typeset(body, guard=IndexValue(t) > 0) == (
        r"\sum_{t > 0} {\left(x_{t} - x_{t-1}\right)}^{2}"
    )


def test_reductions_in_use_twice_stand_under_where() -> None:
    case = next(case for case in programs.all_cases() if case.name == "softmax_label")
    text = formula(case.program)
    assert text.splitlines()[1].startswith("  where total = Σ[k] exp(")
    assert latex(case.program).startswith("\\begin{aligned}\n")


def test_gradients() -> None:
    case = programs.cross_entropy()
    program = differentiated(case.program, Variant(("gradient",), ("logits",)))
    assert formula(program).startswith("∂cross_entropy/∂logits[k] = ")
    assert latex(program).startswith(
        "\\begin{aligned}\n\\frac{\\partial \\mathrm{cross\\_entropy}}{\\partial \\mathrm{logits}_{k}} &= "
    )


@pytest.mark.parametrize(
    "results",
    [("value", "gradient"), pytest.param(("hessian_diagonal",), marks=pytest.mark.slow)],
)
def test_every_case_can_be_written(results: tuple[Result, ...]) -> None:
    for case in programs.all_cases():
        if case.wrt:
            program = differentiated(case.program, Variant(results, case.wrt))
            assert formula(program)
            assert latex(program).count("{") == latex(program).count("}")
