"""`objc explain CODE`, `objc explain FILE:NAME`."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import click

from objc.cli.errors import NoSuchCode
from objc.cli.output import Markup, write_data, write_text
from objc.cli.targets import STANDARD_INPUT, TargetName, lower_target
from objc.errors import Diagnostic, ObjcError


@click.command(
    epilog=Markup.examples("objc explain E0102", "objc explain", "objc explain losses.objc:huber")
)
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print data instead of text.")
def command(code: str | None, as_json: bool) -> None:
    """Say what an error code means, or what minimizing a loss gives.

    CODE is what stands in brackets in a message: E0102 in `error[E0102]`. Without it, all codes
    are listed. In its place a file, FILE:NAME, or a name of the library says in sentences what is
    proved of a loss: its minimizer, the noise it stands for, how it weighs errors, what it ignores.
    """
    catalogue = all_diagnostics()
    if code is None:
        _list(catalogue, as_json)
        return
    if (target := _target(code)) is not None:
        _tell(target, as_json)
        return
    wanted = code.upper().removeprefix("ERROR[").removeprefix("WARNING[").rstrip("]")
    if wanted not in catalogue:
        raise ObjcError(NoSuchCode(None, code, tuple(catalogue)))
    found = catalogue[wanted]
    if as_json:
        write_data({"code": wanted, "severity": found.severity, "text": explanation(found)})
        return
    write_text(f"{found.severity}[{wanted}]", "bold")
    write_text(f"\n{explanation(found)}")


def _target(text: str) -> TargetName | None:
    """A file with declarations, or one of them; None for what can only be a code."""
    target = TargetName.find(text)
    is_file = target.path.endswith(".objc") or target.path == STANDARD_INPUT
    return target if is_file or target.name is not None else None


def _tell(target: TargetName, as_json: bool) -> None:
    from objc.analysis.story import story

    _, programs = lower_target(target)
    told = {one.name: story(one) for one in programs}
    if as_json:
        write_data({"declarations": [{"name": k, "sentences": v} for k, v in told.items()]})
        return
    for name, sentences in told.items():
        write_text(name, "bold")
        for one in sentences:
            click.echo(f"  {one}")


def all_diagnostics() -> dict[str, type[Diagnostic]]:
    """Every diagnostic, by code: imports the `errors` module of each room, and the cache."""
    for package in ("objc", "objc.targets"):
        root = Path(importlib.import_module(package).__path__[0])
        for path in sorted([*root.glob("cache.py"), *root.rglob("*errors.py")]):
            names = path.relative_to(root).with_suffix("").parts
            importlib.import_module(".".join((package, *names)))
    return Diagnostic.catalogue()


def explanation(diagnostic: type[Diagnostic]) -> str:
    """The docstring of a diagnostic's class, as it is printed."""
    return inspect.cleandoc(diagnostic.__doc__ or "")


def _list(catalogue: dict[str, type[Diagnostic]], as_json: bool) -> None:
    rows = {code: explanation(one).split("\n\n")[0] for code, one in catalogue.items()}
    titles = {code: " ".join(text.split()) for code, text in rows.items()}
    if as_json:
        codes = [
            {"code": code, "severity": catalogue[code].severity, "title": title}
            for code, title in titles.items()
        ]
        write_data({"codes": codes})
        return
    for code, title in titles.items():
        click.echo(f"{code}  {title}")
