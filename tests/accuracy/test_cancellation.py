"""The quick search for digits that cancel: what it must find, what it must not."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import numpy as np
import pytest

import objc
from objc.accuracy.arithmetic import InSingle
from objc.accuracy.cancellation import cancellation
from objc.accuracy.errors import Cancellation
from objc.accuracy.reference import DIAGONAL, PRODUCTS, vector_like
from objc.compiler import Variant, derive, lower, parse
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.passes.derivatives.differentiate import vectors_of
from objc.source import Source

SECOND = (*PRODUCTS, *DIAGONAL)

CANCELS = {
    "cubes": ("x: real[N]", "mean[i](x[i]^3) - mean[i](x[i])^3", "mean[i](x[i]^3) - mean[i](x[i])^3"),
    "inside of a function": ("a: real[D] | b: real[D]", "log(2 - cosine(a, b)) * 3", "2 - cosine(a, b)"),
    "in a definition": ("x: real | y: real", "gap^2\n    where gap = sqrt(x^2 + 1) - sqrt(y^2 + 1)",
                        "gap^2"),
    "next to one": ("x: positive", "2 * (sqrt(x) - 1) - log(x)", "2 * (sqrt(x) - 1) - log(x)"),
}  # fmt: skip

KEEPS = {
    "softplus": ("x: real", "log(1 + exp(x))"),
    "cross-entropy": ("z: real[K] | y: index(K)", "-log(softmax(z)[y])"),
    "focal": ("z: real[K] | y: index(K)", "-(1 - softmax(z)[y])^2 * log(softmax(z)[y])"),
    "second order": ("x: real", "exp(x) - 1 - x"),
    "variance": ("x: real[N]", "mean[i](x[i]^2) - mean[i](x[i])^2"),
    "squared distances": (
        "a: real[D] | b: real[D], c: real[D]",
        "sum[d]((a[d] - b[d])^2) - sum[d]((a[d] - c[d])^2)",
    ),
    "a difference": ("x: real | y: real", "(x - y)^2"),
    "difference of squares": ("x: real | y: real", "x^2 - y^2"),
    "divergence": ("q: simplex[K] | p: simplex[K]", "sum[k](p[k] * log(p[k] / q[k]))"),
    "hinge": ("x: real | y: sign", "max(0, 1 - x * y)"),
    "entropy": ("z: real[K]", "-sum[k](softmax(z)[k] * log(softmax(z)[k]))"),
    "kinks": ("x: real[K] | y: real[K]", "sum[k](abs(x[k] - y[k])) + max[k](x[k])"),
    "log-odds of the right class": (
        "z: real[K] | y: index(K)",
        "-sum[k | k == y](log(softmax(z)[k] / (1 - softmax(z)[y])))",
    ),
    "a scale": ("x: real | y: real; scale: positive = 2", "scale * log(cosh((x - y) / scale))"),
    "a rate": ("x: real | n: count", "exp(x) - n * x"),
}


def program_of(inputs: str, text: str) -> Program:
    source = Source("form.objc", f"loss form({inputs}) =\n    {text}\n")
    return lower(parse(source)).programs["form"]


@pytest.mark.parametrize("name", CANCELS)
def test_what_cancels_is_shown_with_inputs_that_show_it(name: str) -> None:
    inputs, text, place = CANCELS[name]
    program = program_of(inputs, text)
    found = cancellation(program)
    assert isinstance(found, Cancellation)
    assert found.span is not None
    start, stop = found.span.start, found.span.stop
    assert (
        place in found.span.source.text[start:stop] or found.span.source.text[start:stop] in place
    )
    assert found.bits >= 14
    assert f"loses {found.bits:.0f} of 53 bits" in str(found)
    assert found.examples >= 24
    assert _is_reproduced(program, found)


def _is_reproduced(program: Program, found: Cancellation) -> bool:
    """Whether the inputs of the note give the number of the note, far from the truth."""
    given = {name: np.asarray(value)[None] for name, value in found.where}
    wrt = tuple(one.name for one in program.differentiable)
    derived = derive(program, Variant(("per_example", "gradient", *SECOND), wrt, frozenset(given)))
    vectors = vectors_of(derived, wrt)
    along = {vector: vector_like(given[name]) for name, vector in vectors.items()}
    given |= {**along, "scale": 1.0}
    in_single = found.dtype == "float32"
    results = InSingle(derived, {})(given) if in_single else evaluate(derived, given)
    key = found.kind if found.input is None else f"{found.kind}:{found.input}"
    got = float(results[key][(0, *found.entry)])
    exact = mpmath.mpf(found.expected)
    if not np.isfinite(got):
        return bool(mpmath.isfinite(exact)) and str(got) == str(found.got)
    return got == found.got and abs(got - exact) > 2.0**-40 * abs(exact)


@pytest.mark.parametrize("name", KEEPS)
def test_what_keeps_its_digits_is_not_warned_of(name: str) -> None:
    found = cancellation(program_of(*KEEPS[name]))
    assert found is None, str(found)


LEAVES_THE_RANGE = {
    "an average weighed by exponentials": (
        "x: real[N]", "sum[i](x[i] * exp(x[i])) / (1 + sum[i](exp(x[i])))"),
    "powers": ("x: positive, y: positive", "x^200 / (x^200 + y^200 + 1)"),
}  # fmt: skip


@pytest.mark.parametrize("name", LEAVES_THE_RANGE)
def test_what_leaves_the_range_is_said_to_be_no_number(name: str) -> None:
    program = program_of(*LEAVES_THE_RANGE[name])
    found = cancellation(program)
    assert isinstance(found, Cancellation)
    assert not np.isfinite(found.got)
    assert "is right" in found.title()
    assert _is_reproduced(program, found)


def test_the_place_is_one_of_the_readers_own_text() -> None:
    """The prelude has the softmax, which sums to one but for its rounding."""
    program = program_of("a: real[K] | b: real[K]", "sum[k](softmax(a)[k] * b[k]) - max[k](b[k])")
    found = cancellation(program)
    assert found is not None
    assert program.span is not None
    assert found.span.source == program.span.source


def test_pairs_that_nearly_agree_are_among_the_examples() -> None:
    found = cancellation(
        program_of("x: positive | y: positive", "x^3 - 3 * x^2 * y + 3 * x * y^2 - y^3")
    )
    assert found is not None
    assert 0 < abs(dict(found.where)["x"] - dict(found.where)["y"]) < 0.01 * dict(found.where)["x"]


def test_second_derivatives_are_looked_at_last() -> None:
    program = program_of("x: interval(-1, 1)", "acos(x)^2")
    found = cancellation(program)
    assert found is not None
    assert found.kind == "hessian_diagonal"
    assert "second derivative" in found.title()
    assert _is_reproduced(program, found)


def test_products_with_the_hessian_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A derivation that has them wrong, and all else right, is found out."""

    def wrong(program: Program, variant: Variant) -> Program:
        derived = derive(program, variant)
        name = derived.outputs.get("hessian_vector_product:z")
        lets = [
            replace(let, body=2 * let.body) if let.name == name else let for let in derived.lets
        ]
        return derived.with_lets(lets)

    program = program_of(*KEEPS["focal"])
    monkeypatch.setattr("objc.accuracy.cancellation.derive", wrong)
    found = cancellation(program)
    assert found is not None
    assert found.kind == "hessian_vector_product"
    assert found.vectors == (("z", [1.0, -0.5, 0.75]),)
    assert "the Hessian product of `form` in `z` loses 5" in str(found)
    assert "along [1.0, -0.5, 0.75] in z" in str(found)


