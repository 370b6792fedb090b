"""`use`: files beside, the library, and what they may not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from objc.errors import ObjcError
from objc.passes.lower import lower, lower_declaration
from objc.passes.lower.loading import library_files, prelude
from objc.source import Source
from objc.syntax import parse, read_source

LOSS = "loss double(x: real) = 2 * single(x)\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.objc"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def body(path: Path, name: str) -> str:
    program = lower(parse(read_source(path))).programs[name]
    return str(program.let[program.outputs["per_example"]].body)


def test_a_file_beside(tmp_path: Path) -> None:
    write(tmp_path, "parts", "loss single(x: real) = x^2\nloss other(x: real) = x\n")
    assert body(write(tmp_path, "whole", f"use parts\n{LOSS}"), "double") == "2*x**2"
    assert body(write(tmp_path, "named", f"use parts (single)\n{LOSS}"), "double") == "2*x**2"
    hidden = write(tmp_path, "hidden", f"use parts (other)\n{LOSS}")
    with pytest.raises(ObjcError, match="E0109"):
        body(hidden, "double")


def test_a_folder_beside_resolves_its_own_uses(tmp_path: Path) -> None:
    write(tmp_path / "deep", "parts", "use scale\nloss single(x: real) = scaled(x)^2\n")
    write(tmp_path / "deep", "scale", "function scaled(x: real) = 3 * x\n")
    for written in ("deep.parts", "deep/parts"):
        path = write(tmp_path, "top", f"use {written} (single)\n{LOSS}")
        assert body(path, "double") == "18*x**2"


def test_a_file_may_be_called_as_one_of_the_library(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "regression",
        "use regression (squared_error)\nloss f(x: real | y: real) = squared_error(x | y)\n",
    )
    assert body(path, "f") == "r**2"


def test_it_may_be_named_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "use regression (squared_error)\nloss f(x: real | y: real) = squared_error(x | y)\n"
    write(tmp_path, "regression", text)
    monkeypatch.chdir(tmp_path)
    assert body(Path("regression.objc"), "f") == "r**2"


def test_files_in_circles_are_one_error(tmp_path: Path) -> None:
    for name in "abc":
        uses = "".join(f"use {other}\n" for other in "abc" if other != name)
        write(tmp_path, name, f"{uses}loss f{name}(x: real) = x\n")
    with pytest.raises(ObjcError) as caught:
        body(tmp_path / "a.objc", "fa")
    (one,) = caught.value.diagnostics
    assert one.title() == "files use each other in a circle: a → b → a"
    with pytest.raises(ObjcError, match="`alone` uses itself"):
        body(write(tmp_path, "alone", "use alone\nloss f(x: real) = x\n"), "f")


def test_each_file_is_read_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        "f0",
        "loss single(x: real) = 3 * x\nmetric m(x: real) = [x > 0]\nsurrogate single for m\n",
    )
    write(tmp_path, "f1", "use f0\nloss other(x: real) = single(x)\n")
    for number in range(2, 40):
        uses = f"use f{number - 1}\nuse f{number - 2}\n"
        write(tmp_path, f"f{number}", f"{uses}loss l{number}(x: real) = x\n")
    path = write(tmp_path, "top", f"use f39\nuse f0\n{LOSS}")
    assert body(path, "double") == "6*x"


def test_a_file_beside_comes_before_the_library(tmp_path: Path) -> None:
    write(tmp_path, "regression", "loss squared_error(x: real | y: real) = 7 * (x - y)^2\n")
    path = write(
        tmp_path,
        "mine",
        "use regression (squared_error)\nloss f(x: real | y: real) = squared_error(x | y)\n",
    )
    assert body(path, "f") == "7*(x - y)**2"


def test_what_a_file_declares_comes_before_what_it_uses_whole() -> None:
    text = "use regression\nloss huber(p: real | t: real) = p * t\nloss f(p: real) = huber(p | 3)\n"
    program = lower(parse(Source("<text>", text))).programs["f"]
    assert str(program.lets[-1].body) == "3*p"


def test_no_path_leaves_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "secret", "loss single(x: real) = x\n")
    path = write(tmp_path / "inner", "file", f"use secret\n{LOSS}")
    with pytest.raises(ObjcError, match="E0125"):
        body(path, "double")


def test_a_broken_file_beside_is_reported_at_its_own_place(tmp_path: Path) -> None:
    write(tmp_path, "parts", "loss single(x: real) = x +\n")
    with pytest.raises(ObjcError, match=r"parts\.objc:"):
        body(write(tmp_path, "top", f"use parts\n{LOSS}"), "double")
    (tmp_path / "parts.objc").write_bytes(b"loss \xff")
    with pytest.raises(ObjcError, match="UTF-8"):
        body(write(tmp_path, "top", f"use parts\n{LOSS}"), "double")


def test_what_is_wrong_in_a_used_function_is_shown_where_it_stands(tmp_path: Path) -> None:
    write(tmp_path, "parts", "loss single(x: real) = x * missing\n")
    with pytest.raises(ObjcError, match=r"parts\.objc:1:28"):
        body(write(tmp_path, "top", f"use parts\n{LOSS}"), "double")


def test_every_library_file_lowers() -> None:
    for name, text in library_files().items():
        module = lower(parse(Source(f"{name}.objc", text)))
        assert module.programs, name


def test_the_prelude_lowers_and_may_be_hidden() -> None:
    assert set(prelude().own) == {
        "softmax", "log_softmax", "norm", "dot", "cosine", "normalize",
    }  # fmt: skip
    file = parse(
        Source(
            "<text>",
            "function norm(x: real[N]) = sum[i](abs(x[i]))\nloss f(x: real[N]) = norm(x)\n",
        )
    )
    assert [let.reduction for let in lower_declaration(file, "f").lets] == ["sum"]


def test_the_file_of_the_library_behind_one_beside(tmp_path: Path) -> None:
    """`library.FILE` is the library's, and what is missed in the file beside is said to be there."""
    write(tmp_path, "regression", "loss mine(x: real | y: real) = (x - y)^2\n")
    uses = "use {0} (squared_error)\nloss f(x: real | y: real) = squared_error(x | y)\n"
    nearer = write(tmp_path, "nearer", uses.format("regression"))
    with pytest.raises(ObjcError) as caught:
        body(nearer, "f")
    assert caught.value.diagnostics[0].code == "E0126"
    assert "`use library.regression (squared_error)`" in str(caught.value)
    assert body(write(tmp_path, "own", uses.format("library.regression")), "f") == "r**2"
    absent = write(tmp_path, "absent", uses.format("library.regresion"))
    with pytest.raises(ObjcError, match="E0125"):
        body(absent, "f")
