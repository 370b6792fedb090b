"""Every code block of the README runs, in order, as a reader would type it. The commands of `objc` run
within this process, which imports once what each would import anew, but for the first of them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import click.testing
import numpy as np
import pytest

from objc.cli.application import objc

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```(\w*)([^\n]*)\n(.*?)```", re.DOTALL)


def _blocks() -> list[tuple[str, str, str]]:
    return BLOCK.findall((ROOT / "README.md").read_text())


def _option(options: str, name: str) -> str | None:
    found = re.search(rf'{name}=("[^"]*"|\S+)', options)
    return found.group(1).strip('"') if found else None


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def _shell(command: str, folder: Path) -> tuple[int, str]:
    """Status and output of a command as a process of its own."""
    done = subprocess.run(
        command, shell=True, cwd=folder, env=_environment(), capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def _here(command: str) -> tuple[int, str]:
    """Status and output of a command, of `objc` in this process and folder."""
    name, *arguments = shlex.split(command)
    if name != "objc":
        return _shell(command, Path.cwd())
    done = click.testing.CliRunner().invoke(objc, arguments, prog_name="objc")
    return done.exit_code, done.output


def test_the_first_two_commands_exist() -> None:
    language, _, text = _blocks()[0]
    assert not language
    commands = [line.split("#")[0].strip() for line in text.strip().splitlines()]
    assert commands == ["make demo", "make test"]
    makefile = (ROOT / "Makefile").read_text()
    for command in commands:
        assert re.search(rf"^{command.split()[1]}:", makefile, re.MULTILINE)


def test_every_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    np.savez(tmp_path / "digits.npz", x=digits.data / 16.0, label=digits.target)
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {"__name__": "readme"}
    ran, commands = 0, 0
    for language, options, text in _blocks()[1:]:
        if language == "objc":
            name = _option(options, "file")
            assert name is not None, "an objc block says which file it is"
            (tmp_path / name).write_text(text)
        elif language == "python":
            exec(compile(text, "README.md", "exec"), scope)
        elif language == "sh":
            for command in text.strip().splitlines():
                if "--target library" in command and shutil.which("cc") is None:
                    continue
                status, output = _here(command) if commands else _shell(command, tmp_path)
                commands += 1
                assert status == 0 and output.strip(), f"{command}\n{output}"
        elif language == "text":
            command = _option(options, "output-of")
            shown = _option(options, "part-of")
            if shown is not None:
                if not (tmp_path / shown).exists() and shutil.which("cc") is None:
                    continue
                assert text.strip() in (tmp_path / shown).read_text("utf-8")
                ran += 1
                continue
            assert command is not None
            status, output = _here(command)
            assert status == 1
            assert text.strip() in output
        else:
            raise AssertionError(f"a block in an unknown language: {language!r}")
        ran += 1
    assert ran > 8


def test_training_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's `objc train` line, on the README's objective."""
    for language, options, text in _blocks():
        if language == "objc" and _option(options, "file") == "classifier.objc":
            (tmp_path / "classifier.objc").write_text(text)
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    np.savez(tmp_path / "digits.npz", x=digits.data / 16.0, label=digits.target)
    line = re.search(r"`(objc train [^`]*--optimizer adam)`", (ROOT / "README.md").read_text())
    assert line is not None
    monkeypatch.chdir(tmp_path)
    status, output = _here(f"{line.group(1)} --epochs 2")
    assert status == 0, output


def test_commands_in_the_prose_have_their_options() -> None:
    """`objc bench --sweep batch …` within a paragraph: the command is there, and takes what is written."""
    prose = BLOCK.sub("", (ROOT / "README.md").read_text())
    found = re.findall(r"`objc (\w+)([^`]*)`", prose)
    for name, rest in found:
        command = objc.get_command(click.Context(objc), name)
        assert command is not None, f"objc {name}"
        known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
        written = set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest))
        assert written <= known | {"--help"}, f"objc {name}{rest}"
    assert {"bench", "doctor", "train"} <= {name for name, _ in found}
