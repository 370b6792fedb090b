"""The diagnostics of files and syntax, E0001 to E0099."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from objc.errors import Diagnostic
from objc.source import Span


@dataclass(frozen=True)
class Unexpected(Diagnostic):
    """A word or sign stands where the language has another."""

    code = "E0001"
    found: str
    expected: tuple[str, ...]

    def title(self) -> str:
        return f"unexpected {self.found}, expected {self.expected}"


@dataclass(frozen=True)
class TooDeep(Diagnostic):
    """An expression is nested too deeply."""

    code = "E0011"
    limit: int

    def title(self) -> str:
        return f"the expression is nested more than {self.limit} levels deep"


@dataclass(frozen=True)
class NumberTooLarge(Diagnostic):
    """A number has too many digits."""

    code = "E0012"
    limit: int

    def title(self) -> str:
        return f"the number has more than {self.limit} digits"


@dataclass(frozen=True)
class MisplacedDocstring(Diagnostic):
    """A docstring describes nothing."""

    code = "E0013"

    def title(self) -> str:
        return "the docstring stands before no declaration"


@dataclass(frozen=True)
class ReductionArguments(Diagnostic):
    """A reduction takes one body."""

    code = "E0017"
    operator: str
    operator_span: Span
    count: int

    def title(self) -> str:
        return f"`{self.operator}` reduces one expression"


@dataclass(frozen=True)
class BinderNotName(Diagnostic):
    """What stands in a reduction's brackets are names."""

    code = "E0018"
    operator: str

    def title(self) -> str:
        return f"`{self.operator}` binds names"


@dataclass(frozen=True)
class PositionalAfterKeyword(Diagnostic):
    """Arguments by position come before those by keyword."""

    code = "E0019"

    def title(self) -> str:
        return "an argument without a name follows one with a name"


@dataclass(frozen=True)
class BadUnit(Diagnostic):
    """A unit."""

    code = "E0020"

    def title(self) -> str:
        return "a unit has whole exponents of at most two digits"


@dataclass(frozen=True)
class TooLarge(Diagnostic):
    """Too large."""

    code = "E0023"
    size: int
    limit: int
    name: str = ""

    def title(self) -> str:
        return f"the file has {self.size} characters, and the limit is {self.limit}"


@dataclass(frozen=True)
class Unreadable(Diagnostic):
    """A file can't be read."""

    code = "E0021"
    name: str
    reason: str
    near: str | None

    @classmethod
    def of(cls, path: Path, error: OSError | ValueError) -> Unreadable:
        return cls(None, str(path), str(error), None)

    def title(self) -> str:
        return f"cannot read `{self.name}`: {self.reason}"


@dataclass(frozen=True)
class NotUtf8(Diagnostic):
    """A file isn't UTF-8."""

    code = "E0022"
    name: str
    line: int
    byte: int

    def title(self) -> str:
        return f"`{self.name}` is not UTF-8"


@dataclass(frozen=True)
class EmptyFile(Diagnostic):
    """Nothing declared."""

    code = "E0024"

    def title(self) -> str:
        return "the file declares nothing"
