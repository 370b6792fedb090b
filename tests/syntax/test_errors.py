"""Every syntax diagnostic, pinned beside its case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from objc.errors import Diagnostic, ObjcError
from objc.source import Source
from objc.syntax import parse, read_source
from objc.syntax.parse import MAX_ERRORS, MAX_SIZE

CASES = sorted((Path(__file__).parent / "errors").glob("*.objc"))
Golden = Callable[[Path, str], None]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_message(case: Path, golden: Golden) -> None:
    with pytest.raises(ObjcError) as caught:
        parse(Source(case.name, case.read_text("utf-8")))
    golden(case.with_suffix(".err"), str(caught.value))


def _fails(path: Path) -> str:
    with pytest.raises(ObjcError) as caught:
        read_source(path)
    return str(caught.value).replace(str(path.parent), "DIRECTORY")


def test_files_that_cannot_be_read(tmp_path: Path, golden: Golden) -> None:
    (tmp_path / "huber.objc").write_text("loss huber(x: real) = x")
    (tmp_path / "latin.objc").write_bytes(b"# first\nloss f(x: real) = x # caf\xe9\n")
    (tmp_path / "large.objc").write_bytes(b" " * (4 * MAX_SIZE + 1))
    names = ["hubber.objc", "nothing/of/the/kind", "", "latin.objc", "large.objc", "a\0b"]
    found = "\n\n".join(_fails(tmp_path / name) for name in names)
    golden(Path(__file__).parent / "errors" / "files.err", found)


def test_every_code_has_a_golden_and_an_explanation() -> None:
    text = "".join(one.read_text("utf-8") for one in (CASES[0].parent).glob("*.err"))
    codes = {
        code: kind
        for code, kind in Diagnostic.catalogue().items()
        if kind.__module__.startswith("objc.syntax.")
    }
    assert [code for code in codes if f"[{code}]" not in text] == []
    for code, kind in codes.items():
        assert code.startswith("E00")
        assert kind.__doc__ and len(kind.__doc__.splitlines()) > 2, f"{code} explains nothing"


def test_errors_are_limited() -> None:
    with pytest.raises(ObjcError) as caught:
        parse(Source("t", "loss f(x: real) = x +\n" * 1000))
    assert len(caught.value.diagnostics) == MAX_ERRORS


def test_one_error_for_one_mistake() -> None:
    text = "loss a(x: real) = x\n\n{}\n\nloss b(x: real) = x\n"
    for mistake in ("loss c(x: real = x", "loss c(x: real) x", "loss c(x: real) = x ** 2"):
        with pytest.raises(ObjcError) as caught:
            parse(Source("t", text.format(mistake)))
        assert len(caught.value.diagnostics) == 1
