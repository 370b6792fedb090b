"""What is emitted does not depend on the seed of Python's hashes: sets have no order of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Branches, sums that are narrowed, several results, recurrences, products: each of them was, or could be,
# taken up in the order of a set.
NAMES = ("kl", "elbo", "jensen_shannon", "tweedie", "grpo", "info_nce", "crf")
SCRIPT = """
import sys
from hashlib import sha256

import programs
from objc.target import load

for name in sys.argv[2:]:
    derived = programs.derived(name)
    texts = [derived, *(load(one).emit(derived, "float32") for one in sys.argv[1].split())]
    print(name, *(sha256(str(one).encode()).hexdigest() for one in texts))
"""


@pytest.mark.parametrize("targets", ["cpu", pytest.param("cuda numpy", marks=pytest.mark.slow)])
def test_the_same_text_with_other_hashes(targets: str) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, targets, *NAMES],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    one, other = (process.communicate()[0].splitlines() for process in running)
    assert all(process.returncode == 0 for process in running)
    assert len(one) == len(NAMES)
    assert one == other
