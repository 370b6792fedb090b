"""No text ends in anything but a tree or a diagnostic, and what parses survives the formatter."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from objc.errors import ObjcError
from objc.source import Source
from objc.syntax import format_source, parse, read_source, tree

ROOT = Path(__file__).parent.parent
TEXTS = [one.read_text("utf-8") for one in sorted((ROOT / "language").glob("*.objc"))]


_PIECES = re.compile(r'"""|\w+|[^\w\s"]+|"|\s+')
_SPLICES = (
    "loss", "where", "claims", "if", "then", "else", "not", "and", "or", "in", "for", "from", "over",
    "parameters", "learn", "combine", "minimize", "sum", "mean", "max", "count", "use", "stages",
    "(", ")", "[", "]", "|", ";", ",", "=", "==", "<", ">", ">=", "^", "-", "*", "/", ":", ".", '"""',
    "# remark\n", "\n", "x", "K", "0", "1e3", "λ", "\0", "\ufeff", "²", "**", " ",
)  # fmt: skip

Mutation = Callable[[random.Random, list[str]], None]


def _delete(chance: random.Random, pieces: list[str]) -> None:
    start = chance.randrange(len(pieces))
    del pieces[start : start + chance.choice((1, 1, 2, 8))]


def _swap(chance: random.Random, pieces: list[str]) -> None:
    one, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
    pieces[one], pieces[other] = pieces[other], pieces[one]


def _double(chance: random.Random, pieces: list[str]) -> None:
    start = chance.randrange(len(pieces))
    stop = start + chance.choice((1, 2, 10))
    pieces[start:start] = pieces[start:stop]


def _splice(chance: random.Random, pieces: list[str]) -> None:
    pieces.insert(chance.randrange(len(pieces) + 1), f" {chance.choice(_SPLICES)} ")


def _comment(chance: random.Random, pieces: list[str]) -> None:
    pieces.insert(chance.randrange(len(pieces) + 1), f" # remark {chance.randrange(1000)}\n")


def _garble(chance: random.Random, pieces: list[str]) -> None:
    pieces.insert(chance.randrange(len(pieces) + 1), chr(chance.choice((128, 256, 70000)) + 7))


_MUTATIONS: Sequence[Mutation] = (_delete, _swap, _double, _splice, _splice, _comment, _garble)


def _mutated(chance: random.Random, text: str) -> str:
    """The text after one to four mutations."""
    pieces = _PIECES.findall(text)
    for _ in range(chance.choice((1, 1, 2, 4))):
        if pieces:
            chance.choice(_MUTATIONS)(chance, pieces)
    return "".join(pieces)


def _commented(chance: random.Random, text: str) -> str:
    """The text with comments strewn in where blanks are, outside docstrings."""
    found = []
    inside = False
    for piece in _PIECES.findall(text):
        inside ^= piece == '"""'
        if piece.isspace() and not inside and chance.random() < 0.08:
            piece = f" # {chance.randrange(10000)}\n{piece}"
        found.append(piece)
    return "".join(found)


def comments(text: str) -> list[str]:
    found = re.findall(r'"""(?s:.)*?"""|(#[^\r\n]*)', text)
    return sorted(one.rstrip() for one in found if one)


def check(text: str) -> bool:
    """Parse; what parses is formatted, and the tree and a second formatting are the same."""
    source = Source("t", text)
    try:
        file = parse(source)
    except ObjcError as error:
        for one in error.diagnostics:
            assert one.render() and one.as_data()
        return False
    laid_out = Source("t", format_source(source))
    assert parse(laid_out) == file
    assert comments(laid_out.text) == comments(text)
    assert format_source(laid_out) == laid_out.text
    return True


# More of the same with --slow.
@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(one, marks=pytest.mark.slow) for one in range(3, 8))]
)
def test_mutations(seed: int) -> None:
    chance = random.Random(seed)
    outcomes = [check(_mutated(chance, chance.choice(TEXTS))) for _ in range(300)]
    assert 20 < sum(outcomes) < 280  # both outcomes are exercised


@pytest.mark.parametrize("seed", range(4))
def test_comments_are_kept(seed: int) -> None:
    chance = random.Random(seed)
    for text in TEXTS:
        strewn = _commented(chance, text)
        source = Source("t", strewn)
        laid_out = format_source(source)
        assert comments(laid_out) == comments(strewn)
        assert parse(Source("t", laid_out)) == parse(Source("t", text))
        assert format_source(Source("t", laid_out)) == laid_out


def test_bytes(tmp_path: Path) -> None:
    chance = random.Random(0)
    path = tmp_path / "bytes.objc"
    for _ in range(200):
        data = bytearray(chance.choice(TEXTS).encode())
        for _ in range(chance.choice((1, 3, 30))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            assert isinstance(parse(read_source(path)), tree.File)
        except ObjcError as error:
            assert str(error)


def test_random_expressions() -> None:
    chance = random.Random(1)

    def expression(depth: int) -> str:
        if depth == 0:
            return chance.choice(("x", "y", "1", "0.5", "label", "mean", "x[t-1]"))
        a, b, c = (expression(depth - 1) for _ in range(3))
        return chance.choice(
            (f"{a} + {b}", f"({a}) - ({b})", f"({a}) * ({b})", f"({a}) / ({b})", f"({a})^({b})",
             f"-({a})", f"f({a}, {b} | {c}; d={b})", f"sum[i, j | {a}]({b})", f"mean({a})",
             f"max({a}, {b})", f"[({a}) <= ({b})]", f"(if {a} then {b} else {c})",
             f"(({a}) and ({b}) or not ({c}))", f"(({a}) or ({b}))", f"({a})[{b}, {c}]")
        )  # fmt: skip

    for _ in range(150):
        assert check(f"loss f(x: real) = {expression(chance.randrange(1, 5))}")
