"""E0301 to E0349: what is wrong in a command line, as opposed to a file's text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, did_you_mean


@dataclass(frozen=True)
class NoSuchDeclaration(Diagnostic):
    """`FILE:NAME` names a declaration that the file doesn't have.

    A target on the command line is a file, or a file and a name with a colon between:

        objc show --stage gradient losses.objc:hubber
        error[E0301]: `losses.objc` has no declaration `hubber`
          = help: did you mean `huber`?

    `objc check losses.objc` lists what the file declares.
    """

    code: ClassVar[str] = "E0301"

    file: str
    name: str
    declared: tuple[str, ...]

    @property
    def _players(self) -> tuple[str, ...]:
        """The players, where the name is that of a game."""
        return tuple(one for one in self.declared if one.startswith(f"{self.name}."))

    def title(self) -> str:
        if self._players:
            return f"`{self.name}` in `{self.file}` is a game, and this takes one of its players"
        return f"`{self.file}` has no declaration `{self.name}`"

    def notes(self) -> Sequence[str]:
        if not self.declared:
            return ("the file declares nothing",)
        if self._players or did_you_mean(self.name, self.declared):
            return ()
        return (f"it declares {', '.join(f'`{one}`' for one in self.declared)}",)

    def help(self) -> str | None:
        if self._players:
            players = ", ".join(f"`{one}`" for one in self._players)
            return f"name a player ({players}), or train all of them with `objc.training.fit_game`"
        return did_you_mean(self.name, self.declared)


@dataclass(frozen=True)
class ForeignFile(Diagnostic):
    """`objc compile` would write over a file that objc didn't write.

    Modules that objc writes start with a line that says so, and only such files are replaced. If the
    file may go, say so:

        objc compile losses.objc -o build --force

    Otherwise write to another directory, or give the module another name with `--name`.
    """

    code: ClassVar[str] = "E0302"

    path: str

    def title(self) -> str:
        return f"`{self.path}` is there, and was not written by objc"

    def help(self) -> str | None:
        return "write elsewhere with `-o DIR` or `--name NAME`, or replace it with `--force`"


@dataclass(frozen=True)
class NoSuchTarget(Diagnostic):
    """`--target` names a target that isn't installed.

        objc compile losses.objc -o build --target gpu
        error[E0303]: no target `gpu`
          = note: there are `cpu`, `numpy`

    `objc doctor` lists the targets with what each of them needs.
    """

    code: ClassVar[str] = "E0303"

    name: str
    available: tuple[str, ...]

    def title(self) -> str:
        return f"no target `{self.name}`"

    def notes(self) -> Sequence[str]:
        return (f"there are {', '.join(f'`{one}`' for one in self.available)}",)

    def help(self) -> str | None:
        return did_you_mean(self.name, self.available)


@dataclass(frozen=True)
class Unsupported(Diagnostic):
    """A target can't run this declaration; the message says what it lacks.

    Take another target (`--target numpy` runs everything), or write the declaration without the
    construct that the message names.
    """

    code: ClassVar[str] = "E0304"

    name: str
    target: str
    reason: str

    def title(self) -> str:
        return f"the target `{self.target}` can't run `{self.name}`: {self.reason}"

    def help(self) -> str | None:
        return None if self.target == "numpy" else "use `--target numpy`"


@dataclass(frozen=True)
class NoSuchCode(Diagnostic):
    """`objc explain` was given a code that no message has.

    A code is a letter and four digits, as in `error[E0102]`. `objc explain` without a code lists all.
    """

    code: ClassVar[str] = "E0305"

    wanted: str
    known: tuple[str, ...]

    def title(self) -> str:
        return f"no message has the code `{self.wanted}`"

    def help(self) -> str | None:
        return did_you_mean(self.wanted.upper(), self.known) or "`objc explain` lists all codes"


@dataclass(frozen=True)
class NotInLibrary(Diagnostic):
    """`objc list` was given a name that the standard library doesn't have.

        objc list cross_entrpy
        error[E0306]: the library has no `cross_entrpy`
          = help: did you mean `cross_entropy`?

    `objc list` alone lists everything.
    """

    code: ClassVar[str] = "E0306"

    name: str
    known: tuple[str, ...]

    def title(self) -> str:
        return f"the library has no `{self.name}`"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.known) or "`objc list` lists everything"


@dataclass(frozen=True)
class NotWritable(Diagnostic):
    """A file can't be written: the directory isn't there or belongs to someone else, the disk is full.

    The message holds what the system said. Nothing was changed: files are written aside and put in
    their place when whole.
    """

    code: ClassVar[str] = "E0307"

    path: str
    reason: str

    def title(self) -> str:
        return f"can't write `{self.path}`: {self.reason}"
