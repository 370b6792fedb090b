"""`compile` and `Module`: the kernels of one text."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from objc.errors import ObjcError, did_you_mean
from objc.kernel.errors import UnknownDeclaration, UnknownTarget
from objc.kernel.game import Game
from objc.kernel.kernel import Kernel
from objc.kernel.origin import Origin, read
from objc.kernel.stages import Stages
from objc.source import Source
from objc.target import available, identifier

if TYPE_CHECKING:
    from objc.ir.stages import Stage

TEXT = "<text>"
"""The name that messages give to a text that stands in no file."""


class Module:
    """The declarations of one text: attributes, or items by their name as written.

    A name that is a keyword of Python has an underscore behind it: `module.lambda_`. Iterating gives
    the kernels in the order of the text, for a game those of its players. `module.gan` is a `Game`, and
    `module["gan.generator"]` its player; `module.rlhf` a run of stages.
    `module.warnings` holds what the compiler had to remark on the text without refusing it, where no
    declaration has that name.
    """

    def __init__(self, origin: Origin, target: str, name: str | None = None) -> None:
        self._origin = origin
        self._target = target
        self._name = name
        signatures = origin.signatures()
        if name is not None:
            if name not in signatures:
                players = {one: each for one, each in signatures.items() if _game(one) == name}
                if not players:
                    choices = tuple(dict.fromkeys(_game(one) or one for one in signatures))
                    raise ObjcError(UnknownDeclaration(None, origin.source.name, name, choices))
                signatures = players
            else:
                signatures = {name: signatures[name]}
        self._kernels: Mapping[str, Kernel] = {
            name: Kernel(one, origin, target) for name, one in signatures.items()
        }
        self._games = _games(self._kernels)
        runs = origin.stages() if name is None else {}
        stages = {each: Stages(run, self._trained) for each, run in runs.items()}
        self._declared: Mapping[str, Kernel | Game | Stages] = {
            **self._kernels, **self._games, **stages,
        }  # fmt: skip
        self._attributes = {
            identifier(name): name for name in self._declared if _game(name) is None
        }

    def _trained(self, stage: Stage) -> Kernel:
        """The kernel of a stage's only objective, which may stand in a file that this one uses."""
        source = stage.source
        assert source is not None
        if source is self._origin.source:
            return self._kernels[stage.objective]
        found: Kernel = module_of_text(source.name, source.text, False, self._target)[
            stage.objective
        ]
        return found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        written = name if name in self._declared else self._attributes.get(name)
        if written is None and name == "warnings":
            return self._origin.warnings
        if written is None:
            near = did_you_mean(name, self._attributes)
            advice = f"; {near}" if near else ""
            raise AttributeError(f"{self._origin.source.name} declares no `{name}`{advice}")
        return self._declared[written]

    def __getitem__(self, name: str) -> Any:
        return self._declared[name]

    def __contains__(self, name: object) -> bool:
        return name in self._declared

    def __iter__(self) -> Iterator[Kernel]:
        return iter(self._kernels.values())

    def __len__(self) -> int:
        return len(self._kernels)

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *self._attributes])

    def __reduce__(self) -> Any:
        source = self._origin.source
        return _restored, (source.name, source.text, self._origin.whole, self._target, self._name)

    def __repr__(self) -> str:
        return f"<objc module {self._origin.source.name}: {', '.join(self._attributes.values())}>"


def _game(name: str) -> str | None:
    """The game of a player called `gan.generator`; None for what is none."""
    game, dot, _ = name.partition(".")
    return game if dot else None


def _games(kernels: Mapping[str, Kernel]) -> dict[str, Game]:
    names = dict.fromkeys(game for one in kernels if (game := _game(one)) is not None)
    return {
        name: Game(name, (each for one, each in kernels.items() if _game(one) == name))
        for name in names
    }


def compile(path_or_text: str | Path, target: str = "cpu", name: str | None = None) -> Module:
    """Compile a file, or a text, of declarations.

    The text is read, resolved and checked whole; kernels are generated when they are first called.

    Args:
        path_or_text: a path, where it is a `Path`, ends in `.objc` or is that of a file; else a text.
        target: `"cpu"` (Numba), `"cuda"` (Numba-CUDA; needs the extra `cuda`, and a device when called) or
            `"numpy"`.
        name: the one declaration that the module shall hold, by default all.

    Raises:
        ObjcError: with every diagnostic found in the text; also where the file can't be read, or there
            is no such target or name.
        TypeError: what is given is neither a path nor a text.
    """
    given: object = path_or_text
    if not isinstance(given, str | Path):
        found = "None" if given is None else f"an object of type {type(given).__name__}"
        raise TypeError(f"objc.compile takes a path or a text, and was given {found}")
    if target not in available():
        raise ObjcError(UnknownTarget(None, target, "there is no such target", tuple(available())))
    return Module(Origin(_source(path_or_text)), target, name)


def _restored(source: str, text: str, whole: bool, target: str, name: str | None) -> Module:
    """A module out of a pickle: its text, compiled again when it is used."""
    return Module(Origin(Source(source, text), whole), target, name)


@functools.lru_cache(maxsize=64)
def module_of_text(source: str, text: str, whole: bool, target: str) -> Mapping[str, Any]:
    """The kernels of a text, the same for the same text."""
    return LazyModule(Origin(Source(source, text), whole), target)


class LazyModule(Mapping[str, Any]):
    """The kernels and games of a text by name, each lowered when it is first asked for."""

    def __init__(self, origin: Origin, target: str) -> None:
        self._origin = origin
        self._target = target
        self._kernels: dict[str, Kernel | Game] = {}

    def __getitem__(self, name: str) -> Kernel | Game:
        kernel = self._kernels.get(name)
        if kernel is None:
            kernel = self._kernels.setdefault(name, self._made(name))
        return kernel

    def _made(self, name: str) -> Kernel | Game:
        try:
            return Kernel(self._origin.signature(name), self._origin, self._target)
        except KeyError:
            players = self._origin.players(name)
            kernels = [self[f"{name}.{player}"] for player in players]
            return Game(name, (one for one in kernels if isinstance(one, Kernel)))

    def __iter__(self) -> Iterator[str]:
        return (one.name for one in self._origin.file.declarations)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _source(path_or_text: str | Path) -> Source:
    if isinstance(path_or_text, Path) or _is_path(path_or_text):
        return read(path_or_text)
    return Source(TEXT, re.sub("\r\n?", "\n", path_or_text.removeprefix("\ufeff")))


def _is_path(text: str) -> bool:
    if "\n" in text:
        return False
    if text.endswith(".objc"):
        return True
    try:
        return bool(text) and Path(text).is_file()
    except (OSError, ValueError):  # too long for a path, or with a null byte
        return False
