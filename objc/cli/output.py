"""What a command writes: plain text always, colors on a terminal only.

The plain text of a diagnostic is exactly `Diagnostic.render()`. Colors need a terminal, and `NO_COLOR`
unset; rich is imported only then.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.text import Text

    from objc.errors import Diagnostic, ObjcError

SCHEMA = 2
"""The version of what `--json` prints: it grows when a key changes its meaning or goes."""


class Markup:
    """Pieces of help text."""

    @staticmethod
    def examples(*commands: str) -> str:
        """The part of a help that teaches: commands that can be typed as they stand."""
        return "\b\nExamples:\n" + "\n".join(f"  {command}" for command in commands)


def is_colored(stream: TextIO) -> bool:
    """Whether to write colors to a stream."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def write_data(data: dict[str, Any]) -> None:
    """Print one JSON document on the standard output."""
    document = {"schema": SCHEMA, **data}
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def write_text(text: str, style: str | None = None) -> None:
    """Print text on the standard output, in a rich style where there are colors."""
    if style is None or not is_colored(sys.stdout):
        click.echo(text)
        return
    from rich.text import Text

    _print(Text(text, style=style), sys.stdout)


def write_diagnostics(diagnostics: Iterable[Diagnostic], stream: TextIO | None = None) -> None:
    """Print findings, an empty line after each, on the standard output or where told."""
    stream = stream or sys.stdout
    for one in diagnostics:
        if is_colored(stream):
            _print(_colored(one.render(), one.severity), stream)
            click.echo(file=stream)
        else:
            click.echo(one.render() + "\n", file=stream)


def show_error(error: ObjcError, as_data: bool = False) -> None:
    """Print what stopped a command: on the standard error output, or where data were asked for as the one
    document on the standard output, its findings as `objc check --json` has them."""
    if as_data:
        write_data({"diagnostics": [one.as_data() for one in error.diagnostics]})
    elif error.diagnostics:
        write_diagnostics(error.diagnostics, sys.stderr)
    else:
        click.echo(str(error), err=True)


def _print(text: Text, stream: TextIO) -> None:
    from rich.console import Console

    Console(file=stream, highlight=False, soft_wrap=True).print(text)


_STYLES = (
    (re.compile(r"^(error|warning)\[\w+\]", re.M), None),
    (re.compile(r"^ *(-->|:::) .*$", re.M), "bright_black"),
    (re.compile(r"^ *\d* \|", re.M), "blue"),
    (re.compile(r"(?<=^)[ \d]*\| .*?\^+.*$", re.M), "bold red"),
    (re.compile(r"^ *= (note|help):", re.M), "bold cyan"),
)


def _colored(rendering: str, severity: str) -> Text:
    from rich.text import Text

    tone = "bold red" if severity == "error" else "bold yellow"
    text = Text(rendering)
    for pattern, style in _STYLES:
        for match in pattern.finditer(rendering):
            start, stop = match.span()
            if "^" in match.group() and style == "bold red":
                start, style = start + match.group().index("^"), tone
            text.stylize(style or tone, start, stop)
    return text


def progress(items: list[Any], describe: str, quiet: bool = False) -> Iterator[Any]:
    """The items, with a bar on the standard error output while many are worked through there."""
    if quiet or len(items) < 3 or not is_colored(sys.stderr):
        yield from items
        return
    with _bar() as bar:
        yield from bar.track(items, description=describe)


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True), transient=True)
