"""Every function of a module that is written for people computes what the kernel in the process does."""

from __future__ import annotations

import ast
import functools
import pickle
import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from objc.targets._module import _SUFFIXES
from objc.targets.cpu.emission import Kernel as Text

import objc
from objc.cli.variants import find_target, module_variants
from objc.compiler import Variant, derive
from objc.errors import InputError, InternalError
from objc.ir.program import Program
from objc.schedule import schedule

FILE = Path(__file__).parent / "modules" / "kinds.objc"
MODULE = objc.compile(FILE)
DRAWN = np.random.default_rng(3)
N, K, D, T = 5, 4, 3, 6
LABEL = DRAWN.integers(0, K, N)


def real(*shape: int) -> np.ndarray:
    return DRAWN.normal(size=shape)


ARGUMENTS = MappingProxyType(
    {
        "cross_entropy": (real(N, K), LABEL),
        "huber": (2 * real(N), real(N)),
        "coupled": (real(2, T, D), real(2, T, D)),
        "chain": (real(N, T, K), real(N, K, K), DRAWN.integers(0, K, (N, T))),
        "accuracy": (real(N, K), LABEL),
        "farthest": (real(N, K), real(N, K)),
        "soft": (real(N, K),),
        "best": (real(N, K),),
        "scaled": (real(N, K),),
        "repeated": (real(N),),
        "ordered": (real(N, K),),
        "discounted": (real(N, T),),
        "iterates": (real(N),),
        "ranged": (real(N), DRAWN.choice([-1.0, 1.0], N)),
        "linear": (real(N, D), real(K, D), real(K)),
        "ridge": (real(D), real(), real(N, D), real(N)),
        "classify": (real(N, D), LABEL, real(K, D), real(K)),
        "gan.discriminator": (real(N), real(N)),
        "gan.generator": (real(N),),
    }
)
"""The arguments of each declaration, the batch before them where it is usual; learned ones last."""

OPTIONS = MappingProxyType(
    {
        "huber": {"delta": 0.5},
        "coupled": {"temperature": 0.2},
        "scaled": {"power": 3.0, "low": -0.25},
        "repeated": {"steps": 5},
        "iterates": {"steps": 3},
        "discounted": {"rate": 0.5},
        "ranged": {"width": 2, "place": 7.0},
        "ridge": {"strength": 2.0},
    }
)

CALLER = """
import pickle, sys, kinds

def plain(one):
    return tuple(map(plain, one)) if isinstance(one, tuple) else one

calls = pickle.load(open("calls", "rb"))
found = {}
for name, arguments, options in calls:
    print(name, list(options), flush=True)
    found[name, *sorted(options)] = plain(getattr(kinds, name)(*arguments, **options))
pickle.dump(found, open("found", "wb"))
pickle.dump(kinds.__all__, open("exported", "wb"))
assert not [one for one in sys.modules if one.partition(".")[0] in ("objc", "sympy")]
"""


WHOLE = ("cross_entropy",)
"""The declaration of which each function is called every time."""


BRIEF = (
    *WHOLE, "coupled", "chain", "ordered", "iterates", "linear", "gan.discriminator",
)  # fmt: skip
"""Those of which a function is called with Numba every time."""


@pytest.mark.parametrize("target", ["numpy", pytest.param("cpu", marks=pytest.mark.slow)])
def test_functions_of_every_declaration(target: str, tmp_path: Path) -> None:
    """The one that computes the most: Numba takes a second for each, so that all run with --slow."""
    require_functions(target, tmp_path, every=False)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["numpy", "cpu"])
def test_every_function_of_a_module(target: str, tmp_path: Path) -> None:
    require_functions(target, tmp_path, every=True)


