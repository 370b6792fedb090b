"""The peers' generated forms compute what the kernels compute."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from objc.atoms import ATOMS
from objc.bench import words
from objc.bench.cases import CASES, OWN
from objc.bench.forms import NoForm, form
from objc.bench.inputs import draw
from objc.cli.library import families
from objc.cli.targets import TargetName, lower_target
from objc.cli.variants import usual_batch
from objc.compiler import Variant, differentiated, lower, parse
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.ir.recurrence import groups
from objc.source import Source

MINE = Path(__file__).with_name("own.objc")
FILES = {family.name: family.path for family in families()} | {"own": MINE}


@functools.cache
def programs(path: Path) -> list[Program]:
    """The declarations with a value, over a batch, that have no recurrence."""
    declared = [
        one for one in lower_target(TargetName(str(path)))[1] if "per_example" in one.outputs
    ]
    found = [differentiated(one, Variant(("value",), (), usual_batch(one))) for one in declared]
    return [one for one in found if not any(group.is_recurrence for group in groups(one))]


def in_torch(text: str, inputs: dict[str, Any]) -> float:
    torch = pytest.importorskip("torch")
    call = words.function_of(text, words.TORCH, torch.float64)
    return float(call({name: torch.as_tensor(value) for name, value in inputs.items()}))


def in_jax(text: str, inputs: dict[str, Any]) -> float:
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        call = words.function_of(text, words.JAX, "float64")
        return float(call({name: jax.numpy.asarray(value) for name, value in inputs.items()}))


@pytest.mark.parametrize(
    ("file", "framework"),
    [
        *((file, in_torch) for file in ("regression", "self_supervised", "classification", "own")),
        ("own", in_jax),
        # The text is the same for both frameworks; each one's words for atoms are tested one by one.
        *(
            pytest.param(file, one, marks=pytest.mark.slow)
            for file, one in itertools.product(FILES, (in_torch, in_jax))
            if file in ("divergence", "ranking", "classification")
        ),
    ],
)
def test_a_form_has_the_value_of_the_program(file: str, framework: Any) -> None:
    tried = 0
    for program in programs(FILES[file]):
        sizes = {one.name: 4 + n for n, one in enumerate(program.dimensions) if one.size is None}
        inputs = draw(program, sizes, np.random.default_rng(3))
        expected = float(evaluate(program, inputs)["value"])
        found = framework(form(program), inputs)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12), program.name
        tried += 1
    assert tried >= 3


def test_products_are_products_of_the_framework() -> None:
    texts = {one.name: form(one) for one in programs(OWN) if one.name == "logistic_regression"}
    texts |= {one.name: form(one) for one in programs(FILES["self_supervised"])}
    assert "einsum(" in texts["info_nce"] and "einsum(" in texts["logistic_regression"]


RECURRENCES = """
loss rnn(x: real[T, H] | y: real[H]; learn w: real[H, H]) = sum[i]((h[T - 1, i] - y[i])^2)
    where h[t, i] = if t == 0 then tanh(x[t, i]) else tanh(sum[j](w[i, j] * h[t - 1, j]) + x[t, i])
loss returns(v: real[T] | r: real[T], done: binary[T]; discount: probability = 0.9) =
    sum[t]((v[t] - g[t])^2)
    where g[t] = if t == T - 1 then r[t] else r[t] + discount * (1 - done[t]) * g[t + 1]
loss masked(e: real[T, K], a: real[K, K] | length: count) = logsumexp[k](f[T - 1, k])
    where f[t, k] = if t == 0 then e[t, k]
                    else if t < length then e[t, k] + logsumexp[j](f[t - 1, j] + a[j, k])
                    else f[t - 1, k]
loss gated(x: real[T, H]; learn w: real[H, H]) = sum[i](h[T - 1, i]^2) + h[0, 1]^2
    where h[t, i] = if t == 0 then x[t, i]
                    else tanh(sum[j](w[i, j] * h[t - 1, j]) + h[t - 1, 0] * x[t, 1])
