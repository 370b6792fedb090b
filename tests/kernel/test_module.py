"""Modules and kernels as Python objects."""

from __future__ import annotations

import copy
import inspect
import pickle
import pydoc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import objc
from objc.kernel import Kernel
from objc.source import Source
from objc.syntax import parse

X = np.array([0.0, 1.0, 4.0, 3.0])
HUBER = "loss huber(a: real | b: real; delta: positive = 1) = (a - b)^2 / delta"


def test_attributes(plain: Any) -> None:
    assert plain.huber.name == "huber"
    assert plain.lambda_ is getattr(plain, "lambda") is plain["lambda"]
    assert "huber" in plain and "hubert" not in plain
    assert [one.name for one in plain][:2] == ["huber", "cross_entropy"]
    assert len(plain) == len(list(plain))
    assert {"huber", "lambda_", "ridge"} <= set(dir(plain))
    assert repr(plain).startswith("<objc module <text>: huber, cross_entropy")
    with pytest.raises(AttributeError, match="did you mean `huber`"):
        plain.hubre  # noqa: B018
    assert not hasattr(plain, "__wrapped__")
    assert plain.warnings == ()
    named = objc.compile("loss warnings(x: real | y: real) = x * y", target="numpy")
    assert named.warnings(2.0, 3.0) == 6.0


def test_sources(tmp_path: Path) -> None:
    path = tmp_path / "losses.objc"
    path.write_text(f"\ufeff{HUBER}\r\n", encoding="utf-8")
    for given in (path, str(path)):
        assert objc.compile(given, target="numpy").huber(X, 0.0) == 6.5
    assert objc.compile(HUBER, target="numpy", name="huber").huber(X, 0.0) == 6.5
    other = tmp_path / "losses.txt"
    other.write_text(HUBER)
    assert objc.compile(str(other), target="numpy").huber(X, 0.0) == 6.5
    with pytest.raises(objc.ObjcError, match=r"missing\.objc"):
        objc.compile(str(tmp_path / "missing.objc"))
    with pytest.raises(objc.ObjcError):
        objc.compile(tmp_path / "missing")
    with pytest.raises(objc.ObjcError):
        objc.compile("")
    with pytest.raises(objc.ObjcError):
        objc.compile("x" * 5000)
    path.write_bytes(b"loss f(a: real | b: real) = a \xff")
    with pytest.raises(objc.ObjcError, match="UTF-8"):
        objc.compile(path)


def test_a_file_that_uses_another(tmp_path: Path) -> None:
    base = tmp_path / "base.objc"
    base.write_text("loss squared(a: real | b: real) = (a - b)^2\n")
    main = tmp_path / "main.objc"
    main.write_text("use base (squared)\nloss twice(a: real | b: real) = 2 * squared(a | b)\n")
    assert objc.compile(main, target="numpy").twice(X, 0.0) == 13
    assert objc.compile(main, target="numpy").twice(X, 0.0) == 13  # from the disk cache
    base.write_text("loss squared(a: real | b: real) = (a - b)^2 / 2\n")
    assert objc.compile(main, target="numpy").twice(X, 0.0) == 6.5
    base.unlink()
    with pytest.raises(objc.ObjcError, match="base"):
        objc.compile(main, target="numpy")


def test_descriptions(plain: Any) -> None:
    huber = plain.huber
    assert huber.kind == "loss" and huber.target == "numpy"
    assert [one.name for one in huber.inputs] == ["prediction", "target"]
    assert [one.name for one in huber.hyperparameters] == ["delta"]
    assert [one.name for one in plain.calibrated.parameters] == ["slope", "shift"]
    assert plain.scaled.dimensions == ("D",)
    assert huber.docstring.startswith("Huber (1964)")
    assert huber.direction == "minimize"
    assert plain.zero_one.surrogates == ("hinge",)
    assert "huber(prediction: real | target: real; delta: positive = 1)" in repr(huber)
    assert "delta * (abs(r) - delta / 2)" in repr(huber) and "claims" not in repr(huber)
    assert huber.__doc__.startswith("Huber (1964)") and huber.__name__ == "huber"
    assert "delta * (abs(r) - delta / 2)" in pydoc.render_doc(huber)
    assert r"\delta" in huber.latex()
    assert huber._repr_latex_().startswith("$")
    assert "<code>loss huber(" in huber._repr_html_()
    assert "per_example" in huber.program.outputs
    assert "gradient:prediction" in huber.gradient_program.outputs
    assert "value" in plain.zero_one.gradient_program.outputs
    for kernel in plain:
        compile(kernel.source, "<emitted>", "exec")
        assert kernel.latex() and repr(kernel)


