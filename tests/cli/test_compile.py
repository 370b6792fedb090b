"""`objc compile`: modules that run by themselves, and files that are never lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

USE = """
import sys
sys.modules["objc"] = None  # the module must do without
import numpy
sys.path.insert(0, "out")
import losses
value, gradient = losses.huber_value_and_grad(numpy.array([1.0, 4.0]), numpy.array([0.5, 0.0]))
print(value, gradient, losses.cross_entropy(numpy.zeros((2, 4)), numpy.array([0, 3])))
"""


@pytest.mark.parametrize("target", ["numpy", "cpu"])
def test_a_module_runs_without_objc(run: Run, target: str) -> None:
    result = run("compile", "losses.objc", "-o", "out", "--target", target)
    assert result.exit_code == 0, result.output
    assert f"wrote out{os.sep}losses.py: huber, cross_entropy, accuracy" in result.stdout
    done = subprocess.run([sys.executable, "-c", USE], capture_output=True, text=True)
    assert done.stdout.split() == ["1.8125", "[0.25", "0.5", "]", "1.3862943611198906"], done.stderr


def test_facts_stand_in_the_docstrings(run: Run) -> None:
    run("compile", "losses.objc:huber", "-o", "out", "--target", "numpy")
    text = Path("out/huber.py").read_text("utf-8")
    assert text.startswith("# Written by objc")
    assert "convex in prediction: proved, by composition" in text


def test_a_name_and_a_type(run: Run) -> None:
    arguments = (
        "-o",
        "out",
        "--name",
        "small",
        "--dtype",
        "float32",
        "--target",
        "numpy",
        "--json",
    )
    result = run("compile", "losses.objc:huber", *arguments)
    data = json.loads(result.stdout)
    assert data["modules"] == [{"module": f"out{os.sep}small.py", "declarations": ["huber"]}]
    assert "computes in float32" in Path("out/small.py").read_text("utf-8")


def test_a_declaration_of_the_library(run: Run) -> None:
    assert run("compile", "focal", "-o", "out", "--target", "numpy").exit_code == 0
    assert Path("out/focal.py").exists()


def test_only_own_files_are_replaced(run: Run) -> None:
    arguments = ("compile", "losses.objc:huber", "-o", ".", "--target", "numpy")
    Path("huber.py").write_text("mine = 1\n", "utf-8")
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert "error[E0302]: `huber.py` is there, and was not written by objc" in refused.stderr
    assert Path("huber.py").read_text("utf-8") == "mine = 1\n"
    assert run(*arguments, "--force").exit_code == 0
    assert run(*arguments).exit_code == 0


def test_a_place_that_is_a_file(run: Run) -> None:
    result = run("compile", "losses.objc:huber", "-o", "losses.objc/out", "--target", "numpy")
    assert result.exit_code == 2
    assert "[E0307]" in result.stderr


def test_what_a_target_declines(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from objc.targets import numpy as target

    monkeypatch.setattr(target, "supports", lambda program: "no reason")
    result = run("compile", "losses.objc:huber", "-o", "out", "--target", "numpy")
    assert result.exit_code == 2
    assert "error[E0304]: the target `numpy` can't run `huber`: no reason" in result.stderr


def test_declarations_of_one_file_are_one_module(run: Run) -> None:
    arguments = ("-o", "out", "--target", "numpy")
    result = run("compile", "losses.objc:huber", "losses.objc:accuracy", *arguments)
    assert result.stdout == f"wrote out{os.sep}losses.py: huber, accuracy\n"
    assert [one.name for one in Path("out").iterdir()] == ["losses.py"]


def test_names_are_those_of_python(run: Run) -> None:
    body = "(x: real | y: real) = (x - y)^2\n"
    Path("odd.objc").write_text("".join(f"loss {n}{body}" for n in ("np", "class", "lambda")))
    result = run("compile", "odd.objc", "-o", "out", "--target", "numpy")
    assert result.stdout == f"wrote out{os.sep}odd.py: np_, class_, lambda_\n"
    text = Path("out/odd.py").read_text("utf-8")
    assert "compiled by objc: np_, class_, lambda_." in text
    result = run("compile", "odd.objc:lambda", "-o", "out", "--target", "numpy")
    assert result.stdout == f"wrote out{os.sep}lambda_.py: lambda_\n"
    hidden = run("compile", "odd.objc", "-o", "out", "--name", "numpy")
    assert hidden.exit_code == 2 and "`numpy` would hide the module" in hidden.output
    empty = run("compile", "odd.objc", "-o", "out", "--target", "library", "--cpu", "")
    assert empty.exit_code != 0 and "no processor is called ``" in empty.output
    refused = run("compile", "odd.objc", "-o", "out", "--name", "lambda")
    assert refused.exit_code == 2


def test_an_emitted_module_weighs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("compile", "losses.objc:huber", "-o", "out", "--name", "weighed", "--target", "numpy")
    monkeypatch.syspath_prepend("out")
    import weighed  # type: ignore[import-not-found]

    assert weighed.huber([1.0, 4.0], [0.5, 0.0], weight=[1.0, 0.0]) == 0.125