def test_cases_of_a_binary_label_are_looked_at() -> None:
    """Its rounding, were it taken for one, would move the result from one case to the other."""
    program = program_of("x: real[N] | c: binary", f"if c == 1 then {CANCELS['cubes'][1]} else 0")
    assert isinstance(cancellation(program), Cancellation)


def test_a_class_that_is_sure_and_right_is_tried() -> None:
    text = "2 - softmax(z)[y] - sum[k](softmax(z)[k]^3)"
    found = cancellation(program_of("z: real[K] | y: index(K)", text))
    assert found is not None
    example = dict(found.where)
    lead = example["z"].pop(example["y"])
    assert 10 < lead - max(example["z"]) < 45


def test_a_kink_is_no_loss() -> None:
    """At zero the form as written has another subgradient than the softplus that it is."""
    assert cancellation(program_of("x: real", "max(0, x) + log(1 + exp(-abs(x)))")) is None
    assert cancellation(program_of("x: real | y: real", "max(x - y, 0) + abs(x)")) is None


def test_nothing_is_said_of_what_would_take_long() -> None:
    assert cancellation(program_of("x: real[400, 400]", "sum[i, j](x[i, j]^2)")) is None


@pytest.mark.parametrize("name", ["huber", "binary_cross_entropy", "focal", "jensen_shannon", "kl_k3",
                                  "gaussian_kl", "poisson", "dpo", "ppo_clip", "cox"])  # fmt: skip
