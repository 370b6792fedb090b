"""Names in the text of a kernel for a device, and what each of its parameters is.

A parameter is told by a tuple, its kind first: `size`, `integer` and `number` are what the caller
gives; `input`, `output`, `stored`, `scratch`, `block`, `partial`, `values`, `shorts`, `wholes` and
`errors` are arrays in the device's memory; `blocks` is how many blocks a step before was run by. Of
rows that are taken in blocks (of rows, not of threads), `lo` is the first of this block, `rows` how
many it has, `room` how many there is room for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from objc.targets.cpu import layout

from objc.ir.index import Dimension

SHORT = ("bfloat16", "float16")
"""Types that arrays are stored in and nothing is computed in."""

Mode = Literal["thread", "tile", "warp", "block", "spread"]
"""Who takes one turn of a step's outer loop together: one thread, the 32 of a warp, a block, or several. In
tiles it is a thread too, but those of a block go through the inner loops side by side."""

Number = int | tuple[int, int]
"""Of a step; of one of the loops in a step whose rows are taken in blocks, that of the item too."""


@dataclass
class Layout(layout.Layout):
    """As that of the CPU target, but for arguments instead of a table. `stored` is the type of the reals
    in arrays that the caller has; `parts` says which launches have parts of a sum."""

    stored: str = ""
    sizes: dict[str, str] = field(default_factory=dict)
    parts: dict[str, Number] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stored = self.stored or self.dtype

    @property
    def at_once(self) -> int:
        """How many entries that stand side by side are moved together: 16 bytes of float32, or of less."""
        return 8 if self.stored in SHORT else 4

    def extent(self, dimension: Dimension) -> str:
        if dimension.size is not None:
            return str(dimension.size)
        name = self.name("n", dimension.name)
        self.sizes[name] = dimension.name
        return name


@dataclass
class Parameters:
    """The parameters of one function of the text, by their names there."""

    kinds: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, *kind: Any) -> str:
        self.kinds[name] = kind
        return name

    def array(self, name: str, shape: tuple[str, ...], element: str, *kind: Any) -> str:
        """An array of the device under a name; in the signature stands its address."""
        self.kinds[f"p_{name}"] = kind
        extents = "".join(f"{one}, " for one in shape).rstrip()
        self.views[name] = f"view(p_{name}, ({extents}), {element})"
        return name

    def signature(self) -> list[str]:
        return sorted(self.kinds)

    def head(self) -> list[str]:
        return [f"    {name} = {text}" for name, text in sorted(self.views.items())]

    def described(self) -> tuple[tuple[Any, ...], ...]:
        return tuple(self.kinds[name] for name in self.signature())