def require_functions(target: str, tmp_path: Path, every: bool) -> None:
    found_target = find_target(target)
    pairs = [(one.program, module_variants(one.program, found_target, target)) for one in MODULE]
    (tmp_path / "kinds.py").write_text(found_target.module(pairs, "float64"), "utf-8")
    calls: list[tuple[str, Any, dict[str, Any]]] = []
    expected: dict[tuple[str, ...], Any] = {}
    exported = set()
    for program, variants in pairs:
        exported |= {program.name.replace(".", "_") + _SUFFIXES[what] for what in variants}
        if not every and target == "cpu" and program.name not in BRIEF:
            continue
        chosen = list(variants) if every or program.name in WHOLE else list(variants)[-1:]
        for what in chosen:
            name = program.name.replace(".", "_") + _SUFFIXES[what]
            for options in _options(program, what):
                keywords = {**_learned(program), **options}
                calls.append((name, _positional(program), keywords))
                expected[name, *sorted(keywords)] = _in_process(program, what, options)
    (tmp_path / "calls").write_bytes(pickle.dumps(calls))
    done = subprocess.run(
        [sys.executable, "-c", CALLER], cwd=tmp_path, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    found = pickle.loads((tmp_path / "found").read_bytes())
    assert found.keys() == expected.keys()
    assert exported == set(pickle.loads((tmp_path / "exported").read_bytes()))
    for key, value in expected.items():
        _require_equal(key, found[key], value)


def _options(program: Program, what: str) -> list[dict[str, Any]]:
    """The ways to call a function: bare, with hyperparameters, and with weights."""
    own: dict[str, Any] = dict(OPTIONS.get(program.name, {}))
    found = [{}, own] if own else [{}]
    if what in ("value", "value_and_grad"):
        batch = 2 if program.name == "coupled" else N
        found.append({"weight": np.maximum(np.arange(batch) - 0.25, 0)})  # the first is left out
    return found


def _split(program: Program) -> tuple[tuple[Any, ...], dict[str, Any]]:
    arguments = ARGUMENTS[program.name]
    learned = [one.name for one in program.inputs if one.role == "learned"]
    bare = len(arguments) - len(learned)
    return arguments[:bare], dict(zip(learned, arguments[bare:], strict=True))


def _positional(program: Program) -> tuple[Any, ...]:
    return _split(program)[0]


def _learned(program: Program) -> dict[str, Any]:
    return {name.replace(".", "_"): value for name, value in _split(program)[1].items()}


def _in_process(program: Program, what: str, options: dict[str, Any]) -> Any:
    kernel = next(one for one in MODULE if one.name == program.name)
    method = {"value_and_grad": kernel.value_and_grad, "per_example": kernel.per_example}
    return method.get(what, kernel)(*ARGUMENTS[program.name], **options)


def _require_equal(name: object, found: Any, expected: Any) -> None:
    if isinstance(expected, tuple):
        for one, other in zip(found, expected, strict=True):
            _require_equal(name, one, other)
        return
    assert np.shape(found) == np.shape(expected), name
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-14, err_msg=str(name))


@functools.cache
def _imported(target: str) -> Any:
    """The module in this process: nothing of it is compiled before arguments are looked at."""
    found = find_target(target)
    names = ("huber", "ranged", "repeated", "cross_entropy", "accuracy")
    programs = [MODULE[name].program for name in names]
    pairs = [(one, module_variants(one, found, target)) for one in programs]
    module = types.ModuleType("emitted")
    text = found.module(pairs, "float64")
    exec(compile(text, "<emitted>", "exec", dont_inherit=True), vars(module))
    return module


@pytest.mark.parametrize("target", ["numpy", "cpu"])
def test_an_example_of_weight_0_may_hold_anything(target: str) -> None:
    module = _imported(target)
    logits, label = ARGUMENTS["cross_entropy"]
    weight = np.array([1.0, 0, 2, 0, 0.5])
    expected = module.cross_entropy_value_and_grad(logits, label, weight=weight)
    logits, label = logits.copy(), label.copy()
    logits[weight == 0], label[weight == 0] = np.nan, 99
    found = module.cross_entropy_value_and_grad(logits, label, weight=weight)
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1], expected[1])
    assert not expected[1][weight == 0].any()
    with pytest.raises(module.IndexOutOfRange, match="position 99 of axis 1"):
        module.cross_entropy(logits, label)


