"""What is the same for every example is computed once a call, where that saves an elementary function.

A row that all examples share, such as the scales of a mixture given without a batch axis, stands in the
loop over the batch with the functions of it::

    sum[n, d] (x[n, d] - m[d])² · exp(-2·s[d])      t[d] := exp(-2·s[d]);  sum[n, d] (x[n, d] - m[d])² · t[d]

No loop moves it out: what is around is the loop over the examples, and the function is of an entry. A
table is no larger than something that the let reads anyway. What is cheap stays, and so does the order
of every sum and product: a factor or an addend goes into a table as it is, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias

import sympy

from objc.atoms import BY_FUNCTION, CHEAP, Branch
from objc.ir.domain import REAL, Domain
from objc.ir.index import BATCH, Dimension, Index, at
from objc.ir.parts import found_in
from objc.ir.program import Input, Let, Names, Program
from objc.ir.recurrence import recurrence_of
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, reads, substitute_positions

_Key: TypeAlias = tuple[Expression, tuple[Dimension, ...]]

_MADE = sympy.Dummy("table", real=True)


def tabulate(program: Program) -> Program:
    """Programs in which functions of what no example has a part in are lets of their own."""
    if not any(index.dimension == BATCH for let in program.lets for index in let.indices):
        return program
    return _Tables(program).written()


@dataclass
class _Tables:
    """Writes the lets of a program anew, with the tables behind what they read."""

    program: Program
    lets: list[Let] = field(default_factory=list)
    known: dict[_Key, Let] = field(default_factory=dict)

    def written(self) -> Program:
        self.names, self.inside = Names.of(self.program), recurrence_of(self.program)
        tensors: list[Input | Let] = [*self.program.inputs, *self.program.lets]
        shared = {one.name for one in tensors if one.dimensions and BATCH not in one.dimensions}
        for let in self.program.lets:
            if _runs_over_examples(let) and any(read.tensor in shared for read in let.reads):
                found = self._found(let.body, let)
                swaps = {
                    one: part.xreplace({_MADE: self._table(of, let)})
                    for one, (of, part) in found.items()
                }
                if swaps:
                    let = replace(let, body=let.body.xreplace(swaps))
            elif let.name in shared and let.reduction is None and let.name not in self.inside:
                self.known.setdefault(_anonymous(let.body, let.free), let)
            self.lets.append(let)
        return self.program.with_lets(self.lets) if self.known else self.program

    def _found(self, e: Expression, let: Let) -> dict[Expression, tuple[Expression, Expression]]:
        """The largest parts of an expression that are worth a table; for each what the table is of, and what
        of the table, called `_MADE`, the part is."""
        if not e.args or isinstance(e, Read):
            return {}
        if self._is_worth_it(e, let):
            number, factors = e.as_coeff_Mul()
            divides = any(map(_is_divisor, sympy.Mul.make_args(factors)))
            return {e: (e, _MADE)} if divides else {e: (factors, number * _MADE)}
        found: dict[Expression, tuple[Expression, Expression]] = {}
        for one in e.args:
            if isinstance(e, sympy.Mul) and _is_divisor(one):
                # It divides: a product with its reciprocal would be rounded twice.
                if self._is_worth_it(1 / one, let):
                    found[one] = (1 / one, 1 / _MADE)
                else:
                    found |= self._found(one.base, let)
            else:
                found |= self._found(one, let)
        return found

    def _is_worth_it(self, e: Expression, let: Let) -> bool:
        indices = indices_of(e)
        if not isinstance(e, sympy.Expr) or not indices:
            return False
        if not indices < set(let.indices) or any(one.dimension == BATCH for one in indices):
            return False
        if not _has_function(e) or e.is_integer:
            return False
        if not all(self._is_at_hand(read, let) for read in reads(e)):
            return False
        return any(self._covers(read, indices) for read in let.reads)

    def _covers(self, read: Read, indices: set[Index]) -> bool:
        """Whether a tensor that lies in memory anyway has all the entries that a table would have. A sum or
        a difference of two rows does not: a loop makes it again."""
        if not indices <= set(_indices(read)):
            return False
        made = self.program.let.get(read.tensor)
        if made is None:
            return True
        return not _runs_over_examples(made) and (
            made.reduction is not None or _has_function(made.body)
        )

    def _is_at_hand(self, read: Read, let: Let) -> bool:
        """Whether a table may read it wherever its loops go: what a let reads shifted or at a gathered place
        may be out of range where the let doesn't."""
        group = self.inside.get(let.name)
        within = group is not None and any(one.name == read.tensor for one in group.lets)
        return not within and len(_indices(read)) == len(read.positions)

    def _table(self, e: Expression, let: Let) -> Expression:
        indices = indices_of(e)
        most = max(
            (read for read in let.reads if self._covers(read, indices)),
            key=lambda read: (read.tensor in {one.tensor for one in reads(e)}, spelled(read)),
        )
        free = tuple(one for one in _indices(most) if one in indices)
        key = _anonymous(e, free)
        if key not in self.known:
            name = self.names.fresh("table")
            table = Let(name, free, e, domain=_domain(e), span=let.span)
            needed = {read.tensor for read in reads(e)}
            place = max((n for n, one in enumerate(self.lets, 1) if one.name in needed), default=0)
            self.lets.insert(place, table)
            self.known[key] = table
        return self.known[key].read(*free)


def _runs_over_examples(let: Let) -> bool:
    return any(index.dimension == BATCH for index in let.indices)


def _indices(read: Read) -> tuple[Index, ...]:
    """The indices at which a tensor is read as they are."""
    return tuple(
        one.base for one in read.positions if one.offset == 0 and isinstance(one.base, Index)
    )


def _has_function(e: Expression) -> bool:
    return any(map(_is_function, found_in(e, sympy.Function, sympy.Pow)))


def _is_function(e: Expression) -> bool:
    """Whether an expression costs more than a sum or a product, and not once for a whole loop."""
    if isinstance(e, sympy.Pow):
        exponent = e.args[1]
        costs = not (exponent.is_Integer and exponent > 0)
    else:
        atom = BY_FUNCTION.get(e.func)
        costs = not isinstance(e, Branch) and (atom is None or atom.name not in CHEAP)
    return costs and bool(indices_of(e))


def _is_divisor(e: Expression) -> bool:
    return isinstance(e, sympy.Pow) and e.args[1].is_Rational and bool(e.args[1] < 0)


def _domain(e: Expression) -> Domain:
    if e.is_positive:
        return Domain("positive")
    return Domain("nonnegative") if e.is_nonnegative else REAL


def _anonymous(e: Expression, free: tuple[Index, ...]) -> _Key:
    """An expression by the places of its indices among the axes of its table."""
    moves = {one: at(Index(str(n), one.dimension)) for n, one in enumerate(free)}
    return substitute_positions(e, moves), tuple(one.dimension for one in free)