def test_signatures_for_editors(plain: Any) -> None:
    signature = inspect.signature(plain.huber)
    assert list(signature.parameters)[:3] == ["prediction", "target", "delta"]
    assert signature.parameters["delta"].default == 1
    assert signature.parameters["delta"].kind is inspect.Parameter.KEYWORD_ONLY
    assert signature.parameters["reduction"].default == "mean"
    for kernel in plain:
        assert inspect.signature(kernel).parameters
    assert "weight" in str(inspect.signature(plain.hinge))
    assert "reduction" not in str(inspect.signature(plain.softmax_of))


def test_pickles_and_copies(plain: Any) -> None:
    for kernel in (plain.huber, plain.lambda_):
        again = pickle.loads(pickle.dumps(kernel))
        assert again(X, 0.0) == kernel(X, 0.0)
        assert copy.copy(kernel) is kernel and copy.deepcopy(kernel) is kernel
    from objc.library import huber

    assert pickle.loads(pickle.dumps(huber)).name == "huber"
    gradient = plain.contrast.gradient(np.ones((2, 3)), np.zeros(3), np.ones(2))
    again = pickle.loads(pickle.dumps(gradient))
    assert again._fields == ("a", "b")
    np.testing.assert_array_equal(again.a, gradient.a)
    bare = Kernel.of_program(plain.huber.program, "numpy")
    assert bare(X, 0.0) == plain.huber(X, 0.0)


def test_threads_share_one_compilation() -> None:
    kernel = objc.compile(HUBER, target="numpy").huber
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: kernel.gradient(X + n, 0.0)[0], range(64)))
    np.testing.assert_allclose(found, [n / 2 for n in range(64)])
    assert len(kernel._evaluator._variants) == 1


def test_the_library() -> None:
    import objc.library
    from objc.library import cross_entropy, huber

    assert huber(X, 0.0) == 6.5 / 4
    assert objc.library.huber is huber
    assert cross_entropy.gradient(np.zeros((2, 4)), [0, 3]).shape == (2, 4)
    with pytest.raises(AttributeError, match="did you mean `huber`"):
        objc.library.hubre  # noqa: B018
    with pytest.raises(ImportError):
        from objc.library import nothing_like_it  # noqa: F401


def test_the_library_lists_what_its_files_declare() -> None:
    import objc.library

    declared = [
        (one.name, path)
        for path in objc.library.files()
        for one in parse(Source(path.name, path.read_text("utf-8"))).declarations
    ]
    names = [name for name, _ in declared]
    assert len(set(names)) == len(names)
    found = objc.library.declarations()
    assert {name.rstrip("_"): path for name, path in found.items()} == dict(declared)
    assert set(found) <= set(dir(objc.library)) and objc.library.__all__ == sorted(found)


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_imports_are_light() -> None:
    heavy = "[m for m in ('sympy', 'numba', 'numpy', 'lark', 'torch') if m in sys.modules]"
    assert run(f"import sys, objc; print({heavy})") == "[]"
    assert run(f"import sys, objc.library; dir(objc.library); print({heavy})") == "[]"
    assert run("import objc; print(objc.__version__)") == objc.__version__
    light = "[m for m in ('sympy', 'numba', 'lark') if m in sys.modules]"
    assert run(f"import sys, objc; objc.compile; print({light})") == "[]"
    with pytest.raises(AttributeError):
        objc.nothing  # noqa: B018
    assert {"compile", "Kernel", "library", "training"} <= set(dir(objc))