def test_library_is_silent(name: str) -> None:
    program = getattr(objc.library, name).program
    assert cancellation(program) is None


@pytest.mark.parametrize(
    "text",
    [
        "objective f(| x: real, y: real; learn w: real) = minimize max(0, w*x) + (w - 1)^2 over parameters",
        "objective f(| x: real, y: real; learn w: real) = minimize\n    fit: (w*x - y)^2\n"
        "    ridge: w^2 over parameters\n    combine uncertainty",
    ],
)
def test_terms_over_parameters_belong_to_no_example(text: str) -> None:
    assert cancellation(lower(parse(Source("f.objc", text))).programs["f"]) is None


ELSEWHERE = {
    "a mean of a degree": ("x: positive[N]; p: positive = 2", "mean[i](x[i]^p)^(1 / p)"),
    "an entropy of a degree": (
        "p: positive[K]; a: positive = 2",
        "(log(sum[k](p[k]^a)) - log(sum[k](p[k]))) / (1 - a)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ELSEWHERE)
def test_hyperparameters_are_tried_beside_their_defaults(name: str) -> None:
    inputs, text = ELSEWHERE[name]
    found = cancellation(program_of(inputs, text))
    assert isinstance(found, Cancellation)
    assert dict(found.where)["p" if "x:" in inputs else "a"] in (1e-9, 1e-3, 1.0, 1e3)


def test_what_is_of_one_size_and_far_out_is_tried() -> None:
    where = "s[0] = 1 - sigmoid(h[0])\n          s[t] = s[t-1] * (1 - sigmoid(h[t]))"
    text = f"-log(1 - s[T - 1])\n    where {where}"
    found = cancellation(program_of("h: real[T]", text))
    assert isinstance(found, Cancellation)


@pytest.mark.parametrize(
    "text",
    [
        "x: positive; a: positive = 0.5 | (x^a - 1) / a",
        "x: probability; q: positive = 0.7 | (1 - x^q) / q",
    ],
)
def test_powers_near_one_are_not_warned_of(text: str) -> None:
    assert cancellation(program_of(*text.split(" | "))) is None


def test_what_people_have_shows_it_before_what_nobody_has() -> None:
    """exp(x) leaves the range of float32 at 89, that of float64 at 710."""
    found = cancellation(program_of(*LEAVES_THE_RANGE["an average weighed by exponentials"]))
    assert found is not None
    assert max(map(abs, np.ravel(found.where[0][1]))) < 1000
    assert found.dtype == "float32"


def test_what_only_float32_loses_is_said_in_its_digits() -> None:
    """At zero the slope is 0 times 10⁵⁶, which float64 has."""
    found = cancellation(program_of("x: real", "1e-48 / (x^2 + 1e-8)^6"))
    assert found is not None
    assert (found.dtype, found.digits) == ("float32", 24)
    assert "in float32" in found.title() and "in float32" in found.notes()[0]