"""


@pytest.mark.parametrize("framework", [in_torch, pytest.param(in_jax, marks=pytest.mark.slow)])
def test_a_recurrence_is_a_loop(framework: Any) -> None:
    (_, (crf,)) = lower_target(TargetName(str(OWN), "crf"))
    declared = [crf, *lower(parse(Source("recurrences.objc", RECURRENCES))).programs.values()]
    for lowered in declared:
        program = differentiated(lowered, Variant(("value",), (), usual_batch(lowered)))
        sizes = {one.name: 4 + n for n, one in enumerate(program.dimensions) if one.size is None}
        inputs = draw(program, sizes, np.random.default_rng(3))
        text = form(program)
        assert "for step in" in text
        expected = float(evaluate(program, inputs)["value"])
        assert framework(text, inputs) == pytest.approx(expected, rel=1e-9), program.name


def test_products_in_a_loop_are_products_of_the_framework() -> None:
    rnn = lower(parse(Source("recurrences.objc", RECURRENCES))).programs["rnn"]
    assert "einsum(" in form(differentiated(rnn, Variant(("value",), (), usual_batch(rnn))))


@pytest.mark.parametrize("name", ["torch.compile", "jax"])
def test_a_loop_is_not_given_to_what_unrolls_it(name: str) -> None:
    from objc.bench.cases import Case
    from objc.bench.peers import contender
    from objc.bench.problem import Absent, Problem

    pytest.importorskip(name.partition(".")[0])
    rnn = lower(parse(Source("recurrences.objc", RECURRENCES))).programs["rnn"]
    problem = Problem(Case("rnn", "rnn", {}), rnn, {"batch": 3, "T": 4, "H": 2}, "float64")
    with pytest.raises(Absent, match="unrolled"):
        contender(name, problem)
    loop = contender("torch", problem)
    found = loop.results(loop.run(0))
    assert found["gradient:w"].shape == (2, 2)


def test_a_recurrence_along_two_indices_is_declined() -> None:
    (_, (lowered,)) = lower_target(TargetName(str(FILES["divergence"]), "soft_dtw"))
    program = differentiated(lowered, Variant(("value",), (), usual_batch(lowered)))
    with pytest.raises(NoForm, match="two indices"):
        form(program)


@pytest.mark.parametrize(
    "name", ["torch", pytest.param("jax", marks=pytest.mark.slow), "numpy", "sklearn"]
)
def test_forms_by_hand_have_the_value_of_the_program(name: str) -> None:
    """So a form by hand is the same loss as the case it stands for."""
    from objc.bench.peers import contender
    from objc.bench.problem import Absent, Problem
    from objc.bench.programs import program_of

    pytest.importorskip(name)
    by_hand = 0
    for case in CASES:
        problem = Problem(case, program_of(case), case.sizes, "float64").small()
        try:
            one = contender(name, problem)
        except Absent:
            continue
        truth = evaluate(problem.derived, problem.data[0])
        for key, part in one.results(one.run(0)).items():
            np.testing.assert_allclose(part, truth[key], rtol=1e-6, atol=1e-9, err_msg=case.name)
        by_hand += one.form == "by hand"
    assert by_hand >= 4


@pytest.mark.parametrize("framework", ["torch", "jax"])
@pytest.mark.parametrize("name", sorted(ATOMS))
def test_every_atom_has_a_word_in_both_frameworks(name: str, framework: str) -> None:
    """A new row of the table of atoms needs a word here, or losses that use it have no peer."""
    atom = ATOMS[name]
    text = f"def form(arguments): return {({'abs': 'absolute'}).get(name, name)}(*arguments)"
    sides = [-1 if high == 0 else 1 for _, high in atom.domain]
    points = [side * one for side, one in zip(sides, (0.3, 0.6), strict=False)]
    if framework == "torch":
        torch = pytest.importorskip("torch")
        found = words.function_of(text, words.TORCH, torch.float64)(
            [torch.tensor(one, dtype=torch.float64) for one in points]
        )
    else:
        jax = pytest.importorskip("jax")
        with jax.enable_x64(True):
            found = words.function_of(text, words.JAX, "float64")(
                [jax.numpy.asarray(one) for one in points]
            )
    assert float(found) == pytest.approx(float(atom.reference(*map(mpmath.mpf, points))), rel=1e-12)


def test_a_form_is_found_by_those_who_look_up_its_module() -> None:
    """As torch.compile does, for the globals of a function that it has come to from another."""
    torch = pytest.importorskip("torch")
    text = "def inner(x): return softplus(x)\ndef form(x): return inner(x) + 1.0"
    form = words.function_of(text, words.TORCH, torch.float64)
    compiled = torch.compile(lambda x: form(x), backend="eager", fullgraph=True)
    x = torch.linspace(-1, 1, 3, dtype=torch.float64)
    torch.testing.assert_close(compiled(x), form(x))
