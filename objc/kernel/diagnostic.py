"""What the diagnostics of calls share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from objc.errors import Diagnostic


def and_list(names: Sequence[str], word: str = "and") -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"


def axes(count: int) -> str:
    return f"{count} axis" if count == 1 else f"{count} axes"


def where(position: tuple[int, ...]) -> str:
    """` at [3]`, and nothing for a scalar."""
    return f" at [{', '.join(map(str, position))}]" if position else ""


@dataclass(frozen=True)
class CallDiagnostic(Diagnostic):
    """A finding in a call: `declaration` is what was called."""

    declaration: str
