"""Modules for people from the CPU target: with Numba and NumPy alone, and meaning what objc computes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import click.testing
import numpy as np
import pytest
from objc.targets.cpu import driver
from objc.targets.cpu.lazily import Lazily

import objc
from objc.cli.application import objc as command
from objc.compiler import Variant, derive
from objc.ir.program import Program

from .. import programs
from .running import TARGET, TOLERANCE, given, run

CASES = {case.name: case for case in programs.all_cases()}
LOGITS = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]])


def written(name: str) -> str:
    program = CASES[name].program
    data = frozenset(one.name for one in program.inputs if one.role in ("differentiable", "data"))
    wrt = tuple(one.name for one in program.differentiable)
    variant: Program = derive(program, Variant(("value", "gradient"), wrt, data))
    return TARGET.module([(program, {"value_and_grad": variant})], "float64")


def test_a_module_needs_no_objc(tmp_path: Path) -> None:
    (tmp_path / "losses.py").write_text(written("cross_entropy"), "utf-8")
    code = f"""
import sys
import losses
value, gradient = losses.cross_entropy_value_and_grad({LOGITS.tolist()}, [2, 0])
print(value, *gradient.ravel())
losses.set_threads(1)
try:
    losses.cross_entropy_value_and_grad({LOGITS.tolist()}, [2, 3])
except IndexError as error:
    print(error)
assert not [name for name in sys.modules if name.partition(".")[0] in ("objc", "sympy")]
"""
    said = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=240
        )
        for _ in range(2)  # compiled, and from Numba's cache
    ]
    assert said[0].returncode == 0, said[0].stderr
    assert said[1].stdout == said[0].stdout
    numbers, refusal = said[0].stdout.splitlines()
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    found = np.array(numbers.split(), float)
    assert found[0] == pytest.approx(-np.log([p[0, 2], p[1, 0]]).mean())
    np.testing.assert_allclose(found[1:].reshape(2, 3), (p - np.eye(3)[[2, 0]]) / 2)
    assert "position 3" in refusal and "at example 1" in refusal


def test_only_what_is_called_is_copied() -> None:
    text = written("cross_entropy")
    assert "def exp_64" in text and "def digamma_64" not in text and "_32(" not in text
    assert text.count("def exp_64") == 1


@pytest.mark.parametrize(
    "name", ["huber", "chain_score", pytest.param("chain", marks=pytest.mark.slow)]
)
def test_numba_gives_the_text_the_same_meaning(name: str) -> None:
    """The text is Numba's as well as ours."""
    program, inputs = given(CASES[name], "value_and_grad")
    emitted = TARGET.emit(program, "float32")
    namespace: dict[str, object] = {"__name__": "kernel"}
    exec(compile(emitted.text, "<kernel>", "exec"), namespace)
    own = TARGET.load(emitted)
    assert isinstance(own, driver.Kernel)
    expected = run(program, inputs, "float32")
    own.entry = Lazily(namespace["entry"])
    found = _with(own, program, inputs)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, **TOLERANCE["float32"])


def _with(kernel: driver.Kernel, program: Program, inputs: dict[str, object]) -> dict[str, object]:
    sizes: dict[str, int] = {}
    arguments = {}
    for one in program.inputs:
        value = np.asarray(inputs.get(one.name, one.default))
        sizes |= {d.name: n for d, n in zip(one.dimensions, value.shape, strict=True)}
        kind = np.int64 if one.domain.is_integer else np.float32
        arguments[one.name] = np.ascontiguousarray(value, kind) if one.dimensions else float(value)
    results = {
        key: np.zeros([sizes.get(d.name, d.size) for d in program.let[name].dimensions], "float32")
        for key, name in program.outputs.items()
        if program.let[name].free
    }
    return {**kernel(arguments, sizes, results), **results}


TEXT = """
loss rows(logits: real[K] | label: index(K)) = logsumexp(logits) - logits[label]
objective layer(| x: real[D], label: index(K); learn matrix: real[K, D]) =
    minimize logsumexp(z) - z[label]
    where z[k] = sum[d](matrix[k, d] * x[d])
objective near(| x: real[D], label: index(K); learn matrix: real[K, D]) =
    minimize logsumexp(z) - z[label]
    where z[k] = -sqrt(sum[d]((matrix[k, d] - x[d])^2))
"""


@pytest.mark.parametrize(
    "name", ["rows", *(pytest.param(one, marks=pytest.mark.slow) for one in ("layer", "near"))]
)
def test_products_and_rows_side_by_side(name: str, tmp_path: Path) -> None:
    """Blocks of rows, and both forms of a kernel, of which the sizes choose, with Numba alone."""
    (tmp_path / "losses.objc").write_text(TEXT, "utf-8")
    arguments = ["compile", str(tmp_path / "losses.objc"), "-o", str(tmp_path / "written")]
    done = click.testing.CliRunner().invoke(command, [*arguments, "--dtype", "float32"])
    assert done.exit_code == 0, done.output
    specification = importlib.util.spec_from_file_location(
        "objc_written_losses", tmp_path / "written" / "losses.py"
    )
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    ours = objc.compile(TEXT)
    drawn = np.random.default_rng(7)
    x = drawn.normal(size=(250, 20)).astype(np.float32)
    for columns in (3, 70):
        label = drawn.integers(columns, size=250)
        matrix = drawn.normal(size=(columns, 20)).astype(np.float32)
        scores = (x @ matrix.T).astype(np.float32)
        if name == "rows":
            expected = ours.rows.value_and_grad(scores, label)
            found = module.rows_value_and_grad(scores, label)
        else:
            expected = getattr(ours, name).value_and_grad(x, label, matrix)
            found = getattr(module, f"{name}_value_and_grad")(x, label, matrix=matrix)
        assert found[0] == pytest.approx(expected[0], rel=1e-6)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-5, atol=1e-7)
        label[120] = columns
        if name == "layer":
            with pytest.raises(IndexError, match="at example 120"):
                module.layer_value_and_grad(x, label, matrix=matrix)
