"""The standard library: losses and metrics of the field, compiled when first used.

`from objc.library import focal` gives a kernel for the default target; `dir(objc.library)` lists all.
The declarations stand beside this file, one subject a file, as mathematics.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from objc.kernel import Game, Kernel

_HERE = Path(__file__).parent

_DECLARATION = re.compile(r"^(?:loss|metric|function|model|objective|game|stages)\s+(\w+)", re.M)
_ASIDE = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""|#[^\n]*')


def files() -> list[Path]:
    """The library's texts."""
    return sorted(_HERE.rglob("*.objc"))


@functools.cache
def declarations() -> Mapping[str, Path]:
    """Every declared name and the file it stands in, found without parsing."""
    found: dict[str, Path] = {}
    for path in files():
        text = _ASIDE.sub("", path.read_text("utf-8"))
        for name in _DECLARATION.findall(text):
            found.setdefault(_identifier(name), path)
    return found


def _identifier(name: str) -> str:
    from objc.target import identifier

    return identifier(name)


def __getattr__(name: str) -> Kernel | Game:
    if name.startswith("__") and name != "__all__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    known = declarations()
    if name == "__all__":
        everything: Any = sorted(known)
        return everything
    if name not in known:
        from objc.errors import did_you_mean

        near = did_you_mean(name, known)
        raise AttributeError(
            f"the library has no `{name}`" + (f"; {near}" if near else "; see `objc list`")
        )
    kernel = _kernel(name, known[name])
    globals()[name] = kernel
    return kernel


def _kernel(name: str, path: Path) -> Kernel | Game:
    from objc.kernel.module import module_of_text
    from objc.kernel.origin import read

    source = read(path)
    kernels = module_of_text(f"{path.stem}.objc", source.text, False, "cpu")
    found: Kernel | Game = kernels[name] if name in kernels else kernels[name.rstrip("_")]
    return found


def __dir__() -> list[str]:
    return sorted({*declarations(), *(name for name in globals() if name.startswith("__"))})
