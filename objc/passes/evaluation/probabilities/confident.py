"""Derivatives through a softmax of which nearly all lies in one place: there, what the others leave.

`p[j]·(Σ p[k]·f[k] − f[j])` is the derivative of every function of a softmax by its logits. Where one p is
nearly one its f and the mean agree but for a rounding. But all of them add up to zero: at the largest it is
the negative sum of the others, which have kept their digits. What f is counted from the largest
(`means`) agrees to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.domain import REAL
from objc.ir.index import Index, Position, at
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, IndexValue, Read, indices_of, substitute_positions
from objc.passes.evaluation.probabilities.means import multiple_of
from objc.passes.evaluation.probabilities.terms import Shares
from objc.passes.evaluation.probabilities.zero_sums import lands_a_result, shares_of_zero_sum
from objc.passes.rewrites.forms import is_short, without_factor
from objc.passes.stable.differences import written_out
from objc.passes.stable.entries import normalizers_of, totals_over

_CONFIDENT = sympy.Rational(1, 16)
"""−log of the probability above which the others are asked: below it four bits may cancel."""
ZERO = sympy.Integer(0)


def ask_the_others(program: Program) -> Program:
    """The program with such derivatives, by the logits of rows that are given."""
    inside = members(program)
    asking = _Asking(program)
    if not asking.normalizers:
        return program
    for let in program.lets:
        if let.reduction is None and let.name not in inside:
            let = asking.changed(let)
        asking.lets.append(let)
    return program.with_lets(asking.lets)


@dataclass(frozen=True)
class _Mean:
    """A sum `Σ exp(u)·f` over a whole softmax, and the logits that it is of."""

    total: Let
    power: Expression
    entry: Expression
    normalizer: Read
    logits: Expression


class _Asking:
    """Changes lets; `lets` are those of the program so far, with those that are made."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = Names.of(program)
        self.normalizers = normalizers_of(program)
        self.lets: list[Let] = []

    def changed(self, let: Let) -> Let:
        """A let in which c·exp(u[j])·(Σ exp(u)·f − f[j]) is an addend, with the others' sum at the
        largest; as a whole where it adds up to zero as a whole."""
        if not is_short(let.body):
            return let
        asked = self._balanced(let, is_known=False) or self._balanced(let, is_known=True)
        return asked or self._beside_mean(let) or let

    def _balanced(self, let: Let, *, is_known: bool) -> Let | None:
        """A let that adds up to zero as a whole, as is proved, or known of the value's invariance."""
        for axis, index in enumerate(let.free):
            if is_known and (let.name, axis) not in self.program.balanced:
                continue
            for found in self._of_zero_sum(let, index, is_known=is_known):
                asked = self._asked(let, let.body, found.normalizer, found.logits, index)
                return replace(let, body=asked)
        return None

    def _beside_mean(self, let: Let) -> Let | None:
        """A let with an addend c·exp(u[j])·(Σ exp(u)·f − f[j])."""
        whole = self._opened(let.body)
        body = sympy.expand_mul(whole)
        for term in sympy.Add.make_args(body):
            for read in sympy.Mul.make_args(term):
                total = self.program.let.get(getattr(read, "tensor", ""))
                mean = None if total is None else self._mean(total)
                if mean is None:
                    continue
                for index in let.free:
                    if index.dimension == mean.total.over[0].dimension:
                        left = self._without(body, term, read, mean, index)
                        if left is not None:
                            rest, part = left
                            part = part or (whole - rest if rest != 0 else whole)
                            places = self._places(read, mean, index)
                            normalizer = mean.normalizer.at(read.positions)
                            logits = substitute_positions(mean.logits, places)
                            asked = self._asked(let, part, normalizer, logits, index)
                            return replace(let, body=rest + asked)
        sums = [one for one in let.body.args if isinstance(one, sympy.Add)]
        if isinstance(let.body, sympy.Mul) and len(sums) == 1:  # times what made the logits
            inside = replace(let, body=sums[0])
            inner = self._balanced(inside, is_known=False) or self._beside_mean(inside)
            return inner and replace(let, body=let.body.xreplace({sums[0]: inner.body}))
        return None

    def _opened(self, expression: Any) -> Any:
        """With every exponent written out: of two that are the same one may have a name."""
        powers = {
            one: sympy.exp(written_out(one.args[0], self.program))
            for one in expression.atoms(sympy.exp)
        }
        return expression.xreplace(powers)

    def _without(
        self, body: Any, term: Any, read: Read, mean: _Mean, index: Index
    ) -> tuple[Expression, Expression | None] | None:
        """What is left of a body without c·p[j]·Σ p·f − c·p[j]·f[j], and that, where the sum has others too,
        of which there is one of their own."""
        places = self._places(read, mean, index)
        factor = term / read
        power = substitute_positions(mean.power, places)
        if power not in sympy.Mul.make_args(factor):
            return None
        if index in indices_of(without_factor(factor, power)):
            return None
        addends = sympy.Add.make_args(body)
        own: list[Any] = []
        others: list[Any] = []
        taken = [term]
        for entry in sympy.Add.make_args(sympy.expand_mul(mean.entry)):
            there = -factor * substitute_positions(entry, places)
            wanted = sympy.Add.make_args(sympy.expand_mul(there))
            is_there = all(one in addends for one in wanted)
            (own if is_there else others).append(entry)
            taken += wanted if is_there else ()
        left = sympy.Add(*(one for one in addends if one not in taken))
        if not others:
            return left, None
        if left != 0 or not any(set(mean.total.over) & indices_of(one) for one in own):
            return None
        sums = []
        for entries in (own, others):
            part = replace(mean.total, body=mean.power * sympy.Add(*entries))
            sums.append(replace(part, name=self.names.fresh(f"{part.name}_part")))
        self.lets += sums
        first, second = (one.read(*read.positions) for one in sums)
        part = factor * (first - substitute_positions(sympy.Add(*own), places))
        return factor * second, part

    def _of_zero_sum(self, let: Let, index: Index, *, is_known: bool) -> Iterator[Shares]:
        """The softmaxes of rows that are given, where the entries of a let add up to zero along them. Beside
        labels at one place only where something is made of a sum, or of a part of a softmax, or more than
        the label stands there: shares less a label keep their digits."""
        is_at_one_place = any(IndexValue(index) in one.args for one in found_in(let.body, sympy.Eq))
        kinds = ("sum",) if is_at_one_place else ("sum", "logsumexp")
        if not any(one.over[0].dimension == index.dimension for one in self.normalizers.values()):
            return
        if not self._reads_sums(let, index, kinds) and not (
            is_known and is_at_one_place and lands_a_result(let.body, index, self.program)
        ):
            return
        for found in shares_of_zero_sum(let.body, index, self.program, is_known=is_known):
            if self._is_given(found.logits):
                yield found

    def _reads_sums(self, let: Let, index: Index, kinds: tuple[str, ...]) -> bool:
        """Whether what is read is added up along such an index, and is not counted from the largest."""
        waiting, seen = [let], {let.name}
        while waiting:
            for read in sorted(waiting.pop().body.atoms(Read), key=spelled):
                total = self.program.let.get(read.tensor)
                if total is None or index in indices_of(read) or total.name in seen:
                    continue
                seen.add(total.name)
                if total.reduction is None:
                    waiting.append(total)
                is_part = total.reduction == "logsumexp" and total.guard != sympy.true
                is_sum = total.reduction in kinds and not self._is_counted(total)
                if (is_part or is_sum) and any(
                    one.dimension == index.dimension for one in total.over
                ):
                    return True
        return False

    def _is_counted(self, total: Let) -> bool:
        """Whether a sum is of what is more than that of the largest, by a name (`means`)."""
        for read in total.body.atoms(Read):
            named = self.program.let.get(read.tensor)
            if named is None or named.reduction is not None:
                continue
            within = (self.program.let.get(one.tensor) for one in named.body.atoms(Read))
            if any(one is not None and one.reduction in ("max", "min") for one in within):
                return True
        return False

    def _asked(
        self, let: Let, part: Any, normalizer: Read, logits: Expression, index: Index
    ) -> Expression:
        """A part at an index, or at the largest of confident logits the negative sum of the others."""
        total = self.normalizers[normalizer.tensor]
        top = replace(total, name=self.names.fresh(f"top_{total.name}"), reduction="max")
        own = Let(self.names.fresh(f"{let.name}_own"), let.free, part, domain=REAL, span=let.span)
        free = tuple(one for one in let.free if one != index)
        highest = top.read(*normalizer.positions)
        largest = sympy.Eq(logits, highest)
        others = Let(
            self.names.fresh(f"{let.name}_others"),
            free,
            Branch(largest, ZERO, own.read(*let.free)),
            "sum",
            (index,),
            sympy.Lt(normalizer - highest, _CONFIDENT),
            domain=REAL,
        )
        self.lets += [top, own, others]
        there = sympy.And(sympy.Lt(normalizer - highest, _CONFIDENT), largest)
        return Branch(there, -others.read(*free), own.read(*let.free))

    def _places(self, read: Read, mean: _Mean, index: Index) -> dict[Index, Position]:
        places: dict[Index, Position] = dict(zip(mean.total.free, read.positions, strict=True))
        return {**places, mean.total.over[0]: at(index)}

    def _mean(self, total: Let) -> _Mean | None:
        if total.reduction != "sum" or len(total.over) != 1 or total.guard != sympy.true:
            return None
        body = self._opened(total.body)
        for power in sorted(body.atoms(sympy.exp), key=spelled):
            addends = sympy.Add.make_args(body)
            if not all(power in sympy.Mul.make_args(one) for one in addends):
                continue
            entry = sympy.Add(*(without_factor(one, power) for one in addends))
            u = power.args[0]
            if not set(total.over) & indices_of(entry):
                continue
            if multiple_of(u, entry, total, self.program) is not None:
                continue
            for normalizer in self._normalizers_of(u, total):
                logits = u + normalizer
                if self._is_given(logits):
                    return _Mean(total, power, entry, normalizer, logits)
        return None

    def _is_given(self, logits: Any) -> bool:
        """Whether logits are of one rounding wherever they are read."""
        bases = [one.as_base_exp()[0] for one in sympy.Mul.make_args(logits)]
        if all(isinstance(one, Read) or one.is_number for one in bases):  # nothing is added
            return True
        return all(one.tensor in self.program.input for one in logits.atoms(Read))

    def _normalizers_of(self, u: Any, total: Let) -> Iterator[Read]:
        own = tuple(map(at, total.free))
        yield from (one for one in totals_over(u, total, self.normalizers) if one.positions == own)
