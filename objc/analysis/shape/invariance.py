"""Invariance under a shift or a scaling of inputs, or a permutation of their entries.

A shift adds one number to every entry of the inputs named, a scaling multiplies them by one positive
number. Let by let it is found what that does: adds something that no index reaches, multiplies by
something positive, or nothing. A logsumexp of what is shifted is shifted, a sum of what is scaled is
scaled, a comparison of two that are moved alike stays. Steps of a recurrence are taken to be unmoved,
and shown to be so on that assumption: an induction over the order in which they are computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.shape.merging import alignments
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import certified, is_finite, outputs
from objc.analysis.values.ranges import Ranges
from objc.analysis.values.samples import samples, shown
from objc.atoms import Branch, maximum, minimum
from objc.ir.index import Position
from objc.ir.program import Claim, Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Extent, IndexValue, Read, substitute_positions

_TRIES = 16
_GREATEST = 80
"""Operations beyond which two formulas aren't compared by simplification."""
_ORDERS = frozenset({"argmax", "argmin", "argsort"})
_SHIFTED = frozenset({"mean", "max", "min", "logsumexp"})
_SCALED = frozenset({"sum", "mean", "max", "min", "norm"})
_SYMMETRIC = frozenset(
    {"sum", "mean", "max", "min", "logsumexp", "norm", "prod", "count", "any", "all"}
)


class Unclear(Exception):
    """What a move does to some part isn't known."""


@dataclass(frozen=True)
class Effect:
    """What becomes of a value: `factor · value + added`, of which one is trivial."""

    added: Expression = sympy.Integer(0)
    factor: Expression = sympy.Integer(1)

    @property
    def is_none(self) -> bool:
        return bool(self.added == 0 and self.factor == 1)

    def on(self, value: Expression) -> Expression:
        return value * self.factor + self.added


_NONE = Effect()


def moves(subject: Subject, claim: Claim) -> Decision | None:
    kind = claim.words[1]
    if kind == "permutation":
        how = _permuted(subject.program, claim.inputs)
    else:
        how = _moved(subject.program, claim.inputs, kind)
    return None if how is None else proved(how)


def drawn_moves(subject: Subject, claim: Claim) -> Decision | None:
    found = change(subject, claim.inputs, claim.words[1])
    return None if found is None else refuted(found)


# ------------------------------------------------------------------ shift and scale


def _moved(program: Program, names: Sequence[str], kind: str) -> str | None:
    by = sympy.Dummy("c", real=True) if kind == "shift" else sympy.Dummy("c", positive=True)
    effect = Effect(added=by) if kind == "shift" else Effect(factor=by)
    try:
        moved = Moves(program, dict.fromkeys(names, effect))
        if moved.effects[program.lets[-1].name].is_none:
            return f"what {'is added' if kind == 'shift' else 'multiplies'} cancels in every part"
    except Unclear:
        return None
    return None


def factor_of(program: Program, names: Sequence[str]) -> tuple[Expression, Any] | None:
    """By what the value is multiplied when inputs are by a positive symbol, and that symbol."""
    by = sympy.Dummy("c", positive=True)
    try:
        effect = Moves(program, dict.fromkeys(names, Effect(factor=by))).effects[
            program.lets[-1].name
        ]
    except Unclear:
        return None
    return (effect.factor, by) if effect.added == 0 else None


