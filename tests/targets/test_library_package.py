"""`objc compile --target library`: what it writes is used by a program in C, and by Python without objc."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click.testing
import llvmlite.binding as llvm
import pytest
from objc.targets.library.header import _processor

from objc.cli.application import objc

COMPILER = shutil.which("gcc") or shutil.which("cc")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-pedantic")

LOSSES = '''
"""Huber (1964): quadratic near zero, linear beyond delta."""
loss huber(prediction: real | target: real; delta: positive = 1) =
    if abs(r) <= delta then r^2 / 2 else delta * (abs(r) - delta / 2)
    where r = prediction - target
    claims convex in prediction

loss cross_entropy(logits: real[K] | label: index(K)) = logsumexp[k](logits[k]) - logits[label]
'''
LAYER = """
objective layer(| x: real[D], label: index(K); learn weight: real[K, D]) =
    minimize logsumexp(z) - z[label]
    where z[k] = sum[d](weight[k, d] * x[d])
"""
SMALL = "loss square(prediction: real) = prediction^2"
HOSTILE = '''
"""Ends comments */ int x; /* and ??/ begins ones \\\\"""
loss main(return: real, float: real | α: real; I: positive = 2, count: count = 1) =
    (return - float * α)^2 / I + count
loss value(value: real | error: real, batch: real) = (value - error)^2 + batch
function value_per_example(x: real[K])[k] = x[k] + K
loss value_begin(x: real) = x^2
'''

Write = Callable[..., click.testing.Result]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """`write(text, "--dtype", "float32")` in an empty folder, to `out`."""
    monkeypatch.chdir(tmp_path)

    def compile_text(text: str, *options: str) -> click.testing.Result:
        Path("losses.objc").write_text(text, "utf-8")
        arguments = ["compile", "losses.objc", "-o", "out", "--target", "library", *options]
        return click.testing.CliRunner().invoke(objc, arguments, prog_name="objc")

    return compile_text


def cc(*arguments: str) -> None:
    assert COMPILER is not None
    done = subprocess.run([COMPILER, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_program_in_c(write: Write) -> None:
    result = write(LOSSES + LAYER)
    assert result.exit_code == 0, result.output
    written = "wrote out/liblosses.so, out/losses.h, out/losses.py: huber, cross_entropy, layer"
    assert written in result.output
    source = str(Path(__file__).with_name("caller.c"))
    cc("-std=c11", *WARNINGS, source, "-Iout", "-Lout", "-llosses", "-Wl,-rpath,out", "-lm",
       "-pthread", "-o", "caller")  # fmt: skip
    done = subprocess.run(["./caller"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "all is well\n"), done.stderr


def test_the_header_documents_every_function(write: Write) -> None:
    write(LOSSES, "--cpu", "x86-64-v2")
    text = Path("out/losses.h").read_text("utf-8")
    assert text.startswith("/* Written by objc")
    assert "convex in prediction: proved, by composition" in text
    assert "∂huber/∂prediction[n] = scale · (if |r[n]| ≤ delta then r[n] else" in text
    assert "Compiled for the processor x86-64-v2" in text
    functions = re.findall(r"^int (losses_\w+)\((?!\s*void \*workspace)", text, re.MULTILINE)
    whole = [one for one in functions if not one.endswith("_begin")]
    assert whole == [
        f"losses_{one}{part}"
        for one in ("huber", "cross_entropy")
        for part in (
            "", "_per_example", "_value_and_grad", "_weighted_value", "_weighted_value_and_grad",
        )
    ]  # fmt: skip
    for one in whole:
        documented = text[: text.index(f"#define {one}_STEPS")].rpartition("/*")[2]
        assert "const double *" in documented and ", [batch" in documented
        assert ("OBJC_INDEX_OUT_OF_RANGE" in documented) == ("cross_entropy" in one)
    if shutil.which("nm") is not None:
        _require_no_other_exports(text)


def _require_no_other_exports(text: str) -> None:
    """The object shows the functions of the header and nothing else."""
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", "out/liblosses.so"], capture_output=True, text=True
    )
    exported = {line.split()[-1] for line in listed.stdout.splitlines()}
    declared = set(re.findall(r"^(?:int|int64_t) (\w+)\(", text, re.MULTILINE))
    assert exported == declared


def test_names_and_comments_that_c_would_misread(write: Write) -> None:
    result = write(HOSTILE)
    assert result.exit_code == 0, result.output
    Path("use.c").write_text(
        '#include "losses.h"\n#include "losses.h"\nint main(void) { return 0; }\n'
    )
    for standard in ("c99", "c11", "c17"):
        cc(f"-std={standard}", *WARNINGS, "use.c", "-Iout", "-Lout", "-llosses", "-o", "use")
    if shutil.which("g++") is not None:
        Path("use.cpp").write_text(
            '#include "losses.h"\nint main() { return losses_main_STEPS < 0; }\n'
        )
        cc("-x", "c++", *WARNINGS, "-fsyntax-only", "-Iout", "use.cpp")
    text = Path("out/losses.h").read_text("utf-8")
    assert "const double *return_2, const double *float_2, const double *alpha" in text
    assert "int losses_main(" in text and "const double *error_2" in text
    assert "int losses_value_per_example_2(" in text and "int losses_value_begin_2(" in text


PYTHON = """
import sys
sys.modules["objc"] = sys.modules["numba"] = sys.modules["llvmlite"] = None
sys.path.insert(0, "out")
import numpy
import losses
value, gradient = losses.huber_value_and_grad([1.0, 4.0], [0.5, 0.0])
print(value, *gradient, losses.huber([1.0, 4.0], [0.5, 0.0], weight=[1, 3]))
logits = numpy.sin(numpy.arange(600_000.0)).reshape(-1, 3)
label = numpy.arange(200_000) % 3
many = losses.cross_entropy_value_and_grad(logits, label)
losses.set_threads(1)
one = losses.cross_entropy_value_and_grad(logits, label)
print(many[0] == one[0], (many[1] == one[1]).all())
losses.set_threads(2)
for call in (lambda: losses.cross_entropy([[0.0, 0.0]] * 3, [0, 1, 2]),
             lambda: losses.huber([1.0], [2.0], delta=-1),
             lambda: losses.cross_entropy(logits, label + (label == 2) * 5)):
    try:
        call()
    except (IndexError, ValueError) as error:
        print(error)
"""


def test_the_loader_needs_numpy_alone(write: Write) -> None:
    assert write(LOSSES).exit_code == 0
    done = subprocess.run([sys.executable, "-c", PYTHON], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    numbers, same, *refusals = done.stdout.splitlines()
    assert numbers.split() == ["1.8125", "0.25", "0.5", "2.65625"]
    assert same == "True True"
    assert "position 2 of axis 1, which has 2 entries, at example 2" in refusals[0]
    assert refusals[1] == "huber: `delta` is -1, outside its domain positive"
    assert "position 7 of axis 1" in refusals[2] and refusals[2].endswith("at example 2")


def test_data_and_options(write: Write) -> None:
    result = write(SMALL, "--json", "--dtype", "float32", "--name", "small")
    (entry,) = json.loads(result.stdout)["modules"]
    assert entry["files"] == ["out/libsmall.so", "out/small.h", "out/small.py"]
    assert "const float *prediction" in Path("out/small.h").read_text("utf-8")
    assert "int small_square(" in Path("out/small.h").read_text("utf-8")


def test_only_own_files_are_replaced(write: Write) -> None:
    Path("out").mkdir()
    Path("out/liblosses.so").write_bytes(b"\x7fELF mine")
    refused = write(SMALL)
    assert refused.exit_code == 2 and "E0302" in refused.stderr
    assert not Path("out/losses.h").exists()
    assert write(SMALL, "--force").exit_code == 0
    assert write(SMALL).exit_code == 0


def test_what_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    result = write(SMALL, "--cpu", "x86-64-v9")
    assert result.exit_code == 2
    assert "error[E0330]: no processor is called `x86-64-v9`" in result.stderr
    monkeypatch.setenv("CC", "no-such-compiler")
    result = write(SMALL)
    assert result.exit_code == 2 and "error[E0331]" in result.stderr
    result = write(SMALL, "--target", "numpy", "--cpu", "native")
    assert result.exit_code == 2 and "takes no `--cpu`" in result.stderr


def test_the_processor_of_this_machine_has_a_name(tmp_path: Path) -> None:
    assert llvm.get_host_cpu_name() in _processor("native")
    assert _processor("x86-64-v3") == "the processor x86-64-v3"
