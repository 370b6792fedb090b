"""`objc list NAME`: one entry of the library, whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from objc.cli.library import Entry, place
from objc.cli.output import write_text
from objc.syntax.tree import Parameter

WIDTH = 100


def write_entry(entry: Entry) -> None:
    """Its signature, its docstring, its formula, what it takes, what it claims, where it is from."""
    write_text(f"{entry.kind} {entry.signature}", "bold")
    if entry.docstring:
        click.echo(f"\n{click.wrap_text(' '.join(entry.docstring.split()), WIDTH)}")
    _section("Formula", formulas(entry))
    _section("Takes", _parameters(entry))
    _section("Claims", entry.claims)
    _section("Surrogates", surrogates(entry))
    _section("References", entry.references)
    _section("As written", [entry.text])
    click.echo(f"\nfrom objc.library import {entry.name}", nl=False)
    click.echo(f"    # {place(entry.declaration.name_span)}")


def entry_data(entry: Entry) -> dict[str, Any]:
    """The same for `--json`."""
    return {
        "name": entry.name,
        "kind": entry.kind,
        "signature": entry.signature,
        "summary": entry.summary,
        "family": entry.family,
        "docstring": entry.docstring,
        "formula": formulas(entry),
        "parameters": [
            {"name": one.name, "role": role, "declared": _declared(one)}
            for role, one in entry.parameters
        ],
        "claims": list(entry.claims),
        "surrogates": surrogates(entry),
        "references": list(entry.references),
        "text": entry.text,
    }


def formulas(entry: Entry) -> list[str]:
    """The formula as mathematics, for a game that of each player."""
    from objc.ir.text import formula
    from objc.passes.lower import lower_declaration

    names = [entry.name, *(f"{entry.name}.{one}" for one in entry.players)]
    if entry.players:
        names = names[1:]
    return [formula(lower_declaration(entry.file, name)) for name in names]


def surrogates(entry: Entry) -> list[str]:
    """Of a metric: the losses declared to stand in for it."""
    if entry.kind != "metric":
        return []
    from objc.passes.lower.loading import library_surrogates

    return list(library_surrogates().get(entry.name, ()))


def _parameters(entry: Entry) -> list[str]:
    rows = [(_declared(one), role) for role, one in entry.parameters]
    width = max((len(text) for text, _ in rows), default=0)
    return [f"{text:<{width}}   {role}" for text, role in rows]


def _declared(parameter: Parameter) -> str:
    return " ".join(parameter.span.text.split()).removeprefix("learn ")


def _section(title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    write_text(f"\n{title}", "bold")
    for line in "\n".join(lines).split("\n"):
        click.echo(f"  {line}".rstrip())
