"""What is wrong with names, calls and files (E01xx)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, Label, Severity, did_you_mean
from objc.source import Span


def _count(number: int, what: str, plural: str | None = None) -> str:
    words = ("no", "one", "two", "three", "four", "five")
    said = words[number] if number < len(words) else str(number)
    return f"{said} {what if number == 1 else plural or what + 's'}"


@dataclass(frozen=True)
class UnknownName(Diagnostic):
    """A name that nothing in scope has.

    In scope are the declaration's inputs and hyperparameters, its dimensions, the definitions under
    `where`, the indices of the reductions around, and the constants pi, e and inf.

        loss square(prediction: real | target: real) = (predicton - target)^2

    Mend the spelling, or define the name under `where`.
    """

    code = "E0101"
    name: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"there is no `{self.name}` here"

    def label(self) -> str:
        return "not in scope"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class NotAFunction(Diagnostic):
    """A value is called, or a function stands without its arguments.

    loss wrong(x: real, y: real) = x(y)
    """

    code = "E0133"
    name: str
    is_function: bool

    def title(self) -> str:
        if self.is_function:
            return f"`{self.name}` is a function, and stands here without arguments"
        return f"`{self.name}` is not a function, and is called here"

    def label(self) -> str:
        return "needs its arguments" if self.is_function else "not a function"

    def help(self) -> str | None:
        return (
            f"call it: `{self.name}(…)`"
            if self.is_function
            else "a product is written with `*`, an entry is read with brackets"
        )


@dataclass(frozen=True)
class UnknownFunction(Diagnostic):
    """A call of something that is neither declared, nor imported, nor elementary.

        loss cost(x: real) = sofplus(x)

    Mend the spelling, define it under `where` (`f(c) = …`), or import it with `use`.
    """

    code = "E0109"
    name: str
    candidates: tuple[str, ...]
    files: tuple[str, ...] = ()

    def title(self) -> str:
        return f"there is no function `{self.name}`"

    def label(self) -> str:
        return "not declared, not imported, not elementary"

    def help(self) -> str | None:
        if self.files:
            return f"the library has it: write `use {self.files[0]} ({self.name})` at the top"
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class UnusedDefinition(Diagnostic):
    """A definition under `where` that nothing reads.

        loss square(x: real | y: real) = (x - y)^2
            where r = x - y

    It changes nothing. Take it out, or use it.
    """

    code = "W0101"
    severity: ClassVar[Severity] = "warning"
    name: str

    def title(self) -> str:
        return f"`{self.name}` is defined and never used"

    def label(self) -> str:
        return "nothing reads it"


@dataclass(frozen=True)
class WrongNumberOfArguments(Diagnostic):
    """A call gives more or fewer arguments than the function takes.

        loss double(prediction: real | target: real) = 2 * squared_error(prediction)

    A loss takes its differentiable inputs before the bar and its data after it:
    `squared_error(prediction | target)`. Hyperparameters are given by keyword.
    """

    code = "E0108"
    name: str
    expected: str
    given: int

    def title(self) -> str:
        return f"`{self.name}` takes {self.expected}, and is given {self.given}"

    def label(self) -> str:
        return f"{_count(self.given, 'argument')} given"

    def help(self) -> str | None:
        return None


@dataclass(frozen=True)
class UnknownHyperparameter(Diagnostic):
    """A keyword that the called declaration has no hyperparameter for.

    loss robust(prediction: real | target: real) = huber(prediction | target; detla = 2)
    """

    code = "E0110"
    name: str
    function: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"`{self.function}` has no hyperparameter `{self.name}`"

    def label(self) -> str:
        has = ", ".join(self.candidates)
        return f"its hyperparameters are {has}" if has else "it has none"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class MissingHyperparameter(Diagnostic):
    """A call leaves out a hyperparameter that has no default.

        function scaled(x: real; scale: positive) = x / scale
        loss cost(x: real) = scaled(x)^2

    Give it by keyword: `scaled(x; scale = 2)`.
    """

    code = "E0111"
    name: str
    function: str

    def title(self) -> str:
        return f"`{self.function}` needs the hyperparameter `{self.name}`, which has no default"

    def label(self) -> str:
        return f"`{self.name}` is not given"

    def help(self) -> str | None:
        return f"give it by keyword: `{self.name} = …`"


@dataclass(frozen=True)
class DuplicateName(Diagnostic):
    """Two things of one declaration, or two declarations of one file, have the same name.

    loss twice(x: real | x: real) = x
    """

    code = "E0112"
    name: str
    what: str
    first: Span | None

    def title(self) -> str:
        return f"the name `{self.name}` is taken: {self.what}"

    def label(self) -> str:
        return "named again here"

    def labels(self) -> Sequence[Label]:
        return () if self.first is None else (Label(self.first, "first here"),)

    def help(self) -> str | None:
        return "give one of them another name"


@dataclass(frozen=True)
class UnknownFile(Diagnostic):
    """`use` names a file that is neither beside this one nor in the library.

    use regresion (huber)
    """

    code = "E0125"
    path: str
    candidates: tuple[str, ...]

    def title(self) -> str:
        return f"there is no file `{self.path}.objc` beside this one, nor in the library"

    def label(self) -> str:
        return "not found"

    def help(self) -> str | None:
        near = did_you_mean(self.path, self.candidates)
        return near or f"the library has {', '.join(self.candidates)}"


@dataclass(frozen=True)
class UnknownImport(Diagnostic):
    """`use FILE (NAME)` with a name that the file doesn't declare.

    use regression (hubber)

    A file beside this one comes before the library's of the same name; `use library.regression (huber)`
    is the library's in any folder.
    """

    code = "E0126"
    name: str
    path: str
    candidates: tuple[str, ...]
    of_library: str | None = None

    def title(self) -> str:
        return f"`{self.path}` declares no `{self.name}`"

    def label(self) -> str:
        return "not declared there"

    def help(self) -> str | None:
        if self.of_library is not None:
            return f"the library's file of that name has it: `{self.of_library}`"
        return did_you_mean(self.name, self.candidates)


@dataclass(frozen=True)
class UseCycle(Diagnostic):
    """Files that use each other in a circle.

        use b   # in a.objc
        use a   # in b.objc

    Move what both need into a third file.
    """

    code = "E0127"
    chain: tuple[str, ...]

    def title(self) -> str:
        if len(self.chain) == 2:
            return f"`{self.chain[0]}` uses itself"
        return f"files use each other in a circle: {' → '.join(self.chain)}"

    def label(self) -> str:
        return "closes the circle"

    def help(self) -> str | None:
        return "move what both need into a third file" if len(self.chain) > 2 else None
