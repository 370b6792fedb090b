"""How a kernel looks from C: the names, types and order of a function's parameters.

A function takes the sizes of the dimensions, then the inputs in the order of their declaration, then
the places for the results. Everything here is plain data, so that it can be kept with a kernel's text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from objc.targets.cpu.layout import plain, shape_of

from objc.ir.domain import Domain
from objc.ir.index import BATCH, Index
from objc.ir.program import Input, Program, readers
from objc.ir.symbols import Read
from objc.target import DType

Kind = Literal["size", "array", "number", "integer", "result", "scalar"]
Shape = Sequence[str | int]

_WORDS = """
alignas alignof and and_eq asm atomic_cancel auto bitand bitor bool break case catch char char8_t
char16_t char32_t class co_await co_return co_yield compl complex concept const const_cast
consteval constexpr constinit continue decltype default delete do double dynamic_cast else enum
errno error explicit export extern false float for friend goto if imaginary inline int int64_t
int32_t long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected
public reflexpr register reinterpret_cast requires restrict return scratch short signed sizeof
static static_assert static_cast stdin stdout stderr step struct switch synchronized template this
thread_local throw true try typedef typeid typename typeof typeof_unqual union unsigned using
virtual void volatile wchar_t while workspace xor xor_eq first last linux unix NULL I EOF INFINITY
NAN
"""

RESERVED = frozenset(_WORDS.split())
"""Names that no parameter may have: words of C and C++, and what headers make macros of."""


@dataclass(frozen=True)
class Parameter:
    """One parameter. `key` is the input, the dimension or the result (its key among the outputs); an
    array has an `element` and a `shape` of names of dimensions and literal sizes."""

    kind: Kind
    name: str
    key: str
    element: str = "float64"
    shape: Shape = ()
    bounds: tuple[float | None, float | None, bool] | None = None
    """(low, high, whether the ends are outside), for a number whose domain is checked."""


@dataclass(frozen=True)
class Interface:
    """A function: its symbol and its parameters in order. `gathers` are (tensor, axis, parameter): an
    axis that is read where that parameter says, and nowhere else that is computed."""

    symbol: str
    parameters: tuple[Parameter, ...]
    gathers: tuple[tuple[str, int, str], ...] = ()

    def of(self, *kinds: Kind) -> tuple[Parameter, ...]:
        return tuple(one for one in self.parameters if one.kind in kinds)

    def data(self) -> tuple[Any, ...]:
        """As tuples that any format can hold."""
        fields = ("kind", "name", "key", "element", "shape", "bounds")
        rows = [tuple(getattr(one, name) for name in fields) for one in self.parameters]
        return (self.symbol, tuple(rows), self.gathers)

    @classmethod
    def from_data(cls, data: Any) -> Interface:
        symbol, rows, gathers = data
        parameters = []
        for kind, name, key, element, shape, bounds in rows:
            ends = None if bounds is None else (bounds[0], bounds[1], bool(bounds[2]))
            parameters.append(Parameter(kind, name, key, element, tuple(shape), ends))
        held = tuple((tensor, axis, name) for tensor, axis, name in gathers)
        return cls(symbol, tuple(parameters), held)


def interface_of(
    program: Program, metadata: Mapping[str, Any], dtype: DType, symbol: str
) -> Interface:
    """The function of a kernel whose `metadata` the CPU target has written.

    Inputs that no step reads are parameters all the same, as are all dimensions of the inputs, so that
    the functions of a declaration are called alike; only what a pass has added goes where it is idle.
    """
    names = _Names()
    sizes = {one.name: one for one in program.dimensions if one.size is None}
    for what in metadata["slots"]:
        if what[0] == "size":
            assert what[1] in sizes, "every size of the table is one of the program"
    order = sorted(sizes, key=lambda name: name != BATCH.name)
    parameters = [Parameter("size", names.fresh(name), name) for name in order]
    forms = [metadata, *(one["metadata"] for one in [metadata.get("narrow")] if one is not None)]
    held = {
        what[1]
        for form in forms
        for what in (*form["slots"], *form["values"])
        if what[0] == "input"
    }
    wanted_inputs = [one for one in program.inputs if one.role != "internal" or one.name in held]
    parameters += [_input(one, names, dtype) for one in wanted_inputs]
    for key, name in program.outputs.items():
        let = program.let[name]
        wanted = _result_name(key)
        if let.free:
            element = "int64" if let.domain.is_integer else dtype
            shape = shape_of(let.dimensions)
            parameters.append(Parameter("result", names.fresh(wanted), key, element, shape))
        else:
            element = "int64" if let.domain.is_integer else "float64"
            parameters.append(Parameter("scalar", names.fresh(wanted), key, element))
    given = {one.key: one.name for one in parameters if one.kind in ("array", "integer")}
    gathers = tuple((*place, given[name]) for place, name in _gathers(program) if name in given)
    return Interface(symbol, tuple(parameters), gathers)


def _gathers(program: Program) -> Iterator[tuple[tuple[str, int], str]]:
    """The axes that are read where one input says: (tensor, axis), and the input."""
    found: dict[tuple[str, int], set[str]] = {}
    for _, read in readers(program):
        for axis, position in enumerate(read.positions):
            base = position.base
            if not isinstance(base, Index):
                name = base.tensor if isinstance(base, Read) and not position.offset else ""
                found.setdefault((read.tensor, axis), set()).add(name)
    for place, names in found.items():
        if len(names) == 1 and (name := min(names)) in program.input:
            yield place, name


def symbol_of(name: str, taken: set[str], parts: Sequence[str] = ("",)) -> str:
    """A symbol of C for a name: with none of the `parts` behind it is it among those that are taken,
    which it joins with all of them."""
    letters = plain(name)
    if not letters or letters[0].isdigit():
        letters = f"_{letters}"
    chosen, number = letters, 1
    while taken & {chosen + part for part in parts} or chosen in RESERVED:
        number += 1
        chosen = f"{letters}_{number}"
    taken.update(chosen + part for part in parts)
    return chosen


def _input(one: Input, names: _Names, dtype: DType) -> Parameter:
    name = names.fresh(one.name)
    integer = one.domain.is_integer
    if one.dimensions:
        element = "int64" if integer else dtype
        return Parameter("array", name, one.name, element, shape_of(one.dimensions))
    bounds = _bounds(one.domain) if one.role == "hyperparameter" else None
    kind: Kind = "integer" if integer else "number"
    return Parameter(kind, name, one.name, "int64" if integer else "float64", (), bounds)


def _bounds(domain: Domain) -> tuple[float | None, float | None, bool]:
    """The ends of a domain that are numbers; None where there is none, or it depends on an input."""
    ends = [float(end) if end.is_number and end.is_finite else None for end in domain.bounds]
    return ends[0], ends[1], domain.kind in ("positive", "negative")


def _result_name(key: str) -> str:
    kind, _, name = key.partition(":")
    return {"gradient": f"d_{name}"}.get(kind, f"{kind}_{name}" if name else kind)


class _Names:
    def __init__(self) -> None:
        self._taken: set[str] = set()

    def fresh(self, name: str) -> str:
        return symbol_of(name, self._taken)
