"""From one let to NumPy statements.

A let with a large temporary is done in blocks of the batch (or of its first index). Products that are
contractions go to `einsum`; a sum under a guard `v == label[i]` with v free is a scatter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.ir.domain import REAL, Domain
from objc.ir.index import BATCH, Index, Position
from objc.ir.order import meets_an_extreme
from objc.ir.program import Let, Program
from objc.ir.symbols import IndexValue, Read, conjuncts, indices_of, substitute_positions

from .expressions import EVERYWHERE, ROWS, Names, Piece, Step, Writer

_IDENTITY = {"sum": "0", "prod": "1", "max": "-np.inf", "min": "np.inf"}


class LetWriter:
    """Writes the statements that compute one let into its variable."""

    def __init__(
        self, program: Program, names: Names, let: Let, dtype: str, step: Step = EVERYWHERE
    ) -> None:
        self.program = program
        self.names = names
        self.whole = let
        self.let = replace(let, free=tuple(i for i in let.free if i not in step.indices))
        self.dtype = dtype
        self.step = step
        self.target = names.tensors[let.name]
        self.lines: list[str] = []
        self.margin = ""
        self.sums_batch = let.reduction == "sum" and any(
            index.dimension == BATCH for index in let.over
        )

    def emit(self, line: str) -> None:
        self.lines.append(self.margin + line)

    def write(self) -> list[str]:
        let = self.let
        self.emit(f"# {_comment(self.whole)}")
        if (scattered := scatter_of(let)) is not None:
            self._scatter(scattered)
        elif let.reduction == "argsort":
            self._sorted()
        elif self._is_contraction():
            self._contraction()
        elif let.reduction is None and not let.free:
            self._assign_scalar(self._value(self._writer((), None)).text)
        else:
            self._dense()
        return self.lines

    def write_kept(self) -> list[str]:
        """One step of a let that is kept for all steps."""
        array = self.target
        self.target = self.names.temporary()
        self.write()
        places = [
            self.names.steps.get(i, ":") if i in self.step.indices else ":" for i in self.whole.free
        ]
        self.emit(f"{array}[{', '.join(places)}] = {self.target}")
        return self.lines

    # -------------------------------------------------------------- types, shapes, blocks

    @property
    def held(self) -> str:
        """The type in which the result is kept: scalars always in double precision."""
        if self.let.domain.is_integer:
            return "np.int64"
        return f"np.{self.dtype}" if self.let.free else "np.float64"

    def shape(self, indices: Sequence[Index], blocked: Index | None = None) -> str:
        sizes = [
            f"{ROWS}.stop - {ROWS}.start" if index == blocked else self.names.size(index.dimension)
            for index in indices
        ]
        return f"({', '.join(sizes)}{',' * (len(sizes) == 1)})"

    def _writer(self, axes: Sequence[Index], blocked: Index | None) -> Writer:
        narrow = bool(axes) or meets_an_extreme(self.let.body, self.program)
        real = f"np.{self.dtype}" if narrow else "np.float64"
        return Writer(self.program, self.names, axes, blocked, real, self.emit, self.step)

    def _blocked(self) -> Index | None:
        axes = self.let.indices
        if len(axes) < 2:
            return None
        batch = [index for index in axes if index.dimension == BATCH]
        choice = (batch or list(axes))[0]
        if choice in self.let.free or self.let.reduction == "sum":
            return choice
        return self.let.free[0] if self.let.free else None

    def _open_blocks(self, blocked: Index | None, axes: Sequence[Index]) -> None:
        if blocked is not None:
            others = [self.names.size(i.dimension) for i in axes if i != blocked]
            extent = self.names.size(blocked.dimension)
            self.emit(f"for {ROWS} in blocks({extent}, {' * '.join(others) or '1'}):")
            self.margin = "    "

    def _place(self, blocked: Index | None) -> str:
        """The subscript under which a block of the result is stored."""
        if blocked is None or blocked not in self.let.free:
            return "[...]"
        return "[" + ", ".join(ROWS if i == blocked else ":" for i in self.let.free) + "]"

    def _assign_scalar(self, text: str) -> None:
        if self.let.domain.is_integer:
            text = f"np.rint({text})"
        self.emit(f"{self.target} = {self.held}({text})")

    def _value(self, writer: Writer, taken: str = "True") -> Piece:
        """The body: exact where the result is an integer."""
        body = self.let.body
        if not writer.is_integral(body):
            return writer.number(body, taken)
        if self.let.reduction in ("max", "min", "argmax", "argmin"):  # these need an infinity
            piece = writer.integer(body, taken)
            return Piece(f"np.float64({piece.text})", piece.indices)
        write = writer.integer if self.let.domain.is_integer else writer.number
        return write(body, taken)

    # -------------------------------------------------------------- sorting

    def _sorted(self) -> None:
        """The places along the last axis of what is sorted, an array of its own."""
        let, target = self.let, self.target
        whole = self._writer((), None).is_integral(let.body)
        axes = (*let.free[:-1], *let.over)
        domain = Domain("integer") if whole else REAL
        self.let = replace(let, free=axes, over=(), reduction=None, domain=domain)
        self.target = self.names.temporary()
        self._dense()
        self.emit(f"{target} = np.argsort({self.target}, axis=-1, kind='stable')")

    # -------------------------------------------------------------- dense

    def _dense(self) -> None:
        let, blocked = self.let, self._blocked()
        accumulates = blocked is not None and blocked in let.over
        if accumulates:
            self.emit(f"{self.target} = np.zeros({self.shape(let.free)}, {self._accumulator()})")
        elif let.free:
            self.emit(f"{self.target} = np.empty({self.shape(let.free)}, {self.held})")
        self._open_blocks(blocked, let.indices)
        writer = self._writer(let.indices, blocked)
        writer.share(let.body, let.guard)
        text = self._reduced(writer, blocked)
        if accumulates:
            self.emit(f"{self.target} += {text}")
        elif let.free:
            rounded = let.domain.is_integer and not writer.is_integral(let.body)
            text = f"np.rint({text})" if rounded and let.reduction is None else text
            self.emit(f"{self.target}{self._place(blocked)} = {_bare(text)}")
        else:
            self._assign_scalar(text)
        self.margin = ""
        if accumulates:
            self._finish_accumulation()

    def _accumulator(self) -> str:
        return "np.float64" if self.sums_batch or not self.let.free else self.held

    def _finish_accumulation(self) -> None:
        if not self.let.free:
            self.emit(f"{self.target} = {self.held}({self.target})")
        elif self._accumulator() != self.held:
            self.emit(f"{self.target} = {self.target}.astype({self.held})")

    def _reduced(self, writer: Writer, blocked: Index | None) -> str:
        let = self.let
        if let.reduction is None:
            return self._value(writer).text
        taken = "True"
        guard = Piece("True")
        if let.guard != sympy.true:
            guard = writer.condition(let.guard)
            taken = self.names.temporary()
            self.emit(f"{taken} = {_bare(guard.text)}")
        body = self._value(writer, taken)
        if let.reduction in ("argmax", "argmin"):
            return self._argument(body, taken, blocked)
        text = body.text
        if taken != "True":
            text = f"np.where({taken}, {text}, {_IDENTITY[let.reduction]})"
        if not (body.indices | guard.indices).issuperset(let.over):
            text = f"np.broadcast_to({text}, {self.shape(let.indices, blocked)})"
        axes = tuple(range(len(let.free), len(let.indices)))
        options = f"axis={axes[0] if len(axes) == 1 else axes}"
        if self.sums_batch and not let.domain.is_integer:
            options += ", dtype=np.float64"
        if let.reduction in ("max", "min"):
            options += f", initial={_IDENTITY[let.reduction]}"
        return f"np.{let.reduction}({_bare(text)}, {options})"

    def _argument(self, body: Piece, taken: str, blocked: Index | None) -> str:
        text = body.text if self.let.reduction == "argmax" else f"-{body.text}"
        text = f"np.broadcast_to({text}, {self.shape(self.let.indices, blocked)})"
        return f"first_largest({text}, {taken})"

    # -------------------------------------------------------------- contractions

    def _is_contraction(self) -> bool:
        plain = self.let.reduction == "sum" and self.let.guard == sympy.true
        return plain and not self.step.indices and self._groups() is not None

    def _groups(self) -> dict[frozenset[Index], list[Any]] | None:
        """The factors of the body by the indices they depend on, if no group has all of them."""
        coefficient = frozenset[Index]()
        groups: dict[frozenset[Index], list[Any]] = {}
        for factor in sympy.Mul.make_args(self.let.body):
            groups.setdefault(frozenset(indices_of(factor)), []).append(factor)
        scalars = groups.pop(coefficient, [])
        for small in sorted(groups, key=len):
            larger = next((one for one in groups if small < one), None)
            if larger is not None:
                groups[larger] += groups.pop(small)
        covered = frozenset[Index]().union(*groups)
        if len(groups) < 2 or not covered.issuperset(self.let.indices):
            return None
        if scalars:
            groups[coefficient] = scalars
        return groups

    def _contraction(self) -> None:
        let = self.let
        groups = dict(self._groups() or {})
        scalars = groups.pop(frozenset(), [])
        batch = [index for index in let.over if index.dimension == BATCH]
        blocked = batch[0] if batch and len(let.indices) > 1 else None
        letters = {index: "abcdefghijklmnopqrstuvwxyz"[n] for n, index in enumerate(let.indices)}
        if blocked is not None:
            self.emit(f"{self.target} = np.zeros({self.shape(let.free)}, np.float64)")
            widest = max(groups, key=len)
            self._open_blocks(blocked, sorted(widest, key=let.indices.index))
        outer = [] if blocked is not None else self._outer(groups)
        operands, subscripts = [], []
        ordered = self._ordered(groups)
        for axes, factors in ordered:
            writer = self._writer(axes, blocked)
            text = writer.number(sympy.Mul(*factors)).text
            operands.append(f"np.float64({_bare(text)})" if blocked is not None else _bare(text))
            subscripts.append("".join(letters[index] for index in axes))
        if self._is_matrix_product([axes for axes, _ in ordered]):
            transposed = ".T" if len(ordered[1][0]) == 2 else ""
            text = f"(({operands[0]}) @ ({operands[1]}){transposed})"
        else:
            signature = f"{','.join(subscripts)}->{''.join(letters[index] for index in let.free)}"
            text = f"np.einsum({signature!r}, {', '.join(operands)}, optimize=True)"
        if scalars:
            real = "np.float64" if blocked is not None or not let.free else f"np.{self.dtype}"
            factor = self._writer((), None)
            text = f"{real}({factor.number(sympy.Mul(*scalars)).text}) * {text}"
        if outer:
            writer = self._writer(let.free, None)
            text = f"{writer.number(sympy.Mul(*outer)).text} * {text}"
        if blocked is not None:
            self.emit(f"{self.target} += {text}")
            self.margin = ""
            self.emit(f"{self.target} = {self.held}({self.target})")
        elif let.free:
            self.emit(f"{self.target} = {text}")
        else:
            self._assign_scalar(text)

    def _is_matrix_product(self, groups: Sequence[tuple[Index, ...]]) -> bool:
        """`[f, o] · [g, o]` or `[f, o] · [o]`: faster as a product than through `einsum`."""
        if len(groups) != 2 or len(self.let.over) != 1:
            return False
        free = [[index for index in axes if index in self.let.free] for axes in groups]
        both_sum = all(self.let.over[0] in axes for axes in groups)
        return (
            both_sum
            and free[0] + free[1] == list(self.let.free)
            and len(free[0]) == 1 >= len(free[1])
        )

    def _outer(self, groups: dict[frozenset[Index], list[Any]]) -> list[Any]:
        """Takes out the factors that are the same all through the sum."""
        over = set(self.let.over)
        same = [group for group in groups if not group & over]
        rest = frozenset[Index]().union(*(group for group in groups if group & over))
        if not rest.issuperset(self.let.indices):
            return []
        return [factor for group in same for factor in groups.pop(group)]

    def _ordered(
        self, groups: dict[frozenset[Index], list[Any]]
    ) -> list[tuple[tuple[Index, ...], list[Any]]]:
        """The groups with their indices in the order of the let, in that order."""
        order = self.let.indices.index
        found = [(tuple(sorted(group, key=order)), factors) for group, factors in groups.items()]
        return sorted(found, key=lambda one: [order(index) for index in one[0]])

    # -------------------------------------------------------------- scatters

    def _scatter(self, scatter: Scatter) -> None:
        let = self.let
        self.emit(f"{self.target} = np.zeros({self.shape(let.free)}, {self._scatter_type()})")
        writer = self._writer(scatter.axes, None)
        taken = self._both("True", writer.condition(scatter.before))
        tests, positions = [], []
        for index in let.free:
            if index not in scatter.places:
                positions.append(writer.index_array(index).text)
                continue
            name = self.names.temporary()
            self.emit(f"{name} = {_bare(writer.position(scatter.places[index], taken).text)}")
            tests.append(f"(0 <= {name}) & ({name} < {self.names.size(index.dimension)})")
            positions.append(name)
        taken = self._both(taken, Piece(" & ".join(tests)))
        taken = self._both(taken, writer.condition(scatter.after, taken))
        values = writer.number(scatter.body, taken).text
        arguments = [self.target, self.shape(scatter.axes), taken, _bare(values), *positions]
        self.emit(f"scatter({', '.join(arguments)})")
        if self._scatter_type() != self.held:
            self.emit(f"{self.target} = {self.target}.astype({self.held})")

    def _both(self, taken: str, test: Piece) -> str:
        """The name of what is taken where the test holds too."""
        if test.text == "True":
            return taken
        name = self.names.temporary()
        self.emit(f"{name} = {_bare(test.text) if taken == 'True' else f'{taken} & {test.text}'}")
        return name

    def _scatter_type(self) -> str:
        return "np.float64" if self.sums_batch else self.held


@dataclass(frozen=True)
class Scatter:
    """A sum over `axes` that puts its body at `places`, where `before` and then `after` hold."""

    axes: tuple[Index, ...]
    places: dict[Index, Position]
    before: Any
    after: Any
    body: Any


def scatter_of(let: Let) -> Scatter | None:
    """A sum that is a scatter, or None.

    A conjunct `v == g` of the guard puts the body at v = g, where v is free and g is a read (plus a
    constant) that depends on none of the scattered indices. `before` is what has nothing to do with v
    and is tested before g is read; `after` is the rest, at v = g.
    """
    if let.reduction != "sum":
        return None
    places: dict[Index, Position] = {}
    rest = []
    for part in conjuncts(let.guard):
        found = _equated(part, let)
        if found is None or found[0] in places:
            rest.append(part)
        else:
            places[found[0]] = found[1]
    moved = set(places)
    if not moved or any(indices_of(position.base) & moved for position in places.values()):
        return None
    before = [part for part in rest if not indices_of(part) & moved]
    after = [part for part in rest if indices_of(part) & moved]
    return Scatter(
        tuple(index for index in let.indices if index not in moved),
        places,
        sympy.And(*before),
        substitute_positions(sympy.And(*after), places),
        substitute_positions(let.body, places),
    )


def _equated(part: Any, let: Let) -> tuple[Index, Position] | None:
    if not isinstance(part, sympy.Eq):
        return None
    for one, other in (part.args, part.args[::-1]):
        if isinstance(one, IndexValue) and one.index in let.free:
            offset, base = other.as_coeff_Add()
            if isinstance(base, Read) and isinstance(offset, sympy.Integer):
                used = set(indices_of(base))
                if used & set(let.over) and one.index not in used:
                    return one.index, Position(base, int(offset))
    return None


def _bare(text: str) -> str:
    """Without the outer parentheses, if they belong together."""
    if text[:1] != "(" or text[-1:] != ")":
        return text
    depth = 0
    for number, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and number < len(text) - 1:
            return text
    return text[1:-1]


def _comment(let: Let) -> str:
    text = str(let).encode("unicode_escape").decode()
    return text if len(text) <= 90 else text[:87] + "..."
