"""Keep or recompute: what two loops over a row both need, kept in the memory of a result.

An elementwise result that hangs on a sum over its row is written in a later loop than the sum's. Until
then its memory is free: an elementary function that both loops need is kept there by the first. Two
exponentials count as one where their exponents differ by what is constant along the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sympy

from objc.atoms import BY_FUNCTION, Branch, log1p
from objc.ir.index import Index, at
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import groups
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, IndexValue, Read, indices_of, substitute_positions
from objc.schedule.cost import kept_is_cheaper, operations_of

_LIGHT = 5
"""Operations of an exponent that are as soon done again as looked up."""


@dataclass(frozen=True)
class Kept:
    """A program with lets that are kept in the memory of results: `places` says of which. No point of
    the lets in `whole` may be made after the others, since it takes what is kept."""

    program: Program
    places: Mapping[str, str] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()


def keep(program: Program, also: Iterable[str] = ()) -> Kept:
    """Make lets of what is worth keeping, in the memory of outputs and of the lets that `also` names.
    Programs with recurrences stay as they are."""
    if any(group.is_recurrence for group in groups(program)):
        return Kept(program)
    given = program
    program, hidden = _seen_through(program)
    places: dict[str, str] = {}
    for name in dict.fromkeys((*program.outputs.values(), *also)):
        result = program.let[name]
        if result.reduction is None and result.free and not result.domain.is_integer:
            found = _for_result(result, program)
            if found is not None:
                program, kept = found
                places[kept] = name
    if not places:
        return Kept(given)
    program = program.with_lets(
        replace(let, body=let.body.xreplace(hidden.get(let.name, {}))) for let in program.lets
    )
    whole = {
        let.name
        for let in program.lets
        for kept in places
        if let.free and _reads_at_a_point(let.body, kept, let.free[-1])
    }
    return Kept(program, places, frozenset(whole))


def _seen_through(
    program: Program,
) -> tuple[Program, Mapping[str, Mapping[Expression, Expression]]]:
    """The program in which no exponent hides in a let of few operations; and by let what was hidden, to
    be put back where nothing came of it."""
    light = {
        let.name: let
        for let in program.lets
        if let.reduction is None and let.free and operations_of(let.body) <= _LIGHT
    }
    lets, hidden = [], {}
    for let in program.lets:
        swaps: dict[Expression, Expression] = {}
        for one in found_in(let.body, sympy.exp):
            (read,) = one.args
            if isinstance(read, Read) and read.tensor in light:
                made = light[read.tensor]
                if all(position.index is not None for position in read.positions):
                    moves = dict(zip(made.free, read.positions, strict=True))
                    swaps[one] = sympy.exp(substitute_positions(made.body, moves))
        lets.append(replace(let, body=let.body.xreplace(swaps)) if swaps else let)
        hidden[let.name] = {opened: one for one, opened in swaps.items()}
    return program.with_lets(lets), hidden


def _for_result(result: Let, program: Program) -> tuple[Program, str] | None:
    """The program with the first let that is worth keeping in the memory of a result."""
    before = program.behind([result])
    for total in (let for let in program.lets if let.name in before):
        if not _sums_rows_of(result, total):
            continue
        moves = dict(zip(total.indices, map(at, result.free), strict=True))
        for early in sorted(_functions(substitute_positions(total.body, moves)), key=spelled):
            if result.free[-1] not in indices_of(early) or not kept_is_cheaper(early):
                continue
            found = _Keeping(program, result, total, early, before).program_with_it()
            if found is not None:
                return found
    return None


def _sums_rows_of(result: Let, total: Let) -> bool:
    dimensions = tuple(index.dimension for index in total.indices)
    return (
        total.reduction == "sum"
        and total.guard == sympy.true
        and len(total.over) == 1
        and dimensions == result.dimensions
        and total.name != result.name
    )


def _functions(body: Expression) -> Iterator[Expression]:
    """The elementary functions of a body, each once."""
    for one in sorted(found_in(body, sympy.Function), key=spelled):
        if one.func in BY_FUNCTION and not isinstance(one, Branch):
            yield one


@dataclass
class _Keeping:
    """`early`, a function in the sum `total` (in the indices of `result`), kept for what follows."""

    program: Program
    result: Let
    total: Let
    early: Expression
    before: set[str]

    def program_with_it(self) -> tuple[Program, str] | None:
        names = Names.of(self.program)
        wanted = f"{BY_FUNCTION[self.early.func].name}_{self.result.name}"
        kept = Let(names.fresh(wanted), self.result.free, self.early)
        lets: list[Let] = []
        used = False
        for let in self.program.lets:
            if let.name == self.total.name:
                back = dict(zip(self.result.free, map(at, let.indices), strict=True))
                own = substitute_positions(self.early, back)
                lets += [kept, replace(let, body=let.body.xreplace({own: kept.read(*let.indices)}))]
                continue
            if self._is_later(let):
                factors, changed = self._changed(let, kept, names)
                if changed != let:
                    used = True
                    for factor in factors:
                        lets.insert(_place_of(factor, lets), factor)
                    let = changed
            lets.append(let)
        return (self.program.with_lets(lets), kept.name) if used else None

    def _is_later(self, let: Let) -> bool:
        """Whether a let is made after the sum, and no later than the result."""
        return (let.name in self.before or let.name == self.result.name) and (
            self.total.name in self.program.behind([let])
        )

    def _changed(self, let: Let, kept: Let, names: Names) -> tuple[list[Let], Let]:
        """The let with the function read, and the factors that go with it."""
        if tuple(index.dimension for index in let.indices) != self.result.dimensions:
            return [], let
        moves = dict(zip(let.indices, map(at, self.result.free), strict=True))
        back = dict(zip(self.result.free, map(at, let.indices), strict=True))
        factors: dict[Expression, Let] = {}
        swaps: dict[Expression, Expression] = {}
        for one in sorted(_functions(let.body), key=spelled):
            here = substitute_positions(one, moves)
            place = kept.read(*let.indices)
            if here == self.early:
                swaps[one] = place
            elif (shift := self._shift(here)) is not None:
                if shift not in factors:
                    rows = self.result.free[:-1]
                    name = names.fresh(f"factor_{self.result.name}")
                    factors[shift] = Let(name, rows, _exponential(shift, self.program))
                factor = factors[shift]
                swaps[one] = place * factor.read(*[back[index] for index in factor.free])
        body = let.body.xreplace(swaps)
        if not swaps:
            return [], let
        return list(factors.values()), replace(let, body=body)

    def _shift(self, late: Expression) -> Expression | None:
        """s with late = early·exp(s), where neither factor leaves [0, 1] and s is one of a row."""
        if not (isinstance(late, sympy.exp) and isinstance(self.early, sympy.exp)):
            return None
        shift = late.args[0] - self.early.args[0]
        if self.result.free[-1] in indices_of(shift) or not shift.is_nonpositive:
            return None
        return shift if self._is_below_a_maximum(self.early.args[0]) else None

    def _is_below_a_maximum(self, exponent: Expression) -> bool:
        """Whether the largest of all that a row has is subtracted."""
        if isinstance(exponent, sympy.Mul):
            others = [one for one in exponent.args if not one.is_positive]
            return len(others) == 1 and self._is_below_a_maximum(others[0])
        for addend in sympy.Add.make_args(exponent):
            read = -addend
            top = self.program.let.get(read.tensor) if isinstance(read, Read) else None
            if top is None or top.reduction != "max" or top.guard != sympy.true:
                continue
            if len(top.over) != 1 or len(top.indices) != len(self.result.free):
                continue
            moves = dict(zip(top.indices, map(at, self.result.free), strict=True))
            if read.positions == tuple(map(at, self.result.free[:-1])) and (
                substitute_positions(top.body, moves) == exponent - addend
            ):
                return True
        return False


def _exponential(shift: Expression, program: Program) -> Expression:
    """exp(s), of the negative of a logarithm by what that is of: rounded, it would be off by as much as it is
    large."""
    read = -shift
    let = program.let.get(read.tensor) if isinstance(read, Read) else None
    if let is None or let.reduction is not None or not isinstance(let.body, log1p):
        return sympy.exp(shift)
    places = dict(zip(let.free, read.positions, strict=True))
    return 1 / (1 + substitute_positions(let.body.args[0], places))


def _place_of(factor: Let, lets: Sequence[Let]) -> int:
    """Behind what it reads, so that it delays nothing: it would end the loops before it."""
    needed = {read.tensor for read in factor.reads}
    return max((place + 1 for place, let in enumerate(lets) if let.name in needed), default=0)


def _reads_at_a_point(body: Expression, kept: str, index: Index) -> bool:
    """Whether a point that a branch singles out (`k == label`) needs what is kept: it may be made
    after the loop, when the memory holds the result."""
    for branch in found_in(body, Branch):
        condition = branch.args[0]
        if any(one.index == index for one in found_in(condition, IndexValue)):
            there = body.xreplace(
                {one: one.args[1] for one in found_in(body, Branch) if one.args[0] == condition}
            )
            if any(read.tensor == kept for read in found_in(there, Read)):
                return True
    return False