class Moves:
    """The effects of a move on every tensor of a program.

    Raises:
        Unclear: what it does to some part isn't known.
    """

    def __init__(self, program: Program, effects: Mapping[str, Effect]) -> None:
        self.program = program
        self.effects = {one.name: _NONE for one in program.inputs}
        self.effects |= effects
        recurrent = members(program)
        self.effects |= dict.fromkeys(recurrent, _NONE)
        for let in program.lets:
            found = self._of_let(let)
            if let.name in recurrent and not found.is_none:
                raise Unclear
            self.effects[let.name] = found

    def _of_let(self, let: Let) -> Effect:
        self._condition(let.guard)
        try:
            body = self.effect(let.body)
        except Unclear:
            return self._of_terms(let)
        if let.reduction is None or body.is_none or let.reduction in _ORDERS:
            return _NONE if let.reduction in _ORDERS else body
        if body.factor == 1:
            if let.reduction in _SHIFTED:
                return body
            if let.reduction == "sum" and let.guard == sympy.true:
                times = sympy.Mul(*(Extent(index.dimension) for index in let.over))
                return Effect(added=body.added * times)
        elif let.reduction in _SCALED:
            return body
        raise Unclear

    def _at(self, read: Read) -> Effect:
        """What the move does to an entry: what is added to a sum of terms may be another in each."""
        effect, let = self.effects[read.tensor], self.program.let.get(read.tensor)
        if let is None or not let.free or effect.added == 0:
            return effect
        places = dict(zip(let.free, read.positions, strict=True))
        return Effect(substitute_positions(effect.added, places), effect.factor)

    def _of_terms(self, let: Let) -> Effect:
        """What is added to a sum or a mean where that is made of its terms: multiples of one, of the weights
        of a distribution, or of the terms of another reduction of the kind, as of Σ x to Σ x²."""
        if let.reduction not in ("sum", "mean"):
            raise Unclear
        added = sympy.Integer(0)
        for term in sympy.Add.make_args(sympy.expand(self.of(let.body) - let.body)):
            parts = sympy.Mul.make_args(term)
            plain = sympy.Mul(*(one for one in parts if _is_plain(one)))
            added += plain * self._reduced(let, term / plain)
        return Effect(added=added)

    def _reduced(self, let: Let, body: Expression) -> Expression:
        """What a sum or a mean is of other terms, where that is known before the move."""
        is_sum, is_whole = let.reduction == "sum", let.guard == sympy.true
        size = sympy.Mul(*(Extent(index.dimension) for index in let.over))
        away = {index: Position(None, 0) for index in let.over}
        if substitute_positions(body, away) == body and (is_whole or not is_sum):
            return size * body if is_sum else body
        is_weighed = is_whole and is_sum and len(let.over) == 1
        if is_weighed and self._ranges.is_distribution(body, let.over[0]):
            return sympy.Integer(1)
        for other in self.program.lets:
            if other.reduction not in ("sum", "mean"):
                continue
            if other.reduction != let.reduction and not is_whole:
                continue
            for order, renamed in alignments(replace(other, reduction=let.reduction), let):
                is_same = substitute_positions(other.body, renamed) == body
                if is_same and substitute_positions(other.guard, renamed) == let.guard:
                    found = other.read(*(let.free[order.index(n)] for n in range(len(order))))
                    if other.reduction == let.reduction:
                        return found
                    return found * size if is_sum else found / size
        raise Unclear

    @cached_property
    def _ranges(self) -> Ranges:
        return Ranges(self.program)

    def effect(self, expression: Expression) -> Effect:
        """What the move does to an expression."""
        return _between(expression, self.of(expression))

    def of(self, node: Any) -> Any:
        """An expression after the move."""
        if isinstance(node, Read):
            for position in node.positions:
                if isinstance(position.base, Read) and not self.effect(position.base).is_none:
                    raise Unclear
            return self._at(node).on(node)
        if not node.args:
            return node
        if isinstance(node, Branch):
            condition, *arms = node.args
            self._condition(condition)
            return self._alike(node, arms) or node.func(condition, *map(self.of, arms))
        if isinstance(node, maximum | minimum):
            return self._alike(node, list(node.args)) or node.func(*map(self.of, node.args))
        arguments = [self.of(one) for one in node.args]
        return node if arguments == list(node.args) else node.func(*arguments)

    def _alike(self, node: Any, arms: list[Any]) -> Any:
        """The node after the move, where all its arms are moved in the same way."""
        try:
            effects = [self.effect(one) for one in arms]
        except Unclear:
            return None
        # Zero and the infinities are as they were when they are multiplied by something positive.
        telling = [
            effect
            for effect, one in zip(effects, arms, strict=True)
            if not (one in (0, sympy.oo, -sympy.oo) and effect.is_none)
        ]
        if not telling or any(one != telling[0] for one in telling):
            return None
        if len(telling) < len(effects) and telling[0].added != 0:
            return None
        return telling[0].on(node)

    def _condition(self, condition: Any) -> None:
        """Whether a condition holds after the move where it held before; else `Unclear`."""
        for one in condition.atoms(sympy.core.relational.Relational):
            effect = self.effect(one.lhs - one.rhs)
            if effect.added != 0:
                raise Unclear


