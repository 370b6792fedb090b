"""The table that a kernel is called with: what stands in which slot, and the names in the text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from objc.ir.index import Dimension
from objc.target import DType


def plain(name: str) -> str:
    """A user's name in letters that are safe in any text: `α` is `alpha`, `é` is `e`."""
    out = []
    for character in unicodedata.normalize("NFKD", name):
        if unicodedata.combining(character):
            continue
        if character.isascii() and (character.isalnum() or character == "_"):
            out.append(character)
        else:
            words = unicodedata.name(character, f"u{ord(character):x}").lower().split()
            out.append("".join(c for c in words[-1] if c.isascii() and c.isalnum()) or "u")
    return "".join(out)


@dataclass
class Layout:
    """Slots of the table (64-bit integers: sizes and addresses) and of the values (float64).

    `slots` holds one tuple a slot, its first entry the kind: see `driver` for how each is filled.
    `filled` has the lets that some step has written for others to see.
    """

    dtype: DType
    slots: list[tuple[Any, ...]] = field(default_factory=list)
    values: list[tuple[str, str]] = field(default_factory=list)
    views: dict[str, str] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    _names: dict[tuple[str, str], str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def slot(self, *what: Any) -> int:
        if what not in self.slots:
            self.slots.append(what)
        return self.slots.index(what)

    def value(self, kind: str, name: str) -> int:
        if (kind, name) not in self.values:
            self.values.append((kind, name))
        return self.values.index((kind, name))

    def name(self, prefix: str, name: str) -> str:
        """A name of the text: the prefix says what it is, so that it clashes with nothing else."""
        key = (prefix, name)
        if key not in self._names:
            wanted = f"{prefix}_{plain(name)}"
            chosen, number = wanted, 1
            while chosen in self._taken:
                number += 1
                chosen = f"{wanted}_{number}"
            self._taken.add(chosen)
            self._names[key] = chosen
        return self._names[key]

    def extent(self, dimension: Dimension) -> str:
        if dimension.size is not None:
            return str(dimension.size)
        name = self.name("n", dimension.name)
        if name not in self.views:
            self.views[name] = f"slots[{self.slot('size', dimension.name)}]"
        return name

    def array(
        self, name: str, what: tuple[Any, ...], extents: Iterable[str], kind: str, scratch: bool
    ) -> str:
        """An array of the table under a name; `what` describes its slot."""
        if name not in self.views:
            shape = "".join(f"{extent}, " for extent in extents)
            number = self.slot(*what)
            address = f"scratch + slots[{number}]" if scratch else f"slots[{number}]"
            self.views[name] = f"view({address}, ({shape.rstrip()}), {kind})"
        return name

    def metadata(self) -> Mapping[str, Any]:
        return {"slots": tuple(self.slots), "values": tuple(self.values)}


def shape_of(dimensions: Iterable[Dimension]) -> tuple[Any, ...]:
    """Names of dimensions, and literal sizes: a shape that a call's sizes complete."""
    return tuple(one.name if one.size is None else one.size for one in dimensions)
