"""The diagnostics of files: what can't be read as a text of the language at all, E0021 to E0025."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from objc.errors import Diagnostic, did_you_mean


@dataclass(frozen=True)
class Unreadable(Diagnostic):
    """A file is not there, is a directory, or may not be read.

    Check the path; it is taken from the directory where the program was started.
    """

    code = "E0021"
    name: str
    reason: str
    near: str | None

    @classmethod
    def of(cls, path: Path, error: OSError | ValueError) -> Unreadable:
        """From what the operating system said."""
        if isinstance(error, ValueError):
            return cls(None, repr(str(path)), "the name holds a character that no path may", None)
        reason = (error.strerror or type(error).__name__).lower()
        near = None
        if isinstance(error, FileNotFoundError):
            try:
                near = did_you_mean(path.name, (one.name for one in path.parent.glob("*.objc")))
            except OSError:
                near = None
        return cls(None, str(path), reason, near)

    def title(self) -> str:
        return f"cannot read `{self.name}`: {self.reason}"

    def help(self) -> str | None:
        return self.near


@dataclass(frozen=True)
class NotUtf8(Diagnostic):
    """A file is not text in UTF-8, the one encoding that `.objc` files have.

    Save it as UTF-8; `iconv -f latin1 -t utf-8` converts older texts.
    """

    code = "E0022"
    name: str
    line: int
    byte: int

    def title(self) -> str:
        return f"`{self.name}` is not UTF-8: byte 0x{self.byte:02x} in line {self.line}"

    def help(self) -> str:
        return "save the file as UTF-8"


@dataclass(frozen=True)
class TooLarge(Diagnostic):
    """A text is larger than any that people write; it is most likely not a text of this language.

    Divide it into several files, joined by `use`.
    """

    code = "E0023"
    name: str
    size: int
    limit: int

    def title(self) -> str:
        return f"`{self.name}` has {self.size:,} characters; the limit is {self.limit:,}"

    def help(self) -> str:
        return "divide it into several files, joined by `use`"


@dataclass(frozen=True)
class EmptyFile(Diagnostic):
    """A text holds no declaration: it is empty, or has only comments and docstrings.

    loss square(prediction: real | target: real) = (prediction - target)^2
    """

    code = "E0024"
    name: str

    def title(self) -> str:
        return f"`{self.name}` declares nothing"

    def help(self) -> str:
        return (
            "a first loss: `loss square(prediction: real | target: real) = (prediction - target)^2`"
        )
