"""The stub of the library: in step with the texts, and true of the kernels."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import objc.library
from objc.library import _stubs

TREE = ast.parse(_stubs.PLACE.read_text("utf-8"))
FUNCTIONS = {one.name: one for one in TREE.body if isinstance(one, ast.FunctionDef)}
NAMES = {
    *FUNCTIONS,
    *(one.target.id for one in TREE.body if isinstance(one, ast.AnnAssign)
      if isinstance(one.target, ast.Name)),
}  # fmt: skip


def test_the_stub_is_in_step_with_the_texts() -> None:
    text = _stubs.stub()
    assert text == _stubs.PLACE.read_text("utf-8"), "run `make stubs`"


def test_the_stub_has_every_name_of_the_library() -> None:
    prelude = {"softmax", "log_softmax", "dot", "norm", "cosine", "normalize"}
    listed = {name for name in dir(objc.library) if not name.startswith("_")}
    assert listed - NAMES == prelude
    assert {name for name in NAMES if not name.startswith("_")} - listed == {
        "files", "declarations",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["huber", "cross_entropy", "siglip", "next_token", "gae", "clip"])
def test_parameters_are_those_of_the_kernel(name: str) -> None:
    kernel = getattr(objc.library, name)
    arguments = FUNCTIONS[name].args
    assert [one.arg for one in arguments.args] == [
        one.keyword for one in kernel.signature.positional
    ]
    assert [one.arg for one in arguments.kwonlyargs] == [
        one.keyword for one in kernel.signature.hyperparameters
    ]
    assert ast.get_docstring(FUNCTIONS[name], clean=False) is not None


CLIENT = """
from objc.library import cross_entropy, huber, lsgan, next_token

value, gradient = huber.value_and_grad([1.0], [2.0], delta=2.0, weight=[1.0])
lsgan.generator.gradient(fake_score=[1.0])
next_token([[1.0]], [0], [1.0], mask_=[1.0])
cross_entropy([[1.0, 2.0]], [1], reduction="sum")
huber([1.0], [2.0], dleta=2.0)
cross_entropy([[1.0, 2.0]], [1], reduction="median")
huber([1.0])
"""


def test_type_checkers_know_the_library(tmp_path: Path) -> None:
    client = tmp_path / "client.py"
    client.write_text(CLIENT)
    root = Path(objc.library.__file__).parents[2]
    cache = root / ".mypy_cache"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(root / "pyproject.toml"),
         "--cache-dir", str(cache), str(client)],
        capture_output=True, text=True, check=False, cwd=root,
    )  # fmt: skip
    wrong = [
        line.split(":")[1]
        for line in done.stdout.splitlines()
        if "client.py" in line and "error" in line
    ]
    assert sorted(set(wrong)) == ["10", "8", "9"], done.stdout
