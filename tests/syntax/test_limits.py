"""Texts made to hurt end soon, in a tree that can be walked or in a diagnostic."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from objc.errors import ObjcError
from objc.source import Source
from objc.syntax import format_source, parse, read_source
from objc.syntax.build import MAX_CHAIN, MAX_NESTING
from objc.syntax.parse import MAX_SIZE


def loss(formula: str) -> Source:
    return Source("t", f"loss f(x: real) = {formula}")


LEVELS = {
    "call": ("f(", ")"),
    "minus": ("-", ""),
    "not": ("not ", ""),
    "power": ("x^", ""),
    "if": ("if x then 1 else ", ""),
    "condition": ("(if ", " then 1 else 0)"),
    "iverson": ("[", "]"),
    "reduction": ("sum[i | x](", ")"),
    "subscript": ("x[", "]"),
    "right": ("x - (", ")"),
    "keyword": ("f(x; a=", ")"),
    "max": ("max(0, ", ")"),
}


@pytest.mark.parametrize("shape", LEVELS)
def test_levels(shape: str) -> None:
    opening, closing = LEVELS[shape]
    count = MAX_NESTING // 2 - 1
    source = loss(opening * count + "x" + closing * count)
    assert parse(Source("t", format_source(source))) == parse(source)
    assert hash(parse(source)) == hash(parse(source)) and repr(parse(source))
    for count in (MAX_NESTING + 1, 300, 10_000):
        with pytest.raises(ObjcError) as caught:
            parse(loss(opening * count + "x" + closing * count))
        assert [one.code for one in caught.value.diagnostics] == ["E0011"]


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", " and ", " or "])
def test_chains(operator: str) -> None:
    source = loss(operator.join(["x"] * MAX_CHAIN))
    assert parse(Source("t", format_source(source))) == parse(source)
    assert hash(parse(source)) == hash(parse(source)) and repr(parse(source))
    for count in (MAX_CHAIN + 1, 50_000):
        with pytest.raises(ObjcError) as caught:
            parse(loss(operator.join(["x"] * count)))
        assert [one.code for one in caught.value.diagnostics] == ["E0011"]


def test_brackets_alone_are_no_levels() -> None:
    assert parse(loss("(" * 190 + "x" + ")" * 190)) == parse(loss("x"))
    with pytest.raises(ObjcError, match="E0011"):
        parse(loss("(" * 10_000 + "x" + ")" * 10_000))


def test_thousands_of_wheres() -> None:
    with pytest.raises(ObjcError):
        parse(loss("where x = " * 1000 + "1"))
    definitions = "\n".join(f"a{n} = a{n + 1}" for n in range(5000))
    assert len(next(parse(loss(f"a0 where {definitions}")).declarations).definitions) == 5000


@pytest.mark.parametrize(
    "alphabet", ["(", "\0", "loss ", "\n", '"', "x ", "1", "é", "[x = 1] ", "#"]
)
def test_junk(alphabet: str) -> None:
    with pytest.raises(ObjcError):
        parse(Source("t", (alphabet * 200_000)[:200_000]))
    with pytest.raises(ObjcError) as caught:
        parse(Source("t", (alphabet * (MAX_SIZE + 1))[: MAX_SIZE + 1]))
    assert [one.code for one in caught.value.diagnostics] == ["E0023"]


def test_random_junk(tmp_path: Path) -> None:
    path = tmp_path / "junk.objc"
    path.write_bytes(random.Random(0).randbytes(10_000_000))
    with pytest.raises(ObjcError):
        read_source(path)
    text = "".join(random.Random(1).choices([chr(n) for n in range(0x3000)], k=MAX_SIZE // 4))
    with pytest.raises(ObjcError):
        parse(Source("t", text))


@pytest.mark.parametrize(
    "number", ["1e999999999", "1e-99999", "9" * 5000, "0." + "0" * 5000, "1e" + "9" * 5000]
)
def test_numbers(number: str) -> None:
    with pytest.raises(ObjcError) as caught:
        parse(loss(f"x + {number}"))
    assert [one.code for one in caught.value.diagnostics] == ["E0012"]


def test_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    text = '"""One\n  two."""\nloss f(x: real) = # first\n    r^2\n    where r = x\n'
    expected = parse(Source("t", text))
    for end in ("\r\n", "\r"):
        path = tmp_path / "ends.objc"
        path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", end).encode())
        assert parse(read_source(path)) == expected
        assert read_source(path).text == text
    windows = Source("t", "\ufeff" + text.replace("\n", "\r\n"))
    assert parse(windows) == expected
    assert format_source(windows) == format_source(Source("t", text))
