"""Options that several commands have."""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Callable
from typing import Any

import click


def target_option(about: str) -> Callable[[Any], Any]:
    """`--target`, with the targets that there are in its help, found without importing one."""
    listed = ", ".join(_names())
    return click.option("--target", default="cpu", show_default=True, help=f"{about}: {listed}.")


def _names() -> list[str]:
    specification = importlib.util.find_spec("objc.targets")
    places = specification.submodule_search_locations if specification else None
    return sorted(one.name for one in pkgutil.iter_modules(places or ()) if one.name[0] != "_")