REFUSED = [
    ("huber", {"delta": 0.0}, "`delta` is 0, outside its domain positive"),
    ("huber", {"delta": -1}, "`delta` is -1, outside its domain positive"),
    ("huber", {"delta": float("nan")}, "`delta` is nan, outside its domain positive"),
    ("huber", {"delta": float("inf")}, "`delta` is inf, outside its domain positive"),
    ("huber", {"delta": 1 + 0j}, "`delta` holds real numbers, and was given complex128"),
    ("huber", {"weight": [1, 1, -2, 1, 1]}, "the weights hold -2 at 2, and must be at least 0"),
    ("huber", {"weight": [1, 1, 1, 1, np.inf]}, "the weights hold inf at 4"),
    ("huber", {"weight": np.ones(N) + 0j}, "`weight` holds real numbers, and was given complex128"),
    ("huber", {"weight": np.zeros(N)}, "the weights sum to 0"),
    (
        "huber",
        {"prediction": np.arange(N) + 2**53},
        "`prediction` is 9007199254740993 at 1, an integer that float64 does not hold",
    ),
    ("huber", {"prediction": np.ones(N) * 1j}, "`prediction` holds real numbers"),
    ("huber", {"prediction": ["1"] * N}, "`prediction` holds real numbers, and was given <U1"),
    ("huber", {"prediction": np.ma.array(np.ones(N))}, "`prediction` holds real numbers"),
    ("ranged", {"place": -0.75}, "`place` is -0.75, outside its domain interval(-0.5, 2.71828)"),
    ("ranged", {"place": 3.0}, "`place` is 3, outside its domain interval(-0.5, 2.71828)"),
    (
        "ranged",
        {"place": 8.0, "width": 2},
        "`place` is 8, outside its domain interval(-1, 7.38906)",
    ),
    ("repeated", {"steps": -1}, "`steps` is -1, outside its domain count"),
    ("cross_entropy", {"label": np.full(N, 2**64 - 1, np.uint64)}, "beyond 64-bit integers"),
    ("cross_entropy", {"label": [0, 1, 4, 1, 1]}, "position 4 of axis 1, which has 4 entries"),
    ("accuracy", {"label": [0, 1, 4, 1, 1]}, "`label` is 4 at 2, outside 0 … 3"),
    ("accuracy", {"label": [0, 1, 3, -1, 1]}, "`label` is -1 at 3, outside 0 … 3"),
]


@pytest.mark.parametrize(("name", "wrong", "message"), REFUSED)
@pytest.mark.parametrize("target", ["numpy", "cpu"])
def test_what_the_kernel_refuses_a_module_refuses(
    target: str, name: str, wrong: dict[str, Any], message: str
) -> None:
    inputs = [one.name for one in MODULE[name].program.inputs]
    positional = dict(zip(inputs, ARGUMENTS[name], strict=False))
    positional |= {key: value for key, value in wrong.items() if key in positional}
    options = {key: value for key, value in wrong.items() if key not in positional}
    with pytest.raises(InputError):
        MODULE[name](*positional.values(), **options)
    with pytest.raises((ValueError, IndexError)) as caught:
        getattr(_imported(target), name)(*positional.values(), **options)
    assert message in str(caught.value)


@pytest.mark.parametrize("target", ["numpy", "cpu"])
def test_what_has_nothing_to_compute_is_left_out(target: str) -> None:
    """There is nothing to differentiate in a metric: its program has no outputs and no steps."""
    program, data = MODULE.accuracy.program, frozenset({"logits", "label"})
    value = derive(program, Variant(("value",), (), data))
    empty = derive(program, Variant(("hessian_diagonal",), (), data))
    pair = program, {"value": value, "hessian_diagonal": empty}
    text = find_target(target).module([pair], "float64")
    compile(text, "<emitted>", "exec")
    assert "def accuracy(" in text and "hessian_diagonal_kernel" not in text
    assert "__all__ = []" in find_target(target).module([(program, {"value": empty})], "float64")
    compile(Text(schedule(empty), "float64").body(), "<no steps>", "exec")


@pytest.mark.parametrize("target", ["numpy", "cpu"])
def test_nothing_is_imported_twice(target: str) -> None:
    program = MODULE.soft.program
    text = find_target(target).module(
        [(program, {"result": derive(program, Variant(("result",), (), frozenset({"x"})))})],
        "float64",
    )
    imported = [
        (getattr(node, "module", ""), one.name)
        for node in ast.parse(text).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for one in node.names
    ]
    modules = [line for line in text.splitlines() if line.startswith("from ")]
    assert len(imported) == len(set(imported))
    assert len(modules) == len({one.split()[1] for one in modules})


def test_an_output_that_no_step_fills_is_an_error_of_the_compiler() -> None:
    data = frozenset({"x"})
    program = derive(MODULE.soft.program, Variant(("result",), (), data))
    loops = schedule(program)
    assert Text(loops, "float64").layout.filled >= {program.outputs["result"]}
    with pytest.raises(InternalError, match="no step fills the output result"):
        Text(replace(loops, steps=()), "float64")
