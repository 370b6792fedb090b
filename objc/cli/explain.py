"""`objc explain CODE`, `objc explain FILE:NAME`."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from objc.cli.errors import NoSuchCode
from objc.cli.output import Markup, write_data, write_text
from objc.cli.targets import STANDARD_INPUT, TargetName, lower_target
from objc.cli.write import require_picture
from objc.errors import Diagnostic, ObjcError

if TYPE_CHECKING:
    from objc.analysis.story import Profile


@click.command(
    epilog=Markup.examples(
        "objc explain E0102",
        "objc explain",
        "objc explain losses.objc:huber",
        "objc explain --plot slope.png huber",
    )
)
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print data instead of text.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the slope into a picture (.png, .svg, .pdf).",
)
def command(code: str | None, as_json: bool, plot: Path | None) -> None:
    """Say what an error code means, or what minimizing a loss gives.

    CODE is what stands in brackets in a message: E0102 in `error[E0102]`. Without it, all codes
    are listed. In its place a file, FILE:NAME, or a name of the library says in sentences what is
    proved of a loss: its minimizer, the noise it stands for, how it weighs errors, what it ignores;
    of an objective, what it is as a whole. On a terminal the slope of a loss is drawn below.
    """
    catalogue = all_diagnostics()
    if code is None:
        _list(catalogue, as_json)
        return
    if (target := _target(code)) is not None:
        _tell(target, as_json, plot)
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


def _tell(target: TargetName, as_json: bool, plot: Path | None) -> None:
    from objc.analysis.story import profile, story

    if plot is not None:
        require_picture(plot)
    _, programs = lower_target(target)
    told = {one.name: story(one) for one in programs}
    is_drawn = as_json or plot is not None or sys.stdout.isatty()
    shapes = {one.name: profile(one) if is_drawn else None for one in programs}
    if plot is not None:
        _draw(plot, shapes)
    if as_json:
        write_data({"declarations": [_data(name, told[name], shapes[name]) for name in told]})
        return
    for name, sentences in told.items():
        write_text(name, "bold")
        for one in sentences:
            click.echo(f"  {one}")
        shape = shapes[name]
        if shape is not None and sys.stdout.isatty():
            click.echo("\n".join(["", *shape.drawn()]))


def _data(name: str, sentences: list[str], shape: Profile | None) -> dict[str, Any]:
    slope = None
    if shape is not None:
        across = shape.across + shape.fixed
        slope = {
            "input": shape.name,
            "across": across,
            "points": list(shape.points),
            "slopes": list(shape.slopes),
        }
    return {"name": name, "sentences": sentences, "slope": slope}


def _draw(path: Path, shapes: Mapping[str, Profile | None]) -> None:
    from objc.cli.picture import draw

    known = {name: one for name, one in shapes.items() if one is not None}
    if not known:
        raise click.UsageError("There is no slope in one prediction to draw here.")
    draw(known, path)


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
