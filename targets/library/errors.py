"""E0330 to E0339: what keeps a library from being made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, did_you_mean


@dataclass(frozen=True)
class UnknownProcessor(Diagnostic):
    """`--cpu` names a processor that LLVM doesn't know, or one of another architecture.

        objc compile losses.objc -o build --target library --cpu x86-64-v5
        error[E0330]: no processor is called `x86-64-v5`

    `native` is the processor of this machine; `x86-64-v3` (AVX2) and `x86-64-v4` (AVX-512) are levels
    that many processors have; LLVM's own names (`znver4`, `sapphirerapids`) do as well.
    """

    code: ClassVar[str] = "E0330"

    name: str
    known: tuple[str, ...]

    def title(self) -> str:
        return f"no processor is called `{self.name}`"

    def notes(self) -> Sequence[str]:
        return (f"there are {', '.join(f'`{one}`' for one in self.known)}, and LLVM's own names",)

    def help(self) -> str | None:
        return did_you_mean(self.name, self.known)


@dataclass(frozen=True)
class NoLinker(Diagnostic):
    """The target `library` makes a shared object, and this machine has no linker for it.

    objc compiles to an object file by itself; to make a shared object of it, it calls a C compiler as
    a linker: the command in the environment variable `CC`, or the first of `cc`, `gcc`, `clang` that
    is there. Install one of them (`apt install gcc`, `xcode-select --install`), or set `CC`.
    """

    code: ClassVar[str] = "E0331"

    tried: tuple[str, ...]

    def title(self) -> str:
        return "a shared object needs a C compiler to link it, and there is none"

    def notes(self) -> Sequence[str]:
        return (f"tried {', '.join(f'`{one}`' for one in self.tried)}",)

    def help(self) -> str | None:
        return "install gcc or clang, or name one in the environment variable `CC`"


@dataclass(frozen=True)
class LinkFailed(Diagnostic):
    """The C compiler that objc calls as a linker refused the object file.

    The message holds what it said. A compiler for another architecture in `CC`, or a missing C
    library (`libc6-dev`), are the usual reasons.
    """

    code: ClassVar[str] = "E0332"

    command: str
    status: int
    said: str

    def title(self) -> str:
        return f"`{self.command}` failed to link the shared object"

    def notes(self) -> Sequence[str]:
        said = self.said.splitlines()[-6:]
        ended = f"it ended with the status {self.status}"
        return (*said, ended if self.status else f"{ended}, and made no file")
