"""Softmaxes of which nearly all lies in one place: value and gradient, at the place too.

The second derivative there is left: its entry at the largest cancels (`UNMENDED`, "entropy of the softmax").
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import mpmath
import numpy as np
import pytest

import objc
import objc.library
from objc.compiler import Variant, derive, lower, parse
from objc.ir.symbols import Read
from objc.source import Source
from objc.target import DType

from .form import Form
from .naive_vectors import COMPLEMENTS, DIVERGENCES, Z
from .test_naive_forms import DIGITS, _expected, _in_float32, _is_near, computed

CONFIDENT = ((60.0, 0.0, 0.0), (18.0, 0.0, 1.0), (-3.0, 40.0, 1.0), (12.0, 0.0, -1.0))
PAIRS = ((Z, (41.0, 2.0, -37.0)), ((20.0, 0.5, -1.0), (21.0, 0.0, -3.0)),
         ((60.0, 0.0, 5.0), (0.0, 60.0, 5.0)))  # fmt: skip
KINDS = (
    "KL of softmaxes",
    "Jensen-Shannon of softmaxes",
    "generalized Jensen-Shannon of softmaxes",
)
FORMS = (
    *(replace(form, points=PAIRS) for form in DIVERGENCES if form.name in KINDS),
    *(
        replace(form, points=[(z,) for z in CONFIDENT])
        for form in COMPLEMENTS
        if "target" not in form.name
    ),
    replace(
        COMPLEMENTS[-1],
        points=[(z, t) for z in CONFIDENT for t in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))],
    ),
    Form("squares less the class", "sum[k]((softmax(z)[k] - [k == y])^2)",
         [(z, y) for z in CONFIDENT for y in (0, 1)], "z: real[K] | y: index(K)",
         "total((p - (1 if k == y else 0))^2 for k, p in enumerate(softmax(z)))"),
    Form("products with the complements", "sum[k](softmax(z)[k] * (1 - softmax(z)[k]))",
         [(z,) for z in CONFIDENT], "z: real[K]", "total(p * (1 - p) for p in softmax(z))"),
    Form("mean of data under exponentials", "sum[k](v[k] * exp(z[k])) / sum[k](exp(z[k]))",
         [(z, v) for z in CONFIDENT for v in ((-3.0, -100.0, 1.0), (0.5, 0.25, 2.0))],
         "z: real[K] | v: real[K]", "total(a * p for a, p in zip(v, softmax(z)))"),
)  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.share(1 / 2)
def test_value_and_gradient(form: Form, dtype: DType) -> None:
    points: Sequence[object] = form.points
    if dtype == "float32":
        points = [_in_float32(one) for one in points]
    form = replace(form, points=points)
    program = lower(parse(Source("form.objc", form.source))).programs["form"]
    found = computed(program, form, "cpu" if dtype == "float32" else "numpy", dtype)
    tolerance = 4e-6 if dtype == "float32" else 1e-13
    with mpmath.workdps(DIGITS):
        for key, place, exact in _expected(program, form):
            if not key.startswith("hessian"):
                value = float(found[key][place])
                assert _is_near(value, exact, tolerance, dtype), (key, place, value, float(exact))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_temperature_hides_nothing(dtype: str) -> None:
    """Of log p with p = softmax(s/t): (δ − p)/t and −p·(1 − p)/t², also where p is nearly one."""
    kernel = objc.compile(
        "loss one(s: real[K]; t: positive = 0.5) = -log(softmax(p)[0])\n    where p[k] = s[k] / t"
    ).one
    scores = np.array([10, -5, -5], dtype)
    with mpmath.workdps(60):
        powers = [mpmath.exp(2 * mpmath.mpf(float(one))) for one in scores]
        p = [one / sum(powers) for one in powers]
        slopes = [2 * (one - (k == 0)) for k, one in enumerate(p)]
        curvatures = [4 * one * (1 - one) for one in p]
        exact = [[float(one) for one in each] for each in (slopes, curvatures)]
    found = kernel.gradient(scores), kernel.hessian_diagonal(scores)
    for one, other in zip(found, exact, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6 if dtype == "float32" else 1e-14)


def test_soft_targets_near_the_softmax() -> None:
    """The library's divergence of logits from a distribution that is nearly their softmax, with an entry
    of no mass."""
    from objc.library import kl_logits

    target = np.array([0.5, 0.3, 0.2])
    for apart in (1e-3, 1e-6, 1e-8, 1e-12):
        logits = np.log(target + apart * np.array([1.0, -1.0, 0.0]))
        with mpmath.workdps(60):
            powers = [mpmath.exp(mpmath.mpf(one)) for one in logits]
            exact = sum(
                mpmath.mpf(t) * mpmath.log(mpmath.mpf(t) * sum(powers) / p)
                for t, p in zip(target, powers, strict=True)
            ) / sum(map(mpmath.mpf, target))  # fmt: skip
        found = kl_logits(logits, target)
        # What rounding the target's logarithm explains.
        assert found >= 0
        assert abs(found - float(exact)) <= 1e-13 * float(exact) + 4e-16 * apart, apart
    assert kl_logits(np.array([0.0, 0.0, -1000.0]), np.array([0.5, 0.5, 0.0])) == 0


@pytest.mark.parametrize("target", ["cpu", "numpy"])
def test_one_example_is_rounded_as_a_batch_is(target: str) -> None:
    """The label's score in float64 less the greatest in float32 was a negative loss, a million times it."""
    text = """
    loss margin(cosine: real[K] | label: index(K); margin: positive = 0.35, scale: positive = 64) =
        logsumexp[k](logit[k]) - logit[label]
        where logit[k] = scale * (cosine[k] - margin * [k == label])
    """
    kernel = objc.compile(text, target=target).margin
    cosine = np.array([0.9, 0.0, 0.1], np.float32)
    for value in (kernel(cosine, 0), kernel(cosine[None], np.array([0]))):
        assert value == pytest.approx(3.112e-13, rel=1e-4)


