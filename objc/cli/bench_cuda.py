"""`objc bench --target cuda`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from objc.bench.errors import NoSuchCase
from objc.cli.output import write_data
from objc.cli.write import write_whole
from objc.errors import ObjcError

if TYPE_CHECKING:
    from objc.bench.cuda.run import DeviceReport

PEERS = ("torch", "torch.compile", "jax", "liger")


def measure(
    listed: bool,
    names: Sequence[str],
    peers: Sequence[str],
    repetitions: int,
    limit: float,
    save: str | None,
    as_json: bool,
) -> None:
    """Measure on the device here, print the table, and write the data where they are wanted; or print the
    cases (`listed`). In Numba's simulator the cases are tiny: what runs is tried, and nothing measured.

    Raises:
        ObjcError: there is no device, or no case of a name.
    """
    from objc.bench.cuda.cases import CASES, small
    from objc.bench.cuda.contenders import OWN, is_simulated
    from objc.bench.cuda.job import DeviceJob
    from objc.bench.cuda.report import table
    from objc.bench.cuda.run import run
    from objc.target import load

    if listed:
        _list()
        return
    known = {one.name: one for one in CASES}
    for name in names:
        if name not in known:
            raise ObjcError(NoSuchCase(None, name, tuple(known)))
    target = cast(Any, load("cuda"))
    target.clock()  # raises where there is no device
    chosen = tuple(known[name] for name in names) or CASES
    if is_simulated(target):
        chosen, repetitions = tuple(map(small, chosen)), 2
    job = DeviceJob(chosen, (*OWN, *(peers or PEERS)), repetitions, limit)

    def keep(report: DeviceReport) -> None:
        if save is not None:
            write_whole(Path(save), json.dumps(report.data(), indent=1) + "\n")

    report = run(job, _said, keep)
    if as_json:
        write_data(report.data())
    else:
        click.echo(table(report))


def _list() -> None:
    """Print the cases with their sizes."""
    from objc.bench.cuda.cases import CASES

    for one in CASES:
        sizes = ", ".join(f"{name}={value}" for name, value in one.case.sizes.items())
        click.echo(f"{one.name:28} {sizes}")


def _said(event: Mapping[str, Any]) -> None:
    """A word on the standard error output, so that a long run can be followed."""
    if "contender" in event:
        print(f"{event['case']}: {event['contender']}", file=sys.stderr, flush=True)
