"""What is derived from a form does not depend on the seed of Python's hashes, nor on what was derived before
it (the forms of expressions are remembered), nor on whether SymPy computes with gmpy2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .test_naive_forms import forms

STUDENT = "(nu + 1) / 2 * log(1 + r^2 / nu) - lgamma((nu + 1) / 2) + lgamma(nu / 2) + log(nu) / 2"
SOME = ("log(1 + exp(x))", STUDENT, "a / sqrt(a^2 + b^2)", "x * log(x)")
SCRIPT = """
import sys
from hashlib import sha256

from tests.passes.test_naive_forms import derivation, forms

named = {one.name: one for one in forms()}
for name in sys.argv[1:] or named:
    print(name, sha256(str(derivation(named[name])).encode()).hexdigest())
"""


@pytest.mark.parametrize("names", [SOME, pytest.param((), marks=pytest.mark.slow, id="all")])
def test_the_same_program_with_other_hashes_and_in_any_order(names: tuple[str, ...]) -> None:
    runs = (("1", "python", names), ("2", "gmpy", names[::-1]))
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *order],
            env={**os.environ, "PYTHONHASHSEED": seed, "SYMPY_GROUND_TYPES": numbers},
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, numbers, order in runs
    ]
    one, other = (sorted(process.communicate()[0].splitlines()) for process in running)
    assert all(process.returncode == 0 for process in running)
    assert len(one) == len(names or forms())
    assert one == other
