"""`objc format FILE…`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

import click

from objc.cli.application import FINDINGS, status_of
from objc.cli.output import Markup, progress, show_error, write_text
from objc.cli.targets import STANDARD_INPUT, read_source
from objc.cli.write import write_whole
from objc.errors import Diagnostic, ObjcError


@click.command(
    epilog=Markup.examples(
        "objc format losses.objc",
        "objc format --check losses/*.objc",
        "objc format --diff losses.objc",
        "objc format - < losses.objc",
    )
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
def command(files: Sequence[str], check: bool, diff: bool) -> int:
    """Lay files out in the one standard way.

    Files are rewritten in place (written aside and renamed, keeping their mode). `-` formats the
    standard input onto the standard output. A file that doesn't parse is left as it is.
    """
    errors: list[Diagnostic] = []
    outcomes = [_format(path, check, diff, errors) for path in progress(list(files), "formatting")]
    changed, failed = outcomes.count("changed"), outcomes.count("failed")
    if STANDARD_INPUT not in files or check:
        verb = "would be reformatted" if check or diff else "reformatted"
        _summarise(changed, len(files) - changed - failed, failed, verb)
    if errors:
        return status_of(errors)
    return FINDINGS if (check or diff) and changed else 0


def _format(path: str, check: bool, diff: bool, errors: list[Diagnostic]) -> str:
    from objc.syntax import format_source

    try:
        source = read_source(path)
        formatted = format_source(source)
    except ObjcError as error:
        show_error(error)
        errors += error.diagnostics
        return "failed"
    is_changed = formatted != source.text
    if diff:
        _show_diff(source.text, formatted, source.name)
    elif check:
        if is_changed:
            click.echo(f"would reformat {source.name}")
    elif path == STANDARD_INPUT:
        click.echo(formatted, nl=False)
    elif is_changed:
        write_whole(Path(path), formatted)
        click.echo(f"reformatted {path}")
    return "changed" if is_changed else "unchanged"


def _show_diff(before: str, after: str, name: str) -> None:
    styles = {"+": "green", "-": "red", "@": "cyan"}
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), name, f"{name} (formatted)", lineterm=""
    )
    for line in lines:
        write_text(line, styles.get(line[:1]))


def _summarise(changed: int, unchanged: int, failed: int, verb: str) -> None:
    parts = [f"{_files(changed)} {verb}"] if changed else []
    parts += [f"{_files(unchanged)} already formatted"] if unchanged else []
    parts += [f"{_files(failed)} with errors"] if failed else []
    click.echo(", ".join(parts), err=True)


def _files(number: int) -> str:
    return f"{number} file" if number == 1 else f"{number} files"
