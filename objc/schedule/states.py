"""Programs in which what the steps of a batch's recurrences multiply are entries: of states, and of matrices
that all examples share.

`sum[j](w[i, j]·r[t, j]·h[t-1, j])·g[t, i]` is g times the sum of w[i, j]·f[t, j], where f is a row of its
own; and so is what a matrix has for a gradient, Σ a[n, t, i]·b[n, t, j] over examples and steps. Then
`abreast` finds products of matrices there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sympy

from objc.atoms import Branch
from objc.ir.domain import REAL
from objc.ir.index import BATCH, Index, Position
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import Group, recurrence_of
from objc.ir.symbols import (
    Condition,
    Expression,
    Read,
    conjuncts,
    indices_of,
    reads,
    substitute_positions,
)

_ZERO, _ONE = sympy.Integer(0), sympy.Integer(1)


def with_states(program: Program) -> Program:
    """The program in which the factors of such sums are lets."""
    if not any(index.dimension == BATCH for let in program.lets for index in let.free):
        return program
    inside = recurrence_of(program)
    return _States(program, inside).written() if inside else program


class _States:
    """Writes the lets of a program anew, with the factors of sums before them."""

    def __init__(self, program: Program, inside: Mapping[str, Group]) -> None:
        self.program = program
        self.inside = inside
        self.names = Names.of(program)
        self.lets: list[Let] = []
        self.made: dict[Expression, Let] = {}
        self.multiplies = False

    def written(self) -> Program:
        for let in self.program.lets:
            group = self.inside.get(let.name)
            known = let.reduction == "sum" and not let.domain.is_integer
            if known and group is not None:
                self._in_step(let, group)
            elif known and self._is_of_steps(let):
                self._over_steps(let)
            else:
                self.lets.append(let)
        return self.program.with_lets(self.lets) if self.multiplies else self.program

    # -------------------------------------------------------------- in a step

    def _in_step(self, let: Let, group: Group) -> None:
        """A sum in a step, as what all its terms have times the sum of entries of a row and a matrix."""
        vanishes, body = _opened(let.body)
        found = self._split(let, body) if not {*let.over} & indices_of(vanishes) else None
        guards = _guards(let.guard, set(group.indices), let.free[:1])
        if found is None or guards is None:
            self.lets.append(let)
            return
        left, table, outside = found
        self.multiplies = True
        if not isinstance(left, Read):
            left = self._factor(let, left, (*self._axes(let, left), let.over[0]))
        of_steps, of_rows = guards
        if outside == _ONE and vanishes == sympy.false and of_rows == sympy.true:
            self.lets.append(replace(let, body=left * table))
            return
        name = self.names.fresh(f"product_{let.name}")
        inner = replace(let, name=name, body=left * table, guard=of_steps, domain=REAL)
        whole = Branch(vanishes, _ZERO, outside * inner.read(*let.free))
        self.lets += [inner, _pointwise(let, _under(let.guard, whole))]

    def _split(
        self, let: Let, body: Expression
    ) -> tuple[Expression, Expression, Expression] | None:
        """(a, w, b) of terms a[j]·w[i, j]·b[i], of which examples have all but w."""
        if len(let.over) != 1 or not let.free or let.free[0].dimension != BATCH:
            return None
        (over,), examples = let.over, let.free[0]
        factors = sympy.Mul.make_args(body)
        tables = [
            one for one in factors if over in indices_of(one) and examples not in indices_of(one)
        ]
        if len(tables) != 1 or not isinstance(tables[0], Read):
            return None
        # What no column has is the row's: it may keep a state in range.
        own = (indices_of(tables[0]) & set(let.free)).difference(
            *(indices_of(one) for one in factors if over in indices_of(one) and one not in tables)
        )
        outside = [
            one for one in factors if one not in tables and (one.is_number or indices_of(one) & own)
        ]
        row = sympy.Mul(*(one for one in factors if one not in tables and one not in outside))
        if len(own) != 1 or own & (indices_of(row) | indices_of(let.guard)):
            return None
        if not {over, examples} <= indices_of(row) or over in indices_of(sympy.Mul(*outside)):
            return None
        return row, tables[0], sympy.Mul(*outside)

    def _axes(self, let: Let, left: Expression) -> tuple[Index, ...]:
        """The axes of a factor but for the last: those of the let that it hangs on."""
        asked = indices_of(left) | indices_of(let.guard)
        return tuple(one for one in let.free if one in asked)

    # -------------------------------------------------------------- over examples and steps

    def _is_of_steps(self, let: Let) -> bool:
        """Whether a matrix is summed up over examples and the steps of recurrences."""
        if len(let.free) != 2 or len(let.over) < 2 or let.over[0].dimension != BATCH:
            return False
        return any(read.tensor in self.inside for read in let.reads)

    def _over_steps(self, let: Let) -> None:
        """A sum over examples and steps, as products of entries. What leaves out examples does so in both
        factors: in either there may be no number for them."""
        addends = sympy.Add.make_args(let.body)
        sides = [self._sides(let, one) for one in addends]
        guards = _guards(let.guard, set(let.over[1:]), let.over[:1])
        if None in sides or guards is None or not self.multiplies:
            self.lets.append(let)
            return
        of_steps, of_rows = guards
        parts: list[Let] = []
        for pair in filter(None, sides):
            entries = [
                one
                if isinstance(one, Read) and of_rows == sympy.true
                else self._factor(let, one, (*let.over, index))
                for one, index in zip(pair, let.free, strict=True)
            ]
            name = let.name if len(addends) == 1 else self.names.fresh(f"part_{let.name}")
            body = sympy.Mul(*entries)
            parts.append(replace(let, name=name, body=body, guard=of_steps, domain=REAL))
        self.lets += parts
        if len(addends) > 1:
            self.lets.append(_pointwise(let, sympy.Add(*(one.read(*let.free) for one in parts))))

    def _sides(self, let: Let, body: Expression) -> tuple[Expression, Expression] | None:
        """The factors of a term that rows and columns have."""
        row, column = let.free
        sides: tuple[list[Expression], list[Expression]] = [], []
        for factor in sympy.Mul.make_args(body):
            inside = indices_of(factor)
            if row in inside and column in inside:
                return None
            sides[column in inside].append(factor)
        left, right = (sympy.Mul(*side) for side in sides)
        examples = let.over[0]
        is_of_both = row in indices_of(left) and column in indices_of(right)
        of_examples = all(examples in indices_of(one) for one in (left, right))
        return (left, right) if is_of_both and of_examples else None

    # -------------------------------------------------------------- factors

    def _factor(self, let: Let, factor: Expression, axes: Sequence[Index]) -> Read:
        """A factor as the entry of a let, which is zero where the guard leaves it out."""
        axes = tuple(dict.fromkeys(axes))
        body = _under(let.guard, factor)
        places = {one: Position(Index(f" {n}", one.dimension)) for n, one in enumerate(axes)}
        key = substitute_positions(body, places)
        if key not in self.made:
            self.made[key] = Let(self.names.fresh(f"factor_{let.name}"), axes, body)
            self.lets.append(self.made[key])
        return self.made[key].read(*axes)


def _opened(body: Expression) -> tuple[Condition, Expression]:
    """(c, x) of `0 if c else x`."""
    if isinstance(body, Branch) and body.args[1] == 0:
        return body.args[0], body.args[2]
    return sympy.false, body


def _pointwise(let: Let, body: Expression) -> Let:
    return replace(let, body=body, reduction=None, over=(), guard=sympy.true)


def _under(guard: Condition, body: Expression) -> Expression:
    return body if guard == sympy.true else Branch(guard, body, _ZERO)


def _guards(
    guard: Condition, steps: set[Index], examples: tuple[Index, ...]
) -> tuple[Condition, Condition] | None:
    """What a guard asks of the steps alone, and what of examples at each; None if it asks of more."""
    of_steps: list[Condition] = []
    of_rows: list[Condition] = []
    for part in conjuncts(guard) if guard != sympy.true else ():
        if not indices_of(part) <= {*steps, *examples}:
            return None
        plain = not reads(part) and not indices_of(part) & {*examples}
        (of_steps if plain else of_rows).append(part)
    return sympy.And(*of_steps), sympy.And(*of_rows)
