"""Texts that ask for too much end in a program or a diagnostic, never in anything else."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from objc.errors import ObjcError
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse


def outcome(text: str) -> set[str]:
    """The codes of the diagnostics, empty where the text lowers."""
    try:
        lower(parse(Source("<text>", text)))
    except ObjcError as error:
        return {one.code for one in error.diagnostics}
    return set()


def chain(length: int, first: str, following: str, index: str = "") -> str:
    lines = [f"a0{index} = {first}"]
    lines += [
        f"a{i}{index} = {following.replace('@', f'a{i - 1}{index}')}" for i in range(1, length)
    ]
    return "    where " + "          ".join(line + "\n" for line in lines)


def test_constants() -> None:
    for constant in ("lgamma(1e200)", "digamma(123456789)", "sin(1e300)", "1e300^(1/3)",
                     "2^(-1000)", "exp(700)", "erf(1e9)", "lgamma(1/3)", "x^1000000000", "0^0",
                     "123456789012345678901234567890^(1/7)", "(1 + x)^100000", "log(1e300)"):  # fmt: skip
        assert outcome(f"loss f(x: real) = x * {constant}") == set(), constant
    for constant in ("9^9^9", "2^2^2^2^2^2", "exp(exp(exp(9)))", "cosh(1e5)", "(1/3)^9999",
                     "e^e^e^e^e", "pi^1e9", "1e308 * 10", "exp(-exp(1e3)) + 1e-400"):  # fmt: skip
        assert outcome(f"loss f(x: real) = x * ({constant})") == {"E0122"}, constant
    for constant in ("log(0) * 0", "0 / 0", "sqrt(-2)", "(-8)^(1/3)", "inf - inf", "1 / 0"):
        assert outcome(f"loss f(x: real) = x + {constant}") == {"E0123"}, constant


def test_chains_of_definitions() -> None:
    for first, following in (("x", "@ + @^2"), ("sin(x)", "(@ - @) * x + @"), ("1", "@ + @")):
        head = "loss f(x: real) = a799\n"
        assert outcome(head + chain(800, first, following)) <= {"E0122"}
    shifted = "loss f(x: real[N]) = sum[i | i > 0](a299[i])\n"
    assert outcome(shifted + chain(300, "x[i-1]", "@ + @", "[i]")) <= {"E0124"}


def test_functions_that_double() -> None:
    local = "loss f(x: real) = g30(x)\n    where g0(c) = c\n" + "".join(
        f"          g{i}(c) = g{i - 1}(c) + g{i - 1}(c + 1)\n" for i in range(1, 31)
    )
    assert outcome(local) == {"E0124"}
    declared = "function g0(x: real) = x\n" + "".join(
        f"function g{i}(x: real) = g{i - 1}(x) * g{i - 1}(x + 1)\n" for i in range(1, 14)
    )
    assert outcome(declared) <= {"E0124"}


def test_depth() -> None:
    assert outcome(f"loss f(x: real) = {'exp(' * 60}x{')' * 60}") == set()
    deep = f"loss f(x: real) = {'sin(1 + ' * 80}x{')' * 80}"
    assert outcome(deep) in ({"E0011"}, {"E0124"})
    assert (
        outcome("loss f(x: real) = max(" + ", ".join(f"x^{i}" for i in range(150)) + ")") == set()
    )


FILES = [
    *sorted((Path(__file__).parent / "programs").glob("*.objc")),
    *sorted((Path(__file__).parent / "errors").glob("*.objc")),
]
TOKEN = re.compile(r"\w+|[^\w\s]|\s+")


# More of the same with --slow.
@pytest.mark.parametrize(
    "seed", [*range(2), *(pytest.param(one, marks=pytest.mark.slow) for one in range(2, 4))]
)
def test_mutated_files(seed: int) -> None:
    """Names and signs of valid declarations exchanged: what still parses lowers, or is explained."""
    chance = random.Random(seed)
    texts = [
        part
        for path in FILES
        for part in re.split(r"\n(?=loss|metric|function|model|objective)", path.read_text("utf-8"))
        if len(part) < 600
    ]
    pool = [token for text in texts for token in TOKEN.findall(text) if not token.isspace()]
    for _ in range(400):
        tokens = TOKEN.findall("\n".join(chance.sample(texts, 2)))
        for _ in range(chance.choice((1, 1, 2, 3))):
            at = chance.randrange(len(tokens))
            if not tokens[at].isspace():
                same = [one for one in pool if one[0].isalpha() == tokens[at][0].isalpha()]
                tokens[at] = chance.choice(same)
        outcome("".join(tokens))
