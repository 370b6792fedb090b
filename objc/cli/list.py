"""`objc list [NAME]`."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import click

from objc.cli.entry import entry_data, write_entry
from objc.cli.errors import NotInLibrary
from objc.cli.library import Entry, Family, families
from objc.cli.output import Markup, write_data, write_text
from objc.errors import ObjcError


@click.command(
    epilog=Markup.examples(
        "objc list", "objc list regression", "objc list huber", "objc list --json"
    )
)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print data instead of text.")
def command(name: str | None, as_json: bool) -> None:
    """Browse the standard library.

    Without NAME, everything by family, a line each. With the NAME of a family, that family; with
    the NAME of a declaration, its signature, its formula, what it takes and claims, and where it is
    from.
    """
    library = list(families())
    if name is None or name in {one.name for one in library}:
        shown = [one for one in library if name is None or one.name == name]
        _write_families(shown, as_json)
        return
    entries = {entry.name: entry for family in library for entry in family.entries}
    if name not in entries:
        raise ObjcError(NotInLibrary(None, name, (*entries, *(one.name for one in library))))
    if as_json:
        write_data(entry_data(entries[name]))
    else:
        write_entry(entries[name])


def _write_families(library: list[Family], as_json: bool) -> None:
    if as_json:
        write_data(
            {
                "families": [
                    {
                        "name": one.name,
                        "summary": one.summary,
                        "declarations": [_brief(entry) for entry in one.entries],
                    }
                    for one in library
                ]
            }
        )
        return
    for number, family in enumerate(library):
        _write_family(family, number > 0)


def _write_family(family: Family, spaced: bool) -> None:
    entries = family.entries
    width = max((len(entry.name) for entry in entries), default=0)
    heading = f"{family.name}: {family.summary}" if family.summary else family.name
    write_text(("\n" if spaced else "") + heading, "bold")
    for entry in entries:
        click.echo(_fitted(f"  {entry.name:<{width}}  {entry.summary}"))


def _fitted(line: str) -> str:
    """A line cut to a terminal's width; whole where the output goes elsewhere."""
    width = shutil.get_terminal_size().columns
    if not sys.stdout.isatty() or len(line) <= width:
        return line
    return line[: width - 1].rstrip() + "…"


def _brief(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "signature": entry.signature,
        "summary": entry.summary,
    }
