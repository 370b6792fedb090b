"""Programs of whole files, pinned, and what holds of them whatever they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from objc.errors import ObjcError
from objc.ir.program import Program
from objc.passes.lower import lower, lower_declaration
from objc.source import Source
from objc.syntax import parse

CASES = sorted((Path(__file__).parent / "programs").glob("*.objc"))


def programs(text: str) -> dict[str, Program]:
    return dict(lower(parse(Source("<text>", text))).programs)


def only(text: str) -> Program:
    (program,) = programs(text).values()
    return program


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_program(case: Path, golden: Callable[[Path, str], None]) -> None:
    module = lower(parse(Source(case.name, case.read_text("utf-8"))))
    golden(case.with_suffix(".program"), "\n".join(map(str, module.programs.values())))


def test_order_of_the_file() -> None:
    text = "loss b(x: real) = x\nloss a(x: real) = b(x)\nmetric c(x: real) = a(x)\n"
    assert list(programs(text)) == ["b", "a", "c"]


def test_one_declaration_alone() -> None:
    file = parse(Source("<text>", "loss good(x: real) = x^2\nloss bad(x: real) = y\n"))
    assert lower_declaration(file, "good").name == "good"
    with pytest.raises(ObjcError, match="E0101"):
        lower_declaration(file, "bad")
    with pytest.raises(KeyError):
        lower_declaration(file, "missing")


def test_roles_defaults_units() -> None:
    program = only(
        "loss f(a: real<m/s>, b | c: sign[N], d; t: positive = 0.1, u = 2)"
        " = (a + b) * t + u * sum(c + d)"
    )
    assert [(one.name, one.role) for one in program.inputs] == [
        ("a", "differentiable"),
        ("b", "differentiable"),
        ("c", "data"),
        ("d", "data"),
        ("t", "hyperparameter"),
        ("u", "hyperparameter"),
    ]
    assert program.input["a"].unit == (("m", 1), ("s", -1)) == program.input["b"].unit
    assert str(program.input["t"].default) == "1/10"
    assert str(program.input["u"].domain) == "real"
    assert str(program.input["d"]) == "d: sign[N]"


def test_terms_and_weights() -> None:
    program = only(
        "objective f(p: real, w: real[D] | y: real; l: nonnegative = 2) =\n"
        "    maximize\n"
        "        fit: -(p - y)^2\n"
        "        near: -abs(p - y)\n"
        "        ridge: -sum(w^2) over parameters\n"
        "    combine sum(fit = l / 2, ridge = 3)\n"
    )
    assert program.direction == "maximize"
    assert [(t.name, str(t.weight), t.over_parameters) for t in program.terms] == [
        ("fit", "l/2", False),
        ("near", "1", False),
        ("ridge", "3", True),
    ]
    assert str(program.let[program.outputs["per_example"]].body) == "fit*l/2 + near"


def test_terms_named_as_inputs() -> None:
    program = only("objective f(p: real | y: real) =\n    minimize\n        p: (p - y)^2\n")
    (term,) = program.terms
    assert (term.name, term.let) == ("p", "p_term")


def test_claims_are_data() -> None:
    program = programs(
        "metric m(s: real | y: sign) = [s * y <= 0]\n"
        "loss f(s: real | y: sign; d: positive = 1) = max(0, d - s * y)\n"
        "    claims not lipschitz d^2 / 2 in s, bounds m, calibrated for m, invariant shift in s\n"
        "surrogate f for m\n"
    )
    lipschitz, bounds, calibrated, invariant = program["f"].claims
    assert lipschitz.negated and lipschitz.words == ("lipschitz",) and lipschitz.inputs == ("s",)
    assert str(lipschitz.arguments[0]) == "d**2/2"
    assert bounds.subject == calibrated.subject == "m"
    assert invariant.words == ("invariant", "shift")
    assert program["m"].surrogates == ("f",)


def test_models_are_learned_once() -> None:
    program = programs(
        "model line(x: real[D]; learn w: real[D], learn b = 1/2) = dot(w, x) + b\n"
        "objective near(| x: real[E], y: real[E]; w: positive = 1) =\n"
        "    minimize w * (line(x) - line(y))^2\n"
    )["near"]
    learned = [one for one in program.inputs if one.role == "learned"]
    assert [str(one) for one in learned] == ["line_w: real[E]", "b: real = 1/2"]


def test_given_parameters_are_not_learned() -> None:
    program = programs(
        "model line(x: real[D]; learn w: real[D]) = dot(w, x)\n"
        "loss fixed(x: real[D], v: real[D]) = line(x; w = v)\n"
    )["fixed"]
    assert all(one.role == "differentiable" for one in program.inputs)


def test_dimensions_that_only_parameters_have() -> None:
    program = programs(
        "model wide(x: real[D]; learn v: real[H, D])[h] = dot(v[h], x)\n"
        "objective small(| H: real, x: real[D]) = minimize H * sum(wide(x))\n"
    )["small"]
    assert str(program.input["v"]).startswith("v: real[H")


def test_equal_parts_are_one_let() -> None:
    program = only("loss f(x: real[K]) = log_softmax(x)[0] + softmax(x)[1] + logsumexp[k](x[k])")
    assert [let.reduction for let in program.lets] == ["logsumexp", None]


def test_an_index_is_not_captured() -> None:
    program = only("loss f(x: real[D], y: real[D]) = sum[d](dot(x, y) * x[d] * norm(x * y[d]))")
    for let in program.lets:
        assert not set(let.free) & set(let.over)


def test_a_thousand_definitions_stay_linear() -> None:
    chain = "".join(f"          a{i} = a{i - 1} + a{i - 1}\n" for i in range(1, 1000))
    program = only(f"loss f(x: real) = a999\n    where a0 = x\n{chain}")
    assert len(program.lets) == 1000


def test_long_sums_do_not_nest() -> None:
    program = only(f"loss f(x: real) = {' + '.join(f'x^{i}' for i in range(2, 190))}")
    assert len(program.lets) == 1


def test_what_guards_a_read_guards_its_let() -> None:
    program = only("loss f(x: real[N, M]) = sum[i | i > 0](log(sum[j](exp(x[i-1, j]))))\n")
    inner = next(let for let in program.lets if let.free)
    assert str(inner.guard) == "i > 0"


def test_a_square_has_two_indices() -> None:
    (let,) = only("function f(a: real[N, N]) = a^2").lets
    assert len(set(let.free)) == 2
