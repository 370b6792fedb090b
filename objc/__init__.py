"""objc: a compiler for training objectives.

A loss is written as its formula in a text; `objc.compile` checks it, differentiates it and makes a
fast kernel of it. `objc.library` holds the losses of the field, `objc.training` the training loop.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from objc import library, training
    from objc.errors import Diagnostic, InputError, InternalError, ObjcError
    from objc.kernel import Game, Kernel, Module, Stages, compile
    from objc.kernel.memory import release_memory
    from objc.kernel.threads import get_threads, set_threads

__version__ = "0.1.0"

__all__ = [
    "Diagnostic",
    "Game",
    "InputError",
    "InternalError",
    "Kernel",
    "Module",
    "ObjcError",
    "Stages",
    "__version__",
    "compile",
    "get_threads",
    "library",
    "release_memory",
    "set_threads",
    "training",
]

_HOMES = {
    "Diagnostic": "objc.errors",
    "Game": "objc.kernel",
    "InputError": "objc.errors",
    "InternalError": "objc.errors",
    "Kernel": "objc.kernel",
    "Module": "objc.kernel",
    "ObjcError": "objc.errors",
    "Stages": "objc.kernel",
    "compile": "objc.kernel",
    "get_threads": "objc.kernel.threads",
    "release_memory": "objc.kernel.memory",
    "set_threads": "objc.kernel.threads",
}


def __getattr__(name: str) -> Any:
    """Names are imported when first used, so that `import objc` is fast."""
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in ("library", "training"):
        value = importlib.import_module(f"objc.{name}")
    else:
        raise AttributeError(f"module 'objc' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
