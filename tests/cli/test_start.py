"""Starting is fast because nothing heavy is imported before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("sympy", "numba", "numpy", "lark", "mpmath", "rich", "torch", "jax", "matplotlib")


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], ()),
        (["--version"], ()),
        (["check", "--help"], ()),
        (["compile", "--help"], ()),
        (["train", "--help"], ()),
        (["list"], ("lark",)),
        (["format", "--check", "-"], ("lark",)),
    ],
    ids=" ".join,
)
def test_no_heavy_imports(arguments: list[str], allowed: tuple[str, ...]) -> None:
    heavy = [name for name in HEAVY if name not in allowed]
    program = (
        "import sys\n"
        "from objc.cli import main\n"
        f"sys.argv = ['objc', *{arguments!r}]\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    found = [one for one in {heavy!r} if one in sys.modules]\n"
        "    print(found, file=sys.stderr)\n"
    )
    text = b"loss square(x: real | y: real) = (x - y)^2\n"
    done = subprocess.run([sys.executable, "-c", program], input=text, capture_output=True)
    assert done.stderr.decode().strip().splitlines()[-1] == "[]"