def test_a_label_with_a_formula_of_its_own_has_one_tangent() -> None:
    """ArcFace where the label is certain but for 1e-21: all second derivatives have that factor."""
    found = objc.library.arcface.hessian_vector_product(
        cosine=np.array([[1.0405492251820737e-08, 9.470809631295804e-09, 1.3952960669933062e-08]]),
        label=np.array([0]),
        margin=4.0,
        scale=64.0,
        vector=np.array([[1.0, -0.5, 0.75]]),
    )
    assert found[0, 0] == pytest.approx(3.9340127491107631e-18, rel=1e-12)  # in 100 digits


@pytest.mark.parametrize(
    "guard", ["j > y", "j < y", "j > y and w[j] > 0", "j < y and w[j] == 1", "j != y"]
)
def test_one_score_against_those_before_or_after_it(guard: str) -> None:
    """The diagonal of the Hessian, q (1 − q), for q that are one but for 1e-30; at the place itself too."""
    kernel = objc.compile(
        f"loss f(z: real[K] | y: index(K), w: real[K]) = log(1 + sum[j | {guard}](exp(z[j] - z[y])))"
    ).f
    weight = np.array([1.0, 0.5, 1.0, -2.0, 1.0])
    for place, scores in itertools.product(
        (0, 2, 4), ((0, 30, 2, -3, 1), (30, 0, 2, 60, 1), (5, 0, 60, 0, 90), (90, 2, 3, 1, 0))
    ):
        among = [j for j in range(5) if eval(guard, {"j": j, "y": place, "w": weight})]
        with mpmath.workdps(200):
            parts = {j: mpmath.exp(scores[j] - scores[place]) for j in among}
            total = 1 + sum(parts.values())
            parts[place] = mpmath.mpf(1)
            shares = [parts.get(k, mpmath.mpf(0)) / total for k in range(5)]
            exact = [float(one * (1 - one)) for one in shares]
        found = kernel.hessian_diagonal(np.array(scores, float), place, weight)
        np.testing.assert_allclose(found, exact, rtol=1e-13)


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "generalized_cross_entropy", "poly1"])
def test_a_label_by_its_index_needs_no_others(name: str) -> None:
    """What its share lacks of one has its digits: the slopes are one pass over the row, as they were."""
    program = getattr(objc.library, name).program
    batched = frozenset(one.name for one in program.inputs if one.role != "hyperparameter")
    (logits,) = (one.name for one in program.differentiable)
    derived = derive(program, Variant(("value", "gradient"), (logits,), batched))
    slope = derived.let[derived.outputs[f"gradient:{logits}"]]
    read = (derived.let.get(one.tensor) for one in slope.body.atoms(Read))
    assert not any(one is not None and slope.free[-1] in one.free for one in read)


def test_a_label_beside_shares_of_others_needs_no_others() -> None:
    """Distillation's slopes are shares less shares and a label, of which no sum is made."""
    program = objc.library.distillation.program
    batched = frozenset(one.name for one in program.inputs if one.role != "hyperparameter")
    derived = derive(program, Variant(("value", "gradient"), ("student",), batched))
    assert not any(let.name.endswith("_others") for let in derived.lets)