def _between(before: Expression, after: Expression) -> Effect:
    """By what the second differs from the first: a sum or a positive factor that no index reaches."""
    if before == after:
        return _NONE
    if before != 0 and any(one.is_positive for one in after.atoms(sympy.Dummy)):
        for form in _forms(after / before):
            if form.is_positive and all(isinstance(one, sympy.Dummy) for one in form.free_symbols):
                return Effect(factor=form)
    for form in _forms(after - before):
        if _is_plain(form):
            return Effect(added=sympy.expand(form))
    if before == 0:
        raise Unclear
    for form in _forms(after / before):
        if _is_plain(form) and form.is_positive:
            return Effect(factor=form)
    raise Unclear


def _forms(expression: Expression) -> Iterator[Expression]:
    yield expression
    yield sympy.expand(expression)
    if expression.count_ops() <= _GREATEST and not expression.atoms(Branch):
        yield sympy.powsimp(sympy.factor_terms(sympy.expand(expression)))
        try:
            yield sympy.cancel(expression)
        except sympy.PolynomialError:
            return


def _is_plain(expression: Expression) -> bool:
    """Whether something is of the move and of scalar hyperparameters alone."""
    return all(
        isinstance(one, sympy.Dummy | Extent) or (isinstance(one, Read) and not one.positions)
        for one in expression.free_symbols
    ) and not expression.atoms(IndexValue)


# ------------------------------------------------------------------ permutations


def _permuted(program: Program, names: Sequence[str]) -> str | None:
    """Whether the entries of one axis are met only in reductions over all of them that are the same in
    any order, with nothing else that the axis' index reaches."""
    if len(names) != 1 or len(program.input[names[0]].dimensions) != 1:
        return None
    (name,) = names
    for let in program.lets:
        mine = {read for read in let.reads if read.tensor == name}
        if not mine:
            continue
        indices = {read.positions[0].index for read in mine}
        if let.reduction not in _SYMMETRIC or len(indices) != 1 or len(let.over) != 1:
            return None
        (index,) = indices
        if index != let.over[0] or index is None or _is_reached_elsewhere(let, index, mine):
            return None
    return "its entries are met only in reductions over all of them that have no order"


def _is_reached_elsewhere(let: Let, index: Any, mine: set[Read]) -> bool:
    hidden = {read: sympy.Dummy("x", real=True) for read in mine}
    gone = {index: Position(None, 0)}
    for side in (let.body, let.guard):
        rest = side.xreplace(hidden)
        if substitute_positions(rest, gone) != rest:
            return True
    return False


# ------------------------------------------------------------------ counterexamples


def change(subject: Subject, names: Sequence[str], kind: str) -> str | None:
    """Inputs at which the move changes the value, in 50 digits."""
    if not _stays_inside(subject.program, names, kind):
        return None
    for values in samples(subject.program, _TRIES):
        for step in ("1", "3"):
            moved = {**values, **{name: _step(values[name], kind, int(step)) for name in names}}
            if moved == values:
                continue
            for evaluated in (outputs, certified):
                before = evaluated(subject.program, values)
                after = evaluated(subject.program, moved)
                if before is None or after is None:
                    break
                one, other = before["total"], after["total"]
                if not (is_finite(one) and is_finite(other)):
                    break
                if abs(one - other) <= 1e-9 * (1 + abs(one) + abs(other)):
                    break
            else:
                what = {"shift": f"adding {step}", "scale": f"multiplying by {int(step) + 1}"}
                how = what.get(kind, "moving every entry on by one")
                return f"{how} changes {float(one):.10g} to {float(other):.10g} at {shown(values, values)}"
    return None


def _stays_inside(program: Program, names: Sequence[str], kind: str) -> bool:
    domains = {program.input[name].domain.kind for name in names}
    if kind == "permutation":
        return all(len(program.input[name].dimensions) == 1 for name in names)
    return domains <= {"real", "positive", "nonnegative"}


def _step(value: Any, kind: str, by: int) -> Any:
    if kind == "permutation":
        return value[1:] + value[:1]
    if isinstance(value, list):
        return [_step(one, kind, by) for one in value]
    return value + by if kind == "shift" else value * (by + 1)
