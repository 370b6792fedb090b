"""Formatting in place: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Run

TIDY = "loss square(x: real | y: real) = (x - y)^2\n"


def test_standard_input(run: Run) -> None:
    result = run("format", "-", stdin="loss  square(x:real|y:real)=(x-y)^2")
    assert (result.exit_code, result.stdout) == (0, TIDY)


def test_check_of_standard_input(run: Run) -> None:
    assert run("format", "--check", "-", stdin=TIDY).exit_code == 0
    result = run("format", "--check", "-", stdin="loss  square(x:real|y:real)=(x-y)^2")
    assert result.exit_code == 1
    assert "would reformat <stdin>" in result.stdout


def test_the_mode_is_kept(run: Run) -> None:
    Path("untidy.objc").chmod(0o640)
    assert run("format", "untidy.objc").exit_code == 0
    assert Path("untidy.objc").stat().st_mode & 0o777 == 0o640
    assert Path("untidy.objc").read_text("utf-8") == TIDY


def test_a_link_keeps_standing(run: Run) -> None:
    Path("link.objc").symlink_to("untidy.objc")
    run("format", "link.objc")
    assert Path("link.objc").is_symlink()
    assert Path("untidy.objc").read_text("utf-8") == TIDY


def test_nothing_is_written_beside_an_error(run: Run) -> None:
    Path("broken.objc").write_text("loss x(", "utf-8")
    before = sorted(os.listdir())
    result = run("format", "broken.objc", "untidy.objc")
    assert result.exit_code == 1
    assert Path("broken.objc").read_text("utf-8") == "loss x("
    assert Path("untidy.objc").read_text("utf-8") == TIDY
    assert sorted(os.listdir()) == before


def test_text_that_is_not_utf8(run: Run) -> None:
    result = run("format", "-", stdin=b"loss \xff")
    assert result.exit_code == 1
    assert "[E0022]" in result.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_is_not_writable(run: Run) -> None:
    Path().absolute().chmod(0o555)
    result = run("format", "untidy.objc")
    Path().absolute().chmod(0o755)
    assert result.exit_code == 2
    assert "[E0307]" in result.stderr
